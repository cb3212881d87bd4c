"""Signing in to the API with a bearer token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from opsportal.accounts.services import service_account_disable, token_revoke
from tests.makers import NOW, ROOT, make_token, make_user
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
URL = "/api/v1/services/"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def get(header: str, client: Client | None = None) -> Any:
    return (client or Client()).get(URL, headers={"Authorization": header})


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_a_good_token_comes_in(scheme: str) -> None:
    _, secret = make_token(["catalog:read"])
    assert get(f"{scheme} {secret}").status_code == 200


def test_a_request_with_a_token_asks_the_database_once_for_it(django_assert_num_queries: Any) -> None:
    _, secret = make_token(["catalog:read"])
    with django_assert_num_queries(2):  # the token, the list
        assert get(f"Bearer {secret}").status_code == 200


def test_a_token_is_refused_when_revoked_expired_or_its_account_is_disabled() -> None:
    revoked, revoked_secret = make_token(["catalog:read"])
    token_revoke(actor=ROOT, now=NOW, token_id=revoked.pk)
    _, expired_secret = make_token(["catalog:read"], now=NOW - timedelta(days=400))
    _, disabled_secret = make_token(["catalog:read"], account="old")
    service_account_disable(actor=ROOT, now=NOW, slug="old")
    for secret, word in (
        (revoked_secret, "revoked"),
        (expired_secret, "expired"),
        (disabled_secret, "disabled"),
    ):
        with nothing_written():
            response = get(f"Bearer {secret}")
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == "Bearer"
        assert response["Content-Type"] == "application/problem+json"
        assert word in response.json()["detail"]
        assert secret not in response.content.decode()


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer opk_short",
        "Bearer " + "x" * 47,
        "Bearer ghp_" + "x" * 43,
        "Bearer opk_" + "x" * 43,
        "Bearer opk_" + "x" * 43 + " more",
        "Bearer opk_" + "x" * 20 + "\r\n" + "x" * 21,
        "Bearer opk_" + "é" * 43,
        "Bearer opk_" + "🦊" * 43,
        "Bearer opk_" + "x" * 100_000,
        "Basic dXNlcjpwYXNz",
        "Token opk_" + "x" * 43,
        "opk_" + "x" * 43,
        "",
    ],
)
def test_what_is_no_token_is_refused(header: str) -> None:
    # The header is put where a server would put it: a client would not even send some of these.
    with nothing_written():
        response = Client().get(URL, **{"HTTP_AUTHORIZATION": header})  # type: ignore[arg-type]
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


def test_a_bad_token_never_falls_back_to_the_session() -> None:
    client = Client()
    client.force_login(make_user(staff=True))
    assert client.get(URL).status_code == 200
    for header in ("Bearer opk_" + "x" * 43, "Bearer nonsense", "Basic dXNlcjpwYXNz"):
        assert get(header, client).status_code == 401


def test_a_token_does_only_what_its_scopes_say() -> None:
    _, secret = make_token(["changes:write", "catalog:write"])
    response = get(f"Bearer {secret}")
    assert (response.status_code, response.json()["code"]) == (403, "scope_missing")
    assert "catalog:read" in response.json()["detail"]


def test_the_schema_documents_the_token() -> None:
    schema = Client().get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert schema.status_code == 200
    operations = [one for path in schema.json()["paths"].values() for one in path.values()]
    assert not [one["operationId"] for one in operations if not one.get("summary")]
    assert '"apiToken":{"type":"http","scheme":"bearer"' in schema.content.decode().replace(" ", "").replace(
        "\n", ""
    )
