"""The life of an obligation."""

from opsportal.core.machine import Machine

OBLIGATION = Machine(
    subject="obligation",
    initial="open",
    names={
        "open": "Open",
        "met": "Met",
        "breached": "Breached",
        "waived": "Waived",
        "void": "No longer needed",
    },
    moves={
        ("open", "meet"): "met",
        ("open", "breach"): "breached",
        ("open", "waive"): "waived",
        ("open", "void"): "void",
        # What was breached stays so on record when it is met late: `met_at` says that it is owed no more.
        ("breached", "meet"): "breached",
        ("breached", "waive"): "waived",
        ("breached", "void"): "void",
    },
)
