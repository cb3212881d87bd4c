"""What the demo organisation did in three months, as stories from `past.toml`, on its working days.

Pure: the same `now` gives the same stories.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any, Literal

from opsportal.portal.demo.story import Step, Story

FIRST_DAY = 87
LAST_DAY = 8
"""Days ago of the first and the last change that is told of here."""
SATURDAY = 5

Outcome = Literal["implemented", "rolled_back", "failed", "rejected", "cancelled"]
ALL_STEPS = (("started", None), ("rollout", 10), ("rollout", 50), ("verified", None), ("succeeded", None))
SMALL_STEPS = (("started", None), ("succeeded", None))
TAKEN_BACK = (("started", None), ("rollout", 10), ("rolled_back", None))


@dataclass(frozen=True, slots=True)
class Work:
    """One change of the past: who did what to which service, and how it ended."""

    who: str
    service: str
    title: str
    what: str
    why: str
    work: str = "code"
    type: str = "normal"
    risk: str = "medium"
    release: str = ""
    outcome: Outcome = "implemented"
    reason: str = ""
    error_rate: float = 0.002
    slow_board: bool = False
    late_review: bool = False
    review: str = ""
    lessons_learned: str = ""


def past_stories(now: datetime) -> Iterator[Story]:
    """Yield the stories of the past as seen at `now` (aware UTC), oldest first."""
    read = tomllib.loads(files("opsportal.portal.demo").joinpath("past.toml").read_text(encoding="utf-8"))
    works = [Work(**entry) for entry in read["change"]]
    apart = (FIRST_DAY - LAST_DAY) / (len(works) - 1)
    for number, work in enumerate(works):
        raised = working_hours(now - timedelta(days=FIRST_DAY - number * apart), number)
        yield _Telling(work, raised, now, read["work"][work.work]).story()


def working_hours(day: datetime, number: int) -> datetime:
    """Return a time of a working day, on or before `day`: from 7:00 to 14:59 UTC, by `number`."""
    back = max(0, day.weekday() - SATURDAY + 1)
    at = day - timedelta(days=back)
    return at.replace(hour=7 + number * 3 % 8, minute=number * 17 % 60, second=0, microsecond=0)


class _Telling:
    """Turns one work into a story: each step at its time."""

    def __init__(self, work: Work, raised: datetime, now: datetime, texts: Mapping[str, str]) -> None:
        self._work = work
        self._raised = raised
        self._now = now
        self._texts = texts
        board = timedelta(days=7) if work.slow_board else timedelta(hours=26)
        self._decided = raised + board + timedelta(hours=2)
        self._shipped = working_hours(self._decided + timedelta(days=4), raised.minute)
        if work.type == "emergency":
            self._shipped = raised + timedelta(minutes=9)

    def story(self) -> Story:
        work, release = self._work, self._work.release or "the release"
        planned = work.type != "emergency" and work.outcome != "cancelled"
        return Story(
            who=work.who,
            ago=self._ago(self._raised),
            type=work.type,
            title=work.title,
            services=(work.service,),
            risk=work.risk,
            what=work.what,
            why=work.why,
            risk_text=self._texts["risk_text"],
            impact=self._texts["impact"],
            plan=self._texts["plan"].format(release=release),
            rollback=self._texts["rollback"].format(release=release),
            evidence=self._texts["evidence"].format(release=release),
            window=(self._ago(self._shipped), self._ago(self._shipped) - 4) if planned else None,
            steps=tuple(self._steps()),
        )

    def _ago(self, at: datetime) -> float:
        return (self._now - at) / timedelta(hours=1)

    def _step(self, at: datetime, who: str, verb: str, **with_: Any) -> Step:
        return Step(self._ago(at), who, verb, with_)

    def _steps(self) -> Iterator[Step]:
        work = self._work
        if work.type == "emergency":
            yield from self._emergency()
            return
        yield self._step(self._raised + timedelta(minutes=25), "", "submit")
        if work.outcome == "cancelled":
            yield self._step(self._raised + timedelta(hours=30), "", "cancel", reason=work.reason)
            return
        yield self._step(self._raised + timedelta(hours=3), "", "vote")
        if work.outcome == "rejected":
            yield self._step(self._decided, "", "refuse", reason=work.reason)
            return
        yield from self._approved_and_shipped()

    def _approved_and_shipped(self) -> Iterator[Step]:
        # Where a security review is asked for, the third of these is the board's first.
        board = self._decided - timedelta(hours=2)
        for at in (self._raised + timedelta(hours=6), board, board + timedelta(minutes=50)):
            yield self._step(at, "", "vote")
        yield self._step(self._decided, "", "schedule")
        if self._work.release:
            yield self._deploy(self._shipped - timedelta(hours=20), SMALL_STEPS, environment="staging")
            steps = TAKEN_BACK if self._work.outcome == "rolled_back" else ALL_STEPS
            yield self._deploy(self._shipped + timedelta(minutes=10), steps)
        else:
            yield self._step(self._shipped + timedelta(minutes=10), "", "start")
            if self._work.outcome == "implemented":
                yield self._step(self._shipped + timedelta(minutes=95), "", "complete")
        if self._work.outcome != "implemented":
            ended = self._shipped + timedelta(minutes=40)
            yield self._step(ended, "", "fail", reason=self._work.reason)
            yield self._step(ended + timedelta(minutes=4), "", "roll_back", reason="It is as it was before.")
        yield self._close(self._shipped + timedelta(hours=47))

    def _emergency(self) -> Iterator[Step]:
        yield self._step(self._raised + timedelta(minutes=3), "", "submit")
        yield self._step(self._shipped, "", "start")
        yield self._step(self._shipped + timedelta(minutes=17), "", "complete")
        yield self._step(self._raised + timedelta(hours=5), "", "vote")
        yield self._close(self._shipped + timedelta(hours=100 if self._work.late_review else 22))

    def _deploy(
        self, at: datetime, reports: tuple[tuple[str, int | None], ...], environment: str = "production"
    ) -> Step:
        return self._step(
            at,
            "ci",
            "deploy",
            version=self._work.release,
            environment=environment,
            reports=reports,
            error_rate=self._work.error_rate if environment == "production" else 0.001,
        )

    def _close(self, at: datetime) -> Step:
        return self._step(
            at, "", "close", review=self._work.review, lessons_learned=self._work.lessons_learned
        )
