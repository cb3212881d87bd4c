"""What controls register: audit actions and the tick of exceptions."""

from __future__ import annotations

from datetime import timedelta

from opsportal.audit.actions import register_all
from opsportal.outbox.ticks import expect


def register() -> None:
    """Register what is of this area."""
    expect(
        "compliance.exceptions",
        every=timedelta(seconds=60),
        without_it="exceptions that are over stay on the lists as accepted",
    )
    register_all(
        {
            "framework.imported": "imported the framework",
            "control.created": "made the control",
            "control.edited": "edited the control",
            "control.reviewed": "reviewed the control",
            "control.retired": "retired the control",
            "control.reinstated": "took the control into use again",
            "evidence.received": "brought evidence",
            "evidence.mapped": "said what the evidence speaks for",
            "evidence.withdrawn": "withdrew the evidence",
            "exception.requested": "asked for an exception",
            "exception.approved": "accepted the exception",
            "exception.rejected": "rejected the exception",
            "exception.withdrawn": "withdrew the request",
            "exception.expired": "ended the exception: its time is over",
            "exception.revoked": "revoked the exception",
        }
    )
