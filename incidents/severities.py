"""Severities: four words, and the names that others have for them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Severity = Literal["sev1", "sev2", "sev3", "sev4"]

SEVERITIES: tuple[Severity, ...] = ("sev1", "sev2", "sev3", "sev4")
TITLES: Mapping[str, str] = {
    "sev1": "SEV1 · critical",
    "sev2": "SEV2 · high",
    "sev3": "SEV3 · medium",
    "sev4": "SEV4 · low",
}
CHOICES: tuple[tuple[str, str], ...] = tuple(TITLES.items())

ALIASES: Mapping[str, Severity] = {
    **{one: one for one in SEVERITIES},
    **{f"sev-{number}": one for number, one in enumerate(SEVERITIES, 1)},
    **{f"p{number}": one for number, one in enumerate(SEVERITIES)},
    "critical": "sev1",
    "page": "sev1",
    "emergency": "sev1",
    "fatal": "sev1",
    "high": "sev2",
    "error": "sev2",
    "major": "sev2",
    "medium": "sev3",
    "warning": "sev3",
    "warn": "sev3",
    "minor": "sev3",
    "low": "sev4",
    "info": "sev4",
    "informational": "sev4",
    "notice": "sev4",
    "none": "sev4",
}
"""Other people's words, in lower case, for a severity: PagerDuty's, Prometheus labels, P0 to P3."""


def severity_named(text: str, table: Mapping[str, str] | None = None) -> Severity | None:
    """Return the severity that `text` means, in any case and with blanks around it, or None.

    `table` maps words of one sender to severities and goes before the common ones.
    """
    word = text.strip().lower()
    own = {name.strip().lower(): meant for name, meant in (table or {}).items()}
    return ALIASES.get(own.get(word, word))


def higher(one: Severity, other: Severity) -> Severity:
    """Return the graver of two."""
    return min(one, other, key=SEVERITIES.index)
