"""Meetings of a board: called, filled, decided in by its members themselves, and closed for good."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from changes.models import AgendaItem, Change, Meeting, MeetingDecision
from changes.selectors.meetings import Matter, agenda_of, decisions_of, meeting_entries
from changes.services.meeting_agenda import meeting_attend, meeting_item_add, meeting_item_remove
from changes.services.meeting_decisions import meeting_decide
from changes.services.meetings import meeting_call, meeting_cancel, meeting_close, meeting_edit
from compliance.models import Evidence
from opsportal.accounts.models import User
from opsportal.approvals.models import Vote
from opsportal.approvals.outcome import Decision
from opsportal.audit.selectors import entries_about
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, Refusal, Stale
from opsportal.notify.models import Notification
from opsportal.outbox.services import messages_handle
from tests.changing import (
    Cast,
    draft,
    failed,
    fresh,
    implementing,
    make_cast,
    running_ahead,
    submitted,
    vote,
)
from tests.deploying import pipeline
from tests.makers import NOW, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
CALLED: dict[str, Any] = {
    "board": "board",
    "starts_at": NOW + HOUR,
    "ends_at": NOW + 2 * HOUR,
    "place": "Room 4",
}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def call(cast: Cast, *, by: User | None = None, now: datetime = NOW, **more: Any) -> Meeting:
    return meeting_call(actor=(by or cast.board[0]).actor, now=now, fields={**CALLED, **more})


def for_board(cast: Cast, **more: Any) -> Change:
    """Return a change that waits for the board."""
    return vote(submitted(cast, **more), cast.lead)


def decide(
    meeting: Meeting, change: Change, user: User, decision: str = "approve", *, now: datetime = NOW + HOUR
) -> MeetingDecision:
    return meeting_decide(
        actor=user.actor,
        now=now,
        pk=meeting.pk,
        key=change.key,
        decision=Decision(decision),
        content_hash=fresh(change).content_hash,
        comment="It is too risky." if decision == "reject" else "",
    )


def agenda(meeting: Meeting) -> list[tuple[str, str]]:
    return [(one.key or one.title, one.why) for one in agenda_of(fresh_meeting(meeting))]


def fresh_meeting(meeting: Meeting) -> Meeting:
    return Meeting.objects.select_related("board").get(pk=meeting.pk)


def told(user: User) -> list[str]:
    return list(Notification.objects.filter(recipient=user).order_by("id").values_list("subject", flat=True))


# --- calling --------------------------------------------------------------------------------------------
def test_a_member_calls_a_meeting_and_the_others_are_invited(cast: Cast) -> None:
    meeting = call(cast)
    assert (meeting.state, meeting.board.slug, meeting.called_by) == ("planned", "board", cast.board[0])
    assert [entry.action for entry in entries_about("meeting", meeting.key)] == ["meeting.called"]
    messages_handle(clock=lambda: NOW)
    subject = f"A meeting is called: {meeting.key} {meeting.board.title}"
    assert [told(member) for member in cast.board] == [[], [subject], [subject]]
    assert told(cast.bystander) == []


def test_an_administrator_calls_one_nobody_else_does(cast: Cast) -> None:
    assert call(cast, by=make_user(staff=True)).pk
    for actor in (cast.lead.actor, cast.bystander.actor, pipeline("changes:write")):
        with refused(Forbidden):
            meeting_call(actor=actor, now=NOW, fields={**CALLED, "starts_at": NOW + HOUR / 2})


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"board": "nobody"}, "unknown"),
        ({"board": "lead"}, "unknown"),
        ({"starts_at": None}, "required"),
        ({"ends_at": NOW + HOUR}, "ends_before_start"),
        ({"ends_at": NOW + timedelta(hours=14)}, "too_long"),
        ({"starts_at": NOW - 2 * HOUR, "ends_at": NOW - HOUR}, "in_the_past"),
        ({"rule": "FREQ=YEARLY"}, "not_a_rule"),
        ({"zone": "Nowhere/City"}, "unknown"),
        ({"colour": "blue"}, "unknown"),
    ],
)
def test_what_makes_no_meeting_is_refused_by_its_field(cast: Cast, more: dict[str, Any], code: str) -> None:
    with refused(InvalidInput, code):
        call(cast, **more)


def test_a_board_meets_once_at_a_time(cast: Cast) -> None:
    first = call(cast)
    with refused(Conflict, "same_time"):
        call(cast, by=cast.board[1])
    meeting_cancel(actor=cast.board[0].actor, now=NOW, pk=first.pk, reason="Holiday")
    assert call(cast).pk != first.pk


# --- changing and cancelling ----------------------------------------------------------------------------
def test_a_meeting_is_moved_and_its_members_are_told(cast: Cast) -> None:
    meeting = call(cast)
    moved = meeting_edit(
        actor=cast.board[1].actor, now=NOW, pk=meeting.pk, version=1, place="Room 5", ends_at=NOW + 3 * HOUR
    )
    assert (moved.version, moved.place, moved.ends_at) == (2, "Room 5", NOW + 3 * HOUR)
    messages_handle(clock=lambda: NOW)
    assert any(subject.startswith("A meeting is moved") for subject in told(cast.board[2]))
    meeting_edit(actor=cast.board[1].actor, now=NOW, pk=meeting.pk, note="Read the cards before.")
    messages_handle(clock=lambda: NOW)
    assert len(told(cast.board[2])) == 2


def test_what_cannot_be_changed_says_why(cast: Cast) -> None:
    meeting = call(cast)
    edit: dict[str, Any] = {"actor": cast.board[0].actor, "now": NOW, "pk": meeting.pk}
    with refused(Stale):
        meeting_edit(**edit, version=7, place="Room 5")
    with refused(InvalidInput, "fixed"):
        meeting_edit(**edit, board="lead")
    with refused(Forbidden):
        meeting_edit(**{**edit, "actor": cast.bystander.actor}, place="Room 5")
    with refused(NotFound):
        meeting_edit(**{**edit, "pk": meeting.pk + 1}, place="Room 5")
    with refused(InvalidInput, "required"):
        meeting_cancel(**edit, reason=" ")
    meeting_cancel(**edit, reason="Holiday")
    with refused(IllegalMove):
        meeting_edit(**edit, place="Room 5")
    with refused(IllegalMove):
        meeting_close(**{**edit, "now": NOW + HOUR})


# --- the agenda -----------------------------------------------------------------------------------------
def test_the_agenda_fills_by_itself_what_presses_most_first(cast: Cast) -> None:
    meeting = call(cast)
    assert agenda(meeting) == []
    waits = for_board(cast)
    ahead = running_ahead(cast)
    reviewless = failed(cast, type="emergency")
    submitted(cast, title="Still with the lead")
    conditional = vote(for_board(cast), cast.board[0], conditions=["Tell support"])
    vote(conditional, cast.board[1])
    assert agenda(meeting) == [
        (ahead.key, "retrospective"),
        (reviewless.key, "review"),
        (waits.key, "vote"),
        (conditional.key, "condition"),
    ]


def test_an_objection_stays_on_the_agenda_until_it_is_settled(cast: Cast) -> None:
    meeting = call(cast)
    change = running_ahead(cast)
    vote(change, cast.board[0], "reject")
    assert agenda(meeting) == [(change.key, "objection")]


def test_people_put_things_on_it_with_a_reason_and_take_them_off(cast: Cast) -> None:
    meeting, change = call(cast), implementing(cast)
    add: dict[str, Any] = {"now": NOW, "pk": meeting.pk}
    item = meeting_item_add(actor=cast.bystander.actor, reason="It worries us.", change=change.key, **add)
    meeting_item_add(actor=cast.lead.actor, reason="Before the holidays.", title="A freeze?", **add)
    assert agenda(meeting) == [(change.key, "by_hand"), ("A freeze?", "by_hand")]
    assert agenda_of(meeting)[0].reason == "It worries us."
    wrong: list[tuple[dict[str, Any], type[Refusal], str]] = [
        ({"change": change.key, "reason": "Again"}, Conflict, "on_it_already"),
        ({"change": "CHG-999999", "reason": "?"}, InvalidInput, "unknown"),
        ({"template": "nope", "reason": "?"}, InvalidInput, "unknown"),
        ({"change": change.key, "title": "Two", "reason": "?"}, InvalidInput, "one_of"),
        ({"title": "Why?", "reason": " "}, InvalidInput, "required"),
    ]
    for more, kind, code in wrong:
        with refused(kind, code):
            meeting_item_add(actor=cast.lead.actor, **add, **more)
    machine = pipeline("changes:write")
    with refused(Forbidden):
        meeting_item_add(actor=machine, title="Hello", reason="?", **add)
    with refused(Forbidden):
        meeting_item_remove(actor=cast.lead.actor, item=item.pk, **add)
    meeting_item_remove(actor=cast.bystander.actor, item=item.pk, **add)
    with refused(NotFound):
        meeting_item_remove(actor=cast.board[0].actor, item=item.pk, **add)
    assert agenda(meeting) == [("A freeze?", "by_hand")]


def test_attendance_is_noted_by_the_board_or_by_oneself(cast: Cast) -> None:
    meeting = call(cast)
    note: dict[str, Any] = {"now": NOW, "pk": meeting.pk}
    meeting_attend(actor=cast.board[0].actor, person=str(cast.board[1].pk), presence="excused", **note)
    meeting_attend(actor=cast.bystander.actor, presence="present", **note)
    row = meeting_attend(actor=cast.board[1].actor, presence="present", **note)
    assert (row.person, meeting.presences.count()) == (cast.board[1], 2)
    with refused(Forbidden):
        meeting_attend(actor=cast.bystander.actor, person=str(cast.board[2].pk), presence="absent", **note)
    with refused(InvalidInput, "unknown"):
        meeting_attend(actor=cast.board[0].actor, presence="asleep", **note)


# --- deciding -------------------------------------------------------------------------------------------
def test_members_vote_in_the_meeting_and_the_change_moves(cast: Cast) -> None:
    meeting, change = call(cast), for_board(cast)
    first = decide(meeting, change, cast.board[0])
    assert (first.vote.voter, first.vote.content_hash) == (cast.board[0], change.content_hash)
    assert agenda(meeting) == [(change.key, "vote")]
    decide(meeting, change, cast.board[1])
    assert fresh(change).state == "approved"
    assert agenda(meeting) == [(change.key, "decided")]
    assert [row.vote.voter for row in decisions_of(meeting)] == cast.board[:2]
    assert {row.person: row.presence for row in meeting.presences.all()} == {
        cast.board[0]: "present",
        cast.board[1]: "present",
    }


def test_who_may_not_vote_elsewhere_may_not_vote_in_a_meeting(cast: Cast) -> None:
    meeting, change = call(cast), for_board(cast)
    sent: dict[str, Any] = {
        "now": NOW + HOUR,
        "pk": meeting.pk,
        "key": change.key,
        "decision": Decision.APPROVE,
        "content_hash": change.content_hash,
    }
    refusals: list[tuple[Any, dict[str, Any], type[Refusal]]] = [
        (pipeline("changes:write"), {}, Forbidden),
        (cast.bystander.actor, {}, Forbidden),
        (cast.requester.actor, {}, Forbidden),
        (cast.board[0].actor, {"content_hash": "0" * 64}, Stale),
        (cast.board[0].actor, {"now": NOW}, Conflict),
        (cast.board[0].actor, {"on_behalf_of": str(cast.board[1].pk)}, Forbidden),
    ]
    for actor, more, kind in refusals:
        with refused(kind):
            meeting_decide(**{"actor": actor, **sent, **more})
    assert not Vote.objects.filter(voter__in=cast.board).exists()


def test_only_what_is_on_the_agenda_is_decided_in_it(cast: Cast) -> None:
    meeting, change = call(cast), submitted(cast)
    with refused(Conflict, "not_on_agenda"):
        decide(meeting, change, cast.lead)
    meeting_item_add(
        actor=cast.lead.actor, now=NOW, pk=meeting.pk, change=change.key, reason="I am in the room."
    )
    assert decide(meeting, change, cast.lead).vote.voter == cast.lead


def test_nobody_votes_twice(cast: Cast) -> None:
    meeting, change = call(cast), for_board(cast)
    decide(meeting, change, cast.board[0])
    with refused(Conflict):
        decide(meeting, change, cast.board[0])


# --- minutes --------------------------------------------------------------------------------------------
def test_the_minutes_keep_the_agenda_as_it_stood_and_nothing_changes_afterwards(cast: Cast) -> None:
    meeting, decided, waits = call(cast), for_board(cast), for_board(cast, title="The other one")
    meeting_item_add(actor=cast.lead.actor, now=NOW, pk=meeting.pk, title="A freeze?", reason="Holidays.")
    decide(meeting, decided, cast.board[0], "reject")
    close: dict[str, Any] = {"actor": cast.board[0].actor, "pk": meeting.pk}
    with refused(Conflict, "decided_in"):
        meeting_cancel(**close, now=NOW + HOUR, reason="Oops")
    with refused(Conflict, "not_begun"):
        meeting_close(**close, now=NOW)
    held = meeting_close(**close, now=NOW + 2 * HOUR, minutes="We froze nothing.")
    assert (held.state, held.minutes, held.over_at) == ("held", "We froze nothing.", NOW + 2 * HOUR)
    vote(waits, cast.board[0], now=NOW + 3 * HOUR)
    vote(waits, cast.board[1], now=NOW + 3 * HOUR)
    kept = [(one.key or one.title, one.why, one.state) for one in agenda_of(fresh_meeting(meeting))]
    assert kept == [
        ("A freeze?", "by_hand", ""),
        (waits.key, "vote", "In review"),
        (decided.key, "decided", "Rejected"),
    ]
    for write in (
        lambda: decide(meeting, waits, cast.board[2]),
        lambda: meeting_item_add(
            actor=cast.lead.actor, now=NOW, pk=meeting.pk, title="Late", reason="I was away."
        ),
        lambda: meeting_attend(actor=cast.board[0].actor, now=NOW, pk=meeting.pk, presence="absent"),
        lambda: meeting_edit(actor=cast.board[0].actor, now=NOW, pk=meeting.pk, place="Elsewhere"),
    ):
        with refused(IllegalMove):
            write()
    item = AgendaItem.objects.filter(meeting=meeting).first()
    assert item is not None
    with refused(IllegalMove):
        meeting_item_remove(actor=cast.board[0].actor, now=NOW, pk=meeting.pk, item=item.pk)


# --- series ---------------------------------------------------------------------------------------------
def test_a_series_plans_its_next_meeting_once_one_is_over(cast: Cast) -> None:
    first = call(cast, rule="freq=weekly", zone="Europe/Berlin")
    meeting_edit(
        actor=cast.board[0].actor, now=NOW, pk=first.pk, starts_at=NOW + HOUR + timedelta(minutes=30)
    )
    meeting_close(actor=cast.board[1].actor, now=NOW + 2 * HOUR, pk=first.pk)
    second = Meeting.objects.get(follows=first)
    assert (second.starts_at, second.ends_at, second.place) == (
        NOW + HOUR + WEEK,
        NOW + HOUR + WEEK + timedelta(minutes=30),
        "Room 4",
    )
    meeting_cancel(actor=cast.board[0].actor, now=NOW + 3 * WEEK, pk=second.pk, reason="Nobody came.")
    third = Meeting.objects.get(follows=second)
    assert third.starts_at == NOW + HOUR + 3 * WEEK
    meeting_edit(actor=cast.board[0].actor, now=NOW + 3 * WEEK, pk=third.pk, rule="")
    meeting_close(actor=cast.board[0].actor, now=NOW + 3 * WEEK + HOUR, pk=third.pk)
    assert not Meeting.objects.filter(follows=third).exists()


def test_the_calendar_has_the_meeting_and_those_that_will_follow(cast: Cast) -> None:
    meeting = call(cast, rule="FREQ=WEEKLY")
    entries = meeting_entries(cast.bystander.actor, NOW, NOW + 2 * WEEK + timedelta(days=1))
    assert [(one.kind, one.start) for one in entries] == [
        ("meeting", NOW + HOUR),
        ("meeting", NOW + HOUR + WEEK),
        ("meeting", NOW + HOUR + 2 * WEEK),
    ]
    assert len({one.key for one in entries}) == 3
    assert {one.url for one in entries} == {f"/cab/{meeting.key}/"}
    meeting_cancel(actor=cast.board[0].actor, now=NOW, pk=meeting.pk, reason="Holiday")
    entries = meeting_entries(cast.bystander.actor, NOW, NOW + timedelta(days=1))
    assert [(one.cancelled, one.state) for one in entries] == [(True, "cancelled")]


def test_a_draft_may_be_talked_about(cast: Cast) -> None:
    meeting, change = call(cast), draft(cast)
    meeting_item_add(actor=cast.requester.actor, now=NOW, pk=meeting.pk, change=change.key, reason="Early.")
    assert agenda_of(meeting) == [
        Matter(
            kind="change",
            key=change.key,
            title=change.title,
            why="by_hand",
            state="Draft",
            reason="Early.",
            item=meeting.items.get().pk,
            added_by=str(cast.requester.pk),
        )
    ]
    with refused(IllegalMove):
        decide(meeting, change, cast.board[0])


def test_rules_count_the_meetings_that_were_held(cast: Cast) -> None:
    meeting = call(cast)
    decide(meeting, for_board(cast), cast.board[0])
    cancelled = call(cast, starts_at=NOW + HOUR / 2)
    meeting_cancel(actor=cast.board[0].actor, now=NOW, pk=cancelled.pk, reason="Holiday")
    meeting_close(actor=cast.board[0].actor, now=NOW + 2 * HOUR, pk=meeting.pk)
    messages_handle(clock=lambda: NOW + 2 * HOUR)
    evidence = Evidence.objects.get()
    assert (evidence.event, evidence.record_key, evidence.observed_at) == (
        "meeting.held",
        meeting.key,
        NOW + HOUR,
    )
    assert evidence.facts == {
        "meeting.board": "board",
        "meeting.matters": 1,
        "meeting.decisions": 1,
        "meeting.present": 1,
    }
