"""What other pages may show of governance; its keys, subjects and evaluators."""

from __future__ import annotations

from compliance import evaluators, subjects
from compliance.selectors import known
from compliance.selectors.judged_duties import judge_declared, judge_ready
from opsportal.standards.standing import Declare, Ready


def register() -> None:
    """Register panels, keys, subjects and evaluators of this area."""
    evaluators.register(Declare, judge_declared)
    evaluators.register(Ready, judge_ready)
    subjects.register(subjects.ORGANISATION, known.organisation)
    subjects.register("service", known.services)
