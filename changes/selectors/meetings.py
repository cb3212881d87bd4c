"""Reads of meetings: lists, the agenda as it stands, and what was decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from changes.models import AgendaItem, Change, ChangeTemplate, Meeting, MeetingDecision, MeetingPresence
from changes.models.changes import PREFIX as CHANGE_PREFIX
from changes.models.meetings import PREFIX
from changes.states import OVER
from opsportal.accounts.selectors import holders_of, stand_ins
from opsportal.approvals.models import ApprovalStage, Condition
from opsportal.approvals.selectors import open_stages_of
from opsportal.calendar.recurrence import Occurrence, Recurrence
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.keys import format_key, number_of
from opsportal.core.registry import CalendarEntry, SearchHit
from opsportal.obligations.terms import joined

MEETING_ORDERINGS: dict[str, tuple[str, str]] = {
    "starts_at": ("starts_at", "id"),
    "-starts_at": ("-starts_at", "-id"),
    "updated_at": ("updated_at", "id"),
    "-updated_at": ("-updated_at", "-id"),
}
"""The words of `?ordering=` and their columns, the last one unique; each has an index."""
MOST = 100
"""So many things of each sort are looked for when an agenda is put together."""
LONGEST = timedelta(hours=24)
Why = AgendaItem.Why


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing on an agenda. `state` is where it stands: now, or when the minutes were closed.

    `reason` and `item` (a key of `AgendaItem`) are there for what people put on it themselves.
    """

    kind: str
    key: str
    title: str
    why: str
    state: str = ""
    reason: str = ""
    item: int | None = None
    added_by: str = ""

    @property
    def words(self) -> str:
        """Why it is on the agenda, in words."""
        return str(Why(self.why).label)

    @property
    def subject(self) -> tuple[str, str]:
        return self.kind, self.key


def meetings_loaded() -> QuerySet[Meeting]:
    """Return all meetings with their board and people."""
    return Meeting.objects.select_related("board", "called_by", "over_by")


def meeting_path(number: int) -> str:
    """Return the path of the page of a meeting."""
    return f"/cab/{format_key(PREFIX, number)}/"


def meeting_by_key(key: str) -> Meeting:
    """Return the meeting `MTG-3` (or `3`), loaded. Raises `NotFound`."""
    number = int(key) if key.isascii() and key.isdigit() else number_of(key, PREFIX)
    meeting = meetings_loaded().filter(pk=number).first() if number and number < 2**63 else None
    if meeting is None:
        raise NotFound("There is no such meeting.")
    return meeting


def meetings_ahead() -> QuerySet[Meeting]:
    """Return the meetings that are planned or whose minutes are not closed, what comes first at the top."""
    return meetings_loaded().filter(state="planned").order_by("starts_at", "id")


def meetings_near(board: str = "") -> QuerySet[Meeting]:
    """Return the meetings of a board (its slug), or of all: those ahead, then the latest that are over."""
    rows = meetings_loaded().order_by("-starts_at", "-id")
    return rows.filter(board__slug=board) if board else rows


def invited_to(meeting: Meeting, now: datetime) -> list[str]:
    """Return the ids of the members of the board of a meeting at `now` (aware UTC), each once."""
    members = holders_of(meeting.board.slug, now.astimezone(UTC).date())
    return [str(pk) for pk in members.values_list("pk", flat=True)]


def expected_at(meeting: Meeting, now: datetime) -> list[str]:
    """Return the ids of the people who are to come to a meeting, each once.

    The members of its board, and who is noted as present, but not who is noted as excused or absent; and the
    deputies of members who are away when it begins.
    """
    members = invited_to(meeting, now)
    noted = {str(one.person_id): one.presence for one in meeting.presences.all()}
    coming = [one for one, presence in noted.items() if presence == MeetingPresence.Presence.PRESENT]
    deputies = [
        str(one.deputy.pk)
        for one in stand_ins(meeting.starts_at, principals=[UUID(member) for member in members])
        if one.covers(meeting.board.slug)
    ]
    people = dict.fromkeys([*members, *coming, *deputies])
    return [one for one in people if one in coming or one not in noted]


def decisions_of(meeting: Meeting) -> QuerySet[MeetingDecision]:
    """Return what was decided in a meeting, in order, with votes and people."""
    return (
        MeetingDecision.objects.filter(meeting=meeting)
        .select_related("vote__voter", "vote__on_behalf_of", "vote__stage", "vote__request")
        .prefetch_related("vote__conditions")
        .order_by("id")
    )


def recurrence_of(meeting: Meeting) -> Recurrence | None:
    """Return when the meetings of its series take place; None where it is none of a series."""
    if not meeting.rule:
        return None
    local = meeting.slot_at.astimezone(ZoneInfo(meeting.zone))
    minutes = int((meeting.ends_at - meeting.starts_at).total_seconds()) // 60
    at = local.time().replace(second=0, microsecond=0)
    return Recurrence(meeting.rule, local.date(), at, meeting.zone, minutes)


def next_of_series(meeting: Meeting, now: datetime) -> Occurrence | None:
    """Return when the one after this takes place: the first that ends after this one and after `now`."""
    series = recurrence_of(meeting)
    if series is None:
        return None
    regular_end = meeting.slot_at + (meeting.ends_at - meeting.starts_at)
    return series.next_after(max(regular_end, meeting.ends_at, now))


# --- the agenda -----------------------------------------------------------------------------------------
def agenda_of(meeting: Meeting) -> list[Matter]:
    """Return the agenda of a meeting: as it stands, or as it was when the minutes were closed.

    What presses most comes first. Eight queries at most, however long it is.
    """
    items = list(meeting.items.order_by("id"))
    if meeting.state != "planned":
        return [_kept(item) for item in items]
    board = meeting.board.slug
    found: dict[tuple[str, str], str] = {}
    for why, subjects in (*_found_of(board), (Why.DECIDED, _decided_in(meeting))):
        for subject in subjects:
            found.setdefault(subject, why)
    by_hand = {(item.kind, item.key): item for item in items if item.kind}
    for subject in by_hand:
        found.setdefault(subject, Why.BY_HAND)
    texts = _texts_of(found)
    order = list(Why.values)
    matters = [
        _matter(subject, why, texts[subject], by_hand.get(subject))
        for subject, why in sorted(found.items(), key=lambda one: order.index(one[1]))
        if subject in texts
    ]
    return [*matters, *(_kept(item) for item in items if not item.kind)]


def _found_of(board: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield why something is on the agenda of a board (its slug), and what is for that reason."""
    waiting = [
        (stage.request.subject_kind, stage.request.subject_key)
        for stage in open_stages_of(board)[:MOST]
        if stage.request.subject_kind in {"change", "template"}
    ]
    numbers = [
        number for kind, key in waiting if kind == "change" and (number := number_of(key, CHANGE_PREFIX))
    ]
    ahead = Change.objects.filter(pk__in=numbers, retrospective_state="open").order_by("id")
    yield Why.RETROSPECTIVE, _keys(ahead)
    yield Why.OBJECTION, _asked_of(board, Q(retrospective_state__in=["rejected", "answered"]))
    unreviewed = Q(type=Change.Type.EMERGENCY, state__in=tuple(OVER), review="")
    yield Why.REVIEW, _asked_of(board, unreviewed)
    yield Why.VOTE, waiting
    conditions = (
        Condition.objects.filter(state__in=["open", "done"], stage__roles__contains=joined([board]))
        .exclude(request__state="void")
        .order_by("id")
        .values_list("request__subject_kind", "request__subject_key")
    )
    yield Why.CONDITION, list(dict.fromkeys(conditions[:MOST]))


def _asked_of(board: str, which: Q) -> list[tuple[str, str]]:
    """Return those of the changes that this board was asked to decide on, the oldest first."""
    rows = Change.objects.filter(which).exclude(state__in=["closed", "cancelled"]).order_by("id")[:MOST]
    keys = [change.key for change in rows]
    if not keys:
        return []
    asked = set(
        ApprovalStage.objects.filter(
            request__subject_kind="change", request__subject_key__in=keys, roles__contains=joined([board])
        )
        .exclude(request__state="void")
        .values_list("request__subject_key", flat=True)
    )
    return [("change", key) for key in keys if key in asked]


def _keys(rows: Iterable[Change]) -> list[tuple[str, str]]:
    return [("change", change.key) for change in rows]


def _decided_in(meeting: Meeting) -> list[tuple[str, str]]:
    rows = MeetingDecision.objects.filter(meeting=meeting).order_by("id")
    pairs = rows.values_list("vote__request__subject_kind", "vote__request__subject_key")
    return list(dict.fromkeys(pairs))


def _texts_of(subjects: Collection[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """Return title and state of each of these. Two queries."""
    numbers = [number_of(key, CHANGE_PREFIX) for kind, key in subjects if kind == "change"]
    slugs = [key for kind, key in subjects if kind == "template"]
    found: dict[tuple[str, str], tuple[str, str]] = {}
    if numbers:
        rows = Change.objects.filter(pk__in=[number for number in numbers if number])
        found |= {("change", row.key): (row.title, row.get_state_display()) for row in rows}
    if slugs:
        templates = ChangeTemplate.objects.filter(slug__in=slugs)
        found |= {("template", row.slug): (row.title, row.get_state_display()) for row in templates}
    return found


def _matter(subject: tuple[str, str], why: str, texts: tuple[str, str], item: AgendaItem | None) -> Matter:
    return Matter(
        kind=subject[0],
        key=subject[1],
        title=texts[0],
        why=why,
        state=texts[1],
        reason=item.reason if item else "",
        item=item.pk if item else None,
        added_by=str(item.added_by_id or "") if item else "",
    )


def _kept(item: AgendaItem) -> Matter:
    return Matter(
        kind=item.kind,
        key=item.key,
        title=item.title,
        why=item.why,
        state=item.result,
        reason=item.reason,
        item=item.pk,
        added_by=str(item.added_by_id or ""),
    )


# --- what other pages show ------------------------------------------------------------------------------
def meeting_entries(actor: Actor, start: datetime, end: datetime) -> list[CalendarEntry]:
    """Return the meetings between two instants (aware UTC), and when those of a series take place next.

    One query.
    """
    rows = list(
        Meeting.objects.select_related("board").filter(
            Q(starts_at__lt=end, ends_at__gt=start, starts_at__gte=start - LONGEST)
            | (Q(state="planned", starts_at__lt=end) & ~Q(rule=""))
        )
    )
    return [entry for meeting in rows for entry in _entries(meeting, start, end)]


def _entries(meeting: Meeting, start: datetime, end: datetime) -> Iterator[CalendarEntry]:
    if meeting.starts_at < end and meeting.ends_at > start:
        yield _entry(meeting, meeting.key, meeting.starts_at, meeting.ends_at)
    series = recurrence_of(meeting) if meeting.state == "planned" else None
    if series is None:
        return
    known = max(meeting.ends_at, meeting.slot_at + (meeting.ends_at - meeting.starts_at))
    for one in series.between(max(start, known), end):
        if one.start >= known:
            yield _entry(meeting, f"{meeting.key}-{one.start:%Y%m%dT%H%MZ}", one.start, one.end)


def _entry(meeting: Meeting, key: str, start: datetime, end: datetime) -> CalendarEntry:
    return CalendarEntry(
        key=key,
        title=meeting.board.title,
        kind="meeting",
        start=start,
        end=end,
        url=meeting_path(meeting.pk),
        state=meeting.state,
        cancelled=meeting.state == "cancelled",
        version=meeting.version,
        changed_at=meeting.updated_at,
    )


def search_meetings(actor: Actor, text: str, limit: int) -> list[SearchHit]:
    """Return the meeting of this key, or those of boards and notes that hold the text, the latest first."""
    number = number_of(text, PREFIX)
    wanted = Q(pk=number) if number else Q(board__title__icontains=text) | Q(note__icontains=text)
    rows = meetings_loaded().filter(wanted).order_by("-starts_at", "-id")[:limit]
    return [
        SearchHit(
            row.key,
            f"{row.title}, {row.starts_at:%d %B %Y} ({row.get_state_display().lower()})",
            "Meeting",
            meeting_path(row.pk),
        )
        for row in rows
    ]
