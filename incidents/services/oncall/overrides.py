"""Writes of exceptions from a schedule: made, and cancelled. They are never edited: the last one wins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from incidents.models import Override, Schedule
from incidents.oncall.overrides import KINDS
from incidents.oncall.roles import ROLES
from incidents.services.oncall.people import INSTEAD_OF, Named, known, refuse_unreachable
from incidents.services.oncall.scene import case_of, record, refuse_retired, schedule_locked
from incidents.states import OVERRIDE
from opsportal.audit.canonical import JSON
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput, NotFound
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_text
from opsportal.core.writes import write

KIND = "override"
LONGEST = timedelta(days=366)
MOST_STANDING = 2_000
MOST_PEOPLE = 20


def override_create(
    *,
    actor: Actor,
    now: datetime,
    schedule: str,
    kind: object,
    start: datetime,
    end: datetime,
    people: Sequence[object] = (),
    instead_of: object = "",
    role: object = "",
    reason: object = "",
    source: tuple[str, str] = ("", ""),
) -> Override:
    """Make an exception from the schedule (its slug) between two instants (aware) and return it.

    `kind` is `replace` (these people instead of everybody; nobody is a gap), `instead` (one person instead of
    `instead_of`) or `also`. People are named by id or e-mail address; an empty `role` is every role. A start
    that has passed is now: who was on call stays as it was. `source` says what it came from, by value.
    Raises `NotFound`, `Forbidden`, `InvalidInput` with a pointer to each wrong thing (also who cannot be
    reached by a page), and `Conflict` with code `retired` or `too_many`.
    """
    with write(actor=actor, now=now):
        found = schedule_locked(schedule)
        require(actor, "override.write", case_of(actor, found, now))
        refuse_retired(found)
        begins, ends = _clean_times(start, end, now)
        values = _clean_people(kind, people, instead_of)
        _refuse_too_many(found, now)
        override = Override.objects.create(
            schedule=found,
            starts_at=begins,
            ends_at=ends,
            role=_clean_role(role),
            reason=clean_text(reason, field="reason", max_length=200, lines=False),
            source_kind=source[0],
            source_key=source[1],
            created_at=now,
            created_by_kind=actor.kind.value,
            created_by_id=actor.id,
            **values,
        )
        _record(override, actor=actor, now=now, event="created")
        return override


def override_cancel(*, actor: Actor, now: datetime, pk: int) -> Override:
    """Let an exception have no effect from `now` on, and return it; what it did before stays.

    Raises `NotFound`, `Forbidden`, `IllegalMove`, and `Conflict` with code `over`.
    """
    with write(actor=actor, now=now):
        slug = Override.objects.filter(pk=pk).values_list("schedule__slug", flat=True).first()
        if slug is None:
            raise NotFound("There is no such exception.")
        schedule = schedule_locked(slug)
        override = Override.objects.select_for_update().select_related("schedule").get(pk=pk)
        require(actor, "override.write", case_of(actor, schedule, now))
        override.state = OVERRIDE.move(override.state, "cancel")
        if override.ends_at <= now:
            raise Conflict("It is over already; there is nothing to cancel.", code="over")
        override.cancelled_at = now
        override.save()
        _record(override, actor=actor, now=now, event="cancelled")
        return override


def _clean_times(start: datetime, end: datetime, now: datetime) -> tuple[datetime, datetime]:
    begins = max(clean_moment(start, field="start"), now)
    ends = clean_moment(end, field="end")
    if ends <= begins:
        raise InvalidInput.of("end", "ends_before_start", "The end must lie after the start, and ahead.")
    if ends - begins > LONGEST:
        raise InvalidInput.of("end", "too_long", "An exception lasts a year at most. Change the layers.")
    return begins, ends


def _clean_role(role: object) -> str:
    if role in (None, ""):
        return ""
    if not isinstance(role, str) or role not in ROLES:
        raise InvalidInput.of("role", "unknown", f"Must be one of: {', '.join(ROLES)}; or empty for all.")
    return role


def _clean_people(kind: object, people: Sequence[object], instead_of: object) -> dict[str, Any]:
    """Return kind, people and whom they stand in for, as they are stored."""
    if kind not in KINDS:
        raise InvalidInput.of("kind", "unknown", f"Must be one of: {', '.join(KINDS)}.")
    errors = [
        FieldError(f"/people/{position}", "unknown", "Must be the id or e-mail address of a person.")
        for position, person in enumerate(people)
        if not isinstance(person, str)
    ]
    if kind == "instead" and (not isinstance(instead_of, str) or not instead_of):
        errors.append(FieldError("/instead_of", "required", "Name whose place it is."))
    if kind != "instead" and instead_of:
        errors.append(FieldError("/instead_of", "contradicts", "Goes with the kind “instead” only."))
    if kind == "instead" and len(people) != 1:
        errors.append(FieldError("/people", "out_of_range", "Name the one person who stands in."))
    if kind == "also" and not people:
        errors.append(FieldError("/people", "required", "Name who is on call as well."))
    if len(people) > MOST_PEOPLE:
        errors.append(FieldError("/people", "too_many", f"At most {MOST_PEOPLE} people."))
    if errors:
        raise InvalidInput(errors)
    named = [Named(f"/people/{position}", str(person)) for position, person in enumerate(people)]
    old = [Named(INSTEAD_OF, str(instead_of))] if instead_of else []
    ids = known([*named, *old])
    refuse_unreachable(named, ids)
    found = list(dict.fromkeys(ids[one.text] for one in named))
    left = ids[old[0].text] if old else ""
    if left and left in found:
        raise InvalidInput.of("people", "contradicts", "That is the same person. Name somebody else.")
    return {"kind": kind, "people": found, "instead_of": left}


def _refuse_too_many(schedule: Schedule, now: datetime) -> None:
    if Override.objects.filter(schedule=schedule, ends_at__gt=now).count() >= MOST_STANDING:
        raise Conflict(f"{MOST_STANDING} exceptions stand already. Cancel some first.", code="too_many")


def _record(override: Override, *, actor: Actor, now: datetime, event: str) -> None:
    data: dict[str, JSON] = {
        "override": override.pk,
        "kind": override.kind,
        "role": override.role,
        "start": override.starts_at.isoformat(),
        "end": override.ends_at.isoformat(),
        "people": [*override.people],
        "instead_of": override.instead_of,
    }
    record(override.schedule, actor=actor, now=now, event=event, data=data, kind=KIND)
