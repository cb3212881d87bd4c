"""Escalating: whom silence tells next, and when. Pure.

A plan is a line of steps. Each waits since the one before it was taken, then tells its targets. A step
that reaches nobody is passed at once, never waited for: whoever comes next is told in its place. Behind
the last step stands a fallback, and behind that the administrators.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from incidents.severities import Severity
from opsportal.calendar.hours import WorkingTime

TargetKind = Literal[
    "schedule", "on_call", "role", "person", "assignee", "channel", "webhook", "administrators"
]
Urgency = Literal["high", "low"]

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "schedule": "On call by a schedule",
        "on_call": "On call for the affected services",
        "role": "Holders of a board or job role",
        "person": "A person",
        "assignee": "Whoever the incident is assigned to",
        "channel": "A channel",
        "webhook": "A webhook",
        "administrators": "The administrators",
    }
)
"""What a target may be, in words."""

TO_RETRY = timedelta(minutes=5)
"""After this a fallback that reached nobody is tried again."""

TOLERATED_LAG = timedelta(minutes=5)
"""A step taken this late at most leaves the later ones where the plan has them; after a longer standstill,
or a clock that jumped, the next one waits its whole time again. So neither makes a storm."""

CLOCK_TOLERANCE = timedelta(minutes=1)
"""A plan that was made further in the future than this was made by a clock that has gone back since."""

LEAST_TO_ANSWER, MOST_TO_ANSWER = timedelta(minutes=5), timedelta(hours=1)
"""Between these lies how long the last who were told have to answer before that is called silence."""

DEFAULT_PAUSE = timedelta(minutes=15)

LAPSES: Mapping[Severity, timedelta] = MappingProxyType(
    {
        "sev1": timedelta(minutes=30),
        "sev2": timedelta(hours=1),
        "sev3": timedelta(hours=4),
        "sev4": timedelta(hours=24),
    }
)
"""How long an acknowledgement holds where neither policy nor standard says so: no document of ours does. An
hour of silence on a grave incident is what users of such systems call a forgotten acknowledgement."""

LOW: frozenset[Severity] = frozenset(("sev3", "sev4"))
"""Severities that are told with low urgency where nothing else is said."""

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """Somebody to tell. `key` is a slug or a person's id; `role` is that of a schedule, `""` for any."""

    kind: TargetKind
    key: str = ""
    role: str = ""


ADMINISTRATORS = Target("administrators")


@dataclass(frozen=True, slots=True)
class Step:
    """`wait` after the step before it (the first: after the opening), these are told.

    `everyone_acknowledges`: each person told here has to, before the escalation rests.
    """

    wait: timedelta
    targets: tuple[Target, ...]
    everyone_acknowledges: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom an incident's silence tells. Made when it opens, and its own from then on.

    The steps are gone through once and `repeat` times more, `pause` lying between two rounds and ahead of
    the fallback. `hold_low`: what has low urgency waits for working hours. An acknowledgement of a severity
    that `lapses` lacks holds for good.
    """

    steps: tuple[Step, ...]
    fallback: tuple[Target, ...] = (ADMINISTRATORS,)
    repeat: int = 0
    pause: timedelta = DEFAULT_PAUSE
    hold_low: bool = False
    low: frozenset[Severity] = LOW
    lapses: Mapping[Severity, timedelta] = field(default_factory=lambda: LAPSES)

    def targets_of(self, step: int) -> tuple[Target, ...]:
        """Return whom step number `step` tells; the one behind the last is the fallback."""
        if step < len(self.steps):
            return self.steps[step].targets
        return self.fallback if ADMINISTRATORS in self.fallback else (*self.fallback, ADMINISTRATORS)

    def urgency(self, severity: Severity) -> Urgency:
        return "low" if severity in self.low else "high"

    def offset(self, step: int) -> timedelta:
        """Return how long after the opening step number `step` is due, where none is passed."""
        waits = sum((one.wait for one in self.steps[: step + 1]), timedelta())
        return waits if step < len(self.steps) else waits + self.repeat * self.round_length + self.pause

    @property
    def round_length(self) -> timedelta:
        """How long it is from the first step of one round to that of the next."""
        return sum((one.wait for one in self.steps[1:]), timedelta()) + self.pause


def beginning_with(plan: Plan, targets: Collection[Target]) -> Plan:
    """Return `plan` with `targets` told first, at once, and everybody else as before.

    They share its first step where that waits for nothing and not each of those told has to acknowledge.
    """
    if not targets:
        return plan
    first, *others = plan.steps
    if first.wait or first.everyone_acknowledges:
        return replace(plan, steps=(Step(timedelta(), tuple(targets)), *plan.steps))
    return replace(
        plan, steps=(replace(first, targets=tuple(dict.fromkeys((*targets, *first.targets)))), *others)
    )


@dataclass(frozen=True, slots=True)
class Cursor:
    """The step to be taken next, the round that it is in, and whether that round has told anybody yet."""

    step: int = 0
    round: int = 0
    reached: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """What one move does: `passed` steps reach nobody, `taken` tells.

    `taken` is None where not even the fallback reaches anybody: then it is tried again. `wait` is the time
    until `cursor` is due; None at the end of the plan. `round` is that of the step that is taken.
    """

    passed: tuple[int, ...]
    taken: int | None
    cursor: Cursor
    wait: timedelta | None
    round: int = 0


def walk(plan: Plan, cursor: Cursor, reaches: Callable[[int], bool]) -> Walk:
    """Return the move from `cursor` on. `reaches` says whether anybody would be told by a step now.

    It moves forward only, passes what is empty, and takes one step at most. A round that told nobody is not
    repeated: the fallback is told at once.
    """
    passed: list[int] = []
    last = len(plan.steps)
    at = cursor
    while at.step < last:
        if reaches(at.step):
            following, wait = _after(plan, at)
            return Walk(tuple(passed), at.step, following, wait, at.round)
        passed.append(at.step)
        at = Cursor(at.step + 1, at.round, at.reached)
        if at.step == last and at.reached and at.round < plan.repeat:
            at = Cursor(0, at.round + 1)
    at = Cursor(last, at.round, at.reached)
    if reaches(last):
        return Walk(tuple(passed), last, at, None, at.round)
    return Walk((*passed, last), None, at, TO_RETRY, at.round)


def _after(plan: Plan, at: Cursor) -> tuple[Cursor, timedelta]:
    """Return what follows when the step at `at` was taken, and how long that waits."""
    if at.step + 1 < len(plan.steps):
        return Cursor(at.step + 1, at.round, reached=True), plan.steps[at.step + 1].wait
    if at.round < plan.repeat:
        return Cursor(0, at.round + 1), plan.pause
    return Cursor(len(plan.steps), at.round, reached=True), plan.pause


def next_due(*, due_at: datetime, now: datetime, wait: timedelta) -> datetime:
    """Return when the next step is due, the one that was due at `due_at` being taken `now`.

    Small delays do not add up; after a large one the whole wait begins anew. Never before `now`.
    """
    late = now - due_at
    start = due_at if timedelta() <= late <= TOLERATED_LAG else now
    return max(start + wait, now)


def due_by_a_clock_gone_back(*, planned_at: datetime, due_at: datetime, now: datetime) -> datetime | None:
    """Return when it is due by the clock as it is now; None where the clock has not gone back.

    `planned_at` is when `due_at` was set. What was left of the wait then is left of it now.
    """
    if planned_at - now <= CLOCK_TOLERANCE:
        return None
    return now + max(due_at - planned_at, timedelta())


def held_until(plan: Plan, severity: Severity, at: datetime, hours: WorkingTime | None) -> datetime | None:
    """Return the start of work (aware UTC) that a step due at `at` waits for; None where it does not wait.

    Only low urgency waits, only under a plan that says so, and only where somebody has said when the
    organisation works and that time comes at all.
    """
    if not plan.hold_low or plan.urgency(severity) != "low" or hours is None:
        return None
    begun = hours.after(at, _INSTANT)
    if begun is None or begun - _INSTANT <= at:
        return None
    return begun - _INSTANT


def lapses_at(plan: Plan, severity: Severity, acknowledged_at: datetime) -> datetime | None:
    """Return when an acknowledgement stops holding; None where it holds for good."""
    length = plan.lapses.get(severity)
    return acknowledged_at + length if length is not None else None


def time_to_answer(plan: Plan) -> timedelta:
    """Return how long those whom the last step tells have to answer: the longest that the plan waits for any
    of its steps, within `LEAST_TO_ANSWER` and `MOST_TO_ANSWER`.
    """
    longest = max((step.wait for step in plan.steps), default=LEAST_TO_ANSWER)
    return min(max(longest, LEAST_TO_ANSWER), MOST_TO_ANSWER)


def after_lapse(plan: Plan, *, last_step: int | None, last_round: int) -> Cursor:
    """Return where an escalation goes on whose acknowledgement has lapsed: at the step that it was at.

    `last_step` is the step that was taken last, None where none was. That step is taken again.
    """
    if last_step is None:
        return Cursor()
    return Cursor(min(last_step, len(plan.steps)), last_round, reached=True)


def still_to_acknowledge(everyone: Collection[str], acknowledged: Collection[str]) -> frozenset[str] | None:
    """Return who of `everyone` told at steps where each one must is missing; None where nobody has at all.

    Empty means that the escalation may rest. All are ids of people.
    """
    return frozenset(everyone) - frozenset(acknowledged) if acknowledged else None


def replanned(
    old: Plan, taken: Collection[int], new: Plan, *, opened_at: datetime, now: datetime
) -> tuple[Cursor, datetime]:
    """Return where to go on under another plan, and when: at its first step that tells somebody new.

    `taken` are the steps of the old plan that were taken. The step is due when the new plan would have had
    it, counted from the opening; at once, where that has passed.
    """
    told = {target for step in taken for target in old.targets_of(step)}
    step = next(
        (number for number, one in enumerate(new.steps) if not told.issuperset(one.targets)), len(new.steps)
    )
    if step == len(new.steps) and new.repeat:
        cursor, offset = Cursor(0, 1), new.offset(0) + new.round_length
    else:
        cursor, offset = Cursor(step, 0, reached=bool(told)), new.offset(step)
    return cursor, max(now, opened_at + offset)
