"""Who may do what in an incident: whoever sees it helps with it. One source for buttons and for refusal."""

from __future__ import annotations

from dataclasses import dataclass

from rules.predicates import predicate

from incidents.models import Incident, IncidentEntry
from opsportal.core.access import allow
from opsportal.core.actor import Actor

SCOPE = "incidents:write"


@dataclass(frozen=True, slots=True)
class Case:
    """An incident that its actor sees, and what they are to it.

    `secures`: an administrator, or one of those who see every restricted incident. `leads`: the commander or
    the deputy, or whoever declared it.
    """

    incident: Incident
    secures: bool = False
    leads: bool = False


@dataclass(frozen=True, slots=True)
class EntryCase:
    """A line of a timeline, and what its actor is to the incident."""

    entry: IncidentEntry
    case: Case


@predicate
def is_person(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_user


@predicate
def is_machine_of_ours(actor: Actor, _subject: object | None = None) -> bool:
    """A service account whose token may write incidents."""
    return actor.is_service_account and SCOPE in actor.scopes


@predicate
def is_the_portal(actor: Actor, _subject: object | None = None) -> bool:
    return actor.is_system


@predicate
def secures_it(actor: Actor, case: Case) -> bool:
    return case.secures


@predicate
def leads_it(actor: Actor, case: Case) -> bool:
    return actor.is_user and case.leads


@predicate
def declared_it(actor: Actor, case: Case) -> bool:
    incident = case.incident
    return (actor.kind.value, actor.id) == (incident.declared_by_kind, incident.declared_by_id)


@predicate
def wrote_it(actor: Actor, case: EntryCase) -> bool:
    return (actor.kind.value, actor.id) == (case.entry.actor_kind, case.entry.actor_id)


@predicate
def leads_the_incident(actor: Actor, case: EntryCase) -> bool:
    return actor.is_user and case.case.leads


anybody = is_person | is_machine_of_ours | is_the_portal

VERBS = {
    "acknowledge": "acknowledge an incident",
    "escalate": "escalate an incident",
    "assign": "assign an incident",
    "update": "write updates",
    "assess": "assess an incident",
    "change_severity": "change the severity",
    "mitigate": "mitigate an incident",
    "resolve": "resolve an incident",
    "reopen": "open an incident again",
    "merge": "merge incidents",
    "note": "write notes",
    "edit": "edit an incident",
    "link": "link something",
    "task": "keep tasks",
    "fill_role": "fill roles",
    "report": "write the report",
}


def register() -> None:
    """Register this area's permissions; called once, by the app's AppConfig."""
    allow(
        "incident.declare",
        anybody,
        otherwise="Sign in, or use a token with the scope incidents:write.",
    )
    for verb, words in VERBS.items():
        allow(
            f"incident.{verb}",
            anybody,
            otherwise=f"Sign in to {words}, or use a token with the scope incidents:write.",
        )
    allow("incident.lapse", is_the_portal, otherwise="An acknowledgement lapses by itself.")
    allow("incident.flare_up", is_the_portal, otherwise="Only alerts open an incident again by themselves.")
    allow(
        "incident.restrict",
        is_the_portal | secures_it | leads_it | (is_machine_of_ours & declared_it),
        otherwise="Only administrators, those who look after security, the incident commander, the deputy and"
        " whoever declared it may restrict this incident.",
    )
    allow(
        "incident.open_up",
        is_the_portal | secures_it,
        otherwise="Only administrators and those who look after security may show it to everybody.",
    )
    allow("incident.watch", is_person, otherwise="Only people watch an incident.")
    allow(
        "incident.note_edit",
        wrote_it | leads_the_incident,
        otherwise="Only whoever wrote this line, the incident commander, the deputy and whoever declared the"
        " incident edit it.",
    )
