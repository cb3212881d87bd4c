"""The lives of a runbook, of one run of it, and of a step of that run. Pure."""

from opsportal.core.machine import Machine

RUNBOOK = Machine(
    subject="runbook",
    initial="draft",
    names={"draft": "Draft", "published": "Published", "retired": "Retired"},
    moves={
        ("draft", "edit"): "draft",
        ("draft", "publish"): "published",
        ("draft", "retire"): "retired",
        # What is published goes on in its published version while a newer one is written.
        ("published", "edit"): "published",
        ("published", "publish"): "published",
        ("published", "review"): "published",
        ("published", "retire"): "retired",
        ("retired", "reinstate"): "draft",
    },
)

RUN = Machine(
    subject="run",
    initial="running",
    names={"running": "Running", "completed": "Completed", "abandoned": "Abandoned"},
    moves={
        ("running", "step"): "running",
        ("running", "complete"): "completed",
        ("running", "abandon"): "abandoned",
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
