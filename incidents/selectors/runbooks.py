"""Reads of runbooks, of where they are attached, and of their runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from incidents.models import Incident, Runbook, RunbookRun, RunbookTarget, RunbookVersion
from incidents.runbook.text import fits, slug_in
from incidents.selectors.response import visible
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound

ORDERINGS: dict[str, tuple[str, str]] = {
    "title": ("title", "id"),
    "-title": ("-title", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}
MOST_TARGETS = 2_000


def runbooks_loaded() -> QuerySet[Runbook]:
    """Return all runbooks with team, keeper and targets; two queries when read."""
    targets = RunbookTarget.objects.select_related("service").order_by("id")
    return Runbook.objects.select_related("owner_team", "keeper").prefetch_related(
        Prefetch("targets", queryset=targets)
    )


def runbook_by_slug(slug: str) -> Runbook:
    """Return the runbook, loaded. Raises `NotFound`."""
    found = runbooks_loaded().filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such runbook.")
    return found


def version_of(runbook: Runbook, number: int) -> RunbookVersion:
    """Return one version of what a runbook says. Raises `NotFound`."""
    found = RunbookVersion.objects.filter(runbook=runbook, number=number).first()
    if found is None:
        raise NotFound("There is no such version of this runbook.")
    return found


def version_shown(runbook: Runbook) -> RunbookVersion:
    """Return the version that people follow: the published one, before there is one the newest."""
    return version_of(runbook, runbook.published or runbook.latest)


def runs_seen(actor: Actor, now: datetime) -> QuerySet[RunbookRun]:
    """Return the runs that `actor` may see at `now`, with runbook, version and incident.

    A run for an incident that they may not see is not there for them.
    """
    seen = visible(actor, now).filter(pk=OuterRef("incident"))
    rows = RunbookRun.objects.select_related("runbook", "content", "started_by", "incident")
    return rows.filter(Q(incident__isnull=True) | Q(Exists(seen)))


def run_seen(actor: Actor, now: datetime, pk: int) -> RunbookRun:
    """Return one run, loaded with its steps. Raises `NotFound`, also where `actor` may not see it."""
    found = runs_seen(actor, now).prefetch_related("steps").filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such run of a runbook.")
    return found


def runs_for_incident(incident: Incident) -> list[RunbookRun]:
    """Return the runs that were started for one incident, oldest first, with their steps."""
    rows = RunbookRun.objects.select_related("runbook", "content", "started_by").prefetch_related("steps")
    return list(rows.filter(incident=incident).order_by("id")[:50])


@dataclass(frozen=True, slots=True)
class Offer:
    """A runbook that fits, and why in words."""

    runbook: Runbook
    because: str


def runbooks_for(
    services: Collection[str],
    alerts: Sequence[Mapping[str, str]] = (),
    addresses: Collection[str] = (),
) -> list[Offer]:
    """Return the published runbooks for services (slugs), for alerts (their labels) or named by an alert.

    `addresses` are the `runbook_url`s of alerts. What an alert names comes first, then what fits its
    labels, then what fits a service; each runbook once. Two queries.
    """
    named = {slug for address in addresses if (slug := slug_in(address))}
    attached = RunbookTarget.objects.filter(runbook=OuterRef("pk"))
    wanted = Q(slug__in=named) | Q(Exists(attached.filter(service__slug__in=list(services))))
    if alerts:
        wanted |= Q(Exists(attached.filter(service__isnull=True)))
    found: list[tuple[int, Offer]] = []
    for runbook in runbooks_loaded().filter(wanted, state="published").order_by("title", "id")[:MOST_TARGETS]:
        offer = _offer(runbook, named, services, alerts)
        if offer is not None:
            found.append(offer)
    return [offer for _, offer in sorted(found, key=lambda pair: pair[0])]


def _offer(
    runbook: Runbook, named: Collection[str], services: Collection[str], alerts: Sequence[Mapping[str, str]]
) -> tuple[int, Offer] | None:
    if runbook.slug in named:
        return 0, Offer(runbook, "the alert names it")
    targets = list(runbook.targets.all())
    for target in targets:
        if target.labels and any(fits(target.labels, labels) for labels in alerts):
            words = ", ".join(f"{name}={value}" for name, value in sorted(target.labels.items()))
            return 1, Offer(runbook, f"for alerts with {words}")
    for target in targets:
        if target.service is not None and target.service.slug in services:
            return 2, Offer(runbook, f"for {target.service.name}")
    return None


def services_without() -> QuerySet[Service]:
    """Return the services in use for which no published runbook is attached, the most critical first."""
    covered = RunbookTarget.objects.filter(service=OuterRef("pk"), runbook__state="published")
    return Service.objects.filter(~Exists(covered), state="active").select_related("owner_team")


def reviews_due(now: datetime) -> QuerySet[Runbook]:
    """Return the published runbooks whose review is overdue at `now` (aware UTC), the longest first."""
    return runbooks_loaded().filter(state="published", review_due_at__lte=now).order_by("review_due_at", "id")
