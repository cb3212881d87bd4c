"""The API of standards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from opsportal.standards.models import StandardVersion
from tests.makers import NOW, make_token, make_user
from tests.packs import activate, install, own_pack
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
URL = "/api/v1/standards/"


@pytest.fixture
def machine() -> Client:
    _, secret = make_token(["standards:read"])
    return Client(headers={"Authorization": f"Bearer {secret}"})


def got(client: Client, url: str, status: int = 200) -> dict[str, Any]:
    response = client.get(url)
    assert response.status_code == status, response.content
    found: dict[str, Any] = response.json()
    return found


def test_the_active_standard_is_shown_with_its_hashes(machine: Client) -> None:
    standard = activate("acgs")
    response = machine.get(URL + "active/")
    body = response.json()
    assert response.status_code == 200
    assert response["ETag"] == f'"{standard.content_hash}"'
    assert body["hash"] == standard.content_hash
    assert body["policy_hash"] == "cdd01ef066bc6cf2"
    assert (body["name"], body["version"], body["active"]) == ("acgs", "1.0", True)
    assert body["active_since"] == "2026-03-02T09:30:00Z"
    assert (body["document"], body["updated"], body["next_review"]) == (
        "002_405923241d369e39.txt",
        "2025-07-01",
        None,
    )
    assert {"id": "cto", "title": "CTO", "kind": "job"} in body["roles"]


def test_each_rule_is_told_with_its_source_and_in_words(machine: Client) -> None:
    standard = activate("aielon")
    body = got(machine, URL + "active/")
    assert [rule["id"] for rule in body["rules"]] == [rule.id for rule in standard.rules]
    (rule,) = [rule for rule in body["rules"] if rule["id"] == "rollback-error-rate"]
    assert rule == {
        "id": "rollback-error-rate",
        "kind": "target",
        "title": "An error rate above 1 % triggers a rollback",
        "applies_to": ["deployment.rollout"],
        "when": "metric.error_rate > 0.01",
        "demand": {"action": "roll_back"},
        "message": "More than 1 % of the requests fail. Stop, and roll back to the version before.",
        "code": "error_rate",
        "source": {
            "document": "000_245ec85be49ccb91.txt",
            "section": "Rollback Procedures: Triggers",
            "line": 256,
            "quote": "Error rate > 1%",
        },
        "also": [
            {
                "document": "000_245ec85be49ccb91.txt",
                "section": "Rollback Procedures: Rollback Process",
                "line": 262,
                "quote": "Stop deployment / Execute rollback",
            }
        ],
        "reading": "The document's service level asks for far less, 0.01 % of the requests; that is one over"
        " time. What triggers a rollback is said here.",
        "origin": "aielon",
        "replaces": "",
        "reason": "",
        "words": {
            "place": "When a pipeline reports on a rollout",
            "when": "the metric “error_rate” (Failed requests) is above 0.01",
            "demand": "The pipeline is told to roll back.",
        },
    }
    assert body["listed"][0]["reason"]


def test_without_a_standard_it_is_not_available(machine: Client) -> None:
    body = got(machine, URL + "active/", 503)
    assert body["detail"] == "No standard is active; run manage.py standard activate baseline"
    assert got(machine, URL)["results"] == []


def test_standards_are_listed_newest_first(machine: Client) -> None:
    old = activate("baseline")
    new = activate("acgs", now=NOW + timedelta(hours=1))
    rows = got(machine, URL)["results"]
    assert [(row["name"], row["hash"], row["active"]) for row in rows] == [
        ("acgs", new.content_hash, True),
        ("baseline", old.content_hash, False),
    ]
    assert rows[0]["stored_at"] == "2026-03-02T10:30:00Z"
    assert [row["name"] for row in got(machine, URL + "?ordering=stored_at")["results"]] == [
        "baseline",
        "acgs",
    ]
    assert [row["name"] for row in got(machine, URL + "?name=baseline")["results"]] == ["baseline"]
    since = got(machine, URL + "?updated_since=2026-03-02T10:00:00Z")["results"]
    assert [row["name"] for row in since] == ["acgs"]


def test_a_standard_of_old_is_shown_by_its_hash(machine: Client) -> None:
    old = activate("baseline")
    activate("acgs")
    body = got(machine, f"{URL}{old.content_hash}/")
    assert (body["name"], body["active"], body["active_since"]) == ("baseline", False, None)
    assert got(machine, f"{URL}{'0' * 64}/", 404)["code"] == "not_found"


def test_an_inherited_rule_names_the_pack_and_document_that_it_comes_from(machine: Client) -> None:
    install(extends="baseline")
    rule = got(machine, URL + "active/")["rules"][0]
    assert (rule["origin"], rule["source"]["document"]) == ("baseline", "baseline.md")


@pytest.mark.parametrize("url", [URL, URL + "active/", URL + "active"])
def test_a_signed_in_person_reads_too(url: str) -> None:
    activate()
    client = Client()
    client.force_login(make_user())
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("url", [URL, URL + "active/"])
def test_strangers_and_tokens_without_the_scope_are_refused(url: str) -> None:
    activate()
    _, secret = make_token(["changes:read"])
    other = Client(headers={"Authorization": f"Bearer {secret}"})
    assert Client().get(url).status_code == 401
    with nothing_written(at_an_edge=True):
        response = other.get(url)
    assert (response.status_code, response.json()["code"]) == (403, "scope_missing")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?colour=green", "/colour"),
        ("?ordering=name", "/ordering"),
        ("?page_size=0", "/page_size"),
        ("?page_size=201", "/page_size"),
        ("?cursor=x", "/cursor"),
        ("?updated_since=yesterday", "/updated_since"),
        ("?updated_since=2026-01-01T00:00:00", "/updated_since"),
        ("?name=%00", "/name"),
    ],
)
def test_a_wrong_query_is_bad_input(machine: Client, query: str, pointer: str) -> None:
    activate()
    body = got(machine, URL + query, 400)
    assert [error["pointer"] for error in body["errors"]] == [pointer]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written_here(machine: Client, method: str) -> None:
    activate()
    _, secret = make_token(["standards:write"])
    writer = Client(headers={"Authorization": f"Bearer {secret}"})
    with nothing_written(at_an_edge=True):
        response = getattr(writer, method)(URL + "active/", data={}, content_type="application/json")
    assert response.status_code == 405


def test_the_number_of_queries_does_not_grow(
    machine: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        install(version=str(number))
    assert StandardVersion.objects.count() == 5
    with django_assert_max_num_queries(5):
        assert len(got(machine, URL)["results"]) == 5
    with django_assert_max_num_queries(4):
        got(machine, URL + "active/")


def test_a_review_is_recorded_and_what_is_overdue_is_told(machine: Client) -> None:
    activate("aielon")
    row = got(machine, URL)["results"][0]
    assert (row["status"], row["updated"], row["next_review"], row["overdue_since"]) == (
        "Active",
        "2025-11-12",
        "2026-02-12",
        "2026-02-12",
    )
    admin = Client()
    admin.force_login(make_user(staff=True))
    assert post(machine, {"next_review": "2030-01-01"})["status"] == 403
    assert post(admin, {"next_review": "soon"})["errors"][0]["pointer"] == "/next_review"
    assert post(admin, {"next_review": "2020-01-01"})["errors"][0]["code"] == "out_of_range"
    day = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
    body = post(admin, {"next_review": day, "note": "Read it."})
    assert (body["next_review"], body["overdue_since"], body["active"]) == (day, None, True)
    assert [(one["next_review"], one["note"]) for one in body["reviews"]] == [(day, "Read it.")]


def post(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.post(URL + "active/review/", body, content_type="application/json").json()
    return found


def test_an_administrator_proposes_a_pack_and_hears_what_it_leaves_to_be_done() -> None:
    activate("baseline")
    admin = Client()
    admin.force_login(make_user(staff=True))
    shipped = sent(admin, {"name": "acgs"})
    assert (shipped["name"], shipped["active"], shipped["in_flight"]["changes"]) == ("acgs", False, 0)
    assert "cto" in shipped["vacant_roles"]
    own = sent(admin, {"source": own_pack(extends="baseline")})
    assert own["name"] == "own"
    assert got(admin, URL + "active/")["name"] == "baseline"


def test_a_pack_with_faults_is_refused_with_a_pointer_to_each() -> None:
    activate("baseline")
    admin, other = Client(), Client()
    admin.force_login(make_user(staff=True))
    other.force_login(make_user())
    broken = own_pack('[[rule]]\nid = "x"\ncolour = 1\n')
    with nothing_written(at_an_edge=True):
        body = sent(admin, {"source": broken}, 400)
        assert {error["pointer"] for error in body["errors"]} >= {"/x/colour", "/x/source", "/x/title"}
        assert sent(admin, {"source": "["}, 400)["errors"][0]["pointer"] == "/pack"
        assert sent(admin, {"name": "nothing"}, 400)["errors"][0]["pointer"] == "/name"
        assert sent(admin, {}, 400)["errors"][0]["code"] == "one_of_two"
        assert sent(other, {"name": "acgs"}, 403)["status"] == 403


def sent(client: Client, body: dict[str, Any], status: int = 201) -> dict[str, Any]:
    response = client.post(URL, body, content_type="application/json")
    assert response.status_code == status, response.content
    found: dict[str, Any] = response.json()
    return found


def test_the_differences_are_told_rule_by_rule(machine: Client) -> None:
    override = '[[override]]\nrule = "normal-board"\nreason = "Three sit on it."\ndemand.stage.quorum = 3\n'
    own = install(override, extends="baseline")
    told = got(machine, URL + "own/differences/")
    assert (told["base"]["name"], told["own"]["hash"]) == ("baseline", own.content_hash)
    (rule,) = told["rules"]
    assert (rule["id"], rule["kind"], rule["reason"]) == ("normal-board", "changed", "Three sit on it.")
    assert [(one["label"], one["own"]) for one in rule["values"]] == [("quorum", "3")]
    assert rule["source"]["document"] == "baseline.md"
    back = got(machine, f"{URL}baseline/differences/?with={own.content_hash}")
    assert [(one["id"], one["kind"]) for one in back["rules"]] == [("normal-board", "changed")]
    assert got(machine, URL + "baseline/differences/")["base"]["hash"] == own.content_hash
    activate("baseline")
    assert got(machine, URL + "baseline/differences/")["base"] is None
    assert got(machine, URL + "nothing/differences/", 404)["status"] == 404
    assert got(machine, URL + "own/differences/?with=nothing", 400)["errors"][0]["pointer"] == "/with"
