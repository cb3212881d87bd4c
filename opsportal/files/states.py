"""State machines of stored files and of attachments: one table each, pure."""

from __future__ import annotations

from opsportal.core.machine import Machine

STORED_FILE = Machine(
    subject="stored file",
    initial="kept",
    names={"kept": "Kept", "damaged": "Damaged", "purged": "Purged"},
    moves={
        ("kept", "store"): "kept",
        ("kept", "miss"): "damaged",
        ("kept", "purge"): "purged",
        ("damaged", "store"): "kept",
        ("damaged", "purge"): "purged",
        ("purged", "store"): "kept",
    },
)

ATTACHMENT = Machine(
    subject="attachment",
    initial="attached",
    names={"attached": "Attached", "removed": "Removed"},
    moves={("attached", "remove"): "removed"},
)
