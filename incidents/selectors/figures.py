"""The rows of reports on incidents: bounded, whatever is asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform

from incidents.learning.figures import RECURRENCE, ActionRow, Row
from incidents.learning.report import Report, report_of
from incidents.models import ActionItem, Alert, Incident, IncidentService, RunbookTarget
from incidents.selectors.alerts import alerts_seen
from incidents.selectors.response import visible
from opsportal.core.actor import Actor
from opsportal.obligations.models import Obligation

LONGEST = timedelta(days=366)
MOST_INCIDENTS = 20_000
MOST_ALERTS = 50_000
"""So many of the newest alerts are counted: a storm is not a reason to read a table of a hundred million."""
MOST_RULES = 50


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One alert rule in a period: how often it fired, and how often nobody did anything about it."""

    name: str
    fired: int
    ignored: int

    @property
    def noise(self) -> float:
        """The share that led to no incident and that nobody acknowledged."""
        return self.ignored / self.fired


@dataclass(frozen=True, slots=True)
class Missed:
    """A time of the standard that was missed so often."""

    rule: str
    what: str
    count: int


def incident_rows(
    actor: Actor,
    now: datetime,
    start: datetime,
    end: datetime,
    *,
    service: str = "",
    severity: str = "",
    before: timedelta = RECURRENCE,
) -> list[Row]:
    """Return the incidents declared from `start` (less `before`) to `end` that `actor` may see, oldest first.

    Merged ones are left out: what they were is counted in the one they went into. The newest 20,000, where
    there are more. Two queries.
    """
    rows = visible(actor, now).filter(declared_at__gte=start - before, declared_at__lt=end)
    rows = rows.exclude(state="merged")
    if severity:
        rows = rows.filter(severity=severity)
    if service:
        rows = rows.filter(affected__service__slug=service, affected__effect="direct")
    began = Alert.objects.filter(incident=OuterRef("pk")).order_by().values("incident")
    found = list(
        rows.annotate(began=Subquery(began.annotate(first=Min("starts_at")).values("first")))
        .order_by("-declared_at", "-id")
        .values_list(
            "pk",
            "severity",
            "detected_by",
            "detected_at",
            "declared_at",
            "began",
            "acknowledged_at",
            "mitigated_at",
            "resolved_at",
            "acknowledged_by",
            "postmortem__cause",
        )[:MOST_INCIDENTS]
    )
    touched = _services(rows)
    found.reverse()
    return [_row(one, touched.get(one[0], ())) for one in found]


def _row(one: tuple[Any, ...], services: Sequence[str]) -> Row:
    pk, severity, by, detected, declared, began, acknowledged, mitigated, resolved, handler, cause = one
    return Row(
        pk=pk,
        severity=severity,
        detected_by=by,
        services=tuple(services),
        detected_at=detected,
        declared_at=declared,
        # An alert that began after it was detected is no beginning of it.
        began_at=min(began, detected) if began else None,
        acknowledged_at=acknowledged,
        mitigated_at=mitigated,
        resolved_at=resolved,
        handler=str(handler or ""),
        cause=cause or "",
    )


def incident_report(
    actor: Actor, now: datetime, start: datetime, end: datetime, *, service: str = "", severity: str = ""
) -> Report:
    """Return the report of a period (aware UTC, its end not included) as `actor` may see it. Five queries."""
    rows = incident_rows(actor, now, start, end, service=service, severity=severity)
    earlier = incident_rows(
        actor, now, start - (end - start), start, service=service, severity=severity, before=timedelta()
    )
    return report_of(rows, action_rows(start, end), start=start, end=end, now=now, before=len(earlier))


def _services(rows: QuerySet[Incident]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    pairs = IncidentService.objects.filter(incident__in=rows.order_by().values("pk"), effect="direct")
    for incident, slug in pairs.order_by("service__slug").values_list("incident_id", "service__slug"):
        found.setdefault(incident, []).append(slug)
    return found


def action_rows(start: datetime, end: datetime) -> list[ActionRow]:
    """Return the action items opened in that time, dropped ones left out; 20,000 at most."""
    rows = ActionItem.objects.filter(opened_at__gte=start, opened_at__lt=end).exclude(state="dropped")
    return [ActionRow(*pair) for pair in rows.values_list("opened_at", "done_at")[:MOST_INCIDENTS]]


def alert_rules(actor: Actor, now: datetime, start: datetime, end: datetime) -> list[AlertRule]:
    """Return the alert rules (`alertname`) that fired most in that time, of the newest 50,000 alerts.

    Only of the alerts that `actor` may see at `now` (aware UTC).
    """
    named = _alerts_of(actor, now, start, end).annotate(rule=KeyTextTransform("alertname", "labels"))
    ignored = Count("id", filter=Q(incident__isnull=True, acknowledged_at__isnull=True))
    rows = named.order_by().values("rule").annotate(fired=Count("id"), ignored=ignored)
    top = rows.order_by("-fired", "rule")[:MOST_RULES]
    return [AlertRule(row["rule"] or "without a name", row["fired"], row["ignored"]) for row in top]


def alert_rules_without_runbook(
    actor: Actor, now: datetime, start: datetime, end: datetime
) -> list[AlertRule]:
    """Return the alert rules that fired in that time and for which no published runbook is offered.

    Only of the alerts that `actor` may see at `now` (aware UTC).

    One that names a runbook itself is left out; so is one whose name a runbook is attached to.
    """
    named: set[str] = set()
    targets = RunbookTarget.objects.filter(service__isnull=True, runbook__state="published")
    for labels in targets.values_list("labels", flat=True)[:MOST_INCIDENTS]:
        named.add(str(labels.get("alertname", "*")))
    telling = _alerts_of(actor, now, start, end).filter(annotations__has_key="runbook_url")
    speaking = set(
        telling.annotate(rule=KeyTextTransform("alertname", "labels"))
        .order_by()
        .values_list("rule", flat=True)
        .distinct()[:MOST_INCIDENTS]
    )
    return [
        rule
        for rule in alert_rules(actor, now, start, end)
        if rule.name not in speaking and not _covered(rule.name, named)
    ]


def _covered(name: str, wanted: Collection[str]) -> bool:
    return any(name.startswith(one[:-1]) if one.endswith("*") else name == one for one in wanted)


def _alerts_of(actor: Actor, now: datetime, start: datetime, end: datetime) -> QuerySet[Alert]:
    oldest = Alert.objects.order_by("-id").values_list("id", flat=True)[MOST_ALERTS : MOST_ALERTS + 1].first()
    rows = alerts_seen(actor, now).filter(received_at__gte=start, received_at__lt=end)
    return rows.filter(pk__gt=oldest) if oldest else rows


def missed_clocks(start: datetime, end: datetime) -> list[Missed]:
    """Return the times of the standard about incidents that were missed, by rule, the most often first."""
    rows = Obligation.objects.filter(
        subject_kind="incident", due_at__gte=start, due_at__lt=end, breached_at__isnull=False
    )
    counted = (
        rows.order_by().values("rule_id", "what").annotate(count=Count("id")).order_by("-count", "rule_id")
    )
    return [Missed(row["rule_id"], row["what"], row["count"]) for row in counted[:MOST_RULES]]
