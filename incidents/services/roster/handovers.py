"""Handing over on call, as an act on record: a list that both go through, notes, and two signatures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from incidents.models import Handover, HandoverStep, Schedule
from incidents.oncall.roles import PRIMARY
from incidents.permissions.roster import HandoverCase
from incidents.selectors.handovers import handed_over_keys
from incidents.selectors.roster import schedules_turning, turnovers
from incidents.services.oncall.scene import case_of
from incidents.services.roster.records import record, schedule_named
from incidents.states import HANDOVER
from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues
from opsportal.accounts.services import require_worker
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.due import each_due, each_step
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.standards import engine
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import active_standard_or_none

ACTOR = Actor.system("incidents.roster")
KIND = "handover"
POINT = "oncall.handover"
EARLY = timedelta(minutes=30)
"""So long before it a handover is opened, so that both can go through the list."""
LATE = timedelta(hours=1)
"""So long after it an unsigned handover is late."""
CATCH_UP = timedelta(hours=12)
"""How far back a handover that was missed, because the portal was away, is still opened."""
MAX_NOTES = 10_000
OWN_LIST = (
    {"id": "open-incidents", "title": "Look at the open incidents together", "source": ""},
    {"id": "notes", "title": "Write down what the next one has to know", "source": ""},
    {"id": "channels", "title": "Test that alerts reach whoever comes on call", "source": ""},
)
"""What is gone through where the standard in force says nothing of handovers."""
BATCH = 200
_ENDED = ("complete", "cancelled")


def handover_open(
    *, actor: Actor, now: datetime, schedule: str, outgoing: object, incoming: object, role: str = PRIMARY
) -> Handover:
    """Open a handover by hand, for now, between two people (ids), and return it.

    Raises `NotFound`, `Forbidden`, `InvalidInput`, and `Conflict` with code `open_already`.
    """
    with write(actor=actor, now=now):
        found = schedule_named(schedule)
        case = case_of(actor, found, now)
        require(
            actor,
            "handover.open",
            HandoverCase(of_the_team=case.of_the_team, takes_part=case.takes_part),
        )
        giver, taker = _person(outgoing, "outgoing"), _person(incoming, "incoming")
        if giver.pk == taker.pk:
            raise InvalidInput.of("incoming", "own", "Nobody hands over to themselves.")
        under_way = Handover.objects.filter(schedule=found, role=role, outgoing=giver, incoming=taker)
        if under_way.exclude(state__in=_ENDED).exists():
            raise Conflict("There is an open handover between these two already.", code="open_already")
        return _open(found, role, now, giver.pk, taker.pk, actor=actor, now=now)


def handover_tick(*, actor: Actor, now: datetime, pk: int, step: object, done: bool = True) -> Handover:
    """Note that a step of the list is done (or not, after all), and return the handover.

    Raises `NotFound`, `Forbidden`, `InvalidInput`, and `Conflict` with code `over` or `signed`: what somebody
    has signed stays as it was.
    """
    with write(actor=actor, now=now):
        handover = _locked(pk)
        require(actor, "handover.work", _case(actor, handover, now))
        _refuse_over(handover)
        if step not in {one["id"] for one in handover.checklist}:
            raise InvalidInput.of("step", "unknown", "There is no such step on its list.")
        existing = HandoverStep.objects.filter(handover=handover, step=step).first()
        if done and existing is None:
            HandoverStep.objects.create(handover=handover, step=str(step), person_id=UUID(actor.id), at=now)
        elif not done and existing is not None:
            if handover.state != HANDOVER.initial:
                raise Conflict("One of both has signed the list as it is.", code="signed")
            existing.delete()
        else:
            return handover
        _save(handover, "ticked" if done else "unticked", actor=actor, now=now, step=str(step))
        return handover


def handover_note(
    *, actor: Actor, now: datetime, pk: int, notes: object, version: int | None = None
) -> Handover:
    """Write the notes of a handover and return it. Raises as `handover_tick`, and `Stale`."""
    with write(actor=actor, now=now):
        handover = _locked(pk)
        require(actor, "handover.work", _case(actor, handover, now))
        require_version(handover, version)
        _refuse_over(handover)
        text = clean_text(notes, field="notes", max_length=MAX_NOTES)
        if text == handover.notes:
            return handover
        handover.notes = text
        _save(handover, "noted", actor=actor, now=now)
        return handover


def handover_sign(*, actor: Actor, now: datetime, pk: int) -> Handover:
    """Sign as the one who goes off call, or comes on; the second signature completes it. Return it.

    Raises `NotFound`, `Forbidden`, `IllegalMove`, and `Conflict` with code `steps_open`.
    """
    with write(actor=actor, now=now):
        handover = _locked(pk)
        require(actor, "handover.sign", _case(actor, handover, now))
        gives = actor.id == str(handover.outgoing_id)
        state = HANDOVER.move(handover.state, "give" if gives else "receive")
        done = set(handover.done.values_list("step", flat=True))
        if missing := [one["title"] for one in handover.checklist if one["id"] not in done]:
            raise Conflict(f"First go through the list: {'; '.join(missing)}.", code="steps_open")
        handover.state = state
        if gives:
            handover.outgoing_signed_at = now
        else:
            handover.incoming_signed_at = now
        if state == "complete":
            handover.closed_at, handover.due_at = now, None
            handover.open_incidents = handed_over_keys(handover)
        _save(handover, "signed", actor=actor, now=now, as_="outgoing" if gives else "incoming")
        return handover


def handovers_advance(*, clock: Callable[[], datetime]) -> int:
    """Open the handovers that come, take back those that do not take place, and tell of late ones.

    Return how many. `clock` is the database's (aware UTC).
    """
    now = clock()
    schedules = schedules_turning(now - CATCH_UP, now + EARLY, PRIMARY)
    coming = Handover.objects.filter(at__gt=now, state__in=["open", "given", "received"])
    schedules |= set(coming.values_list("schedule_id", flat=True))
    due = Handover.objects.filter(due_at__lte=now).order_by("due_at").values_list("pk", flat=True)
    return each_step(
        lambda: each_due("handovers", sorted(schedules), _settle, now),
        # Read after that one: what it has just taken back is late no more.
        lambda: each_due("late handovers", due[:BATCH], _tell_late, now),
    )


def checklist_of(standard: Standard | None) -> list[dict[str, str]]:
    """Return the list of a handover: what the standard asks to be attested then, or the portal's own."""
    demanded = engine.attestations(standard, POINT, {}) if standard else ()
    found = [
        {
            "id": one.demand.id,
            "title": one.demand.title,
            "source": f"{one.rule.source.section}: “{one.rule.source.quote}”",
        }
        for one in demanded
    ]
    return found or [dict(one) for one in OWN_LIST]


def _settle(schedule_pk: int, now: datetime) -> int:
    """Bring the handovers of one schedule in step with its shifts; return how many that changed."""
    with write(actor=ACTOR, now=now):
        schedule = Schedule.objects.select_for_update().get(pk=schedule_pk)
        found = turnovers(now - CATCH_UP, now + EARLY, PRIMARY, schedule=schedule_pk)
        wanted = {(one.at, one.outgoing, one.incoming) for one in found}
        known = Handover.objects.filter(schedule=schedule, role=PRIMARY, at__gte=now - CATCH_UP)
        there = {(row.at, str(row.outgoing_id), str(row.incoming_id)): row for row in known}
        changed = 0
        for at, outgoing, incoming in sorted(wanted - there.keys()):
            _open(schedule, PRIMARY, at, UUID(outgoing), UUID(incoming), actor=ACTOR, now=now)
            changed += 1
        for key, row in there.items():
            if key not in wanted and row.at > now and HANDOVER.can(row.state, "cancel"):
                row.schedule = schedule
                row.state, row.due_at, row.closed_at = HANDOVER.move(row.state, "cancel"), None, now
                _save(row, "cancelled", actor=ACTOR, now=now)
                changed += 1
        return changed


def _open(
    schedule: Schedule,
    role: str,
    at: datetime,
    outgoing: UUID,
    incoming: UUID,
    *,
    actor: Actor,
    now: datetime,
) -> Handover:
    standard = active_standard_or_none()
    handover = Handover.objects.create(
        schedule=schedule,
        role=role,
        at=at,
        outgoing_id=outgoing,
        incoming_id=incoming,
        standard_hash=standard.content_hash if standard else "",
        checklist=checklist_of(standard),
        opened_at=now,
        late_at=max(at, now) + LATE,
        due_at=max(at, now) + LATE,
    )
    _record(handover, "opened", actor=actor, now=now)
    return handover


def _tell_late(pk: int, now: datetime) -> int:
    with write(actor=ACTOR, now=now):
        handover = (
            Handover.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("schedule")
            .filter(pk=pk, due_at__lte=now)
            .first()
        )
        if handover is None:
            return 0
        handover.due_at = None
        _save(handover, "late", actor=ACTOR, now=now)
        return 1


def _person(value: object, field: str) -> User:
    try:
        found = colleagues().filter(pk=UUID(str(value))).first()
    except ValueError:
        found = None
    if found is None:
        raise InvalidInput.of(field, "unknown", "There is no such active person.")
    return require_worker(field, found)


def _locked(pk: int) -> Handover:
    handover = (
        Handover.objects.select_for_update(of=("self",))
        .select_related("schedule__team")
        .filter(pk=pk)
        .first()
    )
    if handover is None:
        raise NotFound("There is no such handover.")
    return handover


def _case(actor: Actor, handover: Handover, now: datetime) -> HandoverCase:
    case = case_of(actor, handover.schedule, now)
    return HandoverCase(handover, of_the_team=case.of_the_team, takes_part=case.takes_part)


def _refuse_over(handover: Handover) -> None:
    if handover.state in _ENDED:
        raise Conflict("This handover is over; it stays as it was.", code="over")


def _save(handover: Handover, event: str, *, actor: Actor, now: datetime, **more: Any) -> None:
    handover.version += 1
    handover.save()
    _record(handover, event, actor=actor, now=now, **more)


def _record(handover: Handover, event: str, *, actor: Actor, now: datetime, **more: Any) -> None:
    record(
        actor=actor,
        now=now,
        kind=KIND,
        event=event,
        key=handover.pk,
        schedule=handover.schedule,
        data={
            "state": handover.state,
            "role": handover.role,
            "handover_at": handover.at.isoformat(),
            "outgoing": str(handover.outgoing_id),
            "incoming": str(handover.incoming_id),
            "version": handover.version,
            **{name.rstrip("_"): value for name, value in more.items()},
        },
    )
