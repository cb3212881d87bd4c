"""A row of the standard's escalation matrix as a plan. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from incidents.escalating import ADMINISTRATORS, LAPSES, Plan, Step, Target
from incidents.severities import Severity
from opsportal.standards.answers import Escalation

NOBODY_NAMED = Plan((Step(timedelta(), (ADMINISTRATORS,)),))
"""What an incident runs under for which neither a policy nor the standard names anybody."""


def plan_of_matrix(row: Escalation) -> Plan:
    """Return the plan that a standard has for a severity."""
    severity = cast(Severity, row.severity)
    before = timedelta()
    steps: list[Step] = []
    for step in row.steps:
        steps.append(Step(step.after - before, tuple(target_named(who) for who in step.who)))
        before = step.after
    return Plan(
        steps=tuple(steps),
        repeat=row.repeat,
        hold_low=row.working_hours,
        low=frozenset((severity,)) if row.urgency == "low" else frozenset(),
        lapses={**LAPSES, **({severity: row.lapse} if row.lapse else {})},
    )


def target_named(who: str) -> Target:
    """Return the target that a pack means by `on_call`, `on_call:<role>`, `assignee` or `role:<id>`."""
    kind, _, key = who.partition(":")
    if kind == "role":
        return Target("role", key)
    return Target("assignee") if kind == "assignee" else Target("on_call", "", key)
