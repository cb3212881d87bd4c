"""What every list of the API knows: pages, `updated_since`, and names that it does not know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from tests.makers import NOW, make_service, make_user

pytestmark = pytest.mark.django_db
NEEDED = {"/api/v1/measurements/": "figure=error_rate&"}


def administrator() -> Client:
    client = Client()
    client.force_login(make_user(staff=True))
    return client


def lists() -> list[str]:
    """Return the paths of all lists in pages that need nothing in their path."""
    schema = Client().get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    found: dict[str, set[str]] = {}
    for path, operations in schema["paths"].items():
        known: list[dict[str, Any]] = operations.get("get", {}).get("parameters", [])
        if {"cursor", "page_size"} <= (names := {one["name"] for one in known}):
            found[path] = names
    assert [path for path, names in found.items() if "updated_since" not in names] == []
    return [path for path in found if "{" not in path]


def test_every_list_knows_what_changed_since() -> None:
    client = administrator()
    asked = lists()
    assert len(asked) > 40
    for path in asked:
        needed = NEEDED.get(path, "")
        later = client.get(f"{path}?{needed}updated_since=2126-03-02T09:30:00Z")
        assert (later.status_code, later.json().get("results")) == (200, []), path
        naive = client.get(f"{path}?{needed}updated_since=2026-03-02T09:30:00")
        assert [error["pointer"] for error in naive.json()["errors"]] == ["/updated_since"], path


def test_what_has_no_time_of_its_own_is_told_by_its_history() -> None:
    with time_machine.travel(NOW, tick=False):
        client = administrator()
        leaning = {"service": make_service("ledger").slug, "depends_on": make_service("payments").slug}
        made = client.post("/api/v1/dependencies/", {**leaning, "kind": "hard"}, "application/json")
        assert made.status_code == 201, made.content
        for since, count in ((NOW, 1), (NOW + timedelta(seconds=1), 0)):
            answer = client.get("/api/v1/dependencies/", {"updated_since": since.isoformat()})
            assert len(answer.json()["results"]) == count
