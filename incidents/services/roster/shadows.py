"""Learning beside somebody who is on call: seen and told, never paged."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from incidents.models import Schedule, Shadow
from incidents.permissions.roster import ShadowCase
from incidents.services.oncall.scene import case_of
from incidents.services.roster.records import record, schedule_named
from incidents.states import SHADOW
from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues
from opsportal.accounts.services import require_worker
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.moments import clean_moment
from opsportal.core.writes import write

KIND = "shadow"
LONGEST = timedelta(days=366)


def shadow_start(
    *,
    actor: Actor,
    now: datetime,
    schedule: str,
    person: object,
    start: datetime,
    end: datetime,
    follows: object = "",
) -> Shadow:
    """Let a person shadow whoever is on call, or `follows` alone, between two instants (aware); return it.

    People are ids. A start that has passed is now. Raises `NotFound`, `Forbidden`, `InvalidInput`, and
    `Conflict` with code `shadows_already`.
    """
    with write(actor=actor, now=now):
        found = schedule_named(schedule)
        learner = _person(person, "person")
        case = _case(actor, found, learner, now)
        require(actor, "shadow.write", case)
        followed = _person(follows, "follows") if follows else None
        if followed is not None and followed.pk == learner.pk:
            raise InvalidInput.of("follows", "own", "Nobody shadows themselves.")
        begins, ends = max(clean_moment(start, field="start"), now), clean_moment(end, field="end")
        if ends <= begins:
            raise InvalidInput.of("end", "ends_before_start", "The end must lie after the start, and ahead.")
        if ends - begins > LONGEST:
            raise InvalidInput.of("end", "too_long", "A year at most.")
        standing = Shadow.objects.filter(schedule=found, person=learner, state=SHADOW.initial)
        if standing.filter(starts_at__lt=ends, ends_at__gt=begins).exists():
            raise Conflict("They shadow in that time already.", code="shadows_already")
        shadow = Shadow.objects.create(
            schedule=found,
            person=learner,
            follows=followed,
            starts_at=begins,
            ends_at=ends,
            created_at=now,
        )
        _record(shadow, "started", actor=actor, now=now)
        return shadow


def shadow_end(*, actor: Actor, now: datetime, pk: int) -> Shadow:
    """Let a shadowing end now, and return it. Raises `NotFound`, `Forbidden` and `IllegalMove`."""
    with write(actor=actor, now=now):
        slug = Shadow.objects.filter(pk=pk).values_list("schedule__slug", flat=True).first()
        if slug is None:
            raise NotFound("There is no such shadowing.")
        schedule = schedule_named(slug)
        shadow = Shadow.objects.select_for_update(of=("self",)).select_related("person").get(pk=pk)
        shadow.schedule = schedule
        require(actor, "shadow.write", _case(actor, schedule, shadow.person, now, shadow))
        shadow.state = SHADOW.move(shadow.state, "end")
        if shadow.starts_at < now < shadow.ends_at:
            shadow.ends_at = now
        shadow.save()
        _record(shadow, "ended", actor=actor, now=now)
        return shadow


def _person(value: object, field: str) -> User:
    try:
        found = colleagues().filter(pk=UUID(str(value))).first()
    except ValueError:
        found = None
    if found is None:
        raise InvalidInput.of(field, "unknown", "There is no such active person.")
    return require_worker(field, found)


def _case(
    actor: Actor, schedule: Schedule, person: User, now: datetime, shadow: Shadow | None = None
) -> ShadowCase:
    return ShadowCase(str(person.pk), shadow, of_the_team=case_of(actor, schedule, now).of_the_team)


def _record(shadow: Shadow, event: str, *, actor: Actor, now: datetime) -> None:
    record(
        actor=actor,
        now=now,
        kind=KIND,
        event=event,
        key=shadow.pk,
        schedule=shadow.schedule,
        data={
            "person": str(shadow.person_id),
            "follows": str(shadow.follows_id or ""),
            "from": shadow.starts_at.isoformat(),
            "until": shadow.ends_at.isoformat(),
        },
    )
