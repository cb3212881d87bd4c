"""Members of a board are reminded of its meeting a day ahead: each once, and of what still stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from changes.models import Meeting
from changes.services import meeting_reminders
from changes.services.meeting_agenda import meeting_attend
from changes.services.meeting_reminders import meetings_remind
from changes.services.meetings import meeting_call, meeting_cancel, meeting_close, meeting_edit
from opsportal.audit.selectors import entries_about
from opsportal.notify.models import Notification
from opsportal.outbox.services import messages_handle
from tests.changing import Cast, make_cast
from tests.makers import NOW, away, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
START = NOW + 3 * DAY
DUE = START - DAY


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def call(cast: Cast, start: datetime = START, **more: Any) -> Meeting:
    fields = {"board": "board", "starts_at": start, "ends_at": start + timedelta(hours=1), **more}
    return meeting_call(actor=cast.board[0].actor, now=NOW, fields=fields)


def tick(now: datetime) -> list[str]:
    """Let the tick run and what waits be handled, and return who was reminded since the last time."""
    meetings_remind(clock=lambda: now)
    messages_handle(clock=lambda: now)
    rows = Notification.objects.select_related("recipient").order_by("recipient__full_name")
    names = [row.recipient.full_name for row in rows if row.subject.startswith("A meeting is near")]
    rows.delete()
    return names


def test_members_are_reminded_a_day_ahead_and_once(cast: Cast) -> None:
    meeting = call(cast)
    assert tick(DUE - timedelta(seconds=1)) == []
    assert tick(DUE) == ["Ada", "Bea", "Cem"]
    assert tick(DUE + timedelta(minutes=1)) == []
    stored = Meeting.objects.get()
    assert (stored.version, stored.remind_at, stored.history.count()) == (1, None, 1)
    actions = [entry.action for entry in entries_about("meeting", meeting.key)]
    assert sorted(actions) == ["meeting.called", "meeting.reminded"]


def test_a_moved_meeting_reminds_anew_and_a_cancelled_or_closed_one_never(cast: Cast) -> None:
    meeting = call(cast)
    assert len(tick(DUE)) == 3
    later = START + 7 * DAY
    meeting_edit(
        actor=cast.board[0].actor, now=DUE, pk=meeting.pk, starts_at=later, ends_at=later + timedelta(hours=1)
    )
    assert tick(later - DAY - timedelta(minutes=1)) == []
    assert tick(later - DAY) == ["Ada", "Bea", "Cem"]
    other = call(cast, START + DAY)
    meeting_cancel(actor=cast.board[0].actor, now=NOW, pk=other.pk, reason="No need.")
    held = call(cast, START + 2 * DAY)
    Meeting.objects.filter(pk=held.pk).update(starts_at=NOW, slot_at=NOW)
    meeting_close(actor=cast.board[0].actor, now=NOW, pk=held.pk)
    assert tick(later) == []


def test_what_is_called_or_moved_within_the_day_reminds_nobody(cast: Cast) -> None:
    soon = NOW + timedelta(hours=23)
    assert call(cast, soon).remind_at is None
    meeting = call(cast)
    sooner = NOW + timedelta(hours=20)
    ends_at = sooner + timedelta(hours=1)
    moved = meeting_edit(actor=cast.board[0].actor, now=NOW, pk=meeting.pk, starts_at=sooner, ends_at=ends_at)
    assert moved.remind_at is None


def test_a_tick_that_comes_after_the_start_reminds_nobody(cast: Cast) -> None:
    call(cast)
    assert tick(START) == []
    assert Meeting.objects.get().remind_at is None


def test_a_message_that_comes_late_speaks_of_no_other_time(cast: Cast) -> None:
    meeting = call(cast)
    meetings_remind(clock=lambda: DUE)
    meeting_edit(
        actor=cast.board[0].actor,
        now=DUE,
        pk=meeting.pk,
        starts_at=START + DAY,
        ends_at=START + DAY + timedelta(hours=1),
    )
    messages_handle(clock=lambda: DUE)
    assert not Notification.objects.filter(subject__startswith="A meeting is near").exists()


def test_who_does_not_come_is_left_out_and_who_comes_instead_is_reminded(cast: Cast) -> None:
    meeting, dan, gus = call(cast), make_user(name="Dan"), make_user(name="Gus")
    ada, bea, _ = cast.board
    away(ada, dan, days=9)
    actor = cast.board[2].actor
    meeting_attend(actor=actor, now=NOW, pk=meeting.pk, person=str(bea.pk), presence="excused")
    meeting_attend(actor=actor, now=NOW, pk=meeting.pk, person=str(gus.pk), presence="present")
    assert tick(DUE) == ["Ada", "Cem", "Dan", "Gus"]


def test_a_tick_that_dies_before_its_commit_reminds_at_the_next_one(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(cast)

    def die(_point: str) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(meeting_reminders, "reached", die)
        with pytest.raises(RuntimeError):
            meetings_remind(clock=lambda: DUE)
    assert tick(DUE) == ["Ada", "Bea", "Cem"]


def test_the_next_one_of_a_series_gets_its_own_reminder(cast: Cast) -> None:
    meeting = call(cast, rule="FREQ=WEEKLY")
    meeting_cancel(actor=cast.board[0].actor, now=NOW, pk=meeting.pk, reason="No need.")
    following = Meeting.objects.exclude(pk=meeting.pk).get()
    assert following.remind_at == following.starts_at - DAY
