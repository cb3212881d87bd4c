"""Pages of meetings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from changes.models import Change, Meeting
from changes.services.meetings import meeting_call
from opsportal.accounts.models import User
from tests.changing import Cast, fresh, make_cast, running_ahead, submitted, vote, window
from tests.makers import NOW
from tests.reading import HTMX, as_, shown, text_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def under_way(cast: Cast, **more: Any) -> Meeting:
    fields = {"board": "board", "starts_at": NOW, "ends_at": NOW + HOUR, "place": "Room 4", **more}
    return meeting_call(actor=cast.board[0].actor, now=NOW, fields=fields)


def for_board(cast: Cast, **more: Any) -> Change:
    return vote(submitted(cast, **more), cast.lead)


def voted(meeting: Meeting, change: Change, user: User, status: int = 200, **typed: Any) -> str:
    given = {"decision": "approve", "content_hash": fresh(change).content_hash, **typed}
    path = f"/cab/{meeting.key}/vote/change/{change.key}/"
    return text_of(as_(user).post(path, given, headers=HTMX), status)


def test_a_member_calls_a_meeting_and_changes_it(cast: Cast) -> None:
    member = as_(cast.board[0])
    assert "Call a meeting" in shown(member, "/cab/meetings/")
    assert "Call a meeting" not in shown(as_(cast.bystander), "/cab/meetings/")
    shown(as_(cast.bystander), "/cab/meetings/new/", 403)
    typed = {
        "board": "board",
        "starts_at": "2026-03-03T10:00",
        "ends_at": "2026-03-03T09:00",
        "rule": "",
        "zone": "UTC",
    }
    assert "It must end after it starts." in text_of(member.post("/cab/meetings/new/", typed), 400)
    empty = text_of(member.post("/cab/meetings/new/", {**typed, "starts_at": "", "ends_at": ""}), 400)
    assert "This is needed." in empty
    assert "with its zone" not in empty
    made = member.post("/cab/meetings/new/", {**typed, "ends_at": "2026-03-03T11:00"})
    meeting = Meeting.objects.get()
    assert (made.status_code, made["Location"]) == (302, f"/cab/{meeting.key}/")
    assert "It has not begun" in shown(member, f"/cab/{meeting.key}/")
    assert meeting.key in shown(as_(cast.bystander), "/cab/")
    assert meeting.key in shown(as_(cast.bystander), "/calendar/?view=month&kind=meeting&from=2026-03-01")
    assert member.get(f"/cab/{meeting.key.lower()}/")["Location"] == f"/cab/{meeting.key}/"
    assert "Room" not in shown(member, f"/cab/{meeting.key}/edit/").partition("id_place")[2][:200]
    form = {**typed, "ends_at": "2026-03-03T11:00", "place": "Room 9", "version": "1"}
    assert member.post(f"/cab/{meeting.key}/edit/", form).status_code == 302
    assert "by now" in text_of(member.post(f"/cab/{meeting.key}/edit/", form), 409)
    shown(as_(cast.bystander), f"/cab/{meeting.key}/edit/", 403)
    assert member.post(f"/cab/{meeting.key}/do/cancel/", {"words": "", "version": "2"}).status_code == 400
    assert member.post(f"/cab/{meeting.key}/do/cancel/", {"words": "Holiday"}).status_code == 302
    assert "Why it did not take place" in shown(member, f"/cab/{meeting.key}/")


def test_the_page_holds_all_that_one_needs_to_decide(cast: Cast) -> None:
    change = for_board(cast, risk_assessment="Data may be lost.", **window())
    ahead, meeting = running_ahead(cast, title="Stop the leak"), under_way(cast)
    text = shown(as_(cast.board[0]), f"/cab/{meeting.key}/")
    for words in (
        *("Runs ahead of its approval", "Waits for a vote", "Data may be lost.", "Rule described"),
        *("The words of stage-board.", "0 of 2 yes", "Stop the leak", "Room 4", "Who is there", "Ada"),
    ):
        assert words in text, words
    assert f'hx-post="/cab/{meeting.key}/vote/change/{change.key}/"' in text
    assert text.index(f"card-change-{ahead.key}") < text.index(f"card-change-{change.key}")
    assert "hx-post" not in shown(as_(cast.bystander), f"/cab/{meeting.key}/").partition("op-agenda")[2]


def test_members_decide_on_the_cards_and_the_minutes_say_so(cast: Cast) -> None:
    change, meeting = for_board(cast), under_way(cast)
    assert f"You approved {change.key} in {meeting.key}." in voted(meeting, change, cast.board[0])
    text = voted(meeting, change, cast.board[0], 409)
    assert "already" in text
    assert "op-tabs" not in text
    path = f"/cab/{meeting.key}/vote/change/{change.key}/"
    sent = {"decision": "reject", "comment": "=cmd", "content_hash": change.content_hash}
    assert as_(cast.board[1]).post(path, sent).status_code == 302
    shown(as_(cast.board[0]), f"/cab/{meeting.key}/do/close/")
    assert "2 votes cast here" in shown(as_(cast.board[0]), f"/cab/{meeting.key}/do/close/")
    shown(as_(cast.bystander), f"/cab/{meeting.key}/do/close/", 403)
    done = as_(cast.board[0]).post(f"/cab/{meeting.key}/do/close/", {"words": "It was short."})
    assert done.status_code == 302
    text = shown(as_(cast.bystander), f"/cab/{meeting.key}/")
    for words in ("It was short.", "Decided in this meeting", "Rejected", "Ada", "Bea"):
        assert words in text, words
    answer = as_(cast.bystander).get(f"/cab/{meeting.key}/minutes.csv")
    rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert [row.split(",")[9] for row in rows] == ['"decision"', '"approve"', '"reject"']
    assert '"\'=cmd"' in rows[2]


def test_the_agenda_takes_what_people_bring(cast: Cast) -> None:
    change, meeting = submitted(cast), under_way(cast)
    one = as_(cast.bystander)
    assert "This is needed." in text_of(one.post(f"/cab/{meeting.key}/items/", {"about": "x"}), 400)
    for about in (change.key.lower(), "The holidays"):
        sent = {"about": about, "reason": "Let us talk."}
        assert one.post(f"/cab/{meeting.key}/items/", sent).status_code == 302
    text = shown(one, f"/cab/{meeting.key}/")
    assert "Take “The holidays” off the agenda" in text
    item = meeting.items.get(title="The holidays")
    assert one.post(f"/cab/{meeting.key}/items/{item.pk}/remove/").status_code == 302
    assert "The holidays" not in shown(one, f"/cab/{meeting.key}/").partition("What happened")[0]
    noted = {"person": str(cast.board[1].pk), "presence": "excused"}
    assert as_(cast.board[0]).post(f"/cab/{meeting.key}/attendance/", noted).status_code == 302
    assert "Excused" in shown(one, f"/cab/{meeting.key}/")


def test_a_meeting_is_found_by_its_key_and_by_its_board(cast: Cast) -> None:
    meeting = under_way(cast)
    assert as_(cast.lead).get(f"/search/?q={meeting.key}")["Location"] == f"/cab/{meeting.key}/"
    assert meeting.key in shown(as_(cast.lead), f"/search/?q={meeting.board.title}")
    shown(as_(cast.lead), "/cab/MTG-99999/", 404)


def test_ten_changes_cost_the_page_no_more_queries_than_one(cast: Cast) -> None:
    meeting = under_way(cast)
    for_board(cast)
    client, counts = as_(cast.board[0]), []
    for _ in range(2):
        shown(client, f"/cab/{meeting.key}/")
        with CaptureQueriesContext(connection) as captured:
            shown(client, f"/cab/{meeting.key}/")
        counts.append(len(captured))
        for number in range(4):
            for_board(cast, title=f"Number {number}")
    assert counts[0] == counts[1]
