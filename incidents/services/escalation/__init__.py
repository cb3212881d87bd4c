"""Escalations: opened with an incident, moved by silence, ended by people."""

from incidents.services.escalation.acknowledging import awaits, escalation_acknowledged, waiting_for
from incidents.services.escalation.opening import (
    escalation_open,
    escalation_severity_changed,
    escalation_stop,
)
from incidents.services.escalation.raising import escalation_raise

__all__ = [
    "awaits",
    "escalation_acknowledged",
    "escalation_open",
    "escalation_raise",
    "escalation_severity_changed",
    "escalation_stop",
    "waiting_for",
]
