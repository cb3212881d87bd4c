"""How a change stands before the standard: each rule that applies to its next step, and whether it is met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from changes.services.rule_lines import Line, rule_lines
from changes.services.windows import schedule_reasons, start_reasons
from changes.web.loading import Seen
from opsportal.core.errors import Reason
from opsportal.obligations.selectors import blocking
from opsportal.standards import engine
from opsportal.standards.engine import StageDemand

_NEXT_POINTS: dict[str, tuple[str, str]] = {
    "draft": ("change.submit", "To submit it, the standard asks for"),
    "rejected": ("change.submit", "To submit it, the standard asks for"),
    "in_review": ("change.submit", "What the standard asked for"),
    "approved": ("change.start", "To start it, the standard asks for"),
    "scheduled": ("change.start", "To start it, the standard asks for"),
    "implementing": ("change.close", "To close it later, the standard asks for"),
    "implemented": ("change.close", "To close it, the standard asks for"),
    "failed": ("change.close", "To close it, the standard asks for"),
    "rolled_back": ("change.close", "To close it, the standard asks for"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """All lines for one step."""

    heading: str
    point: str
    lines: tuple[Line, ...]
    stages: tuple[StageDemand, ...] = ()

    @property
    def missing(self) -> int:
        return sum(line.met is not True for line in self.lines)


def standing_of(seen: Seen, attested: Iterable[str]) -> Standing | None:
    """Return how the change stands before its next step; None where nothing more is to come.

    `attested` are the duties that were attested.
    """
    if seen.change.state not in _NEXT_POINTS:
        return None
    point, heading = _NEXT_POINTS[seen.change.state]
    facts = {**seen.facts, **{f"attest.{duty}": True for duty in attested}}
    lines = [*rule_lines(seen.standard, point, facts), *_own_lines(seen, point)]
    stages = engine.stages(seen.standard, point, facts) if seen.change.state in {"draft", "rejected"} else ()
    return Standing(heading, point, tuple(lines), stages)


def _own_lines(seen: Seen, point: str) -> list[Line]:
    """Return what the portal itself asks for: the window, the approval, what is still owed."""
    change = seen.change
    if point == "change.start":
        window = start_reasons(change.window_start, change.window_end, seen.now)
        if change.state == "approved" and change.window_start is not None:
            window = window or schedule_reasons(change.window_start, change.window_end, seen.now)
        return [_unmet("Its window is open", reason) for reason in window]
    if point != "change.close":
        return []
    lines = [
        Line(owed.rule_id, owed.what, False, "Still owed. Meet it, or have it waived with a reason.")
        for owed in blocking("change", seen.key, point)
    ]
    if change.retrospective_state == "open":
        lines.append(Line("", "The approval in retrospect", False, "The board still has to decide it."))
    return lines


def _unmet(title: str, reason: Reason) -> Line:
    return Line("", title, False, reason.detail)
