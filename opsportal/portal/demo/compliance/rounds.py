"""What recurs is opened, and how each rule stands is found out, now and then in the past."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from compliance.services.core import cadences_follow, conformance_evaluate
from opsportal.portal.demo.stage import Stage

FOLLOWED = (timedelta(days=88), timedelta(days=44), timedelta(minutes=2))
EVALUATED = (timedelta(days=60), timedelta(days=28), timedelta(minutes=1))


def moments(stage: Stage, now: datetime) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
    """Yield the rounds of cadences and of conformance."""
    for ago in FOLLOWED:
        yield now - ago, _follow
    for ago in EVALUATED:
        yield now - ago, _evaluate


def _follow(at: datetime) -> None:
    cadences_follow(now=at)


def _evaluate(at: datetime) -> None:
    conformance_evaluate(clock=lambda: at)
