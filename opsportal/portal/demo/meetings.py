"""The weekly meetings of the Change Advisory Board: four that were held, and the next one.

Two changes of the stories were decided in them, at the hours at which the stories tell of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from changes.models import Meeting
from changes.services.meeting_agenda import meeting_attend, meeting_item_add
from changes.services.meetings import meeting_call, meeting_close
from opsportal.portal.demo.stage import Stage
from opsportal.portal.demo.story import DAY

BOARD = "change-advisory-board"
FIRST = 27 * DAY + 1.5
"""Hours before the load at which the first one begins; the board of the stories votes soon after it."""
WEEK = timedelta(days=7)
LENGTH = timedelta(minutes=150)
HELD: tuple[tuple[str, str, str, str], ...] = (
    (
        "ingrid",
        "The quiet weeks around the holidays",
        "Teams ask from which day on nothing goes to production.",
        "From 20 December to 4 January only emergencies. Ingrid sets the freeze.",
    ),
    (
        "tomas",
        "Changes that come without a rehearsal on staging",
        "Two of the last five had none.",
        "Checkout 5.1 goes ahead behind its flag. Without a rehearsal, reviewers send a change back.",
    ),
    (
        "tomas",
        "Who stands in for the board in the holidays",
        "Three of us are away in the same week.",
        "Deputies are named by the end of the month.",
    ),
    (
        "ingrid",
        "What the last roll-back taught",
        "Errors showed at the first step, and nobody was watching.",
        "Whoever starts a rollout watches its first step. Payments API 2.13.5 goes ahead on that.",
    ),
)
"""Who put what on the agenda, and why, and what the minutes say."""

Moments = Iterator[tuple[datetime, Callable[[datetime], None]]]


def meeting_moments(stage: Stage) -> Moments:
    """Yield what happens around each meeting, with the instants at which it does."""
    first = stage.before(FIRST)
    start = first.replace(minute=first.minute // 30 * 30, second=0, microsecond=0)
    yield start - 2 * timedelta(days=1), partial(_call, stage, start)
    for week, (who, title, why, minutes) in enumerate(HELD):
        begins = start + week * WEEK
        yield begins - timedelta(hours=20), partial(_add, stage, who, title, why)
        yield begins, partial(_open, stage)
        yield begins + LENGTH, partial(_close, stage, minutes)


def _call(stage: Stage, start: datetime, at: datetime) -> None:
    meeting_call(
        actor=stage.person("ingrid"),
        now=at,
        fields={
            "board": BOARD,
            "starts_at": start,
            "ends_at": start + LENGTH,
            "place": "Room Lisbon, or https://meet.demo.example/cab",
            "note": "Read the cards before: we talk about what is not clear, not about all of it.",
            "rule": "FREQ=WEEKLY",
        },
    )


def _add(stage: Stage, who: str, title: str, why: str, at: datetime) -> None:
    meeting_item_add(actor=stage.person(who), now=at, pk=_planned(), title=title, reason=why)


def _open(stage: Stage, at: datetime) -> None:
    stage.meeting = _planned()
    for who in ("ingrid", "tomas"):
        meeting_attend(actor=stage.person(who), now=at, pk=stage.meeting, presence="present")


def _close(stage: Stage, minutes: str, at: datetime) -> None:
    meeting_close(actor=stage.person("ingrid"), now=at, pk=_planned(), minutes=minutes)
    stage.meeting = None


def _planned() -> int:
    return Meeting.objects.values_list("pk", flat=True).get(state="planned")
