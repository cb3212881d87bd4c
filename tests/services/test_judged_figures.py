"""Rules that are asked of the figures of incidents: computed, whoever asks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from compliance.evaluators import judgements
from compliance.judging import Judgement
from compliance.services.core import conformance_evaluate
from incidents.models import Incident
from opsportal.standards.selectors import active_standard
from tests.makers import NOW
from tests.response import MINUTE, Crew, make_crew, resolved, respond_under

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def figure(identifier: str, condition: str) -> str:
    return f"""
[[rule]]
id = "{identifier}"
kind = "gate"
title = "{identifier}"
applies_to = "figures.incidents"
demand = {{ require = '{condition}' }}
code = "late"
message = "It takes too long."
source = {{ section = "KPIs", line = 1, quote = "It is measured." }}
"""


RULES = (
    figure("resolution", "figures.mean_time_to_resolve < 15m"),
    figure("fast-resolution", "figures.mean_time_to_resolve < 5m"),
    figure("users", "figures.found_by_users <= 0.5"),
    figure("actions", "figures.action_completion >= 0.9"),
)


@pytest.fixture
def crew() -> Crew:
    crew = make_crew()
    respond_under(*RULES, version="2")
    return crew


def judged(name: str, days: int = 0) -> Judgement:
    (one,) = judgements(active_standard(), NOW + days * DAY)[name]
    return one


def end_of(incident: Incident, minutes: int) -> None:
    Incident.objects.filter(pk=incident.pk).update(resolved_at=incident.detected_at + minutes * MINUTE)


def test_a_target_on_figures_is_judged_by_them(crew: Crew) -> None:
    end_of(resolved(crew, now=NOW - DAY, detected_by="user"), 12)
    met, breached = judged("resolution"), judged("fast-resolution")
    assert (met.status, met.value, met.target) == ("met", "12 min", "< 15 min")
    assert met.because == "Computed from the incidents and action items of the last 90 days."
    assert (breached.status, breached.value) == ("breached", "12 min")
    users = judged("users")
    assert (users.status, users.value, users.target) == ("breached", "100 %", "≤ 50 %")


def test_of_nothing_there_is_no_figure(crew: Crew) -> None:
    end_of(resolved(crew, now=NOW - DAY), 12)
    assert (judged("actions").status, judged("actions").value) == ("no_data", "")
    assert judged("resolution", 88).status == "met"
    assert judged("resolution", 90).status == "no_data"


def test_the_page_of_a_rule_says_how_it_is_held(crew: Crew) -> None:
    end_of(resolved(crew, now=NOW - DAY), 12)
    conformance_evaluate(clock=lambda: NOW)
    client = Client()
    client.force_login(crew.outsider)
    page = client.get("/conformance/rules/resolution/").content.decode()
    assert "Figures are held against it" in page
    assert "The portal refuses what breaks it" not in page
    assert "Asked 0 times" not in page
