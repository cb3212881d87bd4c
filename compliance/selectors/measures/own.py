"""The figures that the portal computes from its own records: of any window, for all and each service."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import CharField, Count, Exists, F, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from changes.models import Change, ChangeTarget, Deployment
from compliance.measuring.dora import Deployed, dora_of
from compliance.measuring.reliability import Failure, Reliability, reliability_of
from compliance.measuring.windows import Span
from compliance.selectors.measures.deployed import deployed_rows
from incidents.learning.figures import (
    MEASURES,
    Row,
    action_completion,
    by_service,
    recurrence,
    share,
    summary,
)
from incidents.models import Incident, IncidentService
from incidents.selectors.figures import action_rows, incident_rows
from opsportal.audit.models import AuditEntry
from opsportal.core.actor import Actor
from opsportal.notify.models import Delivery, Page
from opsportal.obligations.models import Obligation

ACTOR = Actor.system("compliance.measures")
ANYBODY = Actor.service_account("figures")
"""Sees what everybody may: the figure of one service must not tell of a restricted incident there."""
MOST_OBJECTS = 20_000
"""So many of the newest changes, deployments and incidents of a window are looked up in the audit trail."""

Values = dict[str, float | None]
"""By the slug of a service, `""` for the organisation; None where nothing happened that it could speak of."""


@dataclass
class OwnFigures:
    """The portal's own figures in one span, each read when it is asked for, and once."""

    span: Span
    now: datetime
    services: Collection[str] = field(default_factory=tuple)

    def values(self, figure: str) -> Values:
        """Return a figure for the organisation and each service. Raises `KeyError` for any other."""
        return _COMPUTED[figure](self)

    @cached_property
    def deployed(self) -> list[Deployed]:
        return deployed_rows(self.span.start, self.span.end)

    @cached_property
    def incidents(self) -> list[Row]:
        return incident_rows(ACTOR, self.now, self.span.start, self.span.end)

    @cached_property
    def open_incidents(self) -> list[Row]:
        return incident_rows(ANYBODY, self.now, self.span.start, self.span.end)

    def of_incidents(self) -> dict[str, list[Row]]:
        """Return the incidents of the span: all under `""`, by service those that are not restricted."""
        inside = [row for row in self.incidents if row.declared_at >= self.span.start]
        seen = [row for row in self.open_incidents if row.declared_at >= self.span.start]
        services = {name: its for name, its in by_service(seen).items() if name in self.services}
        return {"": inside, **services}

    def of_deployments(self) -> dict[str, list[Deployed]]:
        """Return the deployments by service, all of them under `""`."""
        found: dict[str, list[Deployed]] = {"": list(self.deployed)}
        for row in self.deployed:
            found.setdefault(row.service, []).append(row)
        return found


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _dora(read: Callable[..., float | None]) -> Callable[[OwnFigures], Values]:
    def values(own: OwnFigures) -> Values:
        found = own.of_deployments()
        return {name: read(dora_of(rows, own.span.start, own.span.end)) for name, rows in found.items()}

    return values


def _hours(span: timedelta | None) -> float | None:
    return None if span is None else span / timedelta(hours=1)


def _change_success(own: OwnFigures) -> Values:
    ended = Change.objects.filter(finished_at__gte=own.span.start, finished_at__lt=own.span.end).exclude(
        outcome=""
    )
    good = Q(outcome="implemented", rolled_back_later_at__isnull=True)
    whole = ended.aggregate(n=Count("id"), good=Count("id", filter=good))
    values: Values = {"": _percent(share(whole["good"], whole["n"]))}
    of_service = ChangeTarget.objects.filter(change__in=ended).values("service__slug").order_by()
    good = Q(change__outcome="implemented", change__rolled_back_later_at__isnull=True)
    for row in of_service.annotate(
        n=Count("change", distinct=True), good=Count("change", filter=good, distinct=True)
    ):
        values[row["service__slug"]] = _percent(share(row["good"], row["n"]))
    return values


def _time_to(name: str) -> Callable[[OwnFigures], Values]:
    def values(own: OwnFigures) -> Values:
        found: Values = {}
        for service, rows in own.of_incidents().items():
            mean = summary(MEASURES[name](row) for row in rows).mean
            found[service] = None if mean is None else mean / timedelta(minutes=1)
        return found

    return values


def _recurrence(own: OwnFigures) -> Values:
    rows = own.incidents
    found: Values = {"": _percent(recurrence(rows, own.span.start))}
    for name, its in by_service(own.open_incidents).items():
        found[name] = _percent(recurrence(its, own.span.start))
    return found


def _growth(own: OwnFigures) -> Values:
    length = own.span.elapsed
    start, end = own.span.start - length, own.span.start
    earlier = incident_rows(ACTOR, own.now, start, end, before=timedelta())
    seen = incident_rows(ANYBODY, own.now, start, end, before=timedelta())
    before = {"": earlier, **by_service(seen)}
    found: Values = {}
    for name, rows in own.of_incidents().items():
        base = len(before.get(name, ()))
        found[name] = 100 * (len(rows) - base) / base if base else None
    return found


def _obligations(own: OwnFigures) -> Values:
    rows = Obligation.objects.filter(due_at__gte=own.span.start, due_at__lt=own.span.end)
    decided = rows.filter(Q(state__in=["met", "breached"]) | Q(state="open", due_at__lte=own.now))
    counted = decided.aggregate(n=Count("id"), met=Count("id", filter=Q(state="met")))
    return {"": _percent(share(counted["met"], counted["n"]))}


def _actions(own: OwnFigures) -> Values:
    return {"": _percent(action_completion(action_rows(own.span.start, own.span.end), own.now))}


def _audit_trail(own: OwnFigures) -> Values:
    traced = whole = 0
    kinds: tuple[tuple[type[Model], str, str, str], ...] = (
        (Change, "change", "CHG-", "created_at"),
        (Deployment, "deployment", "DEP-", "registered_at"),
        (Incident, "incident", "INC-", "declared_at"),
    )
    for model, kind, prefix, column in kinds:
        inside = {f"{column}__gte": own.span.start, f"{column}__lt": own.span.end}
        newest = model._default_manager.filter(**inside).order_by("-pk").values("pk")[:MOST_OBJECTS]
        entries = AuditEntry.objects.filter(
            object_kind=kind,
            object_key=Concat(Value(prefix), Cast(OuterRef("pk"), CharField()), output_field=CharField()),
        )
        rows: QuerySet[Model] = model._default_manager.filter(
            pk__in=list(newest.values_list("pk", flat=True))
        )
        counted = rows.aggregate(n=Count("pk"), traced=Count("pk", filter=Exists(entries)))
        traced, whole = traced + counted["traced"], whole + counted["n"]
    return {"": _percent(share(traced, whole))}


def _hash_validation(own: OwnFigures) -> Values:
    """Of the deployments that named a policy hash or were asked for one: those that named the right one."""
    rows = Deployment.objects.filter(registered_at__gte=own.span.start, registered_at__lt=own.span.end)
    good = asked = 0
    for given, reasons in rows.order_by("-pk").values_list("policy_hash", "reasons")[:MOST_OBJECTS]:
        wrong = any("policy_hash" in str(one.get("code", "")) + str(one.get("detail", "")) for one in reasons)
        if given or wrong:
            asked, good = asked + 1, good + (not wrong)
    return {"": _percent(share(good, asked))}


def _gate(own: OwnFigures) -> Values:
    rows = Deployment.objects.filter(
        environment__kind="production", started_at__gte=own.span.start, started_at__lt=own.span.end
    )
    # What passed behind broken glass was let past the gate, not allowed by it.
    good = Q(decision__in=["allowed", "expired"], registration="ahead", break_glass__isnull=True)
    found: Values = {}
    by_slug = rows.values("service__slug").order_by().annotate(n=Count("id"), good=Count("id", filter=good))
    totals = [0, 0]
    for row in by_slug:
        found[row["service__slug"]] = _percent(share(row["good"], row["n"]))
        totals = [totals[0] + row["good"], totals[1] + row["n"]]
    found[""] = _percent(share(*totals))
    return found


def _pages(own: OwnFigures) -> Values:
    rows = Page.objects.filter(
        purpose="page", created_at__gte=own.span.start, created_at__lt=own.span.end
    ).exclude(state="paging")
    arrived = Exists(Delivery.objects.filter(page=OuterRef("pk"), state="sent"))
    counted = rows.aggregate(n=Count("pk"), arrived=Count("pk", filter=arrived | Q(state="acknowledged")))
    return {"": _percent(share(counted["arrived"], counted["n"]))}


def _reliability(own: OwnFigures) -> dict[str, Reliability]:
    rows = IncidentService.objects.filter(effect="direct", incident__detected_at__lt=own.span.end).filter(
        Q(incident__resolved_at__gt=own.span.start) | Q(incident__resolved_at__isnull=True)
    )
    found: dict[str, list[Failure]] = {name: [] for name in own.services}
    rows = rows.filter(incident__visibility="open")
    triples = rows.exclude(incident__state="merged").annotate(slug=F("service__slug"))
    for slug, began, mitigated, resolved in triples.values_list(
        "slug", "incident__detected_at", "incident__mitigated_at", "incident__resolved_at"
    )[:MOST_OBJECTS]:
        found.setdefault(slug, []).append(Failure(began, mitigated or resolved))
    return {slug: reliability_of(its, own.span.start, own.span.end) for slug, its in found.items()}


def _between(own: OwnFigures) -> Values:
    # Without a failure the mean is longer than the time looked at: that time is what is known.
    length = own.span.elapsed
    return {
        name: _hours(one.between if one.between is not None else length)
        for name, one in _reliability(own).items()
    }


def _to_repair(own: OwnFigures) -> Values:
    return {name: _hours(one.to_repair) for name, one in _reliability(own).items()}


_COMPUTED: Mapping[str, Callable[[OwnFigures], Values]] = {
    "change_success_rate": _change_success,
    "change_fail_rate": _dora(lambda one: _percent(one.fail_rate)),
    "change_lead_time": _dora(lambda one: _hours(one.lead_time)),
    "deployment_frequency": _dora(lambda one: one.per_day),
    "failed_deployment_recovery_time": _dora(lambda one: _hours(one.recovery_time)),
    "deployment_rework_rate": _dora(lambda one: _percent(one.rework_rate)),
    "time_to_detect": _time_to("detect"),
    "time_to_acknowledge": _time_to("acknowledge"),
    "time_to_resolve": _time_to("resolve"),
    "incident_recurrence": _recurrence,
    "incident_growth": _growth,
    "obligations_met_in_time": _obligations,
    "action_completion": _actions,
    "audit_trail_completeness": _audit_trail,
    "policy_hash_validation": _hash_validation,
    "gate_compliance": _gate,
    "page_delivery": _pages,
    "mtbf": _between,
    "mttr": _to_repair,
}


def computed() -> Iterable[str]:
    """Return the ids of the figures that are computed here."""
    return _COMPUTED
