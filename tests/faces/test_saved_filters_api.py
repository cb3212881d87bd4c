"""Filters that people keep, by API."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from changes.models import SavedFilter
from tests.changing import Cast, make_cast
from tests.makers import NOW, join, make_token
from tests.reading import as_
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
URL = "/api/v1/change-filters/"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def send(client: Client, url: str, sent: Any, method: str = "post", **headers: str) -> Any:
    return getattr(client, method)(url, json.dumps(sent), content_type="application/json", headers=headers)


def test_a_filter_is_kept_changed_and_removed(cast: Cast) -> None:
    client = as_(cast.requester)
    body = {"name": "Mine", "state": "open", "mine": True}
    made = send(client, URL, body, **{"Idempotency-Key": "once"})
    assert send(client, URL, body, **{"Idempotency-Key": "once"})["Idempotency-Replayed"] == "true"
    assert (made.status_code, made["ETag"]) == (201, '"1"')
    found = made.json()
    assert (found["query"], found["mine"], found["order"], found["team"]) == (
        "state=open&mine=1",
        True,
        "recent",
        "",
    )
    taken = send(client, URL, body)
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    url = made["Location"]
    changed = send(client, url, {"mine": False, "q": "ledger"}, "patch", **{"If-Match": '"1"'})
    assert (changed.json()["query"], changed.json()["version"]) == ("q=ledger&state=open", 2)
    stale = send(client, url, {"name": "Other", "version": 1}, "patch")
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert client.delete(url, headers={"If-Match": '"1"'}).status_code == 409
    assert client.delete(url, headers={"If-Match": '"2"'}).status_code == 204
    assert not SavedFilter.objects.exists()
    assert client.get(url).status_code == 404


def test_shared_ones_are_read_by_the_team_and_changed_by_their_owner(cast: Cast) -> None:
    join(cast.team, cast.bystander)
    made = send(as_(cast.requester), URL, {"name": "Ours", "q": "x", "team": cast.team.slug})
    url = made["Location"]
    assert as_(cast.bystander).get(url).json()["team"] == cast.team.slug
    assert as_(cast.lead).get(URL).json()["results"] == []
    with nothing_written(at_an_edge=True):
        assert send(as_(cast.bystander), url, {"q": "y"}, "patch").status_code == 403
        assert as_(cast.bystander).delete(url).status_code == 403
        assert send(as_(cast.lead), url, {"q": "y"}, "patch").status_code == 404
        assert as_(cast.lead).delete(url).status_code == 404
    assert send(as_(cast.requester), url, {"team": ""}, "patch").json()["team"] == ""
    assert as_(cast.bystander).get(url).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "x"}, ""),
        ({"name": "", "q": "x"}, "/name"),
        ({"name": "x", "state": "gone"}, "/state"),
        ({"name": "x", "evil": "1"}, "/evil"),
        ({"name": "x", "q": "x", "team": "no-team-of-mine"}, "/team"),
    ],
)
def test_what_is_no_filter_is_refused(cast: Cast, body: dict[str, Any], pointer: str) -> None:
    with nothing_written(at_an_edge=True):
        answer = send(as_(cast.requester), URL, body)
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_token_keeps_none(cast: Cast) -> None:
    token = {"Authorization": f"Bearer {make_token(['changes:read', 'changes:write'])[1]}"}
    assert Client().get(URL, headers=token).json()["results"] == []
    assert send(Client(), URL, {"name": "x", "q": "x"}, **token).status_code == 403


def test_lists_go_by_pages_in_the_order_of_names(cast: Cast) -> None:
    client = as_(cast.requester)
    for name in ("b", "a", "c"):
        send(client, URL, {"name": name, "q": "x"})
    first = client.get(f"{URL}?page_size=2").json()
    rest = client.get(first["next"]).json()
    assert [one["name"] for one in (*first["results"], *rest["results"])] == ["a", "b", "c"]
    assert client.get(f"{URL}?team=x").status_code == 400


def test_the_list_gives_what_was_saved_since(cast: Cast) -> None:
    client = as_(cast.requester)
    with time_machine.travel(NOW, tick=False):
        first = send(client, URL, {"name": "One", "q": "x"}).json()
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        send(client, URL, {"name": "Two", "q": "y"})

    def names(since: str) -> list[str]:
        return [one["name"] for one in client.get(f"{URL}?updated_since={since}").json()["results"]]

    assert (names("2026-03-02T09:30:00Z"), names("2026-03-02T09:30:01Z")) == (["One", "Two"], ["Two"])
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        send(client, f"{URL}{first['id']}/", {"q": "z"}, "patch")
    assert names("2026-03-02T11:00:00Z") == ["One"]
    assert client.get(f"{URL}?updated_since=soon").status_code == 400
