"""The status page over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from incidents.models import StatusNotice
from incidents.services.statuspage import component_create
from tests.makers import NOW, ROOT, make_token
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
PATH = "/api/v1/status-notices/"


@pytest.fixture
def machine(db: None) -> Client:
    component_create(actor=ROOT, now=NOW, slug="shop", name="Shop")
    _, secret = make_token(["incidents:read", "incidents:write"])
    return Client(headers={"authorization": f"Bearer {secret}"})


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(path, body, content_type="application/json")


def test_a_machine_opens_a_notice_and_says_a_further_word(machine: Client) -> None:
    made = post(machine, PATH, kind="incident", title="Slow", text="We look.", impacts={"shop": "degraded"})
    assert made.status_code == 201
    assert (made["ETag"], made.json()["components"]) == ('"1"', {"shop": "degraded"})
    path = f"{PATH}{made.json()['id']}/"
    word = {"state": "resolved", "text": "Over.", "version": 1}
    told = post(machine, f"{path}updates/", **word).json()
    assert (told["state"], [one["text"] for one in told["updates"]]) == ("resolved", ["Over.", "We look."])
    with nothing_written(at_an_edge=True):
        assert post(machine, f"{path}updates/", **word).status_code == 409
    assert machine.get(path).json()["version"] == 2
    assert [one["id"] for one in machine.get(f"{PATH}?state=resolved").json()["results"]] == [told["id"]]
    assert machine.get("/api/v1/status-components/").json()["results"][0]["slug"] == "shop"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "party"}, "/kind"),
        ({"impacts": {"shop": "fire"}}, "/impacts/shop"),
        ({"impacts": {"other": "degraded"}}, "/impacts"),
        ({"colour": "red"}, "/colour"),
        ({"starts_at": "2026-03-02T10:00"}, "/starts_at"),
    ],
)
def test_bad_input_names_its_field(machine: Client, change: dict[str, Any], pointer: str) -> None:
    body = {"kind": "incident", "title": "Slow", "text": "We look.", "impacts": {"shop": "degraded"}}
    with nothing_written(at_an_edge=True):
        answer = post(machine, PATH, **(body | change))
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_reading_token_writes_nothing(machine: Client) -> None:
    _, secret = make_token(["incidents:read"])
    reader = Client(headers={"authorization": f"Bearer {secret}"})
    with nothing_written(at_an_edge=True):
        assert post(reader, PATH, kind="incident").status_code == 403
    assert not StatusNotice.objects.exists()
    assert reader.get(f"{PATH}99/").status_code == 404
