"""Deployments by API, as a pipeline uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from changes.models import Change, Deployment, DeploymentEvent
from opsportal.audit.models import AuditEntry
from tests import changing
from tests.changing import Cast, approved, submitted, window
from tests.deploying import SCOPES, body, make_approved_template, make_stage
from tests.makers import NOW, make_token
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db

URL = "/api/v1/deployments/"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_stage()


@pytest.fixture
def api(cast: Cast) -> Client:
    return caller(*SCOPES)


def caller(*scopes: str) -> Client:
    _, secret = make_token(scopes)
    return Client(headers={"authorization": f"Bearer {secret}"})


def post(client: Client, url: str, sent: Any, **headers: str) -> Any:
    return client.post(url, json.dumps(sent), content_type="application/json", headers=headers)


def pointers(response: Any) -> list[str]:
    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"
    return [error["pointer"] for error in response.json()["errors"]]


def domain_statements(seen: CaptureQueriesContext) -> list[str]:
    """Return what was asked of the tables, without what opens and ends transactions."""
    skipped = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK")
    return [one["sql"] for one in seen.captured_queries if not one["sql"].startswith(skipped)]


# --- registering --------------------------------------------------------------------------------------
def test_the_example_of_the_contract_is_answered_as_the_contract_says(cast: Cast, api: Client) -> None:
    change = approved(cast)
    sent = {
        "service": "payments-api",
        "environment": "production",
        "version": "2.14.0",
        "commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
        "change": change.key,
        "artifact_digest": "sha256:" + "0" * 64,
        "environment_url": "https://payments.example.org",
        "pipeline": {"provider": "github", "run_url": "https://ci.example.org/1", "actor": "octocat"},
        "checks": {
            "code_review": "passed",
            "tests": "passed",
            "security_scan": "passed",
            "staging": "passed",
        },
        "policy_hash": body()["policy_hash"],
    }
    response = post(api, URL, sent)
    assert response.status_code == 201, response.content
    row = Deployment.objects.get()
    assert response.json() == {
        "key": row.key,
        "decision": "allowed",
        "reasons": [],
        "change": change.key,
        "state": "registered",
        "url": f"http://127.0.0.1:8000/deployments/{row.key}/",
        "service": "payments-api",
        "environment": "production",
        "version": "2.14.0",
        "registration": "ahead",
        "break_glass": None,
    }
    assert response["Location"] == f"{URL}{row.key}/"
    assert "Retry-After" not in response


@pytest.mark.parametrize("url", [URL, URL.rstrip("/")])
def test_both_slash_forms_work(cast: Cast, api: Client, url: str) -> None:
    assert post(api, url, body(environment="staging")).status_code == 201


def test_a_change_that_does_not_fit_is_recorded_with_201(cast: Cast, api: Client) -> None:
    response = post(api, URL, body(change=changing.draft(cast).key))
    assert (response.status_code, response.json()["decision"]) == (201, "blocked")
    assert response.json()["reasons"] == [
        {
            "code": "change_not_submitted",
            "rule": "portal.change_state",
            "detail": response.json()["reasons"][0]["detail"],
        }
    ]


@pytest.mark.parametrize(
    ("state", "decision", "status"),
    [("approved", "allowed", 201), ("in_review", "pending", 409), ("draft", "blocked", 409)],
)
def test_enforce_answers_409_unless_it_is_allowed(
    cast: Cast, api: Client, state: str, decision: str, status: int
) -> None:
    response = post(api, f"{URL}?enforce=1", body(change=changing.in_state(cast, state).key))
    assert (response.status_code, response.json()["decision"]) == (status, decision)
    assert response["Content-Type"] == "application/json"
    assert Deployment.objects.get().decision == decision


def test_a_template_opens_a_change_and_the_answer_says_which(cast: Cast, api: Client) -> None:
    make_approved_template(cast)
    response = post(api, URL, body())
    assert (response.json()["decision"], response.json()["change"]) == ("allowed", Change.objects.get().key)


def test_pending_says_when_to_ask_again(cast: Cast, api: Client) -> None:
    soon = approved(cast, **window(start=timedelta(seconds=90)))
    assert post(api, URL, body(change=soon.key))["Retry-After"] == "91"
    later = approved(cast, **window(start=timedelta(days=1)))
    assert post(api, URL, body(change=later.key))["Retry-After"] == "300"
    assert post(api, URL, body(change=submitted(cast).key))["Retry-After"] == "15"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (body(service="nothing"), ["/service"]),
        (body(environment="nowhere"), ["/environment"]),
        (body(change="CHG-999"), ["/change"]),
        (body(checks={"tsets": "passed"}), ["/checks/tsets"]),
        (body(unknown=1), ["/unknown"]),
        ({}, ["/service", "/environment", "/version"]),
        ([], [""]),
        ("text", [""]),
        (None, [""]),
        (7, [""]),
    ],
    ids=str,
)
def test_bad_input_is_a_400_with_pointers_and_writes_nothing(
    cast: Cast, api: Client, sent: Any, expected: list[str]
) -> None:
    with nothing_written(at_an_edge=True):
        assert pointers(post(api, URL, sent)) == expected


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff\xfe", b'{"version": NaN}', b'{"version": 1e400}', b"[" * 100_000, b'{"a": "\\ud800"}'],
    ids=lambda raw: raw[:20],
)
def test_hostile_bodies_are_a_400(cast: Cast, api: Client, raw: bytes) -> None:
    with nothing_written(at_an_edge=True):
        response = api.post(URL, raw, content_type="application/json")
    assert response.status_code == 400


@pytest.mark.parametrize("query", ["enforce=2", "enforce=yes", "force=1", "page_size=5"])
def test_a_wrong_query_is_a_400(cast: Cast, api: Client, query: str) -> None:
    with nothing_written(at_an_edge=True):
        assert len(pointers(post(api, f"{URL}?{query}", body()))) == 1


@pytest.mark.parametrize(
    ("scopes", "status"), [((), 401), (("deployments:read",), 403), (("changes:write", "gate:read"), 403)]
)
def test_only_a_token_with_the_scope_registers(cast: Cast, scopes: tuple[str, ...], status: int) -> None:
    client = caller(*scopes) if scopes else Client()
    with nothing_written(at_an_edge=True):
        assert post(client, URL, body()).status_code == status
    if status == 403:
        assert AuditEntry.objects.latest("id").outcome == "refused"


def test_a_person_does_not_register(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.requester)
    with nothing_written(at_an_edge=True):
        assert post(client, URL, body()).status_code == 403


# --- statements ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "run-1"}], ids=["plain", "with a key"])
@pytest.mark.parametrize("named", [True, False], ids=["named", "found"])
def test_a_registration_takes_at_most_eight_statements(
    cast: Cast, api: Client, named: bool, headers: dict[str, str]
) -> None:
    change = approved(cast, environments=["staging", "production"])
    post(api, URL, body(environment="staging"))  # the process has read the standard and the token's form
    sent = body(change=change.key) if named else body()
    with CaptureQueriesContext(connection) as seen:
        response = post(api, URL, sent, **headers)
    assert (response.status_code, response.json()["decision"]) == (201, "allowed")
    assert len(domain_statements(seen)) <= 8, domain_statements(seen)


def test_the_number_of_statements_does_not_grow_with_the_tables(cast: Cast, api: Client) -> None:
    change = approved(cast)
    post(api, URL, body(change=change.key))
    with CaptureQueriesContext(connection) as few:
        post(api, URL, body(change=change.key))
    for _ in range(5):
        submitted(cast)
        post(api, URL, body(environment="staging"))
    with CaptureQueriesContext(connection) as many:
        post(api, URL, body(change=change.key))
    assert len(domain_statements(many)) == len(domain_statements(few))


def test_what_happened_already_is_registered_and_found(cast: Cast, api: Client) -> None:
    past = {"late": True, "started_at": "2026-03-02T07:00:00Z"}
    end = {"finished_at": "2026-03-02T08:00:00+00:00", "outcome": "succeeded"}
    sent = body(**past, **end)
    first = post(api, URL, sent, **{"Idempotency-Key": "late-1"})
    again = post(api, URL, sent, **{"Idempotency-Key": "late-1"})
    assert (first.status_code, first.json(), Deployment.objects.count()) == (201, again.json(), 1)
    key = first.json()["key"]
    assert (first.json()["registration"], first.json()["state"]) == ("late", "succeeded")
    shown = api.get(f"{URL}{key}/").json()
    assert (shown["started_at"], shown["finished_at"]) == ("2026-03-02T07:00:00Z", "2026-03-02T08:00:00Z")
    post(api, URL, body())
    found = {
        name: len(api.get(f"{URL}?{name}").json()["results"]) for name in ("registration=late", "change=none")
    }
    assert found == {"registration=late": 1, "change=none": 1}
    assert pointers(post(api, URL, body(started_at="2026-03-02T07:00:00"))) == ["/started_at"]
    assert pointers(post(api, URL, body(started_at="2026-03-02T10:00:00Z"))) == ["/started_at"]


# --- idempotency --------------------------------------------------------------------------------------
def test_the_same_key_gets_the_same_answer_and_one_deployment(cast: Cast, api: Client) -> None:
    change = approved(cast)
    first = post(api, URL, body(change=change.key), **{"Idempotency-Key": "run-1"})
    with nothing_written():
        second = post(api, URL, body(change=change.key), **{"Idempotency-Key": "run-1"})
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert second["Idempotency-Replayed"] == "true"
    assert second["Location"] == first["Location"]
    assert Deployment.objects.count() == 1


def test_a_kept_answer_that_waits_says_again_when_to_ask(cast: Cast, api: Client) -> None:
    change = submitted(cast)
    answers = [post(api, URL, body(change=change.key), **{"Idempotency-Key": "run-1"}) for _ in range(2)]
    assert [(one.json()["decision"], one["Retry-After"]) for one in answers] == [("pending", "15")] * 2


def test_a_409_of_enforce_is_kept_too(cast: Cast, api: Client) -> None:
    sent, url = body(change=changing.draft(cast).key), f"{URL}?enforce=1"
    first = post(api, url, sent, **{"Idempotency-Key": "run-1"})
    second = post(api, url, sent, **{"Idempotency-Key": "run-1"})
    assert (first.status_code, second.status_code, second.json()) == (409, 409, first.json())
    assert Deployment.objects.count() == 1


def test_a_template_opens_one_change_however_often_the_key_comes(cast: Cast, api: Client) -> None:
    make_approved_template(cast)
    answers = [post(api, URL, body(), **{"Idempotency-Key": "run-1"}).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert (Change.objects.count(), Deployment.objects.count()) == (1, 1)


def test_another_body_under_the_same_key_is_a_conflict(cast: Cast, api: Client) -> None:
    post(api, URL, body(environment="staging"), **{"Idempotency-Key": "run-1"})
    with nothing_written(at_an_edge=True):
        second = post(api, URL, body(environment="staging", version="3"), **{"Idempotency-Key": "run-1"})
    assert (second.status_code, second.json()["code"]) == (409, "idempotency_conflict")


# --- reading ------------------------------------------------------------------------------------------
def test_one_deployment_is_shown_whole(cast: Cast, api: Client) -> None:
    registered = post(api, URL, body(environment="staging", pipeline={"actor": "octocat"})).json()
    shown = api.get(f"{URL}{registered['key']}/").json()
    assert registered.items() <= shown.items()
    assert shown["pipeline"] == {"actor": "octocat"}
    assert (shown["registered_at"], shown["started_at"], shown["percent"]) == (
        "2026-03-02T09:30:00Z",
        None,
        0,
    )


def test_a_pending_one_is_decided_anew_at_each_reading(cast: Cast, api: Client) -> None:
    change = submitted(cast)
    key = post(api, URL, body(change=change.key)).json()["key"]
    response = api.get(f"{URL}{key}/")
    assert (response.json()["decision"], response["Retry-After"]) == ("pending", "15")
    for voter in (cast.lead, *cast.board[:2]):
        changing.vote(change, voter)
    response = api.get(f"{URL}{key.lower()}")
    assert (response.json()["decision"], "Retry-After" in response) == ("allowed", False)
    assert Deployment.objects.get().decision == "allowed"


@pytest.mark.parametrize("key", ["DEP-999", "CHG-1", "DEP-" + "9" * 18])
def test_an_unknown_key_is_a_404(cast: Cast, api: Client, key: str) -> None:
    assert api.get(f"{URL}{key}/").status_code == 404
    assert post(api, f"{URL}{key}/events/", {"event": "started"}).status_code == 404


def test_the_list_is_filtered_and_ordered(cast: Cast, api: Client) -> None:
    change = approved(cast)
    first = post(api, URL, body(change=change.key)).json()["key"]
    second = post(api, URL, body(environment="staging", version="3")).json()["key"]
    third = post(api, URL, body(checks=None, change=change.key)).json()["key"]

    def listed(query: str) -> list[str]:
        response = api.get(f"{URL}?{query}")
        assert response.status_code == 200, response.content
        return [one["key"] for one in response.json()["results"]]

    assert listed("") == [third, second, first]
    assert listed("ordering=registered_at") == [first, second, third]
    assert listed("environment=staging") == [second]
    assert listed("service=payments-api&decision=allowed&environment=production") == [first]
    assert listed(f"change={change.key}") == [third, first]
    assert listed("version=3") == [second]
    assert listed("decision=pending") == [third]
    assert listed("state=succeeded") == []
    assert listed("updated_since=2026-03-02T09:30:00Z") == [third, second, first]
    assert listed("updated_since=2026-03-02T09:30:01Z") == []


def test_the_list_is_read_page_by_page(cast: Cast, api: Client) -> None:
    keys = [post(api, URL, body(environment="staging")).json()["key"] for _ in range(5)]
    page, seen = api.get(f"{URL}?page_size=2").json(), []
    while True:
        seen += [one["key"] for one in page["results"]]
        if page["next"] is None:
            break
        page = api.get(page["next"]).json()
    assert seen == keys[::-1]


def test_the_list_counts_nothing_and_takes_few_statements(cast: Cast, api: Client) -> None:
    for _ in range(5):
        post(api, URL, body(environment="staging"))
    with CaptureQueriesContext(connection) as seen:
        api.get(URL)
    statements = domain_statements(seen)
    assert len(statements) <= 3
    assert not [one for one in statements if "COUNT(" in one.upper()]


@pytest.mark.parametrize(
    "query",
    [
        "service=nothing",
        "environment=nowhere",
        "change=CHG-999",
        "change=x",
        "decision=maybe",
        "state=begun",
        "ordering=service",
        "ordering=-registered_at;drop",
        "page_size=0",
        "page_size=201",
        "cursor=abc",
        "updated_since=yesterday",
        "updated_since=2026-03-02T09:30:00",
        "pipeline__actor=octocat",
        "service=%00",
    ],
)
def test_a_wrong_filter_is_a_400(cast: Cast, api: Client, query: str) -> None:
    assert len(pointers(api.get(f"{URL}?{query}"))) == 1


# --- reporting ----------------------------------------------------------------------------------------
def test_a_rollout_by_api_makes_the_change_implemented(cast: Cast, api: Client) -> None:
    change = approved(cast)
    key = post(api, URL, body(change=change.key)).json()["key"]
    url = f"{URL}{key}/events/"
    told = post(api, url, {"event": "started", "id": "1", "at": "2026-03-02T09:30:00Z"}).json()
    assert told == {
        "action": "continue",
        "reasons": [],
        "state": "deploying",
        "decision": "allowed",
        "percent": 0,
        "effect": "applied",
    }
    for percent in (10, 50, 100):
        sent = {
            "event": "rollout",
            "percent": percent,
            "metrics": {"error_rate": 0.004, "latency_p95_ms": 210},
        }
        assert post(api, url, sent).json()["action"] == "continue"
    assert post(api, url, {"event": "verified"}).status_code == 200
    assert post(api, url, {"event": "succeeded"}).json()["state"] == "succeeded"
    assert changing.fresh(change).state == "implemented"
    reports = api.get(url).json()["results"]
    assert [one["event"] for one in reports] == [
        "started",
        "rollout",
        "rollout",
        "rollout",
        "verified",
        "succeeded",
    ]


def test_a_passed_threshold_says_roll_back(cast: Cast, api: Client) -> None:
    key = post(api, URL, body(change=approved(cast).key)).json()["key"]
    url = f"{URL}{key}/events/"
    post(api, url, {"event": "started"})
    told = post(api, url, {"event": "rollout", "percent": 10, "metrics": {"error_rate": 0.02}}).json()
    assert (told["action"], [one["code"] for one in told["reasons"]]) == ("roll_back", ["threshold_passed"])


def test_a_repeated_report_gets_its_answer_again(cast: Cast, api: Client) -> None:
    key = post(api, URL, body(environment="staging")).json()["key"]
    url, sent = f"{URL}{key}/events/", {"event": "started", "id": "1"}
    first = post(api, url, sent)
    with nothing_written():
        assert post(api, url, sent).json() == first.json()
    conflict = post(api, url, {"event": "failed", "id": "1"})
    assert (conflict.status_code, conflict.json()["code"]) == (409, "event_conflict")
    assert DeploymentEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, ["/event"]),
        ({"event": "rollout"}, ["/percent"]),
        ({"event": "started", "at": "2026-03-02T09:30:00"}, ["/at"]),
        ({"event": "started", "at": 7}, ["/at"]),
        ({"event": "started", "at": "2026-03-02T10:00:00Z"}, ["/at"]),
        ({"event": "started", "at": "0001-01-01T00:00:00+14:00"}, ["/at"]),
        ({"event": "started", "metrics": {"speed": 1}}, ["/metrics/speed"]),
        ({"event": "started", "extra": True}, ["/extra"]),
        ([], [""]),
    ],
    ids=str,
)
def test_a_bad_report_is_a_400_and_writes_nothing(
    cast: Cast, api: Client, sent: Any, expected: list[str]
) -> None:
    key = post(api, URL, body(environment="staging")).json()["key"]
    with nothing_written(at_an_edge=True):
        assert pointers(post(api, f"{URL}{key}/events/", sent)) == expected


def test_a_reading_token_does_not_report(cast: Cast, api: Client) -> None:
    key = post(api, URL, body(environment="staging")).json()["key"]
    reader = caller("deployments:read")
    with nothing_written(at_an_edge=True):
        response = post(reader, f"{URL}{key}/events/", {"event": "started"})
    assert response.status_code == 403
