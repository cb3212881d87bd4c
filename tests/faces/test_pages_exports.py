"""Lists as CSV files (B7)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from changes.services.deployments import deployment_register
from changes.web.exports import CHANGE_COLUMNS
from opsportal.core.cells import original_cell
from tests.changing import Cast, draft, submitted
from tests.deploying import body, make_stage, pipeline
from tests.makers import NOW
from tests.reading import as_

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_stage()


def exported(client: Client, path: str) -> list[dict[str, str]]:
    response = client.get(path)
    assert response.status_code == 200
    assert response.streaming
    assert response["Content-Type"].startswith("text/csv")
    assert response["Content-Disposition"].startswith('attachment; filename="')
    assert response["X-Content-Type-Options"] == "nosniff"
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_export_holds_all_rows_of_the_filter_newest_first(cast: Cast) -> None:
    one = draft(cast, title="First")
    two = submitted(cast, title="Second", tags=["a", "b"], implementer=str(cast.bystander.pk))
    client = as_(cast.bystander)
    rows = exported(client, "/changes/export.csv")
    assert list(rows[0]) == list(CHANGE_COLUMNS)
    assert [row["key"] for row in rows] == [two.key, one.key]
    assert rows[0]["tags"] == "a; b"
    assert (rows[0]["requester"], rows[0]["implementer"]) == ("Rita", "Bob")
    assert rows[0]["submitted_at"] == "2026-03-02T09:30:00Z"
    assert [row["key"] for row in exported(client, "/changes/export.csv?state=draft")] == [one.key]
    assert exported(client, "/changes/export.csv?q=nothing") == []
    assert client.get("/changes/export.csv?state=gone").status_code == 400


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", '=HYPERLINK("x","y")'])
def test_no_cell_is_a_formula_and_the_text_comes_back(cast: Cast, title: str) -> None:
    draft(cast, title=title)
    (row,) = exported(as_(cast.bystander), "/changes/export.csv")
    assert row["title"].startswith("'")
    assert original_cell(row["title"]) == title


def test_many_rows_are_read_in_chunks(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsportal.web.csv.newest_first.__kwdefaults__", {"size": 2})
    made = [draft(cast, title=f"Number {number}").key for number in range(5)]
    client = as_(cast.bystander)
    with CaptureQueriesContext(connection) as queries:
        rows = exported(client, "/changes/export.csv")
    assert [row["key"] for row in rows] == made[::-1]
    chunks = [q for q in queries.captured_queries if 'FROM "changes_change"' in q["sql"]]
    assert len(chunks) == 3
    assert not [q for q in chunks if "OFFSET" in q["sql"]]


def test_deployments_are_exported_with_their_filter(cast: Cast) -> None:
    one = deployment_register(actor=pipeline(), now=NOW, body=body(version="=2.0")).deployment
    client = as_(cast.bystander)
    (row,) = exported(client, "/deployments/export.csv?decision=blocked")
    assert (row["key"], row["version"], row["service"]) == (one.key, "'=2.0", "payments-api")
    assert exported(client, "/deployments/export.csv?state=failed") == []


def test_nobody_exports_without_signing_in(client: Client) -> None:
    assert client.get("/changes/export.csv").status_code == 302
