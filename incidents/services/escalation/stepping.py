"""Taking one step of an escalation: who is found is told, what is empty is passed."""

from __future__ import annotations

from datetime import datetime, timedelta

from incidents.escalating import Cursor, Plan, held_until, next_due, walk
from incidents.models import Escalation, EscalationMove
from incidents.selectors.escalation import Reached, Scope, reached_by, scope_of, working_time
from incidents.services.escalation.records import record_move
from incidents.services.escalation.telling import people_told
from incidents.states import ESCALATION
from opsportal.core.actor import Actor
from opsportal.core.faultpoints import reached as point_reached


class _Finder:
    """Who each step would tell now, looked up once."""

    def __init__(self, plan: Plan, scope: Scope, escalation: Escalation, now: datetime) -> None:
        self._plan, self._scope, self._escalation, self._now = plan, scope, escalation, now
        self.found: dict[int, Reached] = {}

    def __call__(self, step: int) -> bool:
        if step not in self.found:
            targets = self._plan.targets_of(step)
            self.found[step] = reached_by(targets, self._scope, self._now, self._escalation.incident)
        return bool(self.found[step])


def step_take(escalation: Escalation, *, actor: Actor, now: datetime) -> None:
    """Take the step that is next, and save. The caller has locked incident and escalation.

    Empty steps are passed at once, each on record. Where nobody at all can be told, it is tried again in a
    few minutes.
    """
    plan = escalation.read_plan
    finder = _Finder(plan, scope_of(escalation.incident), escalation, now)
    cursor = Cursor(escalation.step, escalation.round, escalation.told > 0)
    move = walk(plan, cursor, finder)
    escalation.state = ESCALATION.move(escalation.state, "take")
    for step in dict.fromkeys(move.passed):
        if move.taken is not None or step < len(plan.steps):
            _pass(escalation, plan, step, finder.found[step], actor=actor, now=now)
    if move.taken is None:
        _tell_that_nobody_is_there(escalation, plan, finder, actor=actor, now=now)
    else:
        escalation.round = move.round
        _tell(escalation, plan, move.taken, finder.found[move.taken], actor=actor, now=now)
    _go_on(escalation, move.cursor, move.wait, now)
    if move.taken is not None:
        escalation.last_step, escalation.last_round = move.taken, move.round
        if move.cursor.reached:
            escalation.told += len(finder.found[move.taken].told)
    escalation.save()


def hold_back(escalation: Escalation, *, actor: Actor, now: datetime) -> bool:
    """Hold what is due to the next working hours where the plan wants that; say whether it is held."""
    plan = escalation.read_plan
    if not plan.hold_low:
        return False
    # The constraint knows the severities.
    until = held_until(plan, escalation.severity, now, working_time())  # type: ignore[arg-type]
    if until is None:
        return False
    was_held = escalation.state == "held"
    escalation.planned_at, escalation.due_at = now, until
    if not was_held:
        escalation.state = ESCALATION.move(escalation.state, "hold")
        record_move(
            escalation,
            actor=actor,
            now=now,
            kind=EscalationMove.Kind.HELD,
            step=escalation.step,
            text="It has low urgency, so nobody is told before working hours.",
        )
    escalation.save()
    return True


def _go_on(escalation: Escalation, cursor: Cursor, wait: timedelta | None, now: datetime) -> None:
    escalation.step, escalation.round = cursor.step, cursor.round
    escalation.told = escalation.told if cursor.reached else 0
    if wait is None:
        escalation.state = ESCALATION.move(escalation.state, "exhaust")
        escalation.due_at = None
    else:
        escalation.due_at = next_due(due_at=escalation.due_at or now, now=now, wait=wait)
    escalation.planned_at = now


def _tell(
    escalation: Escalation, plan: Plan, step: int, found: Reached, *, actor: Actor, now: datetime
) -> None:
    key = f"escalation:{escalation.pk}:{escalation.moves + 1}"
    people_told(escalation, plan, step, found, page_key=key, now=now)
    point_reached("escalation.told")
    count = len(found.people) + len(found.channels)
    record_move(
        escalation,
        actor=actor,
        now=now,
        kind=EscalationMove.Kind.TOLD,
        step=step,
        text=f"{step_in_words(plan, step)}: {count} told.",
        told=found.told,
        skipped=found.skipped,
        page_key=key,
    )


def _pass(
    escalation: Escalation, plan: Plan, step: int, found: Reached, *, actor: Actor, now: datetime
) -> None:
    record_move(
        escalation,
        actor=actor,
        now=now,
        kind=EscalationMove.Kind.PASSED,
        step=step,
        text=f"{step_in_words(plan, step)} reaches nobody, so it is passed at once.",
        skipped=found.skipped,
    )


def _tell_that_nobody_is_there(
    escalation: Escalation, plan: Plan, finder: _Finder, *, actor: Actor, now: datetime
) -> None:
    last = escalation.log.order_by("-number").first()
    if last is not None and last.kind == EscalationMove.Kind.NOBODY:
        return  # the tries of the next hours are one line of the timeline; the auditor shouts meanwhile
    record_move(
        escalation,
        actor=actor,
        now=now,
        kind=EscalationMove.Kind.NOBODY,
        text="Nobody can be told: no step reaches anybody, nor does the fallback. It is tried again.",
        skipped=finder.found[len(plan.steps)].skipped,
    )


def step_in_words(plan: Plan, step: int) -> str:
    """Return how the timeline names a step: "Step 2 of 4"."""
    return "The fallback" if step >= len(plan.steps) else f"Step {step + 1} of {len(plan.steps)}"
