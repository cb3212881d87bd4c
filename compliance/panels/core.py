"""Who judges the rules of the portal's own forms."""

from __future__ import annotations

from compliance import evaluators
from compliance.selectors.judged_gates import judge_gates
from compliance.selectors.judged_owed import judge_owed, judge_recurring
from opsportal.standards.rules import (
    Act,
    Attest,
    Owe,
    Permit,
    Require,
    RequireChange,
    RequireCheck,
    RequireField,
    RequirePolicyHash,
    Stage,
    Steps,
)
from opsportal.standards.standing import Recur

GATES = (
    Require,
    RequireField,
    Stage,
    RequireCheck,
    RequirePolicyHash,
    RequireChange,
    Steps,
    Permit,
    Act,
    Attest,
)


def register() -> None:
    """Register who judges gates, attestations, obligations and what recurs."""
    for form in GATES:
        evaluators.register(form, judge_gates)
    evaluators.register(Owe, judge_owed)
    evaluators.register(Recur, judge_recurring)
