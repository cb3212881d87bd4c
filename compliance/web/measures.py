"""Pages of figures, objectives, costs, capacity and sources."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from compliance.judging import STATUS_WORDS
from compliance.measuring.statistics import Tally
from compliance.measuring.units import text_of
from compliance.models import Objective, Series
from compliance.selectors.measures.figures import KnownFigure, known_figures
from compliance.selectors.measures.judged import evaluate, measured_rules
from compliance.selectors.measures.objectives import (
    Standing,
    burns_of,
    promised_by,
    promised_of,
    series_of,
    standings,
)
from compliance.selectors.measures.tallies import buckets_of
from compliance.selectors.reports.report import span_words
from compliance.services.measures.promises import objective_retire
from compliance.web.blocks import Link, sections, shown
from opsportal.core.access import may
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of
from opsportal.standards.selectors import active_standard_or_none
from opsportal.web.printing import Block, Facts, Heading, Lines, Paragraph, Table
from opsportal.web.requests import actor_of, now_of

CHARTED = timedelta(days=90)
MOST_SERIES = 200
OF_RECORDS = "Computed from the portal’s records; each point is of the 30 days before it."
LEVELS = {"fine": "Within budget", "low": "Nearly spent", "spent": "Spent", "no_data": "No data"}


def page(
    request: HttpRequest, blocks: list[Block], *, is_folded: bool = False, **context: Any
) -> HttpResponse:
    """Show blocks under a title; with `is_folded` under their headings, only the first two of them open."""
    parts = shown(blocks)
    context |= {"sections": sections(parts)} if is_folded else {"parts": parts}
    return render(request, "compliance/measures/page.html", context)


def figure_path(key: str) -> str:
    """Return the path of a figure, `availability` or of a service `availability/payments-api`."""
    figure, _, service = key.partition("/")
    path = reverse("compliance:figure", args=[figure])
    return f"{path}?service={service}" if service else path


@require_safe
def figure_list(request: HttpRequest) -> HttpResponse:
    """List what is measured, and which rules hold it against a target."""
    standard = active_standard_or_none()
    rules: dict[str, list[str]] = {}
    for rule, demand in measured_rules(standard) if standard else ():
        rules.setdefault(demand.figure, []).append(rule.title)
    counts: dict[str, int] = {}
    for figure in Series.objects.values_list("figure", flat=True):
        counts[figure] = counts.get(figure, 0) + 1
    rows = [
        (
            Link(one.title, figure_path(one.id)),
            one.id,
            one.unit,
            "the portal" if one.is_own else "measurements",
            str(counts.get(one.id, 0)),
            "; ".join(rules.get(one.id, [])) or "–",
        )
        for one in sorted(known_figures().values(), key=lambda one: (one.is_own, one.title.lower()))
    ]
    return page(
        request,
        [Table(("Figure", "Id", "Unit", "Comes from", "Series", "Rules"), rows)],
        title="Figures",
        lead="What is measured, and by which rules it is held against a target.",
        actions=[
            ("Objectives", reverse("compliance:objectives"), "check-list"),
            ("Costs", reverse("compliance:costs"), "check-list"),
            ("Capacity", reverse("compliance:capacity"), "check-list"),
            ("Sources", reverse("compliance:sources"), "settings"),
        ],
    )


@require_safe
def figure_page(request: HttpRequest, figure: str) -> HttpResponse:
    """Show a figure: what it was each day, and what rules say of it."""
    known = known_figures().get(figure)
    if known is None:
        raise NotFound("There is no such figure.")
    now = now_of(request)
    service = request.GET.get("service", "")[:60]
    rows = Series.objects.filter(figure=figure).order_by("subject_key", "component", "source")
    picked = list((rows.filter(subject_key=service) if service else rows)[:MOST_SERIES])
    blocks: list[Block] = [*_trend(known, picked, now), *_judged(known, service, now)]
    blocks += [
        Heading("Series", 2),
        Table(
            ("Of", "Component", "Source", "Unit", "Since"),
            [
                (
                    Link(one.subject_key or "organisation", figure_path(f"{figure}/{one.subject_key}")),
                    one.component or "–",
                    one.source,
                    one.unit,
                    f"{one.created_at:%Y-%m-%d}",
                )
                for one in picked
            ],
        ),
    ]
    title = f"{known.title} of {service}" if service else known.title
    return page(
        request,
        blocks,
        title=title,
        lead=f"{known.id}, in {known.unit}. " + (OF_RECORDS if known.is_own else ""),
        crumbs=[("Figures", reverse("compliance:figures"))],
    )


def _trend(known: KnownFigure, series: list[Series], now: datetime) -> list[Block]:
    start = datetime.combine((now - CHARTED).date(), time(), UTC)
    # Parts of a service stand beside it, and not in its line.
    whole = [one.pk for one in series if not one.component] or [one.pk for one in series]
    days = {one.start: one.tally for one in buckets_of(whole, start, now, "day")} if whole else {}
    if not days:
        return [Paragraph("Nobody has measured it in the last 90 days.")]
    every = [start + timedelta(days=number) for number in range((now - start).days + 1)]
    labels = [f"{day:%d %b}" for day in every]

    def values(read: Any) -> list[float | None]:
        return [read(days[day]) if day in days else None for day in every]

    def mean(tally: Tally) -> float:
        return tally.total / tally.count

    lines = [("Mean of the day", values(mean))]
    if any(tally.count > 1 for tally in days.values()):
        lines += [
            ("Lowest", values(lambda tally: tally.least)),
            ("Highest", values(lambda tally: tally.most)),
        ]
    unit = text_of(Decimal(1), series[0].unit).partition(" ")[2]
    return [Lines(f"{known.title}, 90 days", labels, lines, unit=unit)]


def _judged(known: KnownFigure, service: str, now: datetime) -> list[Block]:
    standard = active_standard_or_none()
    if standard is None:
        return []
    rules = [rule for rule, demand in measured_rules(standard) if demand.figure == known.id]
    if not rules:
        return []
    titles = {rule.id: rule.title for rule in rules}
    rows = [
        (
            Link(titles[rule], reverse("compliance:conformance-rule", args=[rule])),
            one.title or "organisation",
            STATUS_WORDS[one.status],
            one.value or "–",
            one.target,
            f"{one.because} To be delivered by {one.deliverer}." if one.deliverer else one.because,
        )
        for rule, judged in evaluate(rules, standard, now, service=service).items()
        for one in judged
    ]
    return [Heading("Rules", 2), Table(("Rule", "Of", "Status", "Value", "Target", "Because"), rows)]


@require_safe
def objective_list(request: HttpRequest) -> HttpResponse:
    """List the objectives with what is left of their error budgets."""
    found = standings(promised_by(active_standard_or_none()), now_of(request))
    actions = [("Rules for Prometheus", reverse("api-prometheus-rules"), "download")]
    if may(actor_of(request), "objective.manage"):
        actions.insert(0, ("New objective", reverse("compliance:objective-new"), "plus"))
    return page(
        request,
        objective_blocks(found),
        title="Objectives",
        lead="So much of a time must be good; the rest is the error budget.",
        crumbs=[("Figures", reverse("compliance:figures"))],
        actions=actions,
    )


def objective_blocks(found: list[Standing]) -> list[Block]:
    """Return the table of objectives."""
    rows = []
    for one in found:
        promised, left = one.promised, one.budget.left
        url = (
            reverse("compliance:objective", args=[promised.key])
            if promised.pk
            else reverse("compliance:conformance-rule", args=[promised.rule])
        )
        rows.append(
            (
                Link(promised.title, url),
                "/".join(part for part in (promised.service, promised.component) if part) or "organisation",
                text_of(promised.percent, "percent"),
                promised.window.title,
                "–" if one.good is None else text_of(one.good, "percent"),
                "–" if left is None else f"{100 * left:.1f} %",
                "–" if one.budget.burn_rate is None else f"{one.budget.burn_rate:.2f}",
                LEVELS[one.level],
            )
        )
    header = ("Objective", "Of", "Target", "Window", "Good", "Budget left", "Burn rate", "Status")
    return [Table(header, rows)]


@require_safe
def objective_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one objective: its budget, how fast it is spent, and each day."""
    row = _objective(key)
    now, promised = now_of(request), promised_of(row)
    (standing,) = standings([promised], now)
    budget, span = standing.budget, standing.span
    left = budget.left_time
    overspent = left is not None and left < timedelta()
    days = buckets_of([one.pk for one in series_of(promised)], now - CHARTED, now, "day")
    labels = [f"{one.start:%d %b}" for one in days]
    blocks: list[Block] = [
        Facts(
            [
                ("Target", text_of(promised.percent, "percent")),
                ("Window", f"{promised.window.title} ({promised.window.text})"),
                ("Good", "No data" if standing.good is None else text_of(standing.good, "percent")),
                ("May be bad", span_words(budget.allowed)),
                (
                    "Left of it",
                    f"overspent by {span_words(-left)}" if overspent and left else span_words(left),
                ),
                ("Budget left", "–" if budget.left is None else f"{100 * budget.left:.1f} %"),
                ("Points", str(standing.points)),
                ("Since", f"{span.start:%Y-%m-%d %H:%M} UTC"),
            ]
        ),
        Lines(
            "Each day",
            labels,
            [
                ("Good", [one.tally.total / one.tally.count for one in days]),
                ("Target", [float(promised.percent)] * len(days)),
            ],
            unit="%",
        ),
        Heading("How fast the budget is spent", 2),
        Table(
            (
                "Alert",
                "Long window",
                "Burn rate there",
                "Short window",
                "Burn rate there",
                "Alerts above",
                "Now",
            ),
            [
                (
                    one.alert.severity,
                    span_words(one.alert.long),
                    "–" if one.long is None else f"{one.long:.2f}",
                    span_words(one.alert.short),
                    "–" if one.short is None else f"{one.short:.2f}",
                    f"{one.limit:.2f}",
                    "too fast" if one.is_firing else "–",
                )
                for one in burns_of(promised, now)
            ],
        ),
        Paragraph(
            "A burn rate of 1 spends the budget exactly by the end of the window. An alert is raised where"
            " both windows are above its limit (Google, The Site Reliability Workbook, chapter 5). What"
            " nobody measured spends nothing; a day with a point counts as measured.",
            small=True,
        ),
    ]
    manages = may(actor_of(request), "objective.manage") and row.state == "active"
    return page(
        request,
        blocks,
        title=f"{row.key} {row.title}",
        lead=f"{row.get_state_display()}. {LEVELS[standing.level]}.",
        crumbs=[
            ("Figures", reverse("compliance:figures")),
            ("Objectives", reverse("compliance:objectives")),
        ],
        actions=[("Edit", reverse("compliance:objective-edit", args=[row.key]), "edit")] if manages else [],
        retire={
            "url": reverse("compliance:objective-retire", args=[row.key]),
            "version": row.version,
            "label": "Retire it",
            "confirm": "It holds no longer, and is not measured any more.",
        }
        if manages
        else None,
    )


@require_POST
def objective_retired(request: HttpRequest, key: str) -> HttpResponse:
    """Let an objective hold no longer."""
    version = request.POST.get("version", "")
    row = objective_retire(
        actor=actor_of(request),
        now=now_of(request),
        pk=_objective(key).pk,
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None,
    )
    messages.success(request, f"{row.key} is retired.")
    return redirect("compliance:objective", row.key)


def _objective(key: str) -> Objective:
    row = Objective.objects.select_related("service").filter(pk=number_of(key, "SLO") or 0).first()
    if row is None:
        raise NotFound("There is no such objective.")
    return row
