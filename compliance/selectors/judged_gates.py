"""What is so of rules that are gates: whether they were asked, what they refused, and what went past them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet

from changes.models import BreakGlass, Change, ChangeTemplate, Deployment, DeploymentEvent
from compliance.judging import Judgement
from compliance.selectors.judged_figures import is_about_figures, judge_figures
from incidents.models import Handover, Postmortem, RunbookVersion
from opsportal.standards.rules import Rule, Standard
from opsportal.standards.vocabulary import Facts

ASKED_IN = timedelta(days=90)
PAST_IN = timedelta(days=30)
SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Asked:
    """So often was a point asked of something with these facts."""

    facts: Facts
    times: int


def judge_gates(rules: Sequence[Rule], standard: Standard, now: datetime) -> dict[str, list[Judgement]]:
    """Judge rules that are asked at a moment: gates, attestations, thresholds of a rollout.

    The portal refuses what breaks them, so they are met where they were asked in the last 90 days. Breached
    is one past which a deployment went ahead in the last 30 days: not allowed by it, or behind broken glass.
    Without data is one that nothing has asked. Conditions on figures are asked by nobody: those are computed.
    """
    figures = [rule for rule in rules if is_about_figures(rule)]
    rules = [rule for rule in rules if not is_about_figures(rule)]
    points = {point for rule in rules for point in rule.applies_to}
    asked = {point: list(_asked(point, now)) for point in points}
    past = _went_past(now) if "deployment.gate" in points else {}
    judged = {rule.id: [_judged(rule, asked, past.get(rule.id, []))] for rule in rules}
    return judged | judge_figures(figures, now)


def _judged(rule: Rule, asked: dict[str, list[_Asked]], past: list[str]) -> Judgement:
    times = sum(
        one.times
        for point in rule.applies_to
        for one in asked[point]
        if rule.when is None or rule.when.evaluate(one.facts) is not False
    )
    value = f"asked {times} time{'' if times == 1 else 's'} in 90 days"
    if past:
        because = f"{len(past)} deployment{'' if len(past) == 1 else 's'} went ahead past it in 30 days."
        records = tuple(("deployment", key) for key in past[:SHOWN])
        return Judgement("breached", value=value, target="nothing past it", because=because, records=records)
    if not times:
        because = "Nothing that it is about has come up in the last 90 days."
        return Judgement("no_data", value=value, target="nothing past it", because=because)
    because = "The portal refuses what breaks it."
    return Judgement("met", value=value, target="nothing past it", because=because)


def _went_past(now: datetime) -> dict[str, list[str]]:
    """Return the keys of deployments that went ahead though rules stood against it, by rule."""
    started = Deployment.objects.filter(started_at__gte=now - PAST_IN)
    found: dict[str, list[str]] = {}
    rows = started.exclude(decision="allowed") | started.filter(break_glass__isnull=False)
    for row in rows.order_by("-id")[:500]:
        for reason in row.reasons:
            if reason.get("rule"):
                found.setdefault(reason["rule"], []).append(row.key)
    return found


def _changes(column: str) -> Callable[[datetime], Iterable[_Asked]]:
    def asked(since: datetime) -> Iterable[_Asked]:
        rows = Change.objects.filter(**{f"{column}__gte": since})
        for row in rows.values("type", "risk", "outcome").annotate(times=Count("id")):
            facts = {"change.type": row["type"], "change.risk": row["risk"]}
            if row["outcome"]:
                facts["change.outcome"] = row["outcome"]
            yield _Asked(facts, row["times"])

    return asked


def _deployments(since: datetime) -> Iterable[_Asked]:
    rows = Deployment.objects.filter(registered_at__gte=since)
    places = rows.values("service__slug", "service__tier", "environment__slug", "environment__kind").annotate(
        times=Count("id")
    )
    for row in places:
        facts = {
            "service.slug": row["service__slug"],
            "service.tier": row["service__tier"],
            "environment.slug": row["environment__slug"],
            "environment.kind": row["environment__kind"],
        }
        yield _Asked(facts, row["times"])


def _many(rows: Callable[[datetime], QuerySet]) -> Callable[[datetime], Iterable[_Asked]]:  # type: ignore[type-arg]
    def asked(since: datetime) -> Iterable[_Asked]:
        yield _Asked({}, rows(since).count())

    return asked


_POINTS: dict[str, Callable[[datetime], Iterable[_Asked]]] = {
    "change.submit": _changes("submitted_at"),
    "change.schedule": _changes("decided_at"),
    "change.start": _changes("started_at"),
    "change.close": _changes("closed_at"),
    "template.submit": _many(lambda since: ChangeTemplate.objects.filter(created_at__gte=since)),
    "deployment.gate": _deployments,
    "deployment.rollout": _many(lambda since: DeploymentEvent.objects.filter(received_at__gte=since)),
    "oncall.handover": _many(lambda since: Handover.objects.filter(opened_at__gte=since)),
    "runbook.publish": _many(lambda since: RunbookVersion.objects.filter(written_at__gte=since)),
    "postmortem.publish": _many(lambda since: Postmortem.objects.filter(published_at__gte=since)),
}


def _asked(point: str, now: datetime) -> Iterable[_Asked]:
    ask = _POINTS.get(point)
    return ask(now - ASKED_IN) if ask else ()


def glass_broken_lately(now: datetime) -> int:
    """Return how often the glass was broken in the last 30 days."""
    return BreakGlass.objects.filter(confirmed_at__gte=now - PAST_IN).count()
