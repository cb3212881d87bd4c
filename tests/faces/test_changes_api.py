"""The API of changes: lists and single ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from changes.services.holding import change_hold
from opsportal.accounts.models import User
from tests.changing import (
    Cast,
    approved,
    draft,
    make_cast,
    submitted,
    window,
)
from tests.makers import NOW, make_token

pytestmark = pytest.mark.django_db
URL = "/api/v1/changes/"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def as_person(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def as_machine(*scopes: str) -> Client:
    _, secret = make_token(scopes or ("changes:read", "changes:write"))
    return Client(headers={"Authorization": f"Bearer {secret}"})


def send(client: Client, method: str, path: str, body: object = None, **headers: str) -> Any:
    data = "" if body is None else json.dumps(body)
    return client.generic(method, path, data, content_type="application/json", headers=headers)


def body(**more: Any) -> dict[str, Any]:
    return {
        "type": "normal",
        "title": "Upgrade the database",
        "description": "From 15 to 16.",
        "rollback_plan": "Restore the snapshot.",
        "services": ["payments-api"],
        "environments": ["production"],
        **more,
    }


def problem(response: Any, status: int, code: str = "") -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = response.json()
    assert told["status"] == status
    if code:
        assert told["code"] == code
    return told


def pointers(response: Any) -> list[str]:
    return sorted(error["pointer"] for error in problem(response, 400)["errors"])


# --- reading -----------------------------------------------------------------------------------------


def test_one_change_is_told_in_full(cast: Cast) -> None:
    change = submitted(cast, **window(), tags=["db"], implementer=str(cast.bystander.pk))
    response = as_person(cast.bystander).get(f"{URL}{change.key}/")
    assert (response.status_code, response["ETag"]) == (200, f'"{change.version}"')
    assert response.json() == {
        "key": change.key,
        "type": "normal",
        "state": "in_review",
        "retrospective": False,
        "retrospective_state": "none",
        "held": None,
        "title": "Upgrade the database",
        "description": "From 15 to 16.",
        "justification": "",
        "risk": "medium",
        "risk_assessment": "",
        "impact": "",
        "plan": "",
        "test_evidence": "",
        "rollback_plan": "Restore the snapshot.",
        "window_start": "2026-03-02T08:30:00Z",
        "window_end": "2026-03-02T10:30:00Z",
        "services": ["payments-api"],
        "environments": ["production"],
        "targets": [{"service": "payments-api", "environment": "production"}],
        "tags": ["db"],
        "requester": {"id": str(cast.requester.pk), "name": "Rita"},
        "implementer": {"id": str(cast.bystander.pk), "name": "Bob"},
        "started_by": None,
        "template": None,
        "activates": "",
        "objection_answer": "",
        "opened_for": "",
        "rolled_back_later_at": None,
        "revision": 1,
        "content_hash": change.content_hash,
        "standard": change.standard_hash,
        "outcome": "",
        "review": "",
        "lessons_learned": "",
        "created_at": "2026-03-02T09:30:00Z",
        "updated_at": "2026-03-02T09:30:00Z",
        "submitted_at": "2026-03-02T09:30:00Z",
        "decided_at": None,
        "started_at": None,
        "finished_at": None,
        "closed_at": None,
        "version": change.version,
        "url": f"/changes/{change.key}/",
        "next_step": "It waits for the votes of Lead.",
        "allowed": ["edit", "withdraw", "hold", "cancel", "comment"],
    }


def test_what_is_allowed_depends_on_who_asks(cast: Cast) -> None:
    change = submitted(cast)
    path = f"{URL}{change.key}/"
    votes = ["approve", "reject", "abstain", "recuse"]
    assert as_person(cast.lead).get(path).json()["allowed"] == [*votes, "comment"]
    assert as_person(cast.board[0]).get(path).json()["allowed"] == ["hold", "comment"]
    assert as_person(cast.bystander).get(path).json()["allowed"] == ["comment"]
    assert as_machine("changes:read").get(path).json()["allowed"] == []


def test_held_says_by_whom_why_and_since_when(cast: Cast) -> None:
    change = submitted(cast)
    change_hold(actor=cast.board[0].actor, now=NOW, pk=change.pk, reason="Wait.")
    told = as_person(cast.lead).get(f"{URL}{change.key}/").json()
    assert told["held"] == {
        "by": {"id": str(cast.board[0].pk), "name": "Ada"},
        "reason": "Wait.",
        "since": "2026-03-02T09:30:00Z",
    }
    assert told["next_step"] == "It is on hold. It goes on when somebody releases it."


@pytest.mark.parametrize("path", ["CHG-999999", "CHG-0", "DEP-1", "chg-x", "CHG-999999999999999999"])
def test_what_is_not_there_is_404(cast: Cast, path: str) -> None:
    response = as_person(cast.lead).get(f"{URL}{path}/")
    assert response.status_code == 404


def test_a_key_is_read_in_any_case_and_without_a_slash(cast: Cast) -> None:
    change = draft(cast)
    assert as_person(cast.lead).get(f"{URL}{change.key.lower()}").json()["key"] == change.key


def test_filters_leave_what_they_say(cast: Cast) -> None:
    one = draft(cast, title="Rotate the keys", services=["ledger"])
    two = submitted(cast, type="emergency", environments=["staging"], **window())
    three = approved(cast)
    client = as_person(cast.requester)

    def keys(query: str) -> list[str]:
        response = client.get(URL + query)
        assert response.status_code == 200, response.content
        return [item["key"] for item in response.json()["results"]]

    assert keys("") == [three.key, two.key, one.key]
    assert keys("?state=draft") == [one.key]
    assert keys("?state=draft&state=approved") == [three.key, one.key]
    assert keys("?type=emergency") == [two.key]
    assert keys("?service=ledger") == [one.key]
    assert keys("?environment=staging") == [two.key]
    assert keys("?service=payments-api&environment=production") == [three.key]
    assert keys("?service=ledger&environment=staging") == []
    assert keys("?requester=me") == [three.key, two.key, one.key]
    assert keys(f"?requester={cast.lead.pk}") == []
    assert keys("?search=rotate") == [one.key]
    assert keys(f"?search={two.key}") == [two.key]
    assert keys("?updated_since=2026-03-02T09:30:00Z") == [three.key, two.key, one.key]
    assert keys("?updated_since=2026-03-02T10:30:00%2B01:00") == [three.key, two.key, one.key]
    assert keys("?updated_since=2026-03-02T09:30:01Z") == []
    assert keys("?ordering=key") == [one.key, two.key, three.key]
    assert keys("?ordering=created_at") == [one.key, two.key, three.key]
    assert keys("?ordering=-window_start") == [two.key]


def test_pages_follow_each_other(cast: Cast) -> None:
    made = [draft(cast, title=f"Change {number}").key for number in range(5)]
    client = as_person(cast.requester)
    seen, link = [], f"{URL}?ordering=key&page_size=2"
    while link:
        page = client.get(link).json()
        seen += [item["key"] for item in page["results"]]
        link = page["next"]
    assert seen == made


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("state=open", "/state"),
        ("type=huge", "/type"),
        ("service=nope", "/service"),
        ("environment=moon", "/environment"),
        ("requester=nobody", "/requester"),
        ("requester=00000000-0000-4000-8000-000000000000", "/requester"),
        ("updated_since=2026-03-02T09:30:00", "/updated_since"),
        ("updated_since=soon", "/updated_since"),
        ("ordering=requester__password", "/ordering"),
        ("page_size=201", "/page_size"),
        ("page_size=0", "/page_size"),
        ("cursor=zzz", "/cursor"),
        ("owner__password__startswith=a", "/owner__password__startswith"),
        ("search=%00", "/search"),
    ],
)
def test_a_wrong_query_is_told(cast: Cast, query: str, pointer: str) -> None:
    assert pointers(as_person(cast.lead).get(f"{URL}?{query}")) == [pointer]


def test_a_machine_requests_nothing_itself(cast: Cast) -> None:
    assert pointers(as_machine().get(f"{URL}?requester=me")) == ["/requester"]


def test_a_list_takes_the_same_number_of_queries_however_long(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(8):
        draft(cast, title=f"Change {number}")
    client = as_person(cast.lead)
    with django_assert_max_num_queries(4):  # session, person, changes, targets
        assert len(client.get(URL).json()["results"]) == 8


def test_without_sign_in_or_scope_nothing_is_shown(cast: Cast) -> None:
    change = draft(cast)
    for path in (URL, f"{URL}{change.key}/", f"{URL}{change.key}/history/"):
        problem(Client().get(path), 401)
        problem(as_machine("catalog:read").get(path), 403, "scope_missing")
    problem(send(as_machine("changes:read"), "POST", URL, body()), 403, "scope_missing")
