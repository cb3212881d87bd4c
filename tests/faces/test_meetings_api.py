"""Meetings by API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from opsportal.audit.models import AuditEntry
from tests.changing import Cast, make_cast, submitted, vote, window
from tests.makers import NOW, make_token
from tests.reading import as_
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
URL = "/api/v1/cab/meetings/"
CALLED = {
    "board": "board",
    "starts_at": "2026-03-02T09:40:00Z",
    "ends_at": "2026-03-02T11:00:00Z",
    "place": "https://meet.example/cab",
    "rule": "FREQ=WEEKLY",
}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def send(client: Client, url: str, sent: Any, method: str = "post", **headers: str) -> Any:
    return getattr(client, method)(url, json.dumps(sent), content_type="application/json", headers=headers)


def test_a_meeting_from_its_call_to_its_minutes(cast: Cast) -> None:
    member, other = as_(cast.board[0]), as_(cast.board[1])
    called = send(member, URL, CALLED)
    assert (called.status_code, called.json()["state"], called.json()["rule"]) == (
        201,
        "planned",
        "FREQ=WEEKLY;BYDAY=MO",
    )
    key = called.json()["key"]
    assert called["Location"] == f"{URL}{key}/"
    moved = {"starts_at": "2026-03-02T09:10:00Z"}
    edited = send(member, f"{URL}{key}/", moved, "patch", **{"If-Match": called["ETag"]})
    assert (edited.status_code, edited.json()["starts_at"]) == (200, "2026-03-02T09:10:00Z")
    stale = send(member, f"{URL}{key}/", moved, "patch", **{"If-Match": called["ETag"]})
    assert (stale.status_code, stale["Content-Type"]) == (409, "application/problem+json")

    change = vote(submitted(cast, **window()), cast.lead)
    added = send(as_(cast.lead), f"{URL}{key}/agenda/", {"title": "A freeze?", "reason": "Holidays."})
    assert (added.status_code, len(added.json()["results"])) == (201, 2)
    number = key.partition("-")[2]
    matter, by_hand = as_(cast.bystander).get(f"{URL}{number}/agenda/").json()["results"]
    assert (matter["key"], matter["why"], by_hand["title"]) == (change.key, "vote", "A freeze?")
    assert (matter["change"]["risk"], matter["change"]["conflicts"]) == ("medium", [])
    assert {line["rule"] for line in matter["change"]["rules"]} >= {"described", "way-back"}
    assert [stage["approvals"] for stage in matter["stages"]] == [1, 0]

    ballot = {
        "change": change.key.lower(),
        "decision": "approve",
        "content_hash": matter["change"]["content_hash"],
    }
    cast_now = send(member, f"{URL}{key}/decisions/", ballot)
    assert (cast_now.status_code, cast_now.json()["voter"]["name"], cast_now.json()["key"]) == (
        201,
        "Ada",
        change.key,
    )
    send(other, f"{URL}{key}/decisions", ballot)
    assert member.get(f"/api/v1/changes/{change.key}/").json()["state"] == "approved"
    assert [one["voter"]["name"] for one in member.get(f"{URL}{key}/decisions/").json()["results"]] == [
        "Ada",
        "Bea",
    ]
    send(member, f"{URL}{key}/attendance/", {"person": str(cast.board[2].pk), "presence": "excused"})
    held = send(member, f"{URL}{key}/close/", {"minutes": "Short."}).json()
    assert (held["state"], held["minutes"]) == ("held", "Short.")
    assert sorted(one["presence"] for one in held["attendance"]) == ["excused", "present", "present"]
    ahead = member.get(f"{URL}?state=planned&board=board&ordering=starts_at").json()["results"]
    assert [(one["follows"], one["starts_at"]) for one in ahead] == [(key, "2026-03-09T09:40:00Z")]
    entries = member.get("/api/v1/calendar/?from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z&kind=meeting")
    assert [one["key"] for one in entries.json()["results"]] == [key]


def test_refusals_are_problems_on_record(cast: Cast) -> None:
    member = as_(cast.board[0])
    key = send(member, URL, {**CALLED, "starts_at": "2026-03-02T10:00:00Z"}).json()["key"]
    change = vote(submitted(cast), cast.lead)
    ballot = {"change": change.key, "decision": "approve", "content_hash": change.content_hash}
    _, secret = make_token(["changes:write", "changes:read"])
    machine = Client(headers={"authorization": f"Bearer {secret}"})
    with nothing_written(at_an_edge=True):
        for client, path, sent, status in (
            (machine, URL, CALLED, 403),
            (machine, f"{URL}{key}/decisions/", ballot, 403),
            (machine, f"{URL}{key}/agenda/", {"title": "x", "reason": "y"}, 403),
            (as_(cast.bystander), f"{URL}{key}/decisions/", ballot, 409),
            (member, f"{URL}{key}/decisions/", {**ballot, "template": "restart"}, 400),
            (member, f"{URL}{key}/decisions/", {**ballot, "voter": "somebody else"}, 400),
            (member, f"{URL}{key}/decisions/", {**ballot, "decision": "maybe"}, 400),
            (member, f"{URL}{key}/decisions/", {"change": change.key, "decision": "approve"}, 400),
            (member, f"{URL}{key}/decisions/", ballot, 409),
            (member, f"{URL}{key}/close/", {}, 409),
            (member, f"{URL}{key}/cancel/", {}, 400),
            (member, f"{URL}MTG-99999/cancel/", {"reason": "?"}, 404),
            (member, f"{URL}CHG-1/cancel/", {"reason": "?"}, 404),
            (member, URL, {**CALLED, "board": "nobody"}, 400),
            (member, URL, {**CALLED, "starts_at": "2026-03-02T10:00:00"}, 400),
            (as_(cast.bystander), f"{URL}{key}/cancel/", {"reason": "?"}, 403),
        ):
            answer = send(client, path, sent)
            assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), path
    assert AuditEntry.objects.latest("id").outcome == "refused"
    assert member.get(f"{URL}?board=nobody").status_code == 400
    assert member.get(f"{URL}?colour=blue").status_code == 400


def test_something_put_on_the_agenda_is_taken_off_again(cast: Cast) -> None:
    member = as_(cast.board[0])
    key = send(member, URL, CALLED).json()["key"]
    item = send(member, f"{URL}{key}/agenda/", {"title": "x", "reason": "y"}).json()["results"][0]["item"]
    assert as_(cast.bystander).delete(f"{URL}{key}/agenda/{item}/").status_code == 403
    assert member.delete(f"{URL}{key}/agenda/{item}/").status_code == 204
    assert member.delete(f"{URL}{key}/agenda/{item}/").status_code == 404
