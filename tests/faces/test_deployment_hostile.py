"""Whatever is sent to the gate, to deployments and to templates: a 4xx or a real answer, never a crash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client

from changes.services.deployment_fields import REGISTRATION, REPORT
from tests.changing import Cast, approved
from tests.deploying import SCOPES, body, make_approved_template, make_stage
from tests.makers import NOW, make_token

pytestmark = pytest.mark.django_db

HOSTILE: list[Any] = [
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    1e308,
    "",
    " ",
    "\x00",
    "a\x00b",
    "\u202eabc",
    "🚦" * 200,
    "a" * 100_000,
    "\ud800",
    "'; DROP TABLE changes_change; --",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "../../etc/passwd",
    "CHG-0",
    "CHG-99999999999999999999",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-03-02T09:30:00.123456789Z",
    [],
    ["a"],
    [[[[]]]],
    {},
    {"": ""},
    {"a": {"b": {"c": []}}},
    {"tests": "passed", "__proto__": "x", "a" * 1_000: "passed"},
    {"error_rate": 1e308},
    {"error_rate": [1]},
]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_stage()


@pytest.fixture
def api(cast: Cast) -> Client:
    _, secret = make_token((*SCOPES, "changes:read", "changes:write"))
    return Client(headers={"authorization": f"Bearer {secret}"}, raise_request_exception=False)


def post(client: Client, url: str, sent: Any) -> int:
    status: int = client.post(url, json.dumps(sent), content_type="application/json").status_code
    return status


@pytest.mark.parametrize("field", REGISTRATION)
def test_a_registration_answers_whatever_a_field_holds(cast: Cast, api: Client, field: str) -> None:
    approved(cast)
    statuses = {post(api, "/api/v1/deployments/", {**body(), field: value}) for value in HOSTILE}
    assert statuses <= {201, 400}


@pytest.mark.parametrize("field", REPORT)
def test_a_report_answers_whatever_a_field_holds(cast: Cast, api: Client, field: str) -> None:
    approved(cast)
    registered = api.post("/api/v1/deployments/", json.dumps(body()), content_type="application/json").json()
    url = f"/api/v1/deployments/{registered['key']}/events/"
    sent = {"event": "rollout", "percent": 10, "metrics": {"error_rate": 0.0}}
    assert {post(api, url, {**sent, field: value}) for value in HOSTILE} <= {200, 400}


@pytest.mark.parametrize(
    "name", ["service", "environment", "version", "change", "commit", "check", "policy_hash"]
)
def test_the_gate_answers_whatever_a_parameter_holds(cast: Cast, api: Client, name: str) -> None:
    asked = {"service": "payments-api", "environment": "production", "version": "1"}
    for value in HOSTILE:
        text = str(value).encode("utf-8", "surrogatepass")[:6_000]
        response = api.get("/api/v1/gate/?" + urlencode({**asked, name: text}))
        assert response.status_code in (200, 400), value


@pytest.mark.parametrize(
    "name", ["service", "change", "version", "decision", "updated_since", "ordering", "cursor"]
)
def test_the_list_answers_whatever_a_parameter_holds(cast: Cast, api: Client, name: str) -> None:
    for value in HOSTILE:
        text = str(value).encode("utf-8", "surrogatepass")[:6_000]
        response = api.get("/api/v1/deployments/?" + urlencode({name: text}))
        assert response.status_code in (200, 400), value


@pytest.mark.parametrize(
    "field",
    ["slug", "title", "description", "risk", "plan", "valid_until", "services", "environments", "targets"],
)
def test_a_template_answers_whatever_a_field_holds(cast: Cast, field: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(cast.lead)
    good = {"title": "T", "services": ["payments-api"], "environments": ["production"]}
    for number, value in enumerate(HOSTILE):
        status = post(client, "/api/v1/templates/", {"slug": f"t-{number}", **good, field: value})
        assert status in (201, 400), value


def test_steps_of_a_template_answer_whatever_their_body_holds(cast: Cast) -> None:
    template = make_approved_template(cast)
    client = Client(raise_request_exception=False)
    client.force_login(cast.board[2])
    for step in ("approve", "reject", "abstain", "submit", "withdraw", "open"):
        for field in ("content_hash", "comment", "stage", "version", "targets", "title"):
            for value in HOSTILE:
                sent = {"content_hash": template.content_hash, field: value}
                status = post(client, f"/api/v1/templates/{template.slug}/{step}/", sent)
                assert status in (201, 400, 403, 409), (step, field, value)
