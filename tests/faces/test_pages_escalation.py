"""Pages of escalation policies, and what other pages show of escalations."""

from __future__ import annotations

from datetime import time
from html import unescape

import pytest
from django.template.loader import render_to_string
from django.test import Client

from incidents.models import EscalationPolicy
from incidents.panels.escalation import of_incident, still
from opsportal.calendar.services import working_calendar_set
from tests.escalating import make_policy, person, step, tick
from tests.makers import NOW
from tests.response import MINUTE, Crew, declared, make_crew
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture
def crew() -> Crew:
    return make_crew()


@pytest.fixture
def admin(crew: Crew) -> Client:
    client = Client()
    client.force_login(crew.admin)
    return client


def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content
    return answer.content.decode()


def form(crew: Crew, **changes: str) -> dict[str, object]:
    return {
        "name": "Payments",
        "slug": "payments",
        "steps": f"0m person:{crew.responder.email}\n\n15m role:manager, assignee; everyone",
        "fallback": "role:manager",
        "repeat": "1",
        "pause": "10",
        "low": ["sev4"],
        "lapse_sev1": "20",
        **changes,
    }


def test_a_policy_is_written_in_lines_and_shows_whom_it_would_tell(crew: Crew, admin: Client) -> None:
    assert "No policies yet" in text_of(admin, "/escalation-policies/")
    assert "0m on_call:primary" in text_of(admin, "/escalation-policies/new/")
    answer = admin.post("/escalation-policies/new/", form(crew))
    assert (answer.status_code, answer["Location"]) == (302, "/escalation-policies/payments/")
    plan = EscalationPolicy.objects.get().read_plan
    assert (len(plan.steps), plan.steps[1].everyone_acknowledges, plan.repeat) == (2, True, 1)
    page = text_of(admin, "/escalation-policies/payments/?service=ledger")
    assert "Ria" in page
    assert "Each of them has to acknowledge." in page
    # It is read back as it was written.
    edit = text_of(admin, "/escalation-policies/payments/edit/")
    assert "15m role:manager, assignee; everyone" in edit
    changed = form(crew, name="Money") | {"version": "1"}
    assert admin.post("/escalation-policies/payments/edit/", changed).status_code == 302
    assert admin.post("/escalation-policies/payments/edit/", changed).status_code == 409
    assert admin.post("/escalation-policies/payments/do/retire/").status_code == 302
    assert EscalationPolicy.objects.get().state == "retired"


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("soon role:manager", "Line 1: it begins with a time to wait"),
        ("0m role:manager\n5m person:nobody@example.org", "Line 2: nobody here has the address"),
        ("0m role:manager\n0m role:manager", "Line 2: Must be from 5 to 86400."),
        ("0m role:nobody", "Line 1: There is no such role: nobody."),
        ("0m rota:x", "Line 1: Must be one of"),
        ("0m role:manager; all", "Line 1: after the semicolon"),
        ("0m", "Line 1: There must be one at least."),
    ],
)
def test_a_line_that_means_nothing_is_named(crew: Crew, admin: Client, steps: str, words: str) -> None:
    with nothing_written():
        answer = admin.post("/escalation-policies/new/", form(crew, steps=steps))
    assert answer.status_code == 400
    assert words in answer.content.decode()


def test_every_wrong_line_is_named_at_once_by_its_number(crew: Crew, admin: Client) -> None:
    steps = (
        "soon role:manager\n\n5m person:nobody@example.org, role:nobody\n0m role:nobody; all\n9m role:manager"
    )
    with nothing_written():
        answer = admin.post(
            "/escalation-policies/new/", form(crew, steps=steps, fallback="person:x", name="")
        )
    page = unescape(answer.content.decode())
    for words in (
        "Line 1: it begins with a time to wait, like 15m or 1h; “soon” is none.",
        "Line 3: nobody here has the address “nobody@example.org”.",
        "Line 4: after the semicolon",
        "Nobody here has the address “x”.",
        "Name is missing",
    ):
        assert words in page
    assert "Line 5" not in page
    names = admin.post(
        "/escalation-policies/new/", form(crew, steps="0m role:nobody\n\n1s role:manager, rota:x")
    )
    page = unescape(names.content.decode())
    assert "Line 1: There is no such role: nobody." in page
    assert "Line 3: Must be from 5 to 86400." in page
    assert "Line 3: Must be one of" in page


def test_without_a_service_the_preview_asks_for_one(crew: Crew, admin: Client) -> None:
    make_policy(step(0, {"kind": "on_call", "role": "primary"}))
    assert "Choose a service to see who would be told" in text_of(admin, "/escalation-policies/ours/")
    page = text_of(admin, "/escalation-policies/ours/?service=ledger")
    assert "Choose a service" not in page
    assert "wrote an escalation policy" in page
    assert "(administrator)" in page


def test_a_policy_that_cannot_wait_for_working_hours_says_so(crew: Crew, admin: Client) -> None:
    make_policy(step(0, person(crew.responder)), hold_low=True)
    path = "/escalation-policies/ours/"
    assert "Nothing waits for working hours" in text_of(admin, path)
    working_calendar_set(
        actor=crew.admin.actor, now=NOW, zone="UTC", weekdays=[0], opens=time(9), closes=time(17)
    )
    assert "Nothing waits for working hours" not in text_of(admin, path)


def test_only_administrators_write(crew: Crew) -> None:
    client = Client()
    client.force_login(crew.responder)
    text_of(client, "/escalation-policies/new/", 403)
    assert "New policy" not in text_of(client, "/escalation-policies/")


def test_the_incident_says_who_was_told_and_who_is_next(crew: Crew) -> None:
    make_policy(step(0, person(crew.responder)), step(5, person(crew.second)))
    incident = declared(crew, policy="ours")
    tick(NOW)
    context = of_incident(crew.admin.actor, NOW, incident)
    assert context is not None
    [line] = context["lines"]
    assert [(one.id, one.state) for one in line.told] == [(str(crew.responder.pk), "paging")]
    assert list(context["upcoming"].people) == [str(crew.second.pk)]
    assert still(crew.admin.actor, NOW + 2 * MINUTE, None) is None
    late = still(crew.admin.actor, NOW + 20 * MINUTE, None)
    assert late is not None
    assert late["found"][0][0] == incident.key
    assert still(crew.responder.actor, NOW + 20 * MINUTE, None) is None
    assert incident.key in render_to_string("incidents/escalation/panel_still.html", late)
