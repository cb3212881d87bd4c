"""Offering time on call to others, taking it in one click, and taking that back. A taken swap is an override:
this person instead of that one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from incidents.models import Schedule, ShiftSwap
from incidents.oncall.roles import PRIMARY, ROLES
from incidents.permissions.roster import SwapCase
from incidents.roster.reminders import next_reminder
from incidents.roster.spans import Span, without
from incidents.selectors.oncall import final_schedule_of
from incidents.services.oncall import override_cancel, override_create
from incidents.services.oncall.scene import case_of
from incidents.services.roster.records import record, schedule_named
from incidents.states import SWAP
from opsportal.accounts.models import Absence
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.due import each_due
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.notify.services import pageable

ACTOR = Actor.system("incidents.roster")
KIND = "swap"
LONGEST = timedelta(days=62)
BATCH = 200


def swap_offer(
    *,
    actor: Actor,
    now: datetime,
    schedule: str,
    start: datetime,
    end: datetime,
    role: object = PRIMARY,
    note: object = "",
) -> ShiftSwap:
    """Offer one's own time on call from `start` to `end` (aware, ahead) to others, and return the offer.

    It stays one's own until somebody takes it. Raises `NotFound`, `Forbidden`, `InvalidInput`, and `Conflict`
    with code `not_on_call` (one is not, all of that time), `mixed` or `offered_already`.
    """
    with write(actor=actor, now=now):
        found = schedule_named(schedule)
        require(actor, "swap.offer")
        span = _clean_span(start, end, now)
        wanted = _clean_role(role)
        text = clean_text(note, field="note", max_length=300, lines=False)
        _place_of(found, actor.id, wanted, span)
        open_ones = ShiftSwap.objects.filter(
            schedule=found, offered_by=UUID(actor.id), role=wanted, state=SWAP.initial
        )
        if open_ones.filter(starts_at__lt=span.end, ends_at__gt=span.start).exists():
            raise Conflict("You offer that time already, or a part of it.", code="offered_already")
        swap = ShiftSwap.objects.create(
            schedule=found,
            offered_by_id=UUID(actor.id),
            role=wanted,
            starts_at=span.start,
            ends_at=span.end,
            note=text,
            created_at=now,
            due_at=_due(span.start, now),
        )
        _record(swap, "offered", actor=actor, now=now)
        return swap


def swap_take(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> ShiftSwap:
    """Take what somebody offers: from its start on, the actor is on call instead of them. Return the swap.

    Of two at once, one wins; the other gets `IllegalMove`. Raises `NotFound`, `Forbidden`, `Stale`, and
    `Conflict` with code `begun`, `not_on_call` (it is no longer theirs), `mixed`, `unreachable` or `away`.
    """
    with write(actor=actor, now=now):
        swap = _locked(pk)
        require(actor, "swap.take", swap_case(actor, swap, now))
        require_version(swap, version)
        state = SWAP.move(swap.state, "take")
        if swap.starts_at <= now:
            raise Conflict("It has begun already. Take the shift that is running instead.", code="begun")
        span = Span(swap.starts_at, swap.ends_at)
        _refuse_unfit(actor, span)
        instead_of = _place_of(swap.schedule, str(swap.offered_by_id), swap.role, span)
        swap.override = override_create(
            actor=actor,
            now=now,
            schedule=swap.schedule.slug,
            kind="instead",
            start=span.start,
            end=span.end,
            people=[actor.id],
            instead_of=instead_of,
            role=swap.role,
            source=(KIND, str(swap.pk)),
        )
        swap.state, swap.taken_by_id, swap.taken_at, swap.due_at = state, UUID(actor.id), now, None
        _save(swap, "taken", actor=actor, now=now)
        return swap


def swap_withdraw(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> ShiftSwap:
    """Take back an offer that nobody has taken, and return it.

    Raises `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        swap = _locked(pk)
        require(actor, "swap.withdraw", swap_case(actor, swap, now))
        require_version(swap, version)
        swap.state, swap.due_at = SWAP.move(swap.state, "withdraw"), None
        _save(swap, "withdrawn", actor=actor, now=now)
        return swap


def swap_undo(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> ShiftSwap:
    """Give taken time back to whoever offered it, from `now` on, and return the swap.

    Either of both may. Raises `NotFound`, `Forbidden`, `Stale`, `IllegalMove`, and `Conflict` with code
    `over`, or `unreachable` or `away` where whoever gets it back could not have it.
    """
    with write(actor=actor, now=now):
        swap = _locked(pk)
        require(actor, "swap.undo", swap_case(actor, swap, now))
        require_version(swap, version)
        state = SWAP.move(swap.state, "undo")
        if swap.ends_at <= now:
            raise Conflict("It is over already; there is nothing to give back.", code="over")
        override = swap.override
        if override is not None and override.state == "standing":
            override_cancel(actor=actor, now=now, pk=override.pk)
        swap.state = state
        _save(swap, "undone", actor=actor, now=now)
        return swap


def shift_take(
    *,
    actor: Actor,
    now: datetime,
    schedule: str,
    person: str,
    end: datetime,
    start: datetime | None = None,
    role: object = PRIMARY,
) -> None:
    """Take time on call over from `person` without an offer, from now or from `start` on until `end` (aware).

    They are told. Raises `NotFound`, `Forbidden`, `InvalidInput`, and `Conflict` with code `not_on_call`,
    `mixed`, `own`, `unreachable` or `away`.
    """
    with write(actor=actor, now=now):
        found = schedule_named(schedule)
        require(actor, "override.write", case_of(actor, found, now))
        if person == actor.id:
            raise Conflict("That is your own time already.", code="own")
        span = _clean_span(max(start or now, now), end, now, running=True)
        _refuse_unfit(actor, span)
        wanted = _clean_role(role)
        instead_of = _place_of(found, person, wanted, span)
        override = override_create(
            actor=actor,
            now=now,
            schedule=found.slug,
            kind="instead",
            start=span.start,
            end=span.end,
            people=[actor.id],
            instead_of=instead_of,
            role=wanted,
            source=("taken", person),
        )
        record(
            actor=actor,
            now=now,
            kind="shift",
            event="taken",
            key=override.pk,
            schedule=found,
            data={"from": person, "override": override.pk},
        )


def swaps_advance(*, clock: Callable[[], datetime]) -> int:
    """Point open offers out again when it is time, let those lapse that began, and return how many."""
    now = clock()
    due = ShiftSwap.objects.filter(due_at__lte=now).order_by("due_at").values_list("pk", flat=True)
    return each_due("swaps", due[:BATCH], _advance, now)


def swap_case(actor: Actor, swap: ShiftSwap, now: datetime) -> SwapCase:
    """Return what the actor is to an offer at `now`."""
    case = case_of(actor, swap.schedule, now)
    return SwapCase(swap, of_the_team=case.of_the_team, takes_part=case.takes_part, leads=case.leads)


def _advance(pk: int, now: datetime) -> int:
    with write(actor=ACTOR, now=now):
        swap = (
            ShiftSwap.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("schedule")
            .filter(pk=pk, due_at__lte=now)
            .first()
        )
        if swap is None:
            return 0
        if swap.starts_at <= now:
            swap.state, swap.due_at = SWAP.move(swap.state, "lapse"), None
            _save(swap, "lapsed", actor=ACTOR, now=now)
        else:
            swap.due_at = _due(swap.starts_at, now)
            _save(swap, "reminded", actor=ACTOR, now=now)
        return 1


def _due(start: datetime, now: datetime) -> datetime:
    return next_reminder(start, now) or start


def _clean_span(start: datetime, end: datetime, now: datetime, *, running: bool = False) -> Span:
    # The engine knows whole seconds.
    begins = clean_moment(start, field="start").replace(microsecond=0)
    ends = clean_moment(end, field="end").replace(microsecond=0)
    now = now.replace(microsecond=0)
    if begins < now or (begins == now and not running):
        raise InvalidInput.of("start", "in_the_past", "Only time that is still ahead can be offered.")
    if ends <= begins:
        raise InvalidInput.of("end", "ends_before_start", "The end must lie after the start, and ahead.")
    if ends - begins > LONGEST:
        raise InvalidInput.of("end", "too_long", f"At most {LONGEST.days} days at once.")
    return Span(begins, ends)


def _clean_role(role: object) -> str:
    if not isinstance(role, str) or role not in ROLES:
        raise InvalidInput.of("role", "unknown", f"Must be one of: {', '.join(ROLES)}.")
    return role


def _place_of(schedule: Schedule, person: str, role: str, span: Span) -> str:
    """Return whose place somebody holds in all of that time: their own, or of whom they stand in for.

    Exceptions of this kind are not chained, so that a shift which came by a swap is passed on in the place of
    whoever had it first.
    """
    places: dict[str, list[Span]] = {}
    for segment in final_schedule_of(schedule, span.start, span.end):
        for duty in segment.duties:
            if duty.user_id == person and duty.role == role:
                places.setdefault(duty.instead_of or person, []).append(Span(segment.start, segment.end))
    whole = [one for spans in places.values() for one in spans]
    if not whole or without([span], whole):
        raise Conflict(f"They are not on call as {role} in all of that time.", code="not_on_call")
    if len(places) > 1:
        raise Conflict(
            "A part of that time came to them from somebody else. Offer or take the parts one by one.",
            code="mixed",
        )
    return next(iter(places))


def _refuse_unfit(actor: Actor, span: Span) -> None:
    if not pageable([actor.id]):
        raise Conflict(
            "No page would reach you. Add a way to reach you and verify it, then take the shift.",
            code="unreachable",
        )
    if Absence.objects.filter(
        person_id=UUID(actor.id), starts_at__lt=span.end, ends_at__gt=span.start
    ).exists():
        raise Conflict("You are away in that time, by what is recorded. End that absence first.", code="away")


def _locked(pk: int) -> ShiftSwap:
    slug = ShiftSwap.objects.filter(pk=pk).values_list("schedule__slug", flat=True).first()
    if slug is None:
        raise NotFound("There is no such offer.")
    schedule = schedule_named(slug)
    swap = ShiftSwap.objects.select_for_update(of=("self",)).select_related("override").get(pk=pk)
    swap.schedule = schedule
    return swap


def _save(swap: ShiftSwap, event: str, *, actor: Actor, now: datetime) -> None:
    swap.version += 1
    swap.save()
    _record(swap, event, actor=actor, now=now)


def _record(swap: ShiftSwap, event: str, *, actor: Actor, now: datetime) -> None:
    record(
        actor=actor,
        now=now,
        kind=KIND,
        event=event,
        key=swap.pk,
        schedule=swap.schedule,
        data={
            "state": swap.state,
            "role": swap.role,
            "from": swap.starts_at.isoformat(),
            "until": swap.ends_at.isoformat(),
            "offered_by": str(swap.offered_by_id),
            "taken_by": str(swap.taken_by_id or ""),
        },
    )
