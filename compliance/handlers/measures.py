"""Ticks and audit actions of measures, and who judges rules that measure."""

from __future__ import annotations

from datetime import timedelta

from compliance import evaluators
from compliance.selectors.measures.judged import evaluate
from opsportal.audit.actions import register_all
from opsportal.outbox.ticks import expect
from opsportal.standards.standing import Measure


def register() -> None:
    """Register what is of this area."""
    evaluators.register(Measure, evaluate)
    expect(
        "compliance.snapshots",
        every=timedelta(hours=1),
        without_it="the portal's own figures have no trend",
    )
    expect(
        "compliance.pull",
        every=timedelta(seconds=15),
        without_it="no figures come from Prometheus servers",
    )
    register_all(
        {
            "measurements.added": "delivered measurements",
            "pull_source.created": "set up the source of figures",
            "pull_source.edited": "edited the source of figures",
            "pull_source.paused": "paused the source of figures",
            "pull_source.resumed": "resumed the source of figures",
            "objective.created": "made the objective",
            "objective.edited": "edited the objective",
            "objective.retired": "retired the objective",
            "cost_budget.created": "made the cost budget",
            "cost_budget.edited": "edited the cost budget",
            "cost_budget.retired": "retired the cost budget",
            "capacity_plan.created": "made the capacity plan",
            "capacity_plan.edited": "edited the capacity plan",
            "capacity_plan.retired": "retired the capacity plan",
        }
    )
