"""The figures that the portal computes from its own records. Pure: names, titles, units.

Each is computed over the window that is asked for, of the organisation, and where `per_service` says so of
each service. Where they come from: `compliance.selectors.measures.own`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class OwnFigure:
    """One figure of the portal's own."""

    id: str
    title: str
    unit: str
    per_service: bool = False


_ALL = (
    OwnFigure("change_success_rate", "Changes that were carried out as planned", "percent", True),
    OwnFigure("change_fail_rate", "DORA: deployments to production that failed", "percent", True),
    OwnFigure("change_lead_time", "DORA: from a change to production, median", "h", True),
    OwnFigure("deployment_frequency", "DORA: deployments to production", "per_day", True),
    OwnFigure(
        "failed_deployment_recovery_time", "DORA: recovery from a failed deployment, median", "h", True
    ),
    OwnFigure("deployment_rework_rate", "DORA: unplanned deployments", "percent", True),
    OwnFigure("time_to_detect", "Mean time to detect an incident", "min", True),
    OwnFigure("time_to_acknowledge", "Mean time to acknowledge an incident", "min", True),
    OwnFigure("time_to_resolve", "Mean time to resolve an incident", "min", True),
    OwnFigure("incident_recurrence", "Incidents whose cause was there before", "percent", True),
    OwnFigure("incident_growth", "Incidents against the same time before", "percent", True),
    OwnFigure("obligations_met_in_time", "Obligations met in time", "percent"),
    OwnFigure("action_completion", "Action items done within 30 days", "percent"),
    OwnFigure("audit_trail_completeness", "Changes, deployments, incidents with an audit entry", "percent"),
    OwnFigure("policy_hash_validation", "Deployments with the hash that is demanded", "percent"),
    OwnFigure("gate_compliance", "Deployments to production that the gate had allowed", "percent", True),
    OwnFigure("page_delivery", "Pages that arrived by at least one way", "percent"),
    OwnFigure("mtbf", "Mean time between failures", "h", True),
    OwnFigure("mttr", "Mean time to repair", "h", True),
)
OWN: Mapping[str, OwnFigure] = MappingProxyType({one.id: one for one in _ALL})
