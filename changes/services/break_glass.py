"""Breaking the glass: asked by one person, confirmed by another, over by itself, reviewed afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from changes.facts import change_facts
from changes.models import BreakGlass, BreakGlassService, Change, ChangeTarget, Deployment
from changes.permissions import GlassCase, glass_case_of
from changes.services.break_glass_fields import clean_request
from changes.services.emergencies import Unplanned, change_open_in_retrospect
from changes.services.implementation import change_complete
from changes.services.reasons import clean_reason
from changes.states import BREAK_GLASS
from opsportal.accounts.models import User
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.due import each_due
from opsportal.core.errors import Conflict, NotFound
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.outbox.services import outbox_put
from opsportal.standards import engine
from opsportal.standards.selectors import active_standard

KIND = "break_glass"
ACTOR = Actor.system("changes.break_glass")
TO_CONFIRM = timedelta(hours=1)
"""How long a request waits for its second person."""
_BATCH = 100


def break_glass_ask(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> BreakGlass:
    """Ask that deployments of some services to one environment pass for a while, and return the request.

    `fields`: `services` and `environment` (slugs), `reason`, `minutes` (5 to 240). It does nothing until
    a second person confirms it within the hour. Raises `InvalidInput` and `Forbidden`.
    """
    with write(actor=actor, now=now):
        require(actor, "break_glass.ask")
        asked = clean_request(fields)
        glass = BreakGlass(
            environment=asked.environment,
            reason=asked.reason,
            minutes=asked.minutes,
            asked_by_id=UUID(actor.id),
            asked_at=now,
            due_at=now + TO_CONFIRM,
            updated_at=now,
        )
        glass.save(force_insert=True)
        for service in asked.services:
            BreakGlassService(break_glass=glass, service=service).save(force_insert=True)
        _tell(glass, "asked", actor=actor, now=now)
        return glass


def break_glass_confirm(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> BreakGlass:
    """Put a request in force for its time, from now, and return it.

    Whoever confirms is not whoever asked. An emergency change is opened for what happens meanwhile: its
    review is owed within 24 h, and the standard says who decides on it in retrospect. Raises `NotFound`,
    `Forbidden`, `Stale`, `IllegalMove`, `Conflict` with code `expired`, and `RuleRefused` where nobody but
    these two could decide on it.
    """
    with write(actor=actor, now=now):
        glass = _locked(pk)
        require(actor, "break_glass.confirm", case_of_glass(actor, glass, now))
        require_version(glass, version)
        state = BREAK_GLASS.move(glass.state, "confirm")
        if glass.due_at is not None and now >= glass.due_at:
            raise Conflict(
                "Nobody confirmed this within the hour. Ask again if it is still needed.", code="expired"
            )
        glass.confirmed_by = User.objects.get(pk=actor.id)
        glass.confirmed_at = now
        glass.change = _change_for(glass, now=now)
        glass.state = state
        glass.ends_at = glass.due_at = now + glass.length
        _save(glass, now)
        _tell(glass, "confirmed", actor=actor, now=now)
        return glass


def break_glass_refuse(
    *, actor: Actor, now: datetime, pk: int, reason: object, version: int | None = None
) -> BreakGlass:
    """Refuse a request, with a reason, and return it. Raises as `break_glass_confirm`, and `InvalidInput`."""
    return _over(
        actor, now, pk, version, verb="refuse", event="refused", reason=clean_reason(reason, required=True)
    )


def break_glass_revoke(
    *, actor: Actor, now: datetime, pk: int, reason: object = "", version: int | None = None
) -> BreakGlass:
    """End what is in force (or take a request back) at once, and return it.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    return _over(actor, now, pk, version, verb="revoke", event="revoked", reason=clean_reason(reason))


def break_glass_used(*, now: datetime, deployment: Deployment, actor: Actor) -> None:
    """Put on record that a break-glass has let a deployment pass, and tell of it."""
    glass = deployment.break_glass
    if glass is None:
        raise ValueError(f"{deployment.key} passed without a break-glass")
    codes = sorted({reason["code"] for reason in deployment.reasons} - {"break_glass"})
    _tell(glass, "used", actor=actor, now=now, data={"deployment": deployment.key, "against": codes})


def break_glasses_advance(*, clock: Callable[[], datetime]) -> int:
    """End what is over: requests that nobody confirmed, and what was in force; return how many.

    `clock` is the database's (aware UTC). Each has a transaction of its own, and whoever has its lock is
    doing it. Raises `DueError` where one of them failed, so that the heart does not beat: the gate lets none
    of them pass any more.
    """
    now = clock()
    due = BreakGlass.objects.filter(due_at__lte=now).order_by("due_at", "id")
    return each_due("break-glass requests", due.values_list("pk", flat=True)[:_BATCH], _end_by_itself, now)


def case_of_glass(actor: Actor, glass: BreakGlass, now: datetime) -> GlassCase:
    """Return what `actor` is to a request: may they confirm it, end it? Five queries for a person."""
    services = [row.service for row in glass.named.select_related("service__owner_team")]
    targets = [ChangeTarget(service=service, environment=glass.environment) for service in services]
    facts = change_facts(Change(type=Change.Type.EMERGENCY, risk=Change.Risk.HIGH), targets, now=now)
    stages = engine.stages(active_standard(), "change.submit", facts)
    roles = {slug for stage in stages for slug in stage.demand.roles}
    return glass_case_of(actor, glass, services, roles, now.astimezone(UTC).date())


def _over(
    actor: Actor, now: datetime, pk: int, version: int | None, *, verb: str, event: str, reason: str
) -> BreakGlass:
    with write(actor=actor, now=now, reason=reason):
        glass = _locked(pk)
        require(actor, f"break_glass.{verb}", case_of_glass(actor, glass, now))
        require_version(glass, version)
        glass.over_by_id = UUID(actor.id)
        glass.over_reason = reason
        _end(glass, verb, event, actor=actor, now=now)
        return glass


def _end_by_itself(pk: int, now: datetime) -> int:
    with write(actor=ACTOR, now=now):
        glass = (
            BreakGlass.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("environment")
            .filter(pk=pk, due_at__lte=now)
            .first()
        )
        if glass is None:
            return 0
        verb, event = ("end", "ended") if glass.state == "in_force" else ("expire", "expired")
        _end(glass, verb, event, actor=ACTOR, now=now)
        return 1


def _end(glass: BreakGlass, verb: str, event: str, *, actor: Actor, now: datetime) -> None:
    glass.state = BREAK_GLASS.move(glass.state, verb)
    glass.due_at, glass.over_at = None, now
    _save(glass, now)
    _tell(glass, event, actor=actor, now=now)
    change = glass.change
    if change is not None and change.state == "implementing":
        # What it was opened for is over, whoever ended it; how it went stands in its deployments.
        change_complete(actor=ACTOR, now=now, pk=change.pk)


def _change_for(glass: BreakGlass, *, now: datetime) -> Change:
    services = [row.service for row in glass.named.select_related("service")]
    names = ", ".join(service.name for service in services)
    asker, confirmer = glass.asked_by, glass.confirmed_by
    if confirmer is None:
        raise ValueError(f"nobody confirmed {glass.key}")
    unplanned = Unplanned(
        requester=asker,
        others=(confirmer,),
        title=f"Break-glass {glass.key}: {names} in {glass.environment.name}",
        description=glass.reason,
        justification=f"The glass was broken for {glass.minutes} minutes; see {glass.key}.",
        because=glass.key,
        targets=tuple((service, glass.environment) for service in services),
        began=now,
    )
    return change_open_in_retrospect(actor=ACTOR, now=now, unplanned=unplanned)


def _locked(pk: int) -> BreakGlass:
    glass = (
        BreakGlass.objects.select_for_update(of=("self",))
        .select_related("environment", "asked_by", "confirmed_by", "change")
        .filter(pk=pk)
        .first()
    )
    if glass is None:
        raise NotFound("There is no such break-glass request.")
    return glass


def _save(glass: BreakGlass, now: datetime) -> None:
    glass.version += 1
    glass.updated_at = now
    glass.save()


def _tell(
    glass: BreakGlass, event: str, *, actor: Actor, now: datetime, data: Mapping[str, JSON] | None = None
) -> None:
    """Write the audit entry `break_glass.<event>`, and tell the topic `changes.break_glass.<event>`."""
    about: dict[str, JSON] = {
        "environment": glass.environment_id,
        "services": sorted(glass.named.values_list("service__slug", flat=True)),
        "change": f"CHG-{glass.change_id}" if glass.change_id else "",
        "state": glass.state,
        "version": glass.version,
        **(data or {}),
    }
    audit_record(
        actor=actor, now=now, action=f"{KIND}.{event}", object_kind=KIND, object_key=glass.key, data=about
    )
    outbox_put(
        now=now,
        topic=f"changes.{KIND}.{event}",
        key=glass.key,
        payload={
            "break_glass": glass.pk,
            "key": glass.key,
            "actor": str(actor),
            "at": now.isoformat(),
            **about,
        },
    )
