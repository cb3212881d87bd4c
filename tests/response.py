"""A small standard with the clocks of incidents, a cast of responders, and short ways to move an incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from incidents.models import Incident
from incidents.services.response.declaring import incident_declare
from incidents.services.response.moving import (
    incident_acknowledge,
    incident_mitigate,
    incident_resolve,
)
from opsportal.accounts.models import Team, User
from opsportal.audit.selectors import entries_about
from opsportal.catalog.models import Environment, Service
from opsportal.catalog.services import dependency_add
from opsportal.obligations.models import Obligation
from opsportal.standards.models import Activation
from opsportal.standards.services import standard_install
from tests.makers import NOW, ROOT, grant, make_environment, make_role, make_service, make_team, make_user
from tests.once import made_once

MINUTE = timedelta(minutes=1)

_HEAD = """
[standard]
name = "response-test"
title = "A standard for tests of incidents"
version = "{version}"
document = "test.md"
document_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"

[[role]]
id = "board"
title = "Board"
kind = "board"

[[role]]
id = "security"
title = "Security"
kind = "job"
sees_restricted = true

[[role]]
id = "manager"
title = "Manager"
kind = "job"
"""


def clock(
    identifier: str,
    events: str,
    within: str,
    met_by: str,
    *,
    owner: str = "responder",
    void_by: str = '"incident.resolved", "incident.merged"',
    when: str = "",
    climb: str = "",
) -> str:
    """Return one rule about what is owed, as TOML; its quote is "The words of <id>."."""
    condition = f"when = '''{when}'''\n" if when else ""
    more = f', climb = [{{ after = "{climb}", role = "manager" }}]' if climb else ""
    return f"""
[[rule]]
id = "{identifier}"
kind = "obligation"
title = "Rule {identifier}"
applies_to = [{events}]
{condition}
source = {{ section = "1", line = 1, quote = "The words of {identifier}." }}
demand.owe = {{ what = "Do {identifier}", owner = "{owner}", within = "{within}", met_by = [{met_by}],\
 void_by = [{void_by}]{more} }}
"""


ACKNOWLEDGE = clock(
    "acknowledge",
    '"incident.declared", "incident.reopened"',
    "5m",
    '"incident.acknowledged"',
    when='incident.state == "triggered"',
    void_by='"incident.resolved", "incident.mitigated", "incident.merged"',
    climb="0h",
)
ASSESS = clock("assess", '"incident.declared"', "10m", '"incident.assessed"')
TELL = clock(
    "internal",
    '"incident.declared", "incident.updated_internally"',
    "15m",
    '"incident.updated_internally"',
    when="incident.open",
    owner="communications",
)
END = clock(
    "resolve",
    '"incident.declared", "incident.severity_changed"',
    "15m",
    '"incident.resolved"',
    when='incident.severity == "sev1"',
    void_by='"incident.severity_changed", "incident.merged"',
    owner="commander",
)
REPORT = clock("report", '"incident.resolved"', "24h", '"incident.reported"', void_by='"incident.reopened"')
CLOCKS = (ACKNOWLEDGE, ASSESS, TELL, END, REPORT)


def respond_under(*rules: str, version: str = "1", now: datetime = NOW) -> Activation:
    """Put a standard of these rules in force; of all the clocks above where none is given."""
    text = _HEAD.format(version=version) + "".join(rules or CLOCKS)
    return standard_install(actor=ROOT, now=now, source=text.encode(), file="test.toml")


@dataclass
class Crew:
    """Who is who: two responders of one team, security, an administrator, an outsider; three services.

    `shop` leans hard on `payments`, which leans hard on `ledger`.
    """

    team: Team
    responder: User
    second: User
    security: User
    manager: User
    admin: User
    outsider: User
    shop: Service
    payments: Service
    ledger: Service
    production: Environment


@made_once
def make_crew() -> Crew:
    """Return the crew, with the test standard in force."""
    respond_under()
    responder, second = make_user(name="Ria"), make_user(name="Sol")
    security, manager = make_user(name="Sam"), make_user(name="Mia")
    admin, outsider = make_user(name="Ada", staff=True), make_user(name="Otto")
    team = make_team("payments", responder, second)
    for slug, kind, person in (("security", "job", security), ("manager", "job", manager)):
        make_role(slug, kind)
        grant(slug, person)
    crew = Crew(
        team=team,
        responder=responder,
        second=second,
        security=security,
        manager=manager,
        admin=admin,
        outsider=outsider,
        shop=make_service("shop", team=team),
        payments=make_service("payments-api", team=team),
        ledger=make_service("ledger", team=team),
        production=make_environment("production"),
    )
    dependency_add(actor=ROOT, now=NOW, service="shop", depends_on="payments-api", kind="hard")
    dependency_add(actor=ROOT, now=NOW, service="payments-api", depends_on="ledger", kind="hard")
    return crew


def declared(crew: Crew, *, by: User | None = None, now: datetime = NOW, **more: Any) -> Incident:
    """Return an incident that was just declared: the ledger is down, sev1."""
    values: dict[str, Any] = {
        "title": "The ledger is down",
        "severity": "sev1",
        "services": ["ledger"],
        **more,
    }
    return incident_declare(actor=(by or crew.responder).actor, now=now, **values)


def restricted(crew: Crew, *, by: User | None = None, now: datetime = NOW, **more: Any) -> Incident:
    """Return one of security, which only some may see; security declared it unless said otherwise."""
    values = {"title": "Credentials leaked", "security": True, "visibility": "restricted", **more}
    return declared(crew, by=by or crew.security, now=now, **values)


def acknowledged(crew: Crew, *, now: datetime = NOW, **more: Any) -> Incident:
    """Return an incident that the responder has acknowledged."""
    return incident_acknowledge(actor=crew.responder.actor, now=now, pk=declared(crew, now=now, **more).pk)


def mitigated(crew: Crew, *, now: datetime = NOW, **more: Any) -> Incident:
    """Return an incident whose harm has stopped."""
    return incident_mitigate(actor=crew.responder.actor, now=now, pk=acknowledged(crew, now=now, **more).pk)


def resolved(crew: Crew, *, now: datetime = NOW, **more: Any) -> Incident:
    """Return an incident that is over."""
    return incident_resolve(actor=crew.responder.actor, now=now, pk=acknowledged(crew, now=now, **more).pk)


IN_STATE = {
    "triggered": declared,
    "acknowledged": acknowledged,
    "mitigated": mitigated,
    "resolved": resolved,
}


def incident_fresh(incident: Incident) -> Incident:
    """Return the incident as it stands in the database."""
    return Incident.objects.get(pk=incident.pk)


def lines_of(incident: Incident) -> list[str]:
    """Return the kinds of the lines of its timeline, in the order in which they were written."""
    return list(incident.entries.order_by("pk").values_list("kind", flat=True))


def audited(incident: Incident) -> list[str]:
    """Return the actions in its audit trail, in order."""
    return [entry.action for entry in entries_about("incident", incident.key)]


def owing(incident: Incident) -> dict[str, list[str]]:
    """Return the states of what is or was owed about it, by rule, in order."""
    found: dict[str, list[str]] = {}
    rows = Obligation.objects.filter(subject_kind="incident", subject_key=incident.key).order_by("id")
    for rule, state in rows.values_list("rule_id", "state"):
        found.setdefault(rule, []).append(state)
    return found
