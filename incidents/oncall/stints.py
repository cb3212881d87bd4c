"""One person's part of a final schedule. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from incidents.oncall.overrides import Duty
from incidents.oncall.schedule import Segment


@dataclass(frozen=True, slots=True)
class Stint:
    """A time (aware UTC, half-open) in which one person is on call in one role without a break."""

    start: datetime
    end: datetime
    duty: Duty
    """Why, at its beginning."""


def stints_of(segments: Iterable[Segment], person: str) -> list[Stint]:
    """Return when a person is on call, by role, in order of their beginning.

    Neighbouring segments are one stint, also where the reason or the others change in between.
    """
    standing: dict[str, Stint] = {}
    found: list[Stint] = []
    for segment in segments:
        own = {duty.role: duty for duty in segment.duties if duty.user_id == person}
        for role in [role for role in standing if role not in own]:
            found.append(standing.pop(role))
        for role, duty in own.items():
            before = standing.get(role)
            standing[role] = Stint(
                segment.start if before is None else before.start,
                segment.end,
                duty if before is None else before.duty,
            )
    return sorted([*found, *standing.values()], key=lambda one: (one.start, one.duty.role))
