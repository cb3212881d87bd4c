"""What people put on an agenda, and who was there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from changes.models import AgendaItem, Change, ChangeTemplate, Meeting, MeetingPresence
from changes.models.changes import PREFIX as CHANGE_PREFIX
from changes.services.meetings import case_of_meeting, meeting_locked, meeting_touched, record
from changes.states import MEETING
from opsportal.accounts.services import clean_colleague
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.keys import number_of
from opsportal.core.text import clean_text
from opsportal.core.writes import write

MAX_TITLE = 200
MAX_REASON = 2_000
MOST_ITEMS = 100


def meeting_item_add(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    reason: object,
    change: object = "",
    template: object = "",
    title: object = "",
) -> AgendaItem:
    """Put something on the agenda of a planned meeting, with the reason, and return it.

    One of `change` (a key), `template` (a slug) or `title` says what. Raises `NotFound`, `Forbidden`,
    `InvalidInput`, `IllegalMove`, and `Conflict` with code `on_it_already` or `too_many`.
    """
    with write(actor=actor, now=now):
        meeting = meeting_locked(pk)
        require(actor, "meeting.add")
        MEETING.move(meeting.state, "edit")
        kind, key, words = _subject(change, template, title)
        why = clean_text(reason, field="reason", max_length=MAX_REASON, required=True)
        if kind and meeting.items.filter(kind=kind, key=key).exists():
            raise Conflict(f"{key} is on the agenda already.", code="on_it_already")
        if meeting.items.count() >= MOST_ITEMS:
            raise Conflict(f"At most {MOST_ITEMS} things are put on one agenda.", code="too_many")
        item = AgendaItem(
            meeting=meeting,
            kind=kind,
            key=key,
            title=words,
            reason=why,
            added_by_id=UUID(actor.id),
            added_at=now,
        )
        item.save(force_insert=True)
        meeting_touched(meeting, now)
        record(meeting, "item_added", actor=actor, now=now, data={"item": item.pk, "about": key})
        return item


def meeting_item_remove(*, actor: Actor, now: datetime, pk: int, item: int) -> Meeting:
    """Take something off the agenda that was put there by hand, and return the meeting.

    Raises `NotFound`, `Forbidden` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        meeting = meeting_locked(pk)
        row = meeting.items.filter(pk=item).first()
        if row is None:
            raise NotFound("There is no such thing on this agenda.")
        if str(row.added_by_id) != actor.id:
            require(actor, "meeting.remove", case_of_meeting(actor, meeting.board, now))
        MEETING.move(meeting.state, "edit")
        about = row.key
        row.delete()
        meeting_touched(meeting, now)
        record(meeting, "item_removed", actor=actor, now=now, data={"item": item, "about": about})
        return meeting


def meeting_attend(
    *, actor: Actor, now: datetime, pk: int, presence: object, person: object = ""
) -> MeetingPresence:
    """Note whether somebody is there, and return it; oneself where `person` (id or address) is left out.

    Raises `NotFound`, `Forbidden`, `InvalidInput` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        meeting = meeting_locked(pk)
        who = clean_colleague("person", person or actor.id)
        if who is None:
            raise InvalidInput.of("person", "required", "Name somebody.")
        case = case_of_meeting(actor, meeting.board, now, attendee=str(who.pk))
        require(actor, "meeting.attend", case)
        MEETING.move(meeting.state, "edit")
        if presence not in MeetingPresence.Presence.values:
            known = ", ".join(MeetingPresence.Presence.values)
            raise InvalidInput.of("presence", "unknown", f"Must be one of: {known}.")
        row = meeting_present(meeting, who.pk, now=now, presence=str(presence))
        meeting_touched(meeting, now)
        data = {"person": str(who.pk), "presence": str(presence)}
        record(meeting, "attended", actor=actor, now=now, data=data)
        return row


def meeting_present(
    meeting: Meeting, person: UUID, *, now: datetime, presence: str = MeetingPresence.Presence.PRESENT
) -> MeetingPresence:
    """Store whether a person (an id) was there, inside the write under way, and return it."""
    row = meeting.presences.filter(person_id=person).first()
    if row is None:
        return MeetingPresence.objects.create(
            meeting=meeting, person_id=person, presence=presence, noted_at=now
        )
    if row.presence != presence:
        row.presence, row.noted_at = presence, now
        row.save()
    return row


def _subject(change: object, template: object, title: object) -> tuple[str, str, str]:
    """Return kind, key and title of what is put on an agenda. Raises `InvalidInput`."""
    keys = clean_text(change, field="change", max_length=30, lines=False)
    slug = clean_text(template, field="template", max_length=60, lines=False)
    words = clean_text(title, field="title", max_length=MAX_TITLE, lines=False)
    if sum(map(bool, (keys, slug, words))) != 1:
        raise InvalidInput.of("change", "one_of", "Name one of: a change, a template, a title of its own.")
    if keys:
        number = number_of(keys, CHANGE_PREFIX)
        row = Change.objects.filter(pk=number).first() if number and number < 2**63 else None
        if row is None:
            raise InvalidInput.of("change", "unknown", "There is no such change.")
        return "change", row.key, row.title
    if slug:
        found = ChangeTemplate.objects.filter(slug=slug).first()
        if found is None:
            raise InvalidInput.of("template", "unknown", "There is no such template.")
        return "template", found.slug, found.title
    return "", "", words
