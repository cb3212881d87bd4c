"""Pages of costs, capacity and sources of figures."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from compliance.measuring.units import text_of
from compliance.models import PullSource
from compliance.selectors.measures.spending import Planned, month_of, plans, spendings
from compliance.web.measures import page
from opsportal.core.access import may
from opsportal.web.printing import Block, Facts, Heading, Lines, Paragraph, Table
from opsportal.web.requests import actor_of, now_of

CAPACITY_LEVELS = {
    "fine": "As projected, or below",
    "above": "Above the projection",
    "trigger": "Trigger reached",
    "no_data": "No data",
}


@require_safe
def costs(request: HttpRequest) -> HttpResponse:
    """Show what this month has cost, against its budgets."""
    now = now_of(request)
    month = month_of(now)
    actions = []
    if may(actor_of(request), "cost_budget.manage"):
        actions.append(("New budget", reverse("compliance:cost-new"), "plus"))
    return page(
        request,
        cost_blocks(now),
        title="Costs",
        lead=f"What {month.start:%B %Y} has cost so far, and what it will have cost if it goes on like this.",
        crumbs=[("Figures", reverse("compliance:figures"))],
        actions=actions,
    )


def cost_blocks(now: datetime) -> list[Block]:
    """Return the table of budgets of a month."""
    found = spendings(month_of(now), now)
    rows = [
        (
            "/".join(
                part
                for part in (one.budget.service.slug if one.budget.service else "", one.budget.component)
                if part
            ),
            text_of(one.spent, one.unit),
            text_of(one.ahead, one.unit, 4),
            text_of(one.budget.budget, one.unit),
            text_of(one.budget.alert_at, one.unit),
            text_of(one.budget.critical_at, one.unit),
            one.words,
        )
        for one in found
    ]
    return [Table(("Component", "Spent", "At the end", "Budget", "Alert at", "Critical at", "Status"), rows)]


@require_safe
def capacity(request: HttpRequest) -> HttpResponse:
    """Show each capacity plan against what was measured."""
    blocks: list[Block] = []
    for one in plans(now_of(request)):
        blocks += _plan(one)
    actions = []
    if may(actor_of(request), "capacity_plan.manage"):
        actions.append(("New plan", reverse("compliance:capacity-new"), "plus"))
    return page(
        request,
        blocks or [Paragraph("There is no capacity plan yet.")],
        title="Capacity",
        lead="How growth was projected, how it went, and when something has to be scaled.",
        crumbs=[("Figures", reverse("compliance:figures"))],
        actions=actions,
    )


def _plan(one: Planned) -> list[Block]:
    plan = one.plan
    facts = [
        ("Today", text_of(one.actual, one.unit)),
        ("Projected for today", text_of(one.projected, one.unit, 4)),
        ("Status", CAPACITY_LEVELS[one.level]),
    ]
    if plan.trigger is not None:
        when = f"{one.trigger_at:%Y-%m-%d}" if one.trigger_at else "not within two years, as it goes"
        facts += [("Trigger", text_of(plan.trigger, one.unit)), ("Reached", when)]
    if plan.trigger_text:
        facts.append(("Then", plan.trigger_text))
    labels = [f"{point.month:%b %Y}" for point in one.points]
    return [
        Heading(plan.title, 2),
        Facts(facts),
        Lines(
            plan.title,
            labels,
            [
                ("Measured", [None if point.actual is None else float(point.actual) for point in one.points]),
                (
                    "Projected",
                    [None if point.projected is None else float(point.projected) for point in one.points],
                ),
            ],
        ),
    ]


@require_safe
def source_list(request: HttpRequest) -> HttpResponse:
    """List the servers that are asked for figures, and what came of it."""
    rows = [
        (
            one.title,
            one.figure,
            one.base_url,
            f"{one.step} s",
            one.get_state_display(),
            f"{one.pulled_at:%Y-%m-%d %H:%M:%S}" if one.pulled_at else "never",
            one.error or "–",
        )
        for one in PullSource.objects.order_by("slug")
    ]
    actions = []
    if may(actor_of(request), "pull_source.manage"):
        actions.append(("New source", reverse("compliance:source-new"), "plus"))
    return page(
        request,
        [Table(("Source", "Figure", "Server", "Every", "State", "Last answer (UTC)", "Last error"), rows)],
        title="Sources of figures",
        lead="Prometheus servers that the portal asks a query again and again.",
        crumbs=[("Figures", reverse("compliance:figures"))],
        actions=actions,
    )
