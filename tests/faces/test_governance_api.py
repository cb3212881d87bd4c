"""Governance by API: what a scanner sends, what people decide, sign, record and declare."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from compliance.models import Scan, Vulnerability
from opsportal.accounts.models import User
from tests.governing import Organisation, declares, govern_under, make_organisation
from tests.makers import make_token
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
API = "/api/v1"


@pytest.fixture
def cast() -> Organisation:
    return make_organisation()


def person(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, path: str, body: Any = None, **more: Any) -> Any:
    return client.post(f"{API}{path}", body or {}, content_type="application/json", **more)


@pytest.fixture
def machine(cast: Organisation) -> Client:
    _, secret = make_token(["compliance:read", "compliance:write"])
    return Client(headers={"Authorization": f"Bearer {secret}"})


SCAN = {
    "kind": "dependency",
    "service": "pay",
    "tool": "trivy",
    "performed_at": "2026-01-05T03:00:00Z",
    "external_id": "run-1",
    "results": [{"id": "CVE-2026-1", "severity": "high", "title": "Old library"}],
}


def test_a_scanner_sends_what_it_found_and_people_work_on_it(cast: Organisation, machine: Client) -> None:
    first = send(machine, "/scans/", SCAN)
    assert first.status_code == 201, first.content
    assert send(machine, "/scans/", SCAN).status_code == 200
    assert first.json()["counts"]["high"] == 1
    listed = machine.get(f"{API}/vulnerabilities/?state=open&service=pay").json()["results"]
    key = listed[0]["key"]
    engineer, newcomer = person(cast.engineer), person(cast.newcomer)
    fixed = send(engineer, f"/vulnerabilities/{key}/fix/", {"text": "Upgraded"})
    assert fixed.json()["state"] == "fixed"
    assert send(engineer, f"/vulnerabilities/{key}/verify/").status_code == 403
    stale = send(newcomer, f"/vulnerabilities/{key}/verify/", headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert send(newcomer, f"/vulnerabilities/{key}/verify/").json()["state"] == "verified"


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/scans/", {**SCAN, "results": [{"id": "A", "severity": "dire"}]}, "/results/0/severity"),
        ("/scans/", {**SCAN, "performed_at": "2999-01-01T00:00:00Z"}, "/performed_at"),
        ("/scans/", {**SCAN, "performed_at": "2026-01-05T03:00:00"}, "/performed_at"),
        ("/scans/", {**SCAN, "format": "sarif"}, "/results"),
        ("/scans/", {**SCAN, "colour": "red"}, "/colour"),
    ],
)
def test_a_scan_that_is_none_names_the_place(
    machine: Client, path: str, body: dict[str, Any], pointer: str
) -> None:
    with nothing_written(at_an_edge=True):
        answer = send(machine, path, body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not Scan.objects.exists()
    assert not Vulnerability.objects.exists()


def test_an_access_review_is_decided_by_api(cast: Organisation) -> None:
    chief = person(cast.chief)
    key = send(chief, "/access-reviews/", {"note": "Half-yearly"}).json()["key"]
    lines = chief.get(f"{API}/access-reviews/{key}/holdings/?page_size=50").json()["results"]
    assert len(lines) == 7
    mine = next(line for line in lines if line["kind"] == "board")
    assign = f"/access-reviews/{key}/holdings/{mine['number']}/assign/"
    assert send(chief, assign, {"reviewer": mine["person"]}).status_code == 400
    assert send(chief, assign, {"reviewer": str(cast.deputy.pk)}).json()["reviewer"] == str(cast.deputy.pk)
    for line in lines:
        who = person(cast.deputy) if line["person"] == str(cast.chief.pk) else chief
        verb = "revoke" if line["kind"] == "token" else "confirm"
        answer = send(who, f"/access-reviews/{key}/holdings/{line['number']}/{verb}/", {"reason": "Looked"})
        assert answer.status_code == 200, answer.content
    done = send(chief, f"/access-reviews/{key}/complete/")
    assert done.json()["state"] == "completed"
    assert send(person(cast.member), "/access-reviews/").status_code == 403


def test_what_boards_decided_is_recorded_and_corrected(cast: Organisation) -> None:
    member = person(cast.member)
    body = {"board": "board", "question": "One or two?", "outcome": "Two.", "links": ["CHG-1"]}
    key = send(member, "/decisions/", body).json()["key"]
    corrected = send(member, f"/decisions/{key}/correct/", {"outcome": "Three.", "reason": "Misheard"})
    assert [text["outcome"] for text in corrected.json()["texts"]] == ["Two.", "Three."]
    assert member.get(f"{API}/decisions/?board=board").json()["results"][0]["key"] == key


def test_a_checklist_is_gone_through_by_api_but_not_by_a_machine(cast: Organisation, machine: Client) -> None:
    chief = person(cast.chief)
    assert send(chief, "/checklists/daily-operations/adopt/").status_code == 200
    run = send(chief, "/checklists/daily-operations/runs/").json()
    items = chief.get(f"{API}/checklists/daily-operations/").json()["items"]
    answers = [{"item": item["id"], "answer": "ticked"} for item in items]
    assert send(machine, "/checklists/daily-operations/runs/").status_code == 403
    half = send(chief, f"/checklist-runs/{run['id']}/answer/", {"answers": answers[:2]})
    assert len(half.json()["answers"]) == 2
    signed = send(chief, f"/checklist-runs/{run['id']}/sign/", {"answers": answers, "remark": "Quiet"})
    assert signed.json()["state"] == "signed"
    listed = machine.get(f"{API}/checklist-runs/?checklist=daily-operations").json()["results"]
    assert [one["id"] for one in listed] == [run["id"]]


def test_training_requests_and_the_plan_by_api(cast: Organisation, machine: Client) -> None:
    chief = person(cast.chief)
    topic = send(chief, "/training-topics/", {"slug": "security", "title": "Security"}).json()
    assert len(topic["lacking"]) == 5
    held_at = {"topic": "security", "at": "2026-01-05T09:00:00Z"}
    key = send(chief, "/trainings/", held_at).json()["key"]
    held = send(chief, f"/trainings/{key}/hold/", {"attended": [str(cast.engineer.pk)]})
    assert held.json()["attended"] == [str(cast.engineer.pk)]
    assert len(chief.get(f"{API}/training-topics/security/").json()["lacking"]) == 4
    asked = {"kind": "access", "reference": "C-1", "contact": "jane@example.com"}
    request = send(chief, "/person-requests/", asked).json()
    assert "contact" not in request
    assert b"jane@example.com" not in machine.get(f"{API}/person-requests/").content
    listed = person(cast.member).get(f"{API}/person-requests/").json()["results"][0]
    assert (listed["key"], listed["kind"], listed["state"]) == (request["key"], "access", "received")
    assert (request["reference"], listed["reference"], listed["handler"]) == ("C-1", None, None)
    # Who took it in knows whom it is about, whoever handles it.
    handed = {**asked, "handler": str(cast.chief.pk)}
    key = send(person(cast.engineer), "/person-requests/", handed).json()["key"]
    assert person(cast.engineer).get(f"{API}/person-requests/{key}/").json()["reference"] == "C-1"
    assert person(cast.newcomer).get(f"{API}/person-requests/{key}/").json()["reference"] is None
    days = {"number": 1, "title": "Foundation", "first_day": "2026-01-01", "last_day": "2026-02-01"}
    assert send(chief, "/improvement-phases/", days).status_code == 201
    body = {"phase": 1, "title": "Better alerts", "owner": str(cast.engineer.pk)}
    item = send(chief, "/improvements/", body).json()
    assert send(chief, f"/improvements/{item['key']}/finish/", {"text": "Done"}).json()["state"] == "done"
    assert send(chief, "/maturity/", {"level": 3, "target": 4}).json()["level"] == 3


def test_declarations_and_readiness_by_api(cast: Organisation, machine: Client) -> None:
    govern_under(declares("encryption"))
    member = person(cast.member)
    asked = machine.get(f"{API}/declarations/asked/").json()["results"]
    assert [(one["rule"], one["deliverer"]) for one in asked] == [("encryption", "The board")]
    made = send(member, "/declarations/", {"rule": "encryption", "text": "So it is"})
    assert made.status_code == 201
    assert machine.get(f"{API}/declarations/asked/").json()["results"][0]["status"] == "met"
    body = {"item": "traces", "status": "met", "text": "Sampled at one percent"}
    stated = send(person(cast.engineer), "/readiness/pay/", body)
    items = {one["item"]: one["status"] for one in stated.json()["items"]}
    assert (items["traces"], items["logs"], items["alert"]) == ("met", "met", "no_data")
    assert machine.get(f"{API}/readiness/?page_size=10").json()["results"][0]["service"] == "pay"
    assert send(machine, "/readiness/pay/", body).status_code == 403
