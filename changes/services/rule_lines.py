"""What each rule of a standard says of something, line by line, as faces show it."""

from __future__ import annotations

from dataclasses import dataclass

from opsportal.standards import engine
from opsportal.standards.engine import Outcome
from opsportal.standards.rules import Rule, Stage, Standard
from opsportal.standards.vocabulary import Facts


@dataclass(frozen=True, slots=True)
class Line:
    """One rule or condition: met, not met, or (None) not known yet, with what to do where it is not met."""

    rule: str
    title: str
    met: bool | None
    detail: str = ""
    quote: str = ""


def rule_lines(standard: Standard, point: str, facts: Facts) -> list[Line]:
    """Return a line for each gate and duty of the standard that applies at `point`."""
    decision = engine.decide(standard, point, facts)
    reasons = {reason.rule: reason.detail for reason in decision.reasons}
    return [
        _line(hit.rule, hit.outcome, reasons.get(hit.rule.id, ""))
        for hit in decision.hits
        if not isinstance(hit.rule.demand, Stage)
    ]


def _line(rule: Rule, outcome: Outcome, detail: str) -> Line:
    met = {Outcome.ALLOWED: True, Outcome.REFUSED: False}.get(outcome)
    return Line(rule.id, rule.title, met, detail, rule.source.quote)
