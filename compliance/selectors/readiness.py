"""What the portal knows about the readiness of services, by a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, OuterRef, QuerySet, Subquery

from changes.models import Deployment
from compliance.governing.readiness import (
    FRESH_ALERT,
    FRESH_BACKUP,
    FRESH_ROLLBACK,
    Sign,
    Standing,
    all_standings,
    item_of_link,
)
from compliance.models import Backup, ExerciseService, ReadinessStatement
from incidents.models import Alert, RunbookTarget, ServicePolicy
from incidents.selectors.escalation_preview import preview_of
from opsportal.catalog.models import Service

FRESH_DEPLOYMENT = timedelta(days=90)
DRILLS = {"rollback_drill": "rollback", "alerting_test": "alert"}
"""Kinds of exercises that show an item."""


def services_to_judge() -> QuerySet[Service]:
    """Return the services in use, with their teams, the most critical first."""
    return Service.objects.filter(state="active").select_related("owner_team").order_by("name", "id")


def signs_of_all(services: Sequence[Service], now: datetime) -> dict[int, dict[str, Standing]]:
    """Return where every item of each service stands at `now` (aware UTC), by the service's key."""
    signs: dict[int, list[Sign]] = {service.pk: [] for service in services}
    for service in services:
        signs[service.pk].extend(_of_links(service))
    for source in _SOURCES:
        for pk, sign in source(list(services), now):
            if pk in signs:
                signs[pk].append(sign)
    return {pk: all_standings(found, now) for pk, found in signs.items()}


def standings_of(service: Service, now: datetime) -> dict[str, Standing]:
    """Return where every item of one service stands."""
    return signs_of_all([service], now)[service.pk]


_Found = Iterable[tuple[int, Sign]]


def _of_links(service: Service) -> Iterable[Sign]:
    for link in service.links:
        item = item_of_link(str(link.get("title", "")))
        if item:
            because = f"The catalogue links “{link.get('title')}”."
            yield Sign(item, True, because, service.updated_at, ("service", service.slug))


def _statements(services: list[Service], now: datetime) -> _Found:
    latest = (
        ReadinessStatement.objects.filter(service=OuterRef("service"), item=OuterRef("item"))
        .order_by("-id")
        .values("pk")[:1]
    )
    rows = ReadinessStatement.objects.filter(service__in=services, pk=Subquery(latest))
    for row in rows.select_related("service"):
        record = ("address", row.evidence) if row.evidence else ("service", row.service.slug)
        yield (
            row.service_id,
            Sign(row.item, row.is_met, f"Stated: {row.text}", row.stated_at, record, True, row.valid_until),
        )


def _alerts(services: list[Service], now: datetime) -> _Found:
    newest = Alert.objects.filter(service=OuterRef("pk")).order_by("-id")
    rows = _with(services, alert=newest.values("pk")[:1], at=newest.values("received_at")[:1])
    for pk, alert, at in rows.values_list("pk", "alert", "at"):
        if alert is not None:
            because = f"An alert of it arrived on {at:%Y-%m-%d}."
            yield pk, Sign("alert", True, because, at, ("alert", str(alert)), False, at + FRESH_ALERT)


def _rollbacks(services: list[Service], now: datetime) -> _Found:
    newest = Deployment.objects.filter(service=OuterRef("pk"), state="rolled_back").order_by("-id")
    rows = _with(services, last=newest.values("pk")[:1], at=newest.values("updated_at")[:1])
    for pk, last, at in rows.values_list("pk", "last", "at"):
        if last is not None:
            because = f"DEP-{last} was rolled back on {at:%Y-%m-%d}."
            record = ("deployment", f"DEP-{last}")
            yield pk, Sign("rollback", True, because, at, record, False, at + FRESH_ROLLBACK)


def _verified(services: list[Service], now: datetime) -> _Found:
    newest = Deployment.objects.filter(
        service=OuterRef("pk"), state__in=["verified", "succeeded"], environment__kind="production"
    ).order_by("-id")
    rows = _with(services, last=newest.values("pk")[:1], at=newest.values("updated_at")[:1])
    for pk, last, at in rows.values_list("pk", "last", "at"):
        if last is not None:
            because = f"The pipeline of DEP-{last} reported it healthy on {at:%Y-%m-%d}."
            record = ("deployment", f"DEP-{last}")
            yield pk, Sign("health_check", True, because, at, record, False, at + FRESH_DEPLOYMENT)


def _backups(services: list[Service], now: datetime) -> _Found:
    rows = Backup.objects.filter(asset__service__in=services, asset__state="active", result="succeeded")
    rows = rows.filter(finished_at__gte=now - FRESH_BACKUP)
    newest = rows.values("asset__service").annotate(at=Max("finished_at")).order_by()
    for pk, at in newest.values_list("asset__service", "at"):
        because = f"The last backup of an asset of it ended on {at:%Y-%m-%d}."
        yield pk, Sign("backup", True, because, at, ("backup", ""), False, at + FRESH_BACKUP)


def _drills(services: list[Service], now: datetime) -> _Found:
    rows = ExerciseService.objects.filter(
        service__in=services,
        exercise__kind__in=DRILLS,
        exercise__outcome="passed",
        exercise__ended_at__gte=now - FRESH_ROLLBACK,
    )
    for row in rows.select_related("exercise"):
        drill = row.exercise
        item = DRILLS[drill.kind]
        fresh = FRESH_ROLLBACK if item == "rollback" else FRESH_ALERT
        assert drill.ended_at is not None  # noqa: S101 - filtered by it
        because = f"“{drill.title}” passed on {drill.ended_at:%Y-%m-%d}."
        record = ("exercise", str(drill.pk))
        yield row.service_id, Sign(item, True, because, drill.ended_at, record, False, drill.ended_at + fresh)


def _runbooks(services: list[Service], now: datetime) -> _Found:
    rows = RunbookTarget.objects.filter(service__in=services, runbook__state="published")
    for target in rows.select_related("runbook").order_by("id"):
        book = target.runbook
        because = f"The runbook “{book.title}” names it."
        assert target.service_id is not None  # noqa: S101 - filtered by it
        yield target.service_id, Sign("runbook", True, because, book.updated_at, ("runbook", book.slug))


def _on_call(services: list[Service], now: datetime) -> _Found:
    rows = ServicePolicy.objects.filter(service__in=services, policy__state="active").select_related("policy")
    reaching: dict[int, bool] = {}
    for row in rows:
        if row.policy_id not in reaching:
            steps = preview_of(row.policy.read_plan, now=now)
            reaching[row.policy_id] = any(step.found.people for step in steps if not step.is_fallback)
        met = reaching[row.policy_id]
        because = (
            f"The escalation policy “{row.policy.name}” reaches somebody now."
            if met
            else f"The escalation policy “{row.policy.name}” reaches nobody now."
        )
        yield row.service_id, Sign("on_call", met, because, now, ("escalation-policy", row.policy.slug))


def _with(services: list[Service], **columns: Any) -> QuerySet[Any]:
    return Service.objects.filter(pk__in=[one.pk for one in services]).annotate(
        **{name: Subquery(query) for name, query in columns.items()}
    )


_SOURCES = (_statements, _alerts, _rollbacks, _drills, _verified, _backups, _runbooks, _on_call)
