"""Meetings of a board: called, changed, cancelled, and their minutes closed. A series plans its next one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from changes.models import AgendaItem, Meeting
from changes.permissions import MeetingCase, meeting_case_of
from changes.selectors.meetings import agenda_of, next_of_series
from changes.services.meeting_fields import clean_meeting, values_of
from changes.services.reasons import clean_reason
from changes.states import MEETING
from opsportal.accounts.models import Role
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.outbox.services import outbox_put

KIND = "meeting"
MAX_MINUTES = 20_000
EARLY = timedelta(minutes=15)
"""People begin a little ahead of time."""
REMINDED = timedelta(days=1)


def meeting_call(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> Meeting:
    """Call a meeting of a board and return it; its members are invited.

    `fields`: `board` (its slug), `starts_at` and `ends_at` (aware instants, at most 12 h apart), `place`,
    `note`, and for one of a series its `rule` with the `zone` of its clocks. Raises `Forbidden`,
    `InvalidInput`, and `Conflict` with code `same_time` where the board meets at that time already.
    """
    with write(actor=actor, now=now):
        cleaned = clean_meeting(fields)
        board = _board_locked(cleaned["board"])
        require(actor, "meeting.call", case_of_meeting(actor, board, now))
        if cleaned["ends_at"] <= now:
            raise InvalidInput.of("ends_at", "in_the_past", "A meeting is called ahead of its end.")
        meeting = Meeting(
            **cleaned,
            slot_at=cleaned["starts_at"],
            called_by_id=UUID(actor.id),
            called_at=now,
            updated_at=now,
            remind_at=reminder_of(cleaned["starts_at"], now),
        )
        _refuse_same_time(meeting)
        meeting.save(force_insert=True)
        record(meeting, "called", actor=actor, now=now)
        return meeting


def meeting_edit(
    *, actor: Actor, now: datetime, pk: int, version: int | None = None, **fields: Any
) -> Meeting:
    """Change the given fields (those of `meeting_call`, but the board) and return the meeting.

    Another time moves this meeting alone; a series goes on as it was, unless its rule is given anew.
    Raises `NotFound`, `Forbidden`, `Stale`, `IllegalMove` once it is held or cancelled, and as
    `meeting_call`.
    """
    with write(actor=actor, now=now):
        meeting = meeting_locked(pk)
        require(actor, "meeting.edit", case_of_meeting(actor, meeting.board, now))
        require_version(meeting, version)
        MEETING.move(meeting.state, "edit")
        before = values_of(meeting)
        if fields.get("board", before["board"]) != before["board"]:
            raise InvalidInput.of("board", "fixed", "Cancel it, and call a meeting of the other board.")
        cleaned = clean_meeting(before | fields)
        changed = sorted(name for name in before if name != "board" and cleaned[name] != before[name])
        if not changed:
            return meeting
        _board_locked(meeting.board)
        for name in changed:
            setattr(meeting, name, cleaned[name])
        if "starts_at" in changed:
            meeting.remind_at = reminder_of(meeting.starts_at, now)
        if {"rule", "zone"} & set(changed):
            meeting.slot_at = meeting.starts_at
        _refuse_same_time(meeting)
        meeting_save(meeting, now)
        record(meeting, "edited", actor=actor, now=now, data={"fields": list(changed)})
        return meeting


def meeting_cancel(
    *, actor: Actor, now: datetime, pk: int, reason: object, version: int | None = None
) -> Meeting:
    """Cancel a meeting, with a reason, and return it; the next of its series is planned.

    Raises `NotFound`, `Forbidden`, `Stale`, `InvalidInput`, `IllegalMove`, and `Conflict` with code
    `decided_in` where votes were cast in it.
    """
    words = clean_reason(reason, required=True)
    with write(actor=actor, now=now, reason=words):
        meeting = meeting_locked(pk)
        require(actor, "meeting.cancel", case_of_meeting(actor, meeting.board, now))
        require_version(meeting, version)
        state = MEETING.move(meeting.state, "cancel")
        if meeting.decisions.exists():
            raise Conflict("Votes were cast in this meeting: close its minutes.", code="decided_in")
        meeting.minutes = words
        _over(meeting, state, "cancelled", actor=actor, now=now)
        return meeting


def meeting_close(
    *, actor: Actor, now: datetime, pk: int, minutes: object = "", version: int | None = None
) -> Meeting:
    """Close the minutes of a meeting that took place, and return it; the next of its series is planned.

    The agenda is kept as it stands, with where each thing on it stands; nothing of it changes afterwards.
    Raises `NotFound`, `Forbidden`, `Stale`, `InvalidInput`, `IllegalMove`, and `Conflict` with code
    `not_begun`.
    """
    words = clean_text(minutes, field="minutes", max_length=MAX_MINUTES)
    with write(actor=actor, now=now):
        meeting = meeting_locked(pk)
        require(actor, "meeting.close", case_of_meeting(actor, meeting.board, now))
        require_version(meeting, version)
        state = MEETING.move(meeting.state, "close")
        refuse_ahead(meeting, now)
        _keep_agenda(meeting, now)
        meeting.minutes = words
        _over(meeting, state, "held", actor=actor, now=now)
        return meeting


def meeting_locked(pk: int) -> Meeting:
    """Return a meeting with its row locked and its board loaded. Raises `NotFound`."""
    meeting = Meeting.objects.select_for_update(of=("self",)).select_related("board").filter(pk=pk).first()
    if meeting is None:
        raise NotFound("There is no such meeting.")
    return meeting


def case_of_meeting(actor: Actor, board: Role, now: datetime, *, attendee: str = "") -> MeetingCase:
    """Return what `actor` is to the meetings of a board at `now` (aware UTC). One query for a person."""
    return meeting_case_of(actor, board.slug, now.astimezone(UTC).date(), attendee=attendee)


def reminder_of(starts_at: datetime, now: datetime) -> datetime | None:
    """Return when the members of a meeting are reminded: a day ahead; None where that is past.

    Who is invited, or told of another time, less than a day ahead needs no reminder.
    """
    at = starts_at - REMINDED
    return at if at > now else None


def refuse_ahead(meeting: Meeting, now: datetime) -> None:
    """Raise `Conflict` with code `not_begun` before a quarter of an hour ahead of its start."""
    if now < meeting.starts_at - EARLY:
        raise Conflict("This meeting has not begun yet.", code="not_begun")


def meeting_save(meeting: Meeting, now: datetime) -> None:
    """Store a locked meeting as its next version."""
    meeting.version += 1
    meeting.updated_at = now
    meeting.save()


def meeting_touched(meeting: Meeting, now: datetime) -> None:
    """Note on a locked meeting that something that belongs to it is another; its own text is not."""
    meeting.updated_at = now
    meeting.save()


def record(
    meeting: Meeting, event: str, *, actor: Actor, now: datetime, data: Mapping[str, JSON] | None = None
) -> None:
    """Write the audit entry `meeting.<event>`, and tell the topic `changes.meeting.<event>`."""
    about: dict[str, JSON] = {
        "board": meeting.board.slug,
        "starts_at": meeting.starts_at.isoformat(),
        "state": meeting.state,
        "version": meeting.version,
        **(data or {}),
    }
    audit_record(
        actor=actor, now=now, action=f"{KIND}.{event}", object_kind=KIND, object_key=meeting.key, data=about
    )
    outbox_put(
        now=now,
        topic=f"changes.{KIND}.{event}",
        key=meeting.key,
        payload={
            "meeting": meeting.pk,
            "key": meeting.key,
            "actor": str(actor),
            "at": now.isoformat(),
            **about,
        },
    )


def _over(meeting: Meeting, state: str, event: str, *, actor: Actor, now: datetime) -> None:
    meeting.state, meeting.remind_at = state, None
    meeting.over_at, meeting.over_by_id = now, UUID(actor.id)
    meeting_save(meeting, now)
    record(meeting, event, actor=actor, now=now, data={"decisions": meeting.decisions.count()})
    _plan_next(meeting, actor=actor, now=now)


def _plan_next(meeting: Meeting, *, actor: Actor, now: datetime) -> None:
    one = next_of_series(meeting, now)
    _board_locked(meeting.board)
    if one is None or _others_at(meeting.board, one.start).exists():
        return
    following = Meeting(
        board=meeting.board,
        starts_at=one.start,
        ends_at=one.end,
        slot_at=one.start,
        place=meeting.place,
        note=meeting.note,
        rule=meeting.rule,
        zone=meeting.zone,
        follows=meeting,
        called_by_id=UUID(actor.id),
        called_at=now,
        updated_at=now,
        remind_at=reminder_of(one.start, now),
    )
    following.save(force_insert=True)
    record(following, "called", actor=actor, now=now, data={"follows": meeting.key})


def _keep_agenda(meeting: Meeting, now: datetime) -> None:
    """Store what the portal found for the agenda, and where everything on it stands."""
    for matter in agenda_of(meeting):
        if matter.item is None:
            AgendaItem.objects.create(
                meeting=meeting,
                kind=matter.kind,
                key=matter.key,
                title=matter.title,
                why=matter.why,
                result=matter.state,
                added_at=now,
            )
            continue
        item = meeting.items.get(pk=matter.item)
        item.title, item.why, item.result = matter.title, matter.why, matter.state
        item.save()


def _board_locked(board: Role) -> Role:
    """Return the board with its row locked, so that two do not call it together for the same time."""
    return Role.objects.select_for_update().get(pk=board.pk)


def _others_at(board: Role, start: datetime) -> Any:
    return Meeting.objects.filter(board=board, starts_at=start).exclude(state="cancelled")


def _refuse_same_time(meeting: Meeting) -> None:
    other = _others_at(meeting.board, meeting.starts_at).exclude(pk=meeting.pk).first()
    if other is not None:
        raise Conflict(f"This board meets at that time already: {other.key}.", code="same_time")
