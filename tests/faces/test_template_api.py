"""Standard-change templates by API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from opsportal.accounts.models import User
from tests.changing import Cast
from tests.deploying import make_approved_template, make_stage
from tests.makers import NOW, make_token
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db

URL = "/api/v1/templates/"
GOOD: dict[str, Any] = {
    "slug": "routine",
    "title": "Routine release",
    "description": "What the pipeline built from main.",
    "risk": "low",
    "plan": "Roll out step by step.",
    "rollback_plan": "Roll back.",
    "valid_until": "2027-03-31",
    "targets": [{"service": "payments-api", "environment": "production"}],
}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_stage()


def person(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, url: str, body: Any, method: str = "post", **headers: str) -> Any:
    call = getattr(client, method)
    return call(url, json.dumps(body), content_type="application/json", headers=headers)


def test_a_template_goes_from_draft_to_an_opened_change(cast: Cast) -> None:
    author, ada, bea = person(cast.lead), person(cast.board[0]), person(cast.board[1])
    made = send(author, URL, GOOD)
    assert (made.status_code, made["Location"]) == (201, f"{URL}routine/")
    document = made.json()
    assert GOOD.items() <= document.items()
    assert (document["state"], document["version"], document["author"]["name"]) == ("draft", 1, "Leo")
    assert send(author, f"{URL}routine/submit/", {}).json()["state"] == "in_review"
    seen = {"content_hash": document["content_hash"]}
    assert send(ada, f"{URL}routine/approve/", seen).json()["state"] == "in_review"
    approved = send(bea, f"{URL}routine/approve/", seen).json()
    assert approved["state"] == "approved"
    assert [vote["decision"] for vote in approved["approvals"][0]["stages"][0]["votes"]] == ["approve"] * 2
    opened = send(person(cast.requester), f"{URL}routine/open/", {})
    assert opened.status_code == 201, opened.content
    change = opened.json()
    assert (change["type"], change["state"], change["title"]) == ("standard", "approved", "Routine release")
    assert opened["Location"] == f"/api/v1/changes/{change['key']}/"


def test_an_edit_takes_a_new_approval(cast: Cast) -> None:
    make_approved_template(cast, "routine")
    author = person(cast.lead)
    response = send(author, f"{URL}routine/", {"plan": "Otherwise."}, "patch", **{"If-Match": '"5"'})
    assert (response.status_code, response.json()["code"]) == (409, "stale")
    version = author.get(f"{URL}routine/").json()["version"]
    response = send(author, f"{URL}routine/", {"plan": "Otherwise."}, "patch", **{"If-Match": f'"{version}"'})
    assert (response.json()["state"], response.json()["revision"]) == ("draft", 2)
    assert response["ETag"] == f'"{version + 1}"'


def test_it_is_rejected_abstained_from_withdrawn_and_retired(cast: Cast) -> None:
    author = person(cast.lead)
    send(author, URL, GOOD)
    send(author, f"{URL}routine/submit/", {})
    assert send(person(cast.board[0]), f"{URL}routine/abstain/", {}).json()["state"] == "in_review"
    assert send(author, f"{URL}routine/withdraw/", {}).json()["state"] == "draft"
    send(author, f"{URL}routine/submit/", {})
    rejected = send(person(cast.board[1]), f"{URL}routine/reject/", {"comment": "Too vague."})
    assert rejected.json()["state"] == "rejected"
    assert send(author, f"{URL}routine/retire/", {"reason": "Never mind."}).json()["state"] == "retired"


def test_the_list_is_filtered(cast: Cast) -> None:
    make_approved_template(cast, "routine")
    send(person(cast.lead), URL, {**GOOD, "slug": "another", "title": "Another"})
    reader = person(cast.bystander)

    def listed(query: str) -> list[str]:
        return [one["slug"] for one in reader.get(f"{URL}?{query}").json()["results"]]

    assert listed("") == ["another", "routine"]
    assert listed("state=approved") == ["routine"]
    assert listed("ordering=-title") == ["routine", "another"]
    assert reader.get(f"{URL}?state=gone").status_code == 400


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"slug": "Has Blanks"}, "/slug"),
        ({"title": ""}, "/title"),
        ({"risk": "none"}, "/risk"),
        ({"valid_until": "soon"}, "/valid_until"),
        ({"valid_until": 20270331}, "/valid_until"),
        ({"valid_until": "2027-02-30"}, "/valid_until"),
        ({"valid_until": "2027-03-31T00:00:00Z"}, "/valid_until"),
        ({"targets": [{"service": "nothing", "environment": "production"}]}, "/targets/0/service"),
        ({"targets": [{"service": "payments-api"}]}, "/targets/0/environment"),
        ({"targets": "all"}, "/targets"),
        ({"author": "me"}, "/author"),
        ({"state": "approved"}, "/state"),
    ],
    ids=str,
)
def test_bad_input_is_a_400_with_its_pointer(cast: Cast, more: dict[str, Any], pointer: str) -> None:
    client = person(cast.lead)
    with nothing_written(at_an_edge=True):
        response = send(client, URL, {**GOOD, **more})
    assert response.status_code == 400, response.content
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_who_may_not_is_told_so(cast: Cast) -> None:
    make_approved_template(cast, "routine")
    bystander = person(cast.bystander)
    for step in ("submit", "withdraw", "retire"):
        with nothing_written(at_an_edge=True):
            assert send(bystander, f"{URL}routine/{step}/", {}).status_code == 403
    _, secret = make_token(["changes:write", "changes:read"])
    machine = Client(headers={"authorization": f"Bearer {secret}"})
    with nothing_written(at_an_edge=True):
        assert send(machine, URL, GOOD).status_code == 403


def test_an_unknown_one_is_a_404(cast: Cast) -> None:
    client = person(cast.lead)
    assert client.get(f"{URL}nothing/").status_code == 404
    for step in ("submit", "approve", "open"):
        sent = {"content_hash": "0" * 64} if step == "approve" else {}
        assert send(client, f"{URL}nothing/{step}/", sent).status_code == 404
