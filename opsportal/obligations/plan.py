"""What happens to an obligation and when: reminders before it is due, the breach, the climb after. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from opsportal.standards.standing import Climb


class StepKind(StrEnum):
    REMIND = "remind"
    BREACH = "breach"
    CLIMB = "climb"


_ORDER = {StepKind.REMIND: 0, StepKind.BREACH: 1, StepKind.CLIMB: 2}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do at an instant (aware UTC). `role` is set for climbs only."""

    kind: StepKind
    at: datetime
    role: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What to do now (each step with its number), how many are behind us then, and when to look again."""

    fire: tuple[tuple[int, Step], ...]
    done: int
    next_at: datetime | None


def plan(
    *, opened_at: datetime, due_at: datetime, remind: Iterable[timedelta], climb: Iterable[Climb]
) -> tuple[Step, ...]:
    """Return the steps in order of time; at the same instant, the breach comes ahead of its climbs.

    A reminder that would have been due when it was opened, or before, is left out: there was nothing
    to be reminded of. What is named twice counts once. Raises `ValueError` for a negative span.
    """
    reminders, climbs = sorted(set(remind), reverse=True), list(dict.fromkeys(climb))
    if any(span < timedelta() for span in [*reminders, *(each.after for each in climbs)]):
        raise ValueError("reminders come before the due time, climbs after: spans are not negative")
    steps = [Step(StepKind.REMIND, due_at - span) for span in reminders if span and due_at - span > opened_at]
    steps.append(Step(StepKind.BREACH, due_at))
    steps += [Step(StepKind.CLIMB, due_at + each.after, each.role) for each in climbs]
    # Sorting is stable, so climbs at the same instant keep the order of the standard.
    return tuple(sorted(steps, key=lambda step: (step.at, _ORDER[step.kind])))


def take(steps: Sequence[Step], *, done: int, now: datetime) -> Taken:
    """Return what is to be done at `now`, when the first `done` steps lie behind us.

    Each step happens once, in order, however late: a scheduler that was down makes good what it
    missed. Missed reminders become one; none, where the breach itself is due, which tells the same
    people more. A clock that moved back repeats nothing.
    """
    reached = done
    while reached < len(steps) and steps[reached].at <= now:
        reached += 1
    missed = [(number, steps[number]) for number in range(done, reached)]
    reminders = [(number, step) for number, step in missed if step.kind is StepKind.REMIND][-1:]
    others = [(number, step) for number, step in missed if step.kind is not StepKind.REMIND]
    breached = any(step.kind is StepKind.BREACH for _, step in others)
    fire = tuple(others if breached else [*reminders, *others])
    return Taken(fire, reached, steps[reached].at if reached < len(steps) else None)


def as_data(steps: Iterable[Step]) -> list[dict[str, str]]:
    """Return the steps as they are stored with the obligation."""
    return [{"kind": step.kind.value, "at": step.at.isoformat(), "role": step.role} for step in steps]


def from_data(data: Iterable[dict[str, str]]) -> tuple[Step, ...]:
    """Return stored steps."""
    return tuple(
        Step(StepKind(item["kind"]), datetime.fromisoformat(item["at"]), item["role"]) for item in data
    )
