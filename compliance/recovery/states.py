"""The lives of an asset, a restore test, an exercise, a step of either, and a legal hold. Pure."""

from opsportal.core.machine import Machine

ASSET = Machine(
    subject="asset",
    initial="active",
    names={"active": "Active", "retired": "Retired"},
    moves={
        ("active", "edit"): "active",
        ("active", "retire"): "retired",
        ("retired", "reinstate"): "active",
    },
)

RESTORE_TEST = Machine(
    subject="restore test",
    initial="planned",
    names={"planned": "Planned", "running": "Running", "finished": "Finished", "aborted": "Aborted"},
    moves={
        ("planned", "edit"): "planned",
        ("planned", "start"): "running",
        ("planned", "abort"): "aborted",
        ("running", "step"): "running",
        ("running", "witness"): "running",
        ("running", "finish"): "finished",
        ("running", "abort"): "aborted",
        # Whoever watched it may say so afterwards; what was found stays as it is.
        ("finished", "witness"): "finished",
    },
)

EXERCISE = Machine(
    subject="exercise",
    initial="planned",
    names={"planned": "Planned", "running": "Running", "completed": "Completed", "aborted": "Aborted"},
    moves={
        ("planned", "edit"): "planned",
        ("planned", "start"): "running",
        ("planned", "abort"): "aborted",
        ("running", "step"): "running",
        ("running", "complete"): "completed",
        ("running", "abort"): "aborted",
    },
)

STEP = Machine(
    subject="step",
    initial="open",
    names={"open": "Open", "done": "Done", "skipped": "Skipped", "failed": "Failed"},
    moves={
        ("open", "do"): "done",
        ("open", "skip"): "skipped",
        ("open", "fail"): "failed",
        ("done", "reopen"): "open",
        ("skipped", "reopen"): "open",
        ("failed", "reopen"): "open",
    },
)

HOLD = Machine(
    subject="legal hold",
    initial="placed",
    names={"placed": "Placed", "lifted": "Lifted"},
    moves={("placed", "lift"): "lifted"},
)
