"""The API of incidents: declared, read, worked on, and hidden from outsiders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from tests.faces.test_changes_api import as_machine, as_person, pointers, problem, send
from tests.makers import NOW
from tests.response import acknowledged, declared, incident_fresh, make_crew, resolved, restricted
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
URL = "/api/v1/incidents/"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def got(client: Client, url: str) -> Any:
    response = client.get(url)
    assert response.status_code == 200, response.content
    return response.json()


def test_a_machine_declares_and_acknowledges_for_somebody() -> None:
    crew = make_crew()
    client = as_machine("incidents:write", "incidents:read")
    body = {"title": "The ledger is down", "severity": "P0", "services": ["ledger"], "detected_by": "monitor"}
    made = send(client, "POST", URL, body)
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["severity"], told["state"], made["Location"]) == (
        "sev1",
        "triggered",
        f"{URL}{told['key']}/",
    )
    assert {one["service"] for one in told["affected"] if one["effect"] == "dependant"} == {
        "payments-api",
        "shop",
    }
    step = send(client, "POST", f"{URL}{told['key']}/acknowledge/", {"by": crew.second.email})
    assert step.json()["assignee"]["name"] == "Sol"
    again = send(client, "POST", f"{URL}{told['key']}/acknowledge/", {})
    assert problem(again, 409)["type"].endswith("illegal_move")
    assert again.json()["detail"].endswith("possible: merge, mitigate, resolve.")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"severity": "sev1"}, "/title"),
        ({"title": "x", "severity": "awful"}, "/severity"),
        ({"title": "x", "severity": "sev1", "services": ["nowhere"]}, "/services/0"),
        ({"title": "x", "severity": "sev1", "colour": "red"}, "/colour"),
    ],
)
def test_bad_input_is_named_and_writes_nothing(body: dict[str, Any], where: str) -> None:
    crew = make_crew()
    client = as_person(crew.responder)
    with nothing_written(at_an_edge=True):
        answer = send(client, "POST", URL, body)
    assert pointers(answer) == [where]


def test_steps_show_the_incident_and_a_stale_one_is_refused() -> None:
    crew = make_crew()
    incident = acknowledged(crew)
    client = as_person(crew.responder)
    steps: list[tuple[str, dict[str, Any]]] = [
        ("assess", {"text": "Everybody.", "customer_facing": True, "severity": "sev2"}),
        ("update", {"text": "We are at it.", "kind": "stakeholders"}),
        ("note", {"text": "At nine.", "at": "2026-03-02T09:00:00Z"}),
        ("severity", {"severity": "sev1", "reason": "Worse."}),
        ("assign", {"person": crew.second.email}),
        ("escalate", {"reason": "Help."}),
        ("mitigate", {"text": "Failed over."}),
        ("resolve", {"text": "New disk."}),
        ("report", {"text": "It was full."}),
        ("reopen", {"reason": "Again."}),
    ]
    states = []
    for verb, body in steps:
        answer = send(client, "POST", f"{URL}{incident.key}/{verb}/", body)
        assert answer.status_code == 200, (verb, answer.content)
        states.append(answer.json()["state"])
    assert states == ["acknowledged"] * 6 + ["mitigated", "resolved", "resolved", "triggered"]
    stale = send(client, "POST", f"{URL}{incident.key}/resolve/", {"version": 1})
    assert problem(stale, 409)["type"].endswith("stale")
    kinds = [line["kind"] for line in got(client, f"{URL}{incident.key}/timeline/")["results"]]
    assert kinds[0] == "noted"  # it happened before all else
    assert kinds[-1] == "reopened"


def test_lists_are_filtered_and_unknown_words_are_refused() -> None:
    crew = make_crew()
    declared(crew, severity="sev3", services=["shop"])
    second, third = acknowledged(crew), resolved(crew)
    client = as_person(crew.responder)

    def keys(query: str) -> list[str]:
        return [row["key"] for row in got(client, f"{URL}?{query}")["results"]]

    assert keys("state=open&severity=sev1") == [second.key]
    assert keys("state=open&severity=P0") == [second.key]
    assert keys("state=resolved") == [third.key]
    assert keys("service=ledger") == [third.key, second.key]
    assert keys("assignee=me&state=acknowledged") == [second.key]
    assert keys(f"search={second.key}") == [second.key]
    for query in ("state=dreamt", "severity=sev9", "service=nowhere", "colour=red"):
        assert client.get(f"{URL}?{query}").status_code == 400


def test_roles_tasks_links_and_edits_have_their_places() -> None:
    crew = make_crew()
    incident = declared(crew)
    client = as_person(crew.responder)
    base = f"{URL}{incident.key}/"
    role = send(client, "POST", f"{base}roles/", {"role": "commander", "person": crew.second.email}).json()
    assert got(client, f"{base}roles/")["results"] == [role]
    assert send(client, "POST", f"{base}roles/{role['id']}/end/").json()["results"][0]["until"]
    task = send(client, "POST", f"{base}tasks/", {"title": "Call them"}).json()
    done = send(client, "PATCH", f"{base}tasks/{task['id']}/", {"verb": "finish", "version": 1}).json()
    assert (done["state"], done["version"]) == ("done", 2)
    link = send(client, "POST", f"{base}links/", {"target": "CHG-7", "is_cause": True}).json()
    assert link["url"] == "/changes/CHG-7/"
    assert send(client, "POST", f"{base}links/{link['id']}/remove/").json()["results"] == []
    version = incident_fresh(incident).version
    edited = send(client, "PATCH", base, {"customer_facing": False}, HTTP_IF_MATCH=f'"{version}"')
    assert edited.json()["customer_facing"] is False
    note = send(client, "POST", f"{base}note/", {"text": "At ten."})
    assert note.status_code == 200
    line = got(client, f"{base}timeline/")["results"][-1]
    new = send(client, "PATCH", f"{base}timeline/{line['id']}/", {"text": "At eleven."}).json()
    assert (new["text"], [old["text"] for old in new["before"]]) == ("At eleven.", ["At ten."])


def test_two_are_merged_by_key() -> None:
    crew = make_crew()
    one, other = declared(crew), declared(crew)
    client = as_person(crew.responder)
    answer = send(client, "POST", f"{URL}{one.key}/merge/", {"into": other.key})
    assert (answer.json()["state"], answer.json()["merged_into"]) == ("merged", other.key)
    assert pointers(send(client, "POST", f"{URL}{other.key}/merge/", {"into": "INC-999"})) == ["/into"]


def test_an_outsider_finds_nothing_of_a_restricted_one() -> None:
    crew = make_crew()
    incident, known = restricted(crew), declared(crew)
    outsider, reader = (
        as_person(crew.outsider),
        as_machine("incidents:read", "incidents:write", "compliance:read"),
    )
    for client in (outsider, reader):
        assert [row["key"] for row in got(client, URL)["results"]] == [known.key]
        for place in ("", "timeline/", "tasks/", "roles/", "links/"):
            assert client.get(f"{URL}{incident.key}/{place}").status_code == 404
        assert send(client, "POST", f"{URL}{incident.key}/acknowledge/", {}).status_code == 404
        merged = send(client, "POST", f"{URL}{known.key}/merge/", {"into": incident.key})
        assert pointers(merged) == ["/into"]
        owed = got(client, f"/api/v1/obligations/?subject={incident.key}")
        assert owed["results"] == []
    assert got(as_person(crew.security), f"{URL}{incident.key}/")["visibility"] == "restricted"
