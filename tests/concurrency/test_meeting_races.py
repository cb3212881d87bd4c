"""Several people at one meeting at once: each vote counts, one closes the minutes, a series goes on once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from changes.models import Change, Meeting, MeetingDecision
from changes.services.meeting_decisions import meeting_decide
from changes.services.meetings import meeting_call, meeting_close
from opsportal.approvals.outcome import Decision
from tests.changing import Cast, fresh, make_cast, submitted, vote
from tests.databases import Database
from tests.makers import NOW
from tests.racing import race

FIELDS: dict[str, Any] = {
    "board": "board",
    "starts_at": NOW,
    "ends_at": NOW + timedelta(hours=1),
    "rule": "FREQ=WEEKLY",
}


@pytest.fixture
def cast(fresh_database: Database) -> Cast:
    return make_cast()


def codes(results: list[Any]) -> list[str]:
    return sorted(str(getattr(one, "code", "done")) for one in results)


def test_a_board_is_called_together_once_for_one_time(cast: Cast) -> None:
    results = race(
        *(
            lambda member=member: meeting_call(actor=member.actor, now=NOW, fields=FIELDS)
            for member in cast.board[:2]
        )
    )
    assert codes(results) == ["done", "same_time"]
    assert Meeting.objects.count() == 1


def test_votes_and_the_close_of_the_minutes_at_once_leave_one_story(cast: Cast) -> None:
    change: Change = vote(submitted(cast), cast.lead)
    meeting = meeting_call(actor=cast.board[0].actor, now=NOW, fields=FIELDS)

    def decided(number: int) -> Any:
        return meeting_decide(
            actor=cast.board[number].actor,
            now=NOW,
            pk=meeting.pk,
            key=change.key,
            decision=Decision.APPROVE,
            content_hash=change.content_hash,
        )

    results = race(lambda: decided(0), lambda: decided(1))
    assert codes(results) == ["done", "done"]
    assert (fresh(change).state, MeetingDecision.objects.count()) == ("approved", 2)
    results = race(
        *(
            lambda member=member: meeting_close(actor=member.actor, now=NOW, pk=meeting.pk)
            for member in cast.board[:2]
        )
    )
    assert codes(results) == ["done", "illegal_move"]
    assert Meeting.objects.filter(follows=meeting).count() == 1
