"""All of one meeting, gathered for its page and for its minutes as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest

from changes.models import Meeting, MeetingDecision, MeetingPresence
from changes.selectors.meetings import Matter, agenda_of, decisions_of, recurrence_of
from changes.services.meetings import EARLY, case_of_meeting
from changes.states import MEETING
from changes.web.agenda import SHOWN, Card, cards_of, people_of
from opsportal.accounts.models import User
from opsportal.accounts.selectors import holders_of
from opsportal.audit import actions
from opsportal.audit.selectors import entries_about, entry_data
from opsportal.calendar.recurrence import parse_rule
from opsportal.core.access import may
from opsportal.core.actor import Actor
from opsportal.web.people import Pair, remember_people

MINUTES_COLUMNS = (
    "meeting",
    "board",
    "number",
    "kind",
    "key",
    "title",
    "why",
    "reason",
    "state",
    "decision",
    "stage",
    "voter",
    "on_behalf_of",
    "comment",
    "content_hash",
    "cast_at",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing on the agenda: with its card while it can be decided, with what was decided."""

    matter: Matter
    card: Card | None
    decisions: tuple[MeetingDecision, ...]


@dataclass(frozen=True, slots=True)
class Seat:
    """One who is invited or was there, and what is noted of them."""

    person: User
    presence: str
    is_member: bool
    may_note: bool


def meeting_context(request: HttpRequest, meeting: Meeting, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return all that the page of a meeting shows to its reader. The meeting has its board loaded."""
    is_open = meeting.state == MEETING.initial
    lines = lines_of(meeting, actor, now)
    cards = [line.card for line in lines if line.card]
    decisions = [one for line in lines for one in line.decisions]
    seats = _seats(meeting, actor, now)
    entries = list(entries_about("meeting", meeting.key))
    remember_people(
        request,
        [
            *people_of(cards),
            *_people(meeting, lines, seats),
            *((entry.actor_kind, entry.actor_id) for entry in entries),
        ],
    )
    case = case_of_meeting(actor, meeting.board, now)
    has_begun = now >= meeting.starts_at - EARLY
    series = recurrence_of(meeting)
    return {
        "meeting": meeting,
        "board": "",
        "is_open": is_open,
        "has_begun": has_begun,
        "in_meeting": is_open and has_begun,
        "lines": lines,
        "undecided": sum(1 for line in lines if line.card and line.card.round.votable),
        "decisions": decisions,
        "seats": seats,
        "presences": MeetingPresence.Presence.choices,
        "rhythm": parse_rule(series.rule, series.first_day).words if series else "",
        "may_edit": is_open and may(actor, "meeting.edit", case),
        "may_close": is_open and has_begun and may(actor, "meeting.close", case),
        "may_cancel": is_open and not decisions and may(actor, "meeting.cancel", case),
        "may_add": is_open and may(actor, "meeting.add"),
        "may_remove": is_open and may(actor, "meeting.remove", case),
        "moments": [
            {
                "at": entry.at,
                "title": actions.label(entry.action),
                "text": entry_data(entry).get("about", ""),
                "actor_kind": entry.actor_kind,
                "actor_id": entry.actor_id,
            }
            for entry in reversed(entries)
        ],
    }


def lines_of(meeting: Meeting, actor: Actor, now: datetime) -> list[Line]:
    """Return the agenda of a meeting, with what was decided; of an open one with cards to decide on."""
    matters = agenda_of(meeting)
    decided: dict[tuple[str, str], list[MeetingDecision]] = {}
    for row in decisions_of(meeting):
        subject = row.vote.request.subject_kind, row.vote.request.subject_key
        decided.setdefault(subject, []).append(row)
    wanted = [matter.subject for matter in matters if matter.kind][:SHOWN]
    cards = cards_of(wanted, actor, now) if meeting.state == MEETING.initial else []
    by_subject = {(card.kind, card.key): card for card in cards}
    return [
        Line(matter, by_subject.get(matter.subject), tuple(decided.get(matter.subject, ())))
        for matter in matters
    ]


def minutes_rows(meeting: Meeting, lines: Iterable[Line]) -> Iterator[Sequence[object]]:
    """Yield the minutes as rows of `MINUTES_COLUMNS`: one for each vote, one for what nobody voted on."""
    for number, line in enumerate(lines, start=1):
        matter = line.matter
        head = (
            *(meeting.key, meeting.board.slug, number, matter.kind, matter.key, matter.title),
            *(matter.words, matter.reason, matter.state),
        )
        for row in line.decisions:
            vote = row.vote
            yield (
                *head,
                vote.decision,
                vote.stage.title,
                vote.voter.display_name,
                vote.on_behalf_of.display_name if vote.on_behalf_of else "",
                vote.comment,
                vote.content_hash,
                vote.cast_at,
            )
        if not line.decisions:
            yield (*head, "", "", "", "", "", "", None)


def _seats(meeting: Meeting, actor: Actor, now: datetime) -> list[Seat]:
    """Return the members of the board, as they were when it ended, and whoever else was noted."""
    day = (meeting.over_at or now).astimezone(UTC).date()
    noted = {row.person_id: row for row in meeting.presences.select_related("person")}
    members = {person.pk: person for person in holders_of(meeting.board.slug, day)}
    others = [row.person for pk, row in noted.items() if pk not in members]
    keeps = may(actor, "meeting.attend", case_of_meeting(actor, meeting.board, now))
    is_open = meeting.state == MEETING.initial
    return [
        Seat(
            person,
            noted[person.pk].presence if person.pk in noted else "",
            person.pk in members,
            is_open and (keeps or str(person.pk) == actor.id),
        )
        for person in (*members.values(), *others)
    ]


def _people(meeting: Meeting, lines: Iterable[Line], seats: Iterable[Seat]) -> Iterator[Pair]:
    for person in (meeting.called_by_id, meeting.over_by_id):
        yield "user", str(person or "")
    for line in lines:
        yield "user", line.matter.added_by
        for row in line.decisions:
            yield "user", str(row.vote.voter_id)
            yield "user", str(row.vote.on_behalf_of_id or "")
    yield from (("user", str(seat.person.pk)) for seat in seats)
