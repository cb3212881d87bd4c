"""Escalation policies by API, and what an incident's escalation tells."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from incidents.models import EscalationPolicy, ServicePolicy
from tests.escalating import person, step, tick
from tests.makers import NOW, make_token
from tests.response import Crew, declared, make_crew, restricted
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
URL = "/api/v1/oncall/escalation-policies/"


@pytest.fixture
def crew() -> Crew:
    return make_crew()


def machine(*scopes: str) -> Client:
    _, secret = make_token(scopes or ["oncall:read", "oncall:write", "incidents:read"])
    return Client(headers={"Authorization": f"Bearer {secret}"})


def send(client: Client, path: str, body: Any, method: str = "post", **headers: str) -> Any:
    return getattr(client, method)(path, json.dumps(body), content_type="application/json", headers=headers)


def plan(crew: Crew) -> dict[str, Any]:
    return {"steps": [step(0, person(crew.responder)), step(15, {"kind": "role", "key": "manager"})]}


def test_a_policy_is_written_changed_shown_and_retired(crew: Crew) -> None:
    client = machine()
    made = send(client, URL, {"slug": "payments", "name": "Payments", "plan": plan(crew)})
    assert (made.status_code, made["Location"], made["ETag"]) == (201, f"{URL}payments/", '"1"')
    assert made.json()["plan"]["lapses"] == {"sev1": 1800, "sev2": 3600, "sev3": 14400, "sev4": 86400}
    changed = send(client, f"{URL}payments/", {"name": "Money"}, "patch", **{"If-Match": '"1"'})
    assert (changed.json()["name"], changed.json()["version"]) == ("Money", 2)
    assert send(client, f"{URL}payments/", {"name": "x"}, "patch", **{"If-Match": '"1"'}).status_code == 409
    assert [one["slug"] for one in client.get(URL + "?state=active").json()["results"]] == ["payments"]
    assert send(client, f"{URL}payments/retire/", {}).json()["state"] == "retired"
    assert send(client, f"{URL}payments/retire", {}).status_code == 409
    assert send(client, f"{URL}payments/reinstate/", {}).json()["state"] == "active"
    assert client.get(f"{URL}nothing/").status_code == 404


def test_a_person_is_named_by_id_or_address(crew: Crew) -> None:
    address = {"kind": "person", "key": crew.responder.email.upper()}
    sent = {"steps": [step(0, address)], "fallback": [address]}
    made = send(machine(), URL, {"slug": "payments", "name": "Payments", "plan": sent})
    assert made.status_code == 201
    kept = {"kind": "person", "key": str(crew.responder.pk), "role": ""}
    assert (made.json()["plan"]["steps"][0]["targets"], made.json()["plan"]["fallback"]) == ([kept], [kept])


NOBODY = {"kind": "person", "key": "nobody@example.org"}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"plan": {"steps": [step(0, NOBODY)]}}, "/plan/steps/0/targets/0/key"),
        ({"slug": "Pay Ments"}, "/slug"),
        ({"name": ""}, "/name"),
        ({"plan": {"steps": []}}, "/plan/steps"),
        ({"plan": []}, "/plan"),
        ({"plan": {"steps": [step(0, {"kind": "role", "key": "nobody"})]}}, "/plan/steps/0/targets/0/key"),
        ({"plan": {"steps": [step(0, {"kind": "schedule", "key": "none"})]}}, "/plan/steps/0/targets/0/key"),
        ({"plan": {"steps": [step(0, {"kind": "channel", "key": "none"})]}}, "/plan/steps/0/targets/0/key"),
    ],
)
def test_what_is_wrong_is_named(crew: Crew, changes: dict[str, Any], pointer: str) -> None:
    body = {"slug": "payments", "name": "Payments", "plan": plan(crew), **changes}
    client = machine()
    with nothing_written():
        answer = send(client, URL, body)
    assert answer.status_code == 400
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_only_administrators_and_machines_with_the_scope_write(crew: Crew) -> None:
    body = {"slug": "payments", "name": "Payments", "plan": plan(crew)}
    reader, client = machine("oncall:read"), Client()
    client.force_login(crew.responder)
    assert send(reader, URL, body).status_code == 403
    assert Client().get(URL).status_code == 401
    assert send(client, URL, body).status_code in {401, 403}
    assert not EscalationPolicy.objects.exists()


def test_the_preview_says_whom_each_step_would_tell(crew: Crew) -> None:
    client = machine()
    send(client, URL, {"slug": "payments", "name": "Payments", "plan": plan(crew)})
    shown = client.get(f"{URL}payments/preview/?at=2026-03-02T09:30:00Z&service=ledger").json()
    assert [(one["at"], [who["name"] for who in one["told"]]) for one in shown["steps"]] == [
        ("2026-03-02T09:30:00Z", ["Ria"]),
        ("2026-03-02T09:45:00Z", ["Mia"]),
        ("2026-03-02T10:00:00Z", ["Ada"]),
    ]
    assert client.get(f"{URL}payments/preview/?whom=me").status_code == 400


def test_a_service_has_its_policy(crew: Crew) -> None:
    client = machine()
    send(client, URL, {"slug": "payments", "name": "Payments", "plan": plan(crew)})
    path = "/api/v1/oncall/service-policies/"
    assert send(client, path, {"service": "ledger", "policy": "payments"}).status_code == 204
    assert ServicePolicy.objects.get().policy.slug == "payments"
    for wrong in ({"service": "none", "policy": "payments"}, {"service": "ledger", "policy": "none"}):
        assert send(client, path, wrong).status_code == 400
    incident = declared(crew)
    tick(NOW)
    shown = client.get(f"/api/v1/incidents/{incident.key}/escalation/").json()
    assert (shown["origin"], shown["reference"], shown["state"]) == ("policy", "payments", "running")
    assert [one["name"] for one in shown["moves"][0]["told"]] == ["Ria"]
    assert send(client, path, {"service": "ledger"}).status_code == 204
    assert not ServicePolicy.objects.exists()


def test_who_may_not_see_an_incident_does_not_see_its_escalation(crew: Crew) -> None:
    hidden = restricted(crew)
    assert machine().get(f"/api/v1/incidents/{hidden.key}/escalation/").status_code == 404
    assert machine().get("/api/v1/incidents/INC-999/escalation/").status_code == 404


def test_an_outcome_needs_the_token_of_its_action(crew: Crew) -> None:
    path = "/api/v1/automated-responses/outcome/"
    unknown = {"Authorization": "Bearer opr_nothing"}
    with nothing_written():
        assert send(Client(), path, {}).status_code == 401
        assert send(Client(), path, {"outcome": "succeeded"}, **unknown).status_code == 401
        assert send(Client(), path, {"outcome": "perhaps"}, **unknown).status_code == 400
        assert send(Client(), path, [], **unknown).status_code == 400
