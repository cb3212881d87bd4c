"""B13, B14, B17, B18 over every address: forged posts, reads that write, fields and headers that lie."""

from __future__ import annotations

import json
import logging
from io import StringIO

import pytest
from django.test import Client
from django.urls import resolve

from opsportal.web.public import is_public
from tests.changing import draft
from tests.deploying import make_stage, pipeline, register
from tests.faces.test_pages_public import all_paths
from tests.makers import make_token
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


def pages() -> list[str]:
    return [path for path in all_paths() if not is_public(path) and not path.startswith(("/api/", "/admin/"))]


def test_no_post_of_a_page_is_taken_without_its_token() -> None:
    """B13."""
    cast = make_stage()
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.requester)
    with nothing_written(at_an_edge=True):
        answers = {path: client.post(path, {"reason": "forged"}).status_code for path in pages()}
    assert {path: status for path, status in answers.items() if status != 403} == {}


def test_reading_every_page_and_the_api_changes_nothing() -> None:
    """B13: no GET has an effect."""
    cast = make_stage()
    change = draft(cast)
    deployment = register(pipeline()).deployment
    person, machine = Client(), Client(headers={"Authorization": f"Bearer {make_token(['changes:read'])[1]}"})
    person.force_login(cast.requester)
    known = [path.replace("CHG-1", change.key).replace("some-slug", "payments-api") for path in pages()]
    known += [f"/deployments/DEP-{deployment.pk}/", "/search/?q=payments", "/changes/?q=x&state=draft"]
    crashed = {}
    with nothing_written(at_an_edge=True):
        for path in known:
            status = person.get(path).status_code
            if status >= 500:
                crashed[path] = status
        for path in ("changes/", f"changes/{change.key}/", f"changes/{change.key}/history/"):
            assert machine.get(f"/api/v1/{path}").status_code == 200
    assert crashed == {}


@pytest.mark.parametrize(
    "field",
    [
        "state",
        "status",
        "approved_by",
        "requester",
        "requester_id",
        "is_staff",
        "id",
        "created_at",
        "content_hash",
    ],
)
def test_a_field_that_is_not_the_callers_to_set_is_refused(field: str) -> None:
    """B14: nothing is taken over by guessing names."""
    cast = make_stage()
    change = draft(cast)
    client = Client()
    client.force_login(cast.requester)
    with nothing_written(at_an_edge=True):
        answer = client.patch(f"/api/v1/changes/{change.key}/", {field: "x"}, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 400),
        ({"Host": "localhost\r\nX-Injected: 1"}, 400),
        ({"X-Forwarded-Host": "evil.example"}, 200),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.1"}, 200),
    ],
)
def test_headers_of_a_proxy_that_is_not_ours_change_nothing(headers: dict[str, str], status: int) -> None:
    """B17."""
    answer = Client().get("/accounts/login/", headers=headers)
    assert answer.status_code == status
    assert b"evil.example" not in answer.content
    assert "X-Injected" not in answer.headers


def test_nothing_that_a_client_sends_makes_a_second_line_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """B18."""
    written = StringIO()
    (handler,) = (one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler)
    monkeypatch.setattr(handler, "stream", written)
    forged = '\r\n{"level": "info", "event": "all is well"}\x1b[31m'
    client = Client(headers={"User-Agent": forged, "X-Correlation-ID": forged})
    client.get(f"/changes/{forged}/")
    client.post("/accounts/login/", {"login": forged, "password": "correct-horse-battery"})
    told = [json.loads(line) for line in written.getvalue().splitlines()]
    assert len(told) >= 2
    assert not any(one.get("event") == "all is well" for one in told)
    assert "\x1b" not in written.getvalue()
    assert "correct-horse-battery" not in written.getvalue()


def test_every_page_that_is_walked_here_is_really_there() -> None:
    assert len(pages()) > 60
    assert all(resolve(path) for path in pages())
