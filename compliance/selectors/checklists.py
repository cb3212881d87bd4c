"""Reads of checklists, and what the portal knows by itself about their items."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, time, timedelta

from django.db.models import QuerySet

from changes.models import Deployment
from compliance.governing.periods import Period, period_of
from compliance.models import Backup, Checklist, ChecklistRun, Vulnerability
from compliance.selectors.readiness import signs_of_all
from incidents.models import Alert, Incident
from incidents.selectors.runbooks import reviews_due
from opsportal.catalog.models import Service
from opsportal.core.errors import NotFound

RUN_ORDERINGS: dict[str, tuple[str, ...]] = {
    "-first_day": ("-first_day", "-id"),
    "first_day": ("first_day", "id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}
CHECKLIST_ORDERINGS: dict[str, tuple[str, ...]] = {"slug": ("slug",), "-slug": ("-slug",)}


def checklist_seen(slug: str) -> Checklist:
    """Return one checklist. Raises `NotFound`."""
    found = Checklist.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such checklist.")
    return found


def runs_loaded() -> QuerySet[ChecklistRun]:
    """Return runs with checklist, edition and answers."""
    return ChecklistRun.objects.select_related("checklist", "edition").prefetch_related("answers")


def run_seen(pk: int) -> ChecklistRun:
    """Return one run. Raises `NotFound`."""
    found = runs_loaded().filter(pk=pk).first()
    if found is None:
        raise NotFound("This checklist was not begun.")
    return found


def due_now(now: datetime) -> list[tuple[Checklist, Period, ChecklistRun | None]]:
    """Return the checklists in use with their present period, and its run where it was begun. Two queries."""
    today = now.astimezone(UTC).date()
    checklists = list(Checklist.objects.filter(state="in_use").order_by("title", "id"))
    periods = {one.pk: period_of(one.period, today) for one in checklists}
    firsts = {period.first for period in periods.values()}
    runs = ChecklistRun.objects.filter(checklist__in=checklists, first_day__in=firsts)
    found = {(run.checklist_id, run.first_day): run for run in runs}
    return [(one, periods[one.pk], found.get((one.pk, periods[one.pk].first))) for one in checklists]


def figures_for(hints: Collection[str], period: Period, now: datetime) -> dict[str, str]:
    """Return what the portal knows about these hints (of `lists.HINTS`), in one sentence each.

    `period` is that of the checklist: its days in UTC, cut at `now`.
    """
    start = datetime.combine(period.first, time(), UTC)
    end = min(datetime.combine(period.last, time(), UTC) + timedelta(days=1), now)
    return {hint: _FIGURES[hint](start, end, now) for hint in hints if hint in _FIGURES}


def _alerts(start: datetime, end: datetime, now: datetime) -> str:
    firing = Alert.objects.filter(state="firing").count()
    new = Alert.objects.filter(state="firing", received_at__gte=start).count()
    return f"{_many(firing, 'alert')} firing now, {new} of them since {start:%Y-%m-%d}."


def _incidents(start: datetime, end: datetime, now: datetime) -> str:
    rows = Incident.objects.exclude(state__in=["resolved", "merged"])
    declared = Incident.objects.filter(declared_at__gte=start, declared_at__lt=end).count()
    return f"{_many(rows.count(), 'open incident')}, {declared} declared in the period."


def _runbooks(start: datetime, end: datetime, now: datetime) -> str:
    return f"The review of {_many(reviews_due(now).count(), 'runbook')} is overdue."


def _vulnerabilities(start: datetime, end: datetime, now: datetime) -> str:
    rows = Vulnerability.objects.filter(state="open")
    late = rows.filter(due_at__lte=now).count()
    return f"{_many(rows.count(), 'open vulnerability', 'open vulnerabilities')}, {late} past the deadline."


def _deployments(start: datetime, end: datetime, now: datetime) -> str:
    rows = Deployment.objects.filter(registered_at__gte=start, registered_at__lt=end)
    failed = rows.filter(state__in=["failed", "rolled_back"]).count()
    return f"{_many(rows.count(), 'deployment')} in the period, {failed} failed or rolled back."


def _backups(start: datetime, end: datetime, now: datetime) -> str:
    rows = Backup.objects.filter(finished_at__gte=start, finished_at__lt=end)
    failed = rows.filter(result="failed").count()
    return f"{_many(rows.count(), 'backup')} recorded in the period, {failed} failed."


def _readiness(start: datetime, end: datetime, now: datetime) -> str:
    services = list(Service.objects.filter(state="active").select_related("owner_team"))
    found = signs_of_all(services, now)
    missing = sum(any(one.status != "met" for one in standings.values()) for standings in found.values())
    return f"{missing} of {_many(len(services), 'service')} have an item that is not met or without data."


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or one + 's'}"


_FIGURES: dict[str, Callable[[datetime, datetime, datetime], str]] = {
    "alerts": _alerts,
    "backups": _backups,
    "incidents": _incidents,
    "runbooks": _runbooks,
    "vulnerabilities": _vulnerabilities,
    "deployments": _deployments,
    "readiness": _readiness,
}
