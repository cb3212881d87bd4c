"""Data and constraints of incidents, alerts, on-call and learning; no workflow."""

from incidents.models.response import (
    Incident,
    IncidentEntry,
    IncidentLink,
    IncidentRole,
    IncidentService,
    IncidentTask,
    IncidentWatch,
)

__all__ = [
    "Incident",
    "IncidentEntry",
    "IncidentLink",
    "IncidentRole",
    "IncidentService",
    "IncidentTask",
    "IncidentWatch",
]
