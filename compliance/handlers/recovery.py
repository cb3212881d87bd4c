"""What recovery registers: audit actions, ticks."""

from __future__ import annotations

from datetime import timedelta

from compliance.services.recovery.holds import spans_kept
from opsportal.audit.actions import register_all
from opsportal.core.ports import spans_held
from opsportal.outbox.ticks import expect

_TRIAL_STEPS = {
    "step_done": "did a step",
    "step_skipped": "skipped a step",
    "step_failed": "reported that a step failed",
    "step_reopened": "opened a step again",
}


def register() -> None:
    """Register what is of recovery; called once, when the app is ready."""
    spans_held.fill(spans_kept)
    expect(
        "compliance.own_recovery",
        every=timedelta(hours=1),
        without_it="the portal neither backs itself up nor tries to restore that",
    )
    register_all(
        {
            "asset.created": "wrote down the asset",
            "asset.edited": "edited the asset",
            "asset.retired": "retired the asset",
            "asset.reinstated": "took the asset into use again",
            "backup.recorded": "reported a backup",
            "restore_test.planned": "planned the restore test",
            "restore_test.edited": "changed the plan of the restore test",
            "restore_test.started": "began the restore test",
            "restore_test.finished": "finished the restore test",
            "restore_test.aborted": "ended the restore test without a result",
            "restore_test.witnessed": "witnessed the restore test",
            "exercise.planned": "planned the exercise",
            "exercise.edited": "changed the plan of the exercise",
            "exercise.started": "began the exercise",
            "exercise.completed": "completed the exercise",
            "exercise.aborted": "ended the exercise without a result",
            "hold.placed": "placed the legal hold",
            "hold.lifted": "lifted the legal hold",
            "records.purged": "deleted records",
            **{f"restore_test.{name}": words for name, words in _TRIAL_STEPS.items()},
            **{f"exercise.{name}": words for name, words in _TRIAL_STEPS.items()},
        }
    )
