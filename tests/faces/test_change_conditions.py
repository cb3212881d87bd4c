"""Conditions of an approval: by the API, on the page of the change and on the agenda."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from changes.models import Change
from opsportal.approvals.models import Condition
from tests.changing import Cast, activate, fresh, make_cast, stage, submitted, vote
from tests.faces.test_changes_api import URL, as_machine, problem, send
from tests.makers import NOW
from tests.reading import as_, shown
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    cast = make_cast()
    activate(stage("board", "board"), version="2")
    return cast


def step(client: Client, change: Change, verb: str, body: object = None) -> Any:
    number = Condition.objects.get().pk
    return send(client, "POST", f"{URL}{change.key}/conditions/{number}/{verb}/", body or {})


def test_a_condition_goes_its_way_by_the_api(cast: Cast) -> None:
    change = submitted(cast)
    ada, rita = as_(cast.board[0]), as_(cast.requester)
    body = {"content_hash": change.content_hash, "conditions": ["Take a snapshot"]}
    assert send(ada, "POST", f"{URL}{change.key}/approve/", body).json()["state"] == "approved"
    seen = rita.get(f"{URL}{change.key}/").json()
    assert "start" not in seen["allowed"]
    assert "on a condition" in seen["next_step"]
    with nothing_written(at_an_edge=True):
        found = problem(send(rita, "POST", f"{URL}{change.key}/start/", {}), 409, "refused_by_rule")
        assert [one["code"] for one in found["reasons"]] == ["condition_open"]
        problem(step(rita, change, "done"), 400, "invalid")
        problem(step(ada, change, "done", {"evidence": "Mine."}), 403, "forbidden")
        problem(step(ada, change, "confirm"), 409, "illegal_move")
    assert step(rita, change, "done", {"evidence": "Snapshot 7."}).json()["state"] == "done"
    machine = as_machine()
    with nothing_written(at_an_edge=True):
        problem(step(rita, change, "confirm"), 403, "forbidden")
        problem(step(machine, change, "confirm"), 403, "forbidden")
    assert step(ada, change, "return", {"reason": "Of last week."}).json()["state"] == "open"
    assert step(rita, change, "done", {"evidence": "Snapshot 8."}).status_code == 200
    assert step(ada, change, "confirm").json()["state"] == "confirmed"
    (shown_one,) = rita.get(f"{URL}{change.key}/conditions/").json()["results"]
    assert (shown_one["text"], shown_one["stage"], shown_one["evidence"], shown_one["set_by"]["name"]) == (
        "Take a snapshot",
        "board",
        "Snapshot 8.",
        "Ada",
    )
    assert send(rita, "POST", f"{URL}{change.key}/start/", {}).json()["state"] == "implementing"


def test_an_unknown_condition_is_404_and_an_unknown_name_400(cast: Cast) -> None:
    change = submitted(cast)
    client = as_(cast.requester)
    for number in ("7", "9" * 18):
        path = f"{URL}{change.key}/conditions/{number}/confirm/"
        problem(send(client, "POST", path, {}), 404, "not_found")
    vote(change, cast.board[0], conditions=["Take a snapshot"])
    problem(step(client, change, "done", {"evidence": "x", "proof": "y"}), 400, "invalid")


@pytest.mark.parametrize("face", ["page", "agenda"])
def test_a_yes_on_conditions_is_given_where_one_votes(cast: Cast, face: str) -> None:
    change = submitted(cast)
    ada, rita = as_(cast.board[0]), as_(cast.requester)
    path = f"/changes/{change.key}/vote/" if face == "page" else f"/cab/vote/change/{change.key}/"
    given = {"decision": "conditional", "content_hash": change.content_hash}
    with nothing_written(at_an_edge=True):
        assert ada.post(path, given).status_code == 400
        bad = ada.post(path, {**given, "decision": "reject", "conditions": "Take a snapshot"})
        assert bad.status_code == 400
    lines = "Take a snapshot\r\n\r\nWarn the desk"
    assert ada.post(path, {**given, "conditions": lines}).status_code == 302
    assert list(Condition.objects.values_list("text", flat=True)) == ["Take a snapshot", "Warn the desk"]
    page = shown(rita, f"/changes/{change.key}/")
    assert "Conditions of the approval" in page
    assert page.count("What shows that it is met") == 2
    assert f"/changes/{change.key}/do/start/" not in page
    assert "Meet the condition: Take a snapshot" in shown(rita, "/obligations/")


def test_a_condition_is_met_and_confirmed_on_the_page(cast: Cast) -> None:
    change = vote(submitted(cast), cast.board[0], conditions=["Take a snapshot"])
    at = f"/changes/{change.key}/conditions/{Condition.objects.get().pk}"
    ada, bea, rita = as_(cast.board[0]), as_(cast.board[1]), as_(cast.requester)
    with nothing_written(at_an_edge=True):
        assert rita.post(f"{at}/done/").status_code == 400
        assert rita.post(f"{at}/explode/").status_code == 404
    assert "Withdraw it" in shown(ada, f"/changes/{change.key}/")
    assert "Withdraw it" not in shown(bea, f"/changes/{change.key}/")
    assert rita.post(f"{at}/done/", {"evidence": "Snapshot 7."}).status_code == 302
    assert "Confirm that it is met" not in shown(rita, f"/changes/{change.key}/")
    assert "Snapshot 7." in shown(bea, f"/changes/{change.key}/")
    assert bea.post(f"{at}/confirm/").status_code == 302
    assert Condition.objects.get().state == "confirmed"
    assert f"/changes/{change.key}/do/start/" in shown(rita, f"/changes/{change.key}/")
    assert fresh(change).state == "approved"


def test_the_back_office_looks_at_them(cast: Cast) -> None:
    vote(submitted(cast), cast.board[0], conditions=["Take a snapshot"])
    admin = cast.manager
    type(admin).objects.filter(pk=admin.pk).update(is_staff=True)
    for model in ("condition", "recusal", "vote"):
        assert as_(admin).get(f"/admin/approvals/{model}/").status_code == 200
