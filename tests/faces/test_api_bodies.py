"""The REST edge: a wrong body, query or token gets a problem with field and reason, writing nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from opsportal.api.idempotency import answers_prune
from opsportal.api.models import IdempotencyRecord
from opsportal.audit.models import AuditEntry
from opsportal.catalog.models import Service
from opsportal.core.clock import edge_now
from tests.makers import make_team, make_token, make_user

pytestmark = pytest.mark.django_db
URL = "/api/v1/services/"
MEBIBYTE = 1_048_576


@pytest.fixture
def bearer() -> dict[str, str]:
    _, secret = make_token(["catalog:read", "catalog:write"], now=edge_now())
    return {"authorization": f"Bearer {secret}"}


def post(client: Client, body: bytes, headers: dict[str, str], content_type: str = "application/json") -> Any:
    return client.post(URL, data=body, content_type=content_type, headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"not json",
        b'{"slug": NaN}',
        b'{"slug": Infinity}',
        b"\xef\xbb\xbf{}",
        '{"slug": "a"}'.encode("utf-16"),
        b'{"slug": "\xff"}',
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"slug": 1' + b"0" * 5000 + b"}",
        b"[]",
        b'"text"',
        b"null",
        b"7",
    ],
    ids=[
        "cut",
        "empty",
        "words",
        "nan",
        "infinity",
        "bom",
        "utf-16",
        "not-utf-8",
        "deep-list",
        "deep-object",
        "endless-number",
        "list",
        "string",
        "null",
        "number",
    ],
)
def test_a_body_that_is_no_json_object_is_a_400(client: Client, bearer: dict[str, str], body: bytes) -> None:
    before = AuditEntry.objects.count()
    answer = post(client, body, bearer)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 400
    assert problem["instance"] == URL
    assert problem["errors"]
    assert not Service.objects.exists()
    assert AuditEntry.objects.count() == before


def test_ten_megabytes_are_a_413(client: Client, bearer: dict[str, str]) -> None:
    answer = post(client, b'{"slug": "' + b"x" * 10 * MEBIBYTE + b'"}', bearer)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_another_content_type_is_a_415(client: Client, bearer: dict[str, str]) -> None:
    answer = post(client, b"slug=a", bearer, "application/x-www-form-urlencoded")
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "a\x00b", "control_characters"),
        ("name", 7, "not_text"),
        ("name", ["a"], "not_text"),
        ("name", "x" * 5000, "too_long"),
        ("tier", "purple", None),
        ("tier", {"a": 1}, None),
        ("slug", "Not a slug", None),
        ("owner_team", "nobody", None),
        ("links", "text", None),
        ("surprise", 1, "unknown"),
    ],
)
def test_a_wrong_field_is_named(
    client: Client, bearer: dict[str, str], field: str, value: object, code: str | None
) -> None:
    team = make_team("payments")
    body = {
        "slug": "payments-api",
        "name": "Payments",
        "tier": "core",
        "data_classification": "internal",
        "owner_team": team.slug,
        field: value,
    }
    answer = post(client, json.dumps(body).encode(), bearer)
    assert answer.status_code == 400
    errors = answer.json()["errors"]
    assert [error["pointer"].split("/")[1] for error in errors] == [field]
    assert code is None or [error["code"] for error in errors] == [code]
    assert not Service.objects.exists()


def test_a_wrong_choice_is_told_with_those_that_there_are(client: Client, bearer: dict[str, str]) -> None:
    errors = post(client, b'{"tier": "purple"}', bearer).json()["errors"]
    told = {error["pointer"]: error["detail"] for error in errors}
    assert told["/tier"] == "Must be one of: critical, core, supporting."


@pytest.mark.parametrize(
    "query", ["page_size=0", "page_size=201", "page_size=-1", "page_size=1e9", "page_size=x"]
)
def test_a_wrong_page_size_is_a_400(client: Client, bearer: dict[str, str], query: str) -> None:
    answer = client.get(f"{URL}?{query}", headers=bearer)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/page_size")


@pytest.mark.parametrize(
    "query",
    [
        "ordering=owner__password",
        "owner__password__startswith=a",
        "cursor=%00",
        "cursor=xyz",
        "updated_since=yesterday",
        "updated_since=2026-01-01T00:00:00",
        "updated_since=1223-01-01T00:00:00Z",
    ],
)
def test_a_wrong_query_is_a_400(client: Client, bearer: dict[str, str], query: str) -> None:
    assert client.get(f"{URL}?{query}", headers=bearer).status_code == 400


def test_an_unknown_path_is_a_404_problem(client: Client, bearer: dict[str, str]) -> None:
    answer = client.get("/api/v1/nothing-here/", headers=bearer)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_wrong_method_is_a_405_problem(client: Client, bearer: dict[str, str]) -> None:
    answer = client.delete(URL, headers=bearer)
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")


def test_both_slash_forms_work_without_a_redirect(client: Client, bearer: dict[str, str]) -> None:
    make_team("payments")
    for number, url in enumerate([URL, URL.rstrip("/")]):
        body = {
            "slug": f"service-{number}",
            "name": "A",
            "tier": "core",
            "data_classification": "internal",
            "owner_team": "payments",
        }
        answer = client.post(url, json.dumps(body), content_type="application/json", headers=bearer)
        assert answer.status_code == 201


def test_a_token_without_the_scope_is_a_403_that_names_it(client: Client) -> None:
    _, secret = make_token(["catalog:read"], now=edge_now())
    answer = post(client, b"{}", {"authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert "catalog:write" in answer.json()["detail"]
    refusal = AuditEntry.objects.get(action="request.refused")
    assert (refusal.outcome, refusal.object_key) == ("refused", URL)


def test_without_a_token_it_is_a_401(client: Client) -> None:
    answer = client.get(URL)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_session_writes_only_with_its_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(staff=True))
    answer = post(client, b"{}", {})
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")


def test_a_correlation_id_is_taken_and_returned(client: Client, bearer: dict[str, str]) -> None:
    answer = client.get(URL, headers={**bearer, "x-correlation-id": "build-77"})
    assert answer["X-Correlation-ID"] == "build-77"
    assert len(client.get(URL, headers=bearer)["X-Correlation-ID"]) == 32


def test_the_same_key_gets_the_same_answer_once(client: Client, bearer: dict[str, str]) -> None:
    make_team("payments")
    body = {
        "slug": "payments-api",
        "name": "Payments",
        "tier": "core",
        "data_classification": "internal",
        "owner_team": "payments",
    }
    headers = {**bearer, "idempotency-key": "run-77"}
    first = post(client, json.dumps(body).encode(), headers)
    second = post(client, json.dumps(body).encode(), headers)
    other = post(client, json.dumps({**body, "name": "Other"}).encode(), headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert Service.objects.count() == 1


def test_a_refused_request_may_be_repeated_with_the_same_key(client: Client, bearer: dict[str, str]) -> None:
    body = {
        "slug": "payments-api",
        "name": "Payments",
        "tier": "core",
        "data_classification": "internal",
        "owner_team": "payments",
    }
    headers = {**bearer, "idempotency-key": "run-78"}
    assert post(client, json.dumps(body).encode(), headers).status_code == 400
    make_team("payments")
    assert post(client, json.dumps(body).encode(), headers).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "ключ"])
def test_a_malformed_idempotency_key_is_a_400(client: Client, bearer: dict[str, str], key: str) -> None:
    answer = client.post(
        URL, b"{}", content_type="application/json", HTTP_IDEMPOTENCY_KEY=key, headers=bearer
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "idempotency_key")


def test_an_answer_is_kept_for_seven_days(client: Client, bearer: dict[str, str]) -> None:
    make_team("payments")
    body = {
        "slug": "payments-api",
        "name": "Payments",
        "tier": "core",
        "data_classification": "internal",
        "owner_team": "payments",
    }
    first = post(client, json.dumps(body).encode(), {**bearer, "idempotency-key": "run-79"})
    kept = IdempotencyRecord.objects.get()
    assert answers_prune(now=kept.created_at + timedelta(days=7)) == 0
    again = post(client, json.dumps(body).encode(), {**bearer, "idempotency-key": "run-79"})
    assert again.content == first.content
    assert answers_prune(now=kept.created_at + timedelta(days=7, seconds=1)) == 1
