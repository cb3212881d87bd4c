"""The ticks of cadences and conformance, and what a new standard means for them."""

from __future__ import annotations

from datetime import timedelta

from opsportal.outbox.ticks import expect


def register() -> None:
    """Register what is of this area."""
    expect(
        "compliance.cadences",
        every=timedelta(minutes=5),
        without_it="what recurs is owed by nobody after its first round",
    )
    expect(
        "compliance.conformance",
        every=timedelta(minutes=5),
        without_it="the page Conformance shows what was so before",
    )
