"""What follows by itself: from a rolled-back deployment, from a missed clock, from news."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from incidents.handlers.response import on_clock_missed, on_given, on_news, on_rolled_back
from incidents.models import Incident
from incidents.services.response.moving import incident_acknowledge
from incidents.services.response.people import incident_role_fill, incident_watch
from opsportal.notify.models import Notification
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligations_advance
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.topics import Message
from tests.makers import NOW, make_environment
from tests.owing import tick
from tests.response import MINUTE, declared, lines_of, make_crew, owing, restricted

pytestmark = pytest.mark.django_db


def message(topic: str, payload: dict[str, Any], now: datetime = NOW) -> Message:
    return Message(topic, payload, now, "", uuid.uuid4())


def rolled_back(crew: Any, **more: Any) -> Message:
    payload = {
        "deployment": 7,
        "key": "DEP-7",
        "service": crew.ledger.pk,
        "environment": crew.production.pk,
        "change": "CHG-3",
        **more,
    }
    return message("changes.deployment.rolled_back", payload)


def test_a_rolled_back_deployment_declares_one_incident_with_its_cause() -> None:
    crew = make_crew()
    for _ in range(2):
        on_rolled_back(rolled_back(crew))
    incident = Incident.objects.get()
    assert (incident.severity, incident.detected_by, incident.state) == ("sev3", "monitor", "triggered")
    assert (incident.source_kind, incident.source_key) == ("deployment", "DEP-7")
    links = incident.links.order_by("target").values_list("kind", "target", "is_cause")
    assert list(links) == [("change", "CHG-3", False), ("deployment", "DEP-7", True)]
    assert [one.service.slug for one in incident.affected.filter(effect="direct")] == ["ledger"]


def test_outside_production_nothing_is_declared() -> None:
    crew = make_crew()
    staging = make_environment("staging", kind="staging")
    on_rolled_back(rolled_back(crew, environment=staging.pk))
    on_rolled_back(rolled_back(crew, service=10_000))
    assert not Incident.objects.exists()


def test_a_missed_clock_is_a_fact_on_the_timeline() -> None:
    crew = make_crew()
    incident = declared(crew)
    late = NOW + 6 * MINUTE
    obligations_advance(clock=lambda: late)
    assert owing(incident)["acknowledge"] == ["breached"]
    told = OutboxMessage.objects.get(topic="obligations.breached", handler="incidents.clock_missed")
    on_clock_missed(message(told.topic, told.payload, late))
    line = incident.entries.get(kind="clock_missed")
    owed = Obligation.objects.get(subject_key=incident.key, rule_id="acknowledge")
    assert (line.at, line.text) == (late, owed.what)
    assert line.data == {
        "obligation": owed.pk,
        "rule": "acknowledge",
        "due_at": (NOW + timedelta(minutes=5)).isoformat(),
    }
    # What is owed about something else is nobody's business here.
    Obligation.objects.filter(pk=owed.pk).update(subject_kind="change", subject_key="CHG-1")
    on_clock_missed(message(told.topic, told.payload, late))
    assert lines_of(incident) == ["declared", "clock_missed"]


def test_who_has_a_part_in_it_hears_how_it_goes_on_and_the_doer_does_not() -> None:
    crew = make_crew()
    incident = declared(crew)
    incident_watch(actor=crew.outsider.actor, now=NOW, pk=incident.pk, watching=True)
    incident_acknowledge(actor=crew.second.actor, now=NOW, pk=incident.pk)
    (told,) = OutboxMessage.objects.filter(topic="incidents.incident.acknowledged", handler="incidents.news")
    on_news(message(told.topic, told.payload))
    on_news(message(told.topic, told.payload))
    assert set(Notification.objects.values_list("recipient__full_name", flat=True)) == {"Ria", "Otto"}
    assert Notification.objects.count() == 2


def test_an_outsider_who_watched_is_told_nothing_of_a_restricted_one() -> None:
    crew = make_crew()
    incident = restricted(crew)
    incident.watches.create(person=crew.outsider, since=NOW)
    incident_acknowledge(actor=crew.admin.actor, now=NOW, pk=incident.pk)
    (told,) = OutboxMessage.objects.filter(topic="incidents.incident.acknowledged", handler="incidents.news")
    on_news(message(told.topic, told.payload))
    assert list(Notification.objects.values_list("recipient__full_name", flat=True)) == ["Sam"]


def test_who_is_given_a_role_hears_of_it_and_who_is_on_call_is_paged_instead() -> None:
    crew = make_crew()
    incident = declared(crew)
    incident_role_fill(
        actor=crew.responder.actor, now=NOW, pk=incident.pk, role="scribe", person=str(crew.second.pk)
    )
    (told,) = OutboxMessage.objects.filter(topic="incidents.incident.role_filled")
    on_given(message(told.topic, {**told.payload, "schedule": "payments-primary"}))
    assert not Notification.objects.exists()
    on_given(message(told.topic, told.payload))
    assert Notification.objects.get().recipient == crew.second


def test_what_is_overdue_about_a_restricted_one_is_told_to_those_only_who_may_see_it() -> None:
    crew = make_crew()
    hidden, seen = restricted(crew), declared(crew)
    tick(NOW + 6 * MINUTE)
    told = Notification.objects.filter(topic="obligations.overdue")
    assert told.filter(recipient=crew.manager, about=seen.key).exists()
    assert not told.filter(recipient__in=[crew.manager, crew.outsider], about=hidden.key).exists()
    assert told.filter(recipient=crew.admin, about=hidden.key).exists()
