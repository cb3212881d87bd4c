"""Runbooks by API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.makers import make_token
from tests.services.test_runbook import TEXT, Cast, make_cast, published
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
URL = "/api/v1/runbooks/"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def machine(*scopes: str) -> Client:
    _, secret = make_token(scopes or ["incidents:read", "incidents:write"])
    return Client(headers={"Authorization": f"Bearer {secret}"})


def person(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, path: str, body: Any, method: str = "post", **headers: str) -> Any:
    return getattr(client, method)(
        URL + path, json.dumps(body), content_type="application/json", headers=headers
    )


def test_a_repository_keeps_its_runbooks_here(cast: Cast) -> None:
    client = machine()
    body = {
        "slug": "queue-grows",
        "title": "Queue grows",
        "team": "payments",
        "keeper": str(cast.owner.pk),
        "text": TEXT,
        "services": ["ledger"],
        "alerts": [{"alertname": "QueueGrows"}],
    }
    made = send(client, "", body)
    assert (made.status_code, made["Location"], made["ETag"]) == (201, f"{URL}queue-grows/", '"1"')
    document = made.json()
    assert (document["state"], document["published"], document["text"]) == ("draft", None, TEXT)
    assert send(client, "queue-grows/publish/", {}).json()["published"] == 1
    edited = send(client, "queue-grows/", {"text": TEXT + "!"}, "patch", **{"If-Match": '"2"'})
    assert (edited.json()["latest"], edited.json()["text"]) == (2, TEXT)
    assert send(client, "queue-grows/", {"title": "x"}, "patch", **{"If-Match": '"2"'}).status_code == 409
    kept = send(client, "queue-grows/", {"keeper": cast.owner.email}, "patch").json()
    assert kept["keeper"] == document["keeper"]
    versions = client.get(f"{URL}queue-grows/versions/").json()["results"]
    assert [one["number"] for one in versions] == [2, 1]
    assert [one["slug"] for one in client.get(f"{URL}?service=ledger").json()["results"]] == ["queue-grows"]
    assert client.get(f"{URL}?service=payments-api").json()["results"] == []


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("", {"slug": "x", "title": "X", "team": "nope"}, "/team"),
        ("", {"slug": "x", "title": "X", "team": "payments", "colour": 1}, "/colour"),
        ("", {"slug": "x", "title": "X", "team": "payments", "alerts": [{"a": 1}]}, "/alerts/0/a"),
        ("", {"slug": "runs", "title": "X", "team": "payments"}, "/slug"),
        ("slow-api/runs/", {"incident": "INC-404"}, "/incident"),
    ],
)
def test_bad_input_has_a_pointer_and_writes_nothing(cast: Cast, path: str, body: Any, pointer: str) -> None:
    published(cast)
    client = person(cast.owner)
    with nothing_written(at_an_edge=True):
        answer = send(client, path, body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_people_follow_it_by_api_machines_do_not(cast: Cast) -> None:
    published(cast)
    assert send(machine(), "slow-api/runs/", {}).status_code == 403
    client = person(cast.other)
    run = send(client, "slow-api/runs/", {"occasion": "exercise"})
    assert run.status_code == 201
    path = f"runs/{run.json()['id']}/"
    assert send(client, f"{path}steps/1/do/", {"version": 1}).json()["steps"][0]["state"] == "done"
    assert send(client, f"{path}steps/1/do/", {}).status_code == 409
    assert send(client, f"{path}steps/2/explode/", {}).status_code == 400
    assert send(client, f"{path}complete/", {}).json()["code"] == "steps_open"
    ended = send(client, f"{path}abandon/", {"outcome": "Only an exercise."})
    assert (ended.status_code, ended.json()["state"]) == (200, "abandoned")
    assert len(machine("incidents:read").get(f"{URL}slow-api/runs/").json()["results"]) == 1


def test_a_reading_token_writes_nothing(cast: Cast) -> None:
    client = machine("incidents:read")
    with nothing_written(at_an_edge=True):
        assert send(client, "", {"slug": "x", "title": "X", "team": "payments"}).status_code == 403
