"""Freezes at the gate: nothing is deployed where one holds, unless the change was let pass."""

from __future__ import annotations

from collections.abc import Iterator

from changes.gate.guarantees import standards_for
from changes.gate.inputs import Candidate, Decision, Finding, GateInput
from opsportal.calendar.almanac import FreezeSpan
from opsportal.standards import engine


def freeze_findings(asked: GateInput, change: Candidate | None) -> Iterator[Finding]:
    """Yield a block for each freeze in force here that `change` was not let pass.

    It binds what needs no change as well: whoever freezes production means all of it.
    """
    for freeze in asked.freezes:
        if not _passes(freeze, asked, change):
            yield Finding(Decision.BLOCKED, freeze.refusal)


def passed_freezes(asked: GateInput, change: Candidate | None) -> tuple[FreezeSpan, ...]:
    """Return the freezes in force here that `change` was let pass."""
    return tuple(freeze for freeze in asked.freezes if _passes(freeze, asked, change))


def _passes(freeze: FreezeSpan, asked: GateInput, change: Candidate | None) -> bool:
    """A machine holds no role: a board let the change pass, or every standard that holds for it does."""
    if change is None:
        return False
    return freeze.passed_by_approval(change.approved_stages) or all(
        any(
            one.demand.permit == "start_in_freeze"
            for one in engine.permits(standard, "change.start", change.facts)
        )
        for standard in standards_for(asked, change)
    )
