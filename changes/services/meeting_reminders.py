"""Reminding the members of a board of its meeting, a day ahead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from changes.models import Meeting
from changes.services.meetings import record
from changes.states import MEETING
from opsportal.core.actor import Actor
from opsportal.core.due import each_due
from opsportal.core.faultpoints import reached
from opsportal.core.writes import write

ACTOR = Actor.system("changes.meetings")
_BATCH = 100


def meetings_remind(*, clock: Callable[[], datetime]) -> int:
    """Have the members reminded of each meeting that is due for it, and return of how many meetings.

    `clock` is the database's (aware UTC). Each has a transaction of its own, in which it is claimed and its
    message put: two ticks at once never do the same twice. What has begun meanwhile reminds nobody.
    Raises `DueError` at the end where one of them failed, so that the heart does not beat.
    """
    now = clock()
    due = Meeting.objects.filter(remind_at__lte=now).order_by("remind_at", "id")
    return each_due("reminders of meetings", due.values_list("pk", flat=True)[:_BATCH], _remind, now)


def _remind(pk: int, now: datetime) -> int:
    with write(actor=ACTOR, now=now):
        rows = Meeting.objects.select_for_update(of=("self",), skip_locked=True).select_related("board")
        meeting = rows.filter(pk=pk, remind_at__lte=now).first()
        if meeting is None:
            return 0
        # Not a word of the meeting itself: neither its version nor its history moves on.
        Meeting.objects.filter(pk=pk).update(remind_at=None)
        if meeting.state != MEETING.initial or meeting.starts_at <= now:
            return 0
        record(meeting, "reminded", actor=ACTOR, now=now)
        reached("changes.meetings.before_commit")
        return 1
