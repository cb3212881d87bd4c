"""The API of obligations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from opsportal.accounts.models import User
from opsportal.audit.models import AuditEntry
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligations_end
from opsportal.obligations.terms import Owner, Subject
from tests.makers import NOW, grant, make_role, make_token, make_user
from tests.owing import HOUR, PORTAL, climbs, owe
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
URL = "/api/v1/obligations/"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org", name="Ada Example")


@pytest.fixture
def client(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def machine() -> Client:
    _, secret = make_token(["compliance:read", "compliance:write"])
    return Client(headers={"Authorization": f"Bearer {secret}"})


def results(client: Client, query: str = "") -> list[dict[str, Any]]:
    response = client.get(URL + query)
    assert response.status_code == 200, response.content
    found: list[dict[str, Any]] = response.json()["results"]
    return found


def rules(client: Client, query: str = "") -> list[str]:
    return [item["rule"] for item in results(client, query)]


def waive(client: Client, pk: int, body: object = None, **headers: str) -> Any:
    data = json.dumps({"reason": "The service is gone."} if body is None else body)
    return client.post(f"{URL}{pk}/waive/", data, content_type="application/json", headers=headers)


def test_one_obligation_is_told_in_full(client: Client, ada: User) -> None:
    row = owe(Owner.user(ada.pk), blocks=["change.close"])
    (item,) = results(client)
    assert item == {
        "id": row.pk,
        "what": "Review the change",
        "state": "open",
        "owed": True,
        "owner": {"kind": "user", "keys": [str(ada.pk)], "name": "Ada Example"},
        "subject": {
            "kind": "change",
            "key": "CHG-7",
            "title": "Upgrade the database",
            "url": item["subject"]["url"],
        },
        "rule": "acgs.review",
        "standard": "5" * 64,
        "source": {"document": "002", "section": "4.2", "line": 7, "quote": "Every change is reviewed."},
        "occurrence": "r1",
        "blocks": ["change.close"],
        "opened_at": "2026-03-02T09:30:00Z",
        "due_at": "2026-03-04T09:30:00Z",
        "breached_at": None,
        "met_at": None,
        "ended_at": None,
        "waiver": "",
        "updated_at": "2026-03-02T09:30:00Z",
        "version": 1,
    }
    response = client.get(f"{URL}{row.pk}")
    assert (response.status_code, response["ETag"], response.json()) == (200, '"1"', item)


def test_owner_me_is_mine_and_my_roles_and_of_what_i_owe(client: Client, ada: User) -> None:
    grant(make_role("cab"), ada)
    owe(Owner.user(ada.pk), rule="mine")
    owe(Owner.role("cab"), rule="board", due=HOUR)
    owe(Owner.role("another"), rule="another")
    assert rules(client, "?owner=me") == ["board", "mine"]
    assert rules(client) == ["board", "mine", "another"]


def test_a_machine_sees_all_but_is_nobody_who_owes(machine: Client) -> None:
    owe(Owner.role("cab"))
    assert rules(machine) == ["acgs.review"]
    response = machine.get(URL + "?owner=me")
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/owner"


def test_filters_by_state_owed_subject_and_time(client: Client) -> None:
    owe(Owner.user("x"), rule="open")
    late = owe(Owner.user("x"), rule="late")
    made_good = owe(Owner.user("x"), rule="made good")
    owe(Owner.user("x"), rule="met", subject=Subject("change", "CHG-8"))
    Obligation.objects.filter(pk__in=[late.pk, made_good.pk]).update(state="breached", breached_at=NOW)
    for rule, key in (("made good", "CHG-7"), ("met", "CHG-8")):
        obligations_end(
            actor=PORTAL,
            now=NOW + HOUR,
            subject_kind="change",
            subject_key=key,
            rule_ids=[rule],
            outcome="met",
        )
    assert rules(client, "?state=open") == ["open"]
    assert rules(client, "?state=breached") == ["late", "made good"]
    assert rules(client, "?state=breached&owed=1") == ["late"]
    assert rules(client, "?state=met") == ["met"]
    assert rules(client, "?state=waived") == []
    assert rules(client, "?subject=chg-8") == ["met"]
    assert rules(client, "?subject=CHG-9") == []
    assert rules(client, "?updated_since=2026-03-02T10:30:00Z") == ["made good", "met"]
    assert {item["rule"]: item["met_at"] for item in results(client, "?state=breached")} == {
        "late": None,
        "made good": "2026-03-02T10:30:00Z",
    }


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?owner=you", "/owner"),
        ("?state=late", "/state"),
        ("?owed=yes", "/owed"),
        ("?updated_since=2026-03-02T10:30:00", "/updated_since"),
        ("?subject=" + "x" * 300, "/subject"),
        ("?subject=%00", "/subject"),
        ("?order=due_at", "/order"),
        ("?ordering=what", "/ordering"),
        ("?page_size=0", "/page_size"),
        ("?page_size=201", "/page_size"),
        ("?cursor=bz1hYmM%3D", "/cursor"),
    ],
)
def test_a_wrong_parameter_is_named(client: Client, query: str, pointer: str) -> None:
    response = client.get(URL + query)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_pages_lead_on_without_repeating_or_losing_any(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        owe(Owner.user("x"), rule=f"rule-{number}", due=timedelta(hours=number))
    seen, url = list[str](), URL + "?page_size=2&ordering=-due_at"
    while url:
        with django_assert_max_num_queries(5):
            page = client.get(url).json()
        seen += [item["rule"] for item in page["results"]]
        url = page["next"]
    assert seen == [f"rule-{number}" for number in (4, 3, 2, 1, 0)]


def test_waiving_with_a_reason_is_answered_with_the_new_state(client: Client, ada: User) -> None:
    grant(make_role("cto", "job"), ada)
    row = owe(Owner.user("x"), climb=climbs((1, "cto")))
    response = waive(client, row.pk, **{"If-Match": '"1"'})
    assert response.status_code == 200
    answer = response.json()
    assert (answer["state"], answer["waiver"], answer["owed"], answer["version"]) == (
        "waived",
        "The service is gone.",
        False,
        2,
    )
    assert response["ETag"] == '"2"'


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/reason"]),
        ({"reason": ""}, ["/reason"]),
        ({"reason": 7}, ["/reason"]),
        ({"reason": "x" * 1001}, ["/reason"]),
        ({"reason": "no\u0000"}, ["/reason"]),
        ({"reason": "yes", "state": "met"}, ["/state"]),
        ({"reason": "yes", "version": "1"}, ["/version"]),
        (["reason"], [""]),
    ],
)
def test_a_wrong_body_is_named_and_writes_nothing(
    client: Client, ada: User, body: object, pointers: list[str]
) -> None:
    grant(make_role("cto", "job"), ada)
    row = owe(Owner.user("x"), climb=climbs((1, "cto")))
    with nothing_written(at_an_edge=True):
        response = waive(client, row.pk, body)
    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == pointers


def test_who_may_not_waive_is_refused_and_the_refusal_is_kept(client: Client, machine: Client) -> None:
    row = owe(Owner.user("x"))
    for who in (client, machine):
        with nothing_written(at_an_edge=True):
            response = waive(who, row.pk)
        assert response.status_code == 403
        assert "waive" in response.json()["detail"]
    assert AuditEntry.objects.filter(outcome="refused").count() == 2


def test_stale_and_over_are_conflicts_and_a_missing_one_is_not_found(client: Client, ada: User) -> None:
    grant(make_role("cto", "job"), ada)
    row = owe(Owner.user("x"), climb=climbs((1, "cto")))
    stale = waive(client, row.pk, **{"If-Match": '"2"'})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert waive(client, row.pk).status_code == 200
    over = waive(client, row.pk)
    assert (over.status_code, over.json()["code"]) == (409, "illegal_move")
    assert waive(client, 4711).status_code == 404
    assert client.get(f"{URL}4711/").status_code == 404
    assert client.get(f"{URL}99999999999999999999/").status_code == 404


def test_without_credentials_or_scope_nothing_is_told() -> None:
    row = owe(Owner.user("x"))
    assert Client().get(URL).status_code == 401
    assert waive(Client(), row.pk).status_code == 401
    _, secret = make_token(["changes:write"])
    other = Client(headers={"Authorization": f"Bearer {secret}"})
    assert other.get(URL).status_code == 403
    assert waive(other, row.pk).status_code == 403
    assert client_methods(other) == [405, 405]


def client_methods(client: Client) -> list[int]:
    _, secret = make_token(["compliance:write", "compliance:read"])
    able = Client(headers={"Authorization": f"Bearer {secret}"})
    return [able.post(URL, "{}", content_type="application/json").status_code, able.delete(URL).status_code]
