"""Acknowledging, mitigating, resolving, opening again; changing the severity; the clocks meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.services.response.moving import (
    incident_acknowledge,
    incident_alerts_settled,
    incident_lapse,
    incident_mitigate,
    incident_reopen,
    incident_resolve,
)
from incidents.services.response.severity import incident_change_severity
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from opsportal.obligations.models import Obligation
from tests.makers import NOW, ROOT
from tests.response import (
    MINUTE,
    acknowledged,
    declared,
    incident_fresh,
    lines_of,
    make_crew,
    mitigated,
    owing,
    resolved,
    restricted,
)
from tests.untouched import refused

pytestmark = pytest.mark.django_db
MACHINE = Actor.service_account("0b6f3c1e-0000-4000-8000-000000000001", frozenset({"incidents:read"}))


def test_who_acknowledges_is_given_it_and_the_clock_stops() -> None:
    crew = make_crew()
    incident = declared(crew)
    incident_acknowledge(actor=crew.second.actor, now=NOW + 2 * MINUTE, pk=incident.pk)
    now = incident_fresh(incident)
    assert (now.state, now.acknowledged_by, now.assignee) == ("acknowledged", crew.second, crew.second)
    assert now.acknowledged_at == NOW + 2 * MINUTE
    assert owing(now)["acknowledge"] == ["met"]
    with refused(IllegalMove):
        incident_acknowledge(actor=crew.responder.actor, now=NOW, pk=incident.pk)


def test_the_portal_acknowledges_for_somebody_who_answered_a_message() -> None:
    crew = make_crew()
    incident = declared(crew)
    incident_acknowledge(actor=ROOT, now=NOW, pk=incident.pk, by=str(crew.second.pk))
    assert incident_fresh(incident).acknowledged_by == crew.second
    other = declared(crew)
    with refused(InvalidInput, "unknown"):
        incident_acknowledge(actor=ROOT, now=NOW, pk=other.pk, by="nobody")


def test_an_acknowledgement_lapses_by_the_portal_alone() -> None:
    crew = make_crew()
    incident = acknowledged(crew)
    with refused(Forbidden):
        incident_lapse(actor=crew.admin.actor, now=NOW, pk=incident.pk)
    incident_lapse(actor=ROOT, now=NOW, pk=incident.pk)
    assert (incident_fresh(incident).state, incident_fresh(incident).acknowledged_at) == ("triggered", NOW)
    incident_acknowledge(actor=crew.second.actor, now=NOW + MINUTE, pk=incident.pk)
    assert incident_fresh(incident).acknowledged_at == NOW  # the first one counts


def test_it_is_mitigated_resolved_and_its_report_is_owed() -> None:
    crew = make_crew()
    incident = acknowledged(crew)
    incident_mitigate(actor=crew.responder.actor, now=NOW + MINUTE, pk=incident.pk, text="Failed over.")
    incident_resolve(actor=crew.responder.actor, now=NOW + 3 * MINUTE, pk=incident.pk, text="New disk.")
    now = incident_fresh(incident)
    assert (now.state, now.mitigated_at, now.resolved_at) == ("resolved", NOW + MINUTE, NOW + 3 * MINUTE)
    assert now.resolution == "New disk."
    assert lines_of(now) == ["declared", "acknowledged", "mitigated", "resolved"]
    assert owing(now) == {
        "acknowledge": ["met"],
        "assess": ["void"],
        "internal": ["void"],
        "resolve": ["met"],
        "report": ["open"],
    }


def test_what_was_resolved_begins_anew() -> None:
    crew = make_crew()
    incident = resolved(crew)
    with refused(InvalidInput, "required"):
        incident_reopen(actor=crew.responder.actor, now=NOW, pk=incident.pk, reason="")
    incident_reopen(actor=crew.responder.actor, now=NOW + MINUTE, pk=incident.pk, reason="It is back.")
    now = incident_fresh(incident)
    assert (now.state, now.episode, now.resolved_at, now.acknowledged_at) == ("triggered", 2, None, None)
    assert owing(now)["acknowledge"] == ["met", "open"]
    assert owing(now)["report"] == ["void"]


def test_what_was_mitigated_goes_on_where_it_was() -> None:
    crew = make_crew()
    incident = mitigated(crew)
    incident_reopen(actor=crew.responder.actor, now=NOW, pk=incident.pk, reason="It is back.")
    now = incident_fresh(incident)
    assert (now.state, now.mitigated_at, now.episode) == ("acknowledged", None, 1)


def test_alerts_that_are_over_resolve_it_once() -> None:
    crew = make_crew()
    incident = declared(crew)
    incident_alerts_settled(actor=ROOT, now=NOW, pk=incident.pk)
    incident_alerts_settled(actor=ROOT, now=NOW, pk=incident.pk)
    assert lines_of(incident) == ["declared", "resolved"]


def test_another_severity_has_its_own_time_and_a_reason() -> None:
    crew = make_crew()
    incident = declared(crew, severity="sev3")
    assert "resolve" not in owing(incident)
    actor = crew.responder.actor
    incident_change_severity(actor=actor, now=NOW + MINUTE, pk=incident.pk, severity="p0", reason="Worse.")
    assert incident_fresh(incident).severity == "sev1"
    assert owing(incident)["resolve"] == ["open"]
    line = incident.entries.get(kind="severity_changed")
    assert (line.text, line.data) == ("Worse.", {"from": "sev3", "to": "sev1"})
    incident_change_severity(actor=actor, now=NOW + MINUTE, pk=incident.pk, severity="sev2", reason="Better.")
    assert owing(incident)["resolve"] == ["void"]
    with refused(Conflict, "unchanged"):
        incident_change_severity(actor=actor, now=NOW, pk=incident.pk, severity="sev2", reason="Again.")
    with refused(InvalidInput, "required"):
        incident_change_severity(actor=actor, now=NOW, pk=incident.pk, severity="sev3", reason=" ")


def test_the_severity_of_what_is_over_stays() -> None:
    crew = make_crew()
    over = resolved(crew)
    with refused(IllegalMove):
        incident_change_severity(
            actor=crew.responder.actor,
            now=NOW,
            pk=over.pk,
            severity="sev4",
            reason="It was nothing.",
        )


def test_a_stale_reader_an_outsider_and_a_reading_machine_are_refused() -> None:
    crew = make_crew()
    incident, secret = acknowledged(crew), restricted(crew)
    with refused(Stale):
        incident_resolve(actor=crew.responder.actor, now=NOW, pk=incident.pk, version=1)
    with refused(Forbidden):
        incident_resolve(actor=MACHINE, now=NOW, pk=incident.pk)
    with refused(NotFound):
        incident_resolve(actor=crew.outsider.actor, now=NOW, pk=secret.pk)
    with refused(NotFound):
        incident_resolve(actor=crew.responder.actor, now=NOW, pk=10_000)


def test_what_is_owed_is_due_as_the_standard_says() -> None:
    crew = make_crew()
    incident = declared(crew)
    due = dict(Obligation.objects.filter(subject_key=incident.key).values_list("rule_id", "due_at"))
    assert {rule: at - NOW for rule, at in due.items()} == {
        "acknowledge": timedelta(minutes=5),
        "assess": timedelta(minutes=10),
        "internal": timedelta(minutes=15),
        "resolve": timedelta(minutes=15),
    }
