"""Postmortems and action items by API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.makers import make_token
from tests.response import Crew, make_crew, resolved, respond_under
from tests.services.test_postmortem import RULES
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
API = "/api/v1"


@pytest.fixture
def cast() -> Crew:
    cast = make_crew()
    respond_under(*RULES, version="2")
    return cast


def person(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, path: str, body: Any, method: str = "post", **headers: str) -> Any:
    call = getattr(client, method)
    return call(f"{API}{path}", json.dumps(body), content_type="application/json", headers=headers)


def test_a_postmortem_goes_its_way(cast: Crew) -> None:
    incident = resolved(cast, severity="sev1")
    author, other = person(cast.responder), person(cast.outsider)
    made = send(author, "/postmortems/", {"incident": incident.key})
    key = made.json()["key"]
    assert (made.status_code, made["Location"]) == (201, f"{API}/postmortems/{key}/")
    body = {"root_cause": "No limit.", "summary": "It fell over.", "cause": "capacity"}
    edited = send(author, f"/postmortems/{key}/", body, "patch", **{"If-Match": '"1"'})
    assert edited.json()["sections"]["root_cause"] == "No limit."
    assert send(author, f"/postmortems/{key}/", body, "patch", **{"If-Match": '"1"'}).status_code == 409
    item = send(
        other,
        "/action-items/",
        {"postmortem": key, "title": "Limit the queue", "owner": str(cast.responder.pk), "change": "CHG-7"},
    )
    assert (item.status_code, item.json()["change"]) == (201, "CHG-7")
    assert send(author, f"/postmortems/{key}/submit/", {}).json()["state"] == "in_review"
    assert send(author, f"/postmortems/{key}/publish/", {}).status_code == 403
    published = send(other, f"/postmortems/{key}/publish/", {}).json()
    assert published["published"]["content"]["sections"]["root_cause"] == "No limit."
    step = f"/action-items/{item.json()['key']}"
    assert send(author, f"{step}/finish/", {"text": "Done."}).json()["state"] == "done"
    assert send(author, f"{step}/verify/", {}).status_code == 403
    assert send(other, f"{step}/verify/", {}).json()["state"] == "verified"
    listed = other.get(f"{API}/postmortems/?incident={incident.key}").json()["results"]
    assert [one["key"] for one in listed] == [key]


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/postmortems/", {"incident": "INC-404"}, "/incident"),
        ("/postmortems/", {}, "/incident"),
        ("/action-items/", {"postmortem": "PM-404", "title": "x", "owner": "y"}, "/owner"),
    ],
)
def test_bad_input_has_a_pointer(cast: Crew, path: str, body: Any, pointer: str) -> None:
    client = person(cast.responder)
    with nothing_written(at_an_edge=True):
        answer = send(client, path, body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_machine_reads_them_and_opens_action_items_but_writes_no_postmortem(cast: Crew) -> None:
    incident = resolved(cast, severity="sev1")
    _, secret = make_token(["incidents:read", "incidents:write"])
    machine = Client(headers={"Authorization": f"Bearer {secret}"})
    assert send(machine, "/postmortems/", {"incident": incident.key}).status_code == 403
    key = send(person(cast.responder), "/postmortems/", {"incident": incident.key}).json()["key"]
    body = {"postmortem": key, "title": "From a ticket", "owner": str(cast.second.pk)}
    assert send(machine, "/action-items/", body).status_code == 201
    assert machine.get(f"{API}/action-items/?state=open").json()["results"][0]["title"] == "From a ticket"
    assert machine.get(f"{API}/action-items/?colour=red").status_code == 400
