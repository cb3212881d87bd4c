"""Declaring an incident, and joining the one that is open already."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from incidents.models import Incident, IncidentService
from incidents.services.response.declaring import incident_declare
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, InvalidInput
from opsportal.obligations.models import Obligation
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.topics import on
from opsportal.standards.selectors import active_standard
from tests.makers import NOW, make_user
from tests.response import (
    audited,
    declared,
    incident_fresh,
    lines_of,
    make_crew,
    owing,
    respond_under,
    restricted,
)
from tests.untouched import refused

pytestmark = pytest.mark.django_db
MACHINE = Actor.service_account("0b6f3c1e-0000-4000-8000-000000000001", frozenset({"incidents:write"}))
READER = Actor.service_account("0b6f3c1e-0000-4000-8000-000000000002", frozenset({"incidents:read"}))


def test_it_is_on_record_with_what_it_touches_and_what_is_owed() -> None:
    crew = make_crew()
    incident = incident_fresh(declared(crew, detected_at=NOW - timedelta(minutes=3), detected_by="user"))
    assert (incident.key, incident.state, incident.severity) == (f"INC-{incident.pk}", "triggered", "sev1")
    assert (incident.declared_at, incident.detected_by) == (NOW, "user")
    assert incident.detected_at == NOW - timedelta(minutes=3)
    assert incident.standard_hash == active_standard().content_hash
    assert {(one.service.slug, one.effect) for one in incident.affected.all()} == {
        ("ledger", "direct"),
        ("payments-api", "dependant"),
        ("shop", "dependant"),
    }
    assert lines_of(incident) == ["declared"]
    assert audited(incident)[0] == "incident.declared"
    assert owing(incident) == {rule: ["open"] for rule in ("acknowledge", "assess", "internal", "resolve")}
    owed = Obligation.objects.get(subject_key=incident.key, rule_id="acknowledge")
    assert (owed.owner_key, owed.due_at) == (str(crew.responder.pk), NOW + timedelta(minutes=5))


def test_other_words_for_a_severity_are_understood() -> None:
    crew = make_crew()
    assert declared(crew, severity="P1").severity == "sev2"


@pytest.mark.parametrize(
    ("more", "pointer", "code"),
    [
        ({"title": "  "}, "/title", "required"),
        ({"title": "a\nb"}, "/title", "control_characters"),
        ({"severity": "terrible"}, "/severity", "unknown"),
        ({"services": ["ledger", "nowhere"]}, "/services/1", "unknown"),
        ({"services": "ledger"}, "/services", "not_a_list"),
        ({"detected_by": "chance"}, "/detected_by", "unknown"),
        ({"visibility": "secret"}, "/visibility", "unknown"),
        ({"detected_at": NOW + timedelta(hours=1)}, "/detected_at", "in_the_future"),
    ],
)
def test_bad_input_is_refused_and_named(more: dict[str, Any], pointer: str, code: str) -> None:
    crew = make_crew()
    with refused(InvalidInput, code) as caught:
        declared(crew, **more)
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_a_machine_declares_with_the_scope_only_and_an_auditor_never() -> None:
    make_crew()
    auditor = make_user()
    about: dict[str, Any] = {"title": "Down", "severity": "sev2"}
    assert incident_declare(actor=MACHINE, now=NOW, **about).declared_by_kind == "service_account"
    closed = Actor.user(auditor.pk, is_auditor=True)
    for actor in (READER, Actor.anonymous(), closed):
        with refused(Forbidden):
            incident_declare(actor=actor, now=NOW, **about)


def test_what_belongs_together_joins_the_open_one() -> None:
    crew = make_crew()
    first = declared(crew, severity="sev3", group_key="disk", services=["shop"])
    second = declared(crew, severity="sev2", group_key="disk", services=["payments-api"])
    assert second.pk == first.pk
    joined = incident_fresh(first)
    assert joined.severity == "sev2"
    assert lines_of(joined) == ["declared", "services_changed", "severity_changed"]
    assert IncidentService.objects.get(incident=joined, service=crew.payments).effect == "direct"
    # One that is less grave changes nothing.
    declared(crew, severity="sev4", group_key="disk", services=["shop"])
    assert incident_fresh(first) == joined
    assert incident_fresh(first).version == joined.version


def test_a_closed_group_opens_a_new_one_and_no_group_never_joins() -> None:
    crew = make_crew()
    assert declared(crew).pk != declared(crew).pk
    first = declared(crew, group_key="disk")
    Incident.objects.filter(pk=first.pk).update(state="resolved", resolved_at=NOW)
    assert declared(crew, group_key="disk").pk != first.pk


@pytest.mark.parametrize("machine", [False, True])
def test_a_group_that_is_hidden_from_who_declares_is_neither_joined_nor_told_of(machine: bool) -> None:
    crew = make_crew()
    hidden = restricted(crew, group_key="disk", severity="sev3", services=["shop"])
    before = incident_fresh(hidden)
    outsider = MACHINE if machine else make_user().actor
    about: dict[str, Any] = {"title": "Full", "severity": "sev1", "group_key": "disk"}
    own = incident_declare(actor=outsider, now=NOW, services=["ledger"], **about)
    assert own.pk != hidden.pk
    assert (incident_fresh(hidden), lines_of(hidden)) == (before, ["declared"])
    assert (before.version, before.severity) == (incident_fresh(hidden).version, "sev3")
    # What is sent again joins one's own, and insiders go on joining theirs.
    assert incident_declare(actor=outsider, now=NOW, **about).pk == own.pk
    assert declared(crew, by=crew.admin, group_key="disk").pk == hidden.pk


def test_a_deployment_declares_one_incident_ever() -> None:
    crew = make_crew()
    first = declared(crew, source=("deployment", "DEP-7"))
    assert declared(crew, source=("deployment", "DEP-7")).pk == first.pk
    assert lines_of(first) == ["declared"]


def test_it_keeps_the_standard_that_it_was_declared_under() -> None:
    crew = make_crew()
    incident = declared(crew)
    respond_under(version="2")
    assert incident_fresh(incident).standard_hash != active_standard().content_hash


def test_listeners_hear_of_it_by_key() -> None:
    crew = make_crew()
    on("incidents.incident.declared", "tests.hear_declared", _nothing)
    incident = declared(crew)
    message = OutboxMessage.objects.get(handler="tests.hear_declared")
    assert message.key == incident.key
    assert {name: message.payload[name] for name in ("incident", "key", "severity", "state", "services")} == {
        "incident": incident.pk,
        "key": incident.key,
        "severity": "sev1",
        "state": "triggered",
        "services": ["ledger"],
    }


def _nothing(_message: object) -> None:
    return None
