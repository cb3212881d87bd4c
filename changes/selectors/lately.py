"""What was done to services of late, and what is announced for them: what incidents ask of changes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from changes.models import Change, ChangeTarget, Deployment
from changes.models.changes import PREFIX
from changes.models.deployments import PREFIX as DEPLOYMENT_PREFIX
from changes.selectors.deployments import deployments_loaded
from changes.selectors.lists import changes_loaded
from opsportal.core.actor import Actor
from opsportal.core.keys import number_of
from opsportal.core.registry import CalendarEntry, QuietSpell, RecentChange, key_urls

MOST = 50
ANNOUNCED = ("approved", "scheduled", "implementing")
LONGEST = timedelta(days=366)


def recent_changes_of(
    actor: Actor, services: Collection[str], start: datetime, end: datetime
) -> list[RecentChange]:
    """Return the changes and deployments on `services` (slugs) from `start` on, `end` not included.

    A change counts from its start, a deployment from its start or, where it has none, its registration;
    newest first, the newest fifty of each. Times are aware UTC. Four queries.
    """
    deployments = deployments_loaded().filter(
        service__slug__in=services, registered_at__gte=start, registered_at__lt=end
    )
    changes = _naming(services).filter(started_at__gte=start, started_at__lt=end)
    found = [
        *(_change(one) for one in changes.order_by("-started_at", "-id")[:MOST]),
        *(_deployment(one) for one in deployments.order_by("-registered_at", "-id")[:MOST]),
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def quiet_spells_of(services: Collection[str], start: datetime, end: datetime) -> list[QuietSpell]:
    """Return the work on `services` (slugs) that is approved or under way and touches `start` to `end`.

    What is under way ahead of its approval was announced to nobody. Times are aware UTC. Two queries.
    """
    rows = (
        _naming(services)
        .filter(state__in=ANNOUNCED, window_start__gte=start - LONGEST)
        .filter(window_start__lt=end, window_end__gt=start)
        .exclude(retrospective_state="open")
        .order_by("window_start", "id")[:MOST]
    )
    return [
        QuietSpell(
            one.key, one.title, one.window_start, one.window_end, _path(PREFIX, one.pk), _services(one)
        )
        for one in rows
        if one.window_start is not None and one.window_end is not None
    ]


def work_announced(key: str) -> CalendarEntry | None:
    """Return the window of the change `key` and its state; None without one.

    Not what ran ahead of its approval: it was announced to nobody. Two queries.
    """
    number = number_of(key, PREFIX)
    change = changes_loaded().filter(pk=number).first() if number else None
    if change is None or change.window_start is None or change.window_end is None:
        return None
    if change.retrospective_state != "none":
        return None
    return CalendarEntry(
        key=change.key,
        title=change.title,
        kind="change",
        start=change.window_start,
        end=change.window_end,
        url=_path(PREFIX, change.pk),
        state=change.state,
        cancelled=change.state in ("draft", "in_review", "rejected", "cancelled"),
        version=change.version,
        services=_services(change),
        environments=tuple(sorted({target.environment.slug for target in change.targets.all()})),
    )


def _naming(services: Collection[str]) -> QuerySet[Change]:
    named = ChangeTarget.objects.filter(change=OuterRef("pk"), service__slug__in=services)
    return changes_loaded().filter(Exists(named))


def _change(change: Change) -> RecentChange:
    assert change.started_at is not None  # noqa: S101 - the query asked for it
    url = _path(PREFIX, change.pk)
    services = _services(change)
    return RecentChange(change.key, change.title, "change", change.state, change.started_at, url, services)


def _deployment(deployment: Deployment) -> RecentChange:
    title = f"{deployment.service.name} {deployment.release} to {deployment.environment.name}"
    at = deployment.started_at or deployment.registered_at
    url = _path(DEPLOYMENT_PREFIX, deployment.pk)
    slugs = (deployment.service.slug,)
    return RecentChange(deployment.key, title, "deployment", deployment.state, at, url, slugs)


def _services(change: Change) -> tuple[str, ...]:
    return tuple(sorted({target.service.slug for target in change.targets.all()}))


def _path(prefix: str, number: int) -> str:
    return key_urls[prefix](number)
