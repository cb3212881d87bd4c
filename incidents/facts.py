"""What rules may ask of incidents, and what happens to them on which something may be owed.

`DECLARATIONS` joins the vocabulary in `IncidentsConfig.ready()`. Whoever gathers the facts leaves out what
is not known (never a guess). Nothing here reads the database.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from incidents.severities import SEVERITIES
from incidents.states import INCIDENT
from opsportal.standards.vocabulary import (
    BOOLEAN,
    DURATION,
    TEXT,
    Declaration,
    Event,
    Fact,
    Point,
    Value,
    choice,
    many,
)

if TYPE_CHECKING:
    from incidents.models import Incident, IncidentService

TIERS = ("critical", "core", "supporting")
CLASSIFICATIONS = ("public", "internal", "confidential", "restricted")

_INCIDENT_FACTS = (
    Fact("incident.severity", choice(*SEVERITIES), "the severity of the incident"),
    Fact("incident.state", choice(*INCIDENT.states), "the state of the incident"),
    Fact("incident.open", BOOLEAN, "whether the incident is neither resolved nor merged"),
    Fact("incident.detected_by", choice("monitor", "user", "staff"), "who noticed the incident"),
    Fact("incident.security", BOOLEAN, "whether the incident is one of security"),
    Fact("incident.restricted", BOOLEAN, "whether only some people may see the incident"),
    # Not known until somebody has said so.
    Fact("incident.customer_facing", BOOLEAN, "whether customers notice the incident"),
    Fact("incident.assessed", BOOLEAN, "whether severity and impact have been assessed"),
    Fact("incident.executives_briefed", BOOLEAN, "whether executives have been briefed"),
    Fact("incident.services", many(TEXT), "the services that are affected"),
    Fact("incident.service_tiers", many(choice(*TIERS)), "the tiers of the services that are affected"),
    Fact(
        "incident.data_classifications",
        many(choice(*CLASSIFICATIONS)),
        "the data classifications of the services that are affected",
    ),
    Fact("incident.age", DURATION, "the time since the incident was declared"),
    # In the present episode; not known before.
    Fact("incident.time_to_acknowledge", DURATION, "the time from the declaration to the acknowledgement"),
    Fact("incident.time_to_resolve", DURATION, "the time from the detection to the resolution"),
)

_INCIDENT_EVENTS = {
    "declared": "an incident is declared",
    "acknowledged": "an incident is acknowledged",
    "lapsed": "the acknowledgement of an incident lapses",
    "escalated": "an incident is escalated by hand",
    "assessed": "severity and impact of an incident are assessed",
    "customers_notice": "it turns out that customers notice an incident",
    "customers_unaffected": "it turns out that customers do not notice an incident",
    "updated_internally": "an internal update on an incident is written",
    "stakeholders_told": "stakeholders of an incident are told how it stands",
    "status_page_updated": "the status page is updated on an incident",
    "executives_briefed": "executives are briefed on an incident",
    "severity_changed": "the severity of an incident is changed",
    "restricted": "an incident is restricted to some people",
    "opened_up": "an incident is shown to everybody",
    "mitigated": "an incident is mitigated",
    "resolved": "an incident is resolved",
    "reopened": "an incident is opened again",
    "merged": "an incident is merged into another one",
    "reported": "the report on an incident is written",
}

_EVENTS = tuple(Event(f"incident.{name}", title, ("incident",)) for name, title in _INCIDENT_EVENTS.items())

_POINTS = (
    Point(
        "oncall.handover",
        "when somebody hands over on call",
        areas=("handover",),
        demands=frozenset({"attest"}),
    ),
)

DECLARATIONS: tuple[Declaration, ...] = (*_INCIDENT_FACTS, *_EVENTS, *_POINTS)


def incident_facts(
    incident: Incident, affected: Collection[IncidentService], *, now: datetime
) -> dict[str, Value]:
    """Return the facts of an incident at `now` (aware UTC). Reads no row: `affected` have their service.

    Services are those that are affected directly; what depends on them is not asked for.
    """
    services = [one.service for one in affected if one.effect == "direct"]
    facts: dict[str, Value] = {
        "incident.severity": incident.severity,
        "incident.state": incident.state,
        "incident.open": incident.is_open,
        "incident.detected_by": incident.detected_by,
        "incident.security": incident.security,
        "incident.restricted": incident.is_restricted,
        "incident.assessed": incident.assessed_at is not None,
        "incident.executives_briefed": incident.briefed_at is not None,
        "incident.services": tuple(sorted({service.slug for service in services})),
        "incident.service_tiers": tuple(sorted({service.tier for service in services})),
        "incident.data_classifications": tuple(sorted({one.data_classification for one in services})),
        "incident.age": now - incident.declared_at,
    }
    if incident.customer_facing is not None:
        facts["incident.customer_facing"] = incident.customer_facing
    if incident.acknowledged_at is not None:
        facts["incident.time_to_acknowledge"] = incident.acknowledged_at - incident.opened_at
    if incident.resolved_at is not None:
        facts["incident.time_to_resolve"] = incident.resolved_at - incident.detected_at
    return facts
