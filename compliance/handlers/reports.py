"""Ticks and audit actions of reports."""

from __future__ import annotations

from datetime import timedelta

from opsportal.audit.actions import register_all
from opsportal.outbox.ticks import expect


def register() -> None:
    """Register what is of this area."""
    expect(
        "compliance.monthly_report",
        every=timedelta(minutes=10),
        without_it="nobody gets the report on the month before",
    )
    register_all(
        {
            "monthly_report.made": "made the monthly report",
            "monthly_report.subscribed": "added somebody who gets the monthly report",
            "monthly_report.unsubscribed": "removed somebody who got the monthly report",
        }
    )
