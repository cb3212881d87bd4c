"""What runbooks register: facts, audit actions, the tick that looks at their links."""

from __future__ import annotations

from datetime import timedelta

from incidents.runbook.facts import DECLARATIONS
from opsportal.audit.actions import register_all
from opsportal.outbox.ticks import expect
from opsportal.standards import vocabulary


def register() -> None:
    """Register what is of runbooks; called once, when the app is ready."""
    vocabulary.declare(*DECLARATIONS)
    expect(
        "incidents.runbook_links",
        every=timedelta(seconds=300),
        without_it="nobody looks whether the links of runbooks still answer",
    )
    register_all(
        {
            "runbook.created": "drafted the runbook",
            "runbook.edited": "edited the runbook",
            "runbook.published": "published the runbook",
            "runbook.reviewed": "reviewed the runbook: it holds",
            "runbook.retired": "retired the runbook",
            "runbook.reinstated": "made the runbook a draft again",
            "runbook.run_started": "began to follow the runbook",
            "runbook.run_step_done": "did a step",
            "runbook.run_step_skipped": "skipped a step",
            "runbook.run_step_failed": "reported that a step failed",
            "runbook.run_step_reopened": "opened a step again",
            "runbook.run_completed": "finished the run",
            "runbook.run_abandoned": "ended the run unfinished",
        }
    )
