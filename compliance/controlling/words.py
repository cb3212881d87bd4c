"""The words of controls: how often one works, what kind evidence is of, how grave a risk is. Pure."""

from __future__ import annotations

from datetime import timedelta

FREQUENCIES: tuple[tuple[str, str], ...] = (
    ("continuous", "Continuously"),
    ("daily", "Daily"),
    ("weekly", "Weekly"),
    ("monthly", "Monthly"),
    ("quarterly", "Quarterly"),
    ("half-yearly", "Twice a year"),
    ("yearly", "Yearly"),
    ("on_event", "Whenever it happens"),
)

FRESH_FOR: dict[str, timedelta] = {
    "continuous": timedelta(days=90),
    "daily": timedelta(days=2),
    "weekly": timedelta(days=10),
    "monthly": timedelta(days=40),
    "quarterly": timedelta(days=100),
    "half-yearly": timedelta(days=200),
    "yearly": timedelta(days=400),
    "on_event": timedelta(days=400),
}
"""So long something that the portal saw by itself speaks for a control of that frequency: its period and
some grace. A quarterly test is stale after 100 days, as what practice calls stale."""

EVIDENCE_KINDS: tuple[tuple[str, str], ...] = (
    ("file", "A file"),
    ("link", "A link"),
    ("record", "A record of a machine"),
    ("statement", "A statement"),
)

SHOWS: tuple[tuple[str, str], ...] = (
    ("works", "It shows that the control works"),
    ("fails", "It shows that the control does not work"),
)

RISKS: tuple[tuple[str, str], ...] = (
    ("low", "Low"),
    ("medium", "Medium"),
    ("high", "High"),
    ("critical", "Critical"),
)

EXCEPTION_KINDS: tuple[tuple[str, str], ...] = (
    ("exception", "Exception: it is not met, and that is accepted for a time"),
    ("alternative", "Other evidence: it cannot be verified, something else is accepted for a time"),
)

RELATIONS: tuple[tuple[str, str], ...] = (
    ("supports", "supports"),
    ("depends_on", "depends on"),
    ("compensates", "compensates for"),
)

STATUSES: tuple[tuple[str, str], ...] = (
    ("met", "Met"),
    ("not_met", "Not met"),
    ("not_verifiable", "Not verifiable"),
    ("compensated", "Compensated"),
)
