"""Absences and deputies by API: one's own, and anybody's for administrators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from opsportal.accounts.models import Absence, Deputyship, User
from opsportal.accounts.selectors import roles_acted_on
from opsportal.audit.models import AuditEntry
from tests.makers import NOW, away, grant, make_role, make_token, make_user
from tests.reading import as_
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
ABSENCES, DEPUTIES = "/api/v1/absences/", "/api/v1/deputies/"
AHEAD = {"starts_at": "2026-03-09T00:00:00Z", "ends_at": "2026-03-16T00:00:00Z"}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ada() -> User:
    ada = make_user("ada@example.org", name="Ada")
    make_role("board")
    grant("board", ada)
    return ada


@pytest.fixture
def dan() -> User:
    return make_user("dan@example.org", name="Dan")


def send(client: Client, url: str, sent: Any, method: str = "post", **headers: str) -> Any:
    return getattr(client, method)(url, json.dumps(sent), content_type="application/json", headers=headers)


def pointers(answer: Any) -> list[tuple[str, str]]:
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def test_an_absence_is_recorded_moved_with_its_deputy_and_ended(ada: User, dan: User) -> None:
    client = as_(ada)
    made = send(client, ABSENCES, {**AHEAD, "reason": "Skiing"}, **{"Idempotency-Key": "once"})
    again = send(client, ABSENCES, {**AHEAD, "reason": "Skiing"}, **{"Idempotency-Key": "once"})
    assert (made.status_code, made["ETag"], again.json()) == (201, '"1"', made.json())
    assert Absence.objects.count() == 1
    url = made["Location"]
    named = send(client, DEPUTIES, {"deputy": "DAN@example.org", "absence": made.json()["id"]})
    assert (named.status_code, named.json()["deputy"]["name"], named.json()["role"]) == (201, "Dan", "")
    moved = {"starts_at": "2026-03-05T00:00:00Z", "ends_at": "2026-03-20T00:00:00Z"}
    patched = send(client, url, moved, "patch", **{"If-Match": '"1"'})
    assert (patched.status_code, patched.json()["version"], patched.json()["reason"]) == (200, 2, "Skiing")
    assert patched.json()["ends_at"] == "2026-03-20T00:00:00Z"
    stale = send(client, url, moved, "patch", **{"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    row = Deputyship.objects.get()
    assert (row.starts_at.day, row.ends_at and row.ends_at.day, row.version) == (5, 20, 2)
    inside = NOW.replace(day=18)
    assert [held.role for held in roles_acted_on(dan.pk, inside)] == ["board"]
    bound = send(client, f"{DEPUTIES}{row.pk}/", {"ends_at": None}, "patch")
    assert (bound.status_code, bound.json()["code"]) == (409, "of_an_absence")
    assert [one["id"] for one in client.get(ABSENCES).json()["results"]] == [made.json()["id"]]
    assert send(client, f"{url}end/", {"version": 1}).status_code == 409
    assert send(client, f"{url}end/", {"version": 2}).status_code == 204
    assert (Absence.objects.count(), Deputyship.objects.count()) == (0, 0)
    assert client.get(url).status_code == 404
    actions = list(AuditEntry.objects.filter(action__startswith="absence.").values_list("action", flat=True))
    assert sorted(actions) == ["absence.changed", "absence.ended", "absence.recorded"]


def test_what_has_begun_keeps_its_start_and_what_is_over_stays(ada: User) -> None:
    absence = away(ada)
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        client = as_(ada)
        url = f"{ABSENCES}{absence.pk}/"
        with nothing_written(at_an_edge=True):
            sent = send(client, url, {"starts_at": "2026-03-20T00:00:00Z"}, "patch")
            assert pointers(sent) == [("/starts_at", "begun")]
            sent = send(client, url, {"ends_at": "2026-03-01T00:00:00Z"}, "patch")
            assert pointers(sent) == [("/ends_at", "in_the_past")]
            sent = send(client, url, {"ends_at": "2028-03-01T00:00:00Z"}, "patch")
            assert pointers(sent) == [("/ends_at", "too_long")]
        assert send(client, url, {"reason": "Ill"}, "patch").json()["reason"] == "Ill"
        assert send(client, f"{url}end/", {}).status_code == 204
        assert send(client, url, {"reason": "Well"}, "patch").json()["code"] == "over"
        assert client.get(ABSENCES).json()["results"] == []
        assert [one["version"] for one in client.get(f"{ABSENCES}?state=over").json()["results"]] == [3]


def test_two_absences_of_one_person_never_overlap(ada: User) -> None:
    client = as_(ada)
    away(ada)
    later = send(client, ABSENCES, AHEAD).json()
    for method, url in (("post", ABSENCES), ("patch", f"{ABSENCES}{later['id']}/")):
        answer = send(client, url, {"starts_at": "2026-03-03T00:00:00Z", "ends_at": AHEAD["ends_at"]}, method)
        assert (answer.status_code, answer.json()["code"]) == (409, "already_away")


def test_a_standing_deputy_is_named_changed_and_ends_it(ada: User, dan: User) -> None:
    client = as_(ada)
    made = send(client, DEPUTIES, {"deputy": str(dan.pk), "role": "board"})
    url = made["Location"]
    assert (made.json()["role"], made.json()["ends_at"], made.json()["absence"]) == ("board", None, None)
    until = {"ends_at": "2026-06-01T00:00:00Z", "version": 1}
    refused = send(as_(dan), url, until, "patch")
    assert refused.status_code == 403
    assert send(client, url, until, "patch").json()["version"] == 2
    assert send(client, url, until, "patch").status_code == 409
    assert [one["id"] for one in as_(dan).get(DEPUTIES).json()["results"]] == [made.json()["id"]]
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert send(as_(dan), f"{url}end/", {}).status_code == 204
        assert as_(dan).get(DEPUTIES).json()["results"] == []
        assert as_(ada).get(url).json()["version"] == 3


def test_only_ones_own_and_anybodys_for_administrators(ada: User, dan: User) -> None:
    root = make_user(name="Root", staff=True)
    absence = away(ada, dan)
    url = f"{ABSENCES}{absence.pk}/"
    token = {"Authorization": f"Bearer {make_token(['oncall:read', 'oncall:write'])[1]}"}
    with nothing_written(at_an_edge=True):
        assert as_(dan).get(url).status_code == 404
        assert send(as_(dan), url, {"reason": "x"}, "patch").status_code == 404
        assert send(as_(dan), f"{url}end/", {}).status_code == 404
        assert as_(dan).get(f"{ABSENCES}?person=ada@example.org").status_code == 403
        assert send(as_(dan), ABSENCES, {**AHEAD, "person": str(ada.pk)}).status_code == 403
        assert send(as_(dan), DEPUTIES, {"deputy": str(dan.pk), "principal": str(ada.pk)}).status_code == 403
        assert pointers(send(as_(root), ABSENCES, {**AHEAD, "person": "no@example.org"})) == [
            ("/person", "unknown")
        ]
        assert pointers(send(as_(ada), DEPUTIES, {"deputy": str(ada.pk)})) == [("/deputy", "self")]
        assert pointers(send(as_(ada), DEPUTIES, {"deputy": str(dan.pk), "absence": 999})) == [
            ("/absence", "unknown")
        ]
        assert pointers(send(as_(ada), ABSENCES, {**AHEAD, "why": "x"})) == [("/why", "unknown")]
        assert pointers(as_(ada).get(f"{DEPUTIES}?evil=1")) == [("/evil", "unknown")]
        for url_of in (ABSENCES, DEPUTIES, url):
            assert Client().get(url_of, headers=token).status_code in {403, 404}
        assert send(Client(), ABSENCES, AHEAD, **token).status_code == 403
    listed = as_(root).get(f"{ABSENCES}?person={ada.pk}").json()["results"]
    assert [one["person"]["name"] for one in listed] == ["Ada"]
    assert send(as_(root), ABSENCES, {**AHEAD, "person": "ada@example.org"}).status_code == 201
    assert send(as_(root), url, {"reason": "Ill"}, "patch").status_code == 200


def test_an_administrator_does_not_prolong_an_absence_in_which_they_would_stand_in(ada: User) -> None:
    root = make_user(name="Root", staff=True)
    absence = away(ada, root)
    with nothing_written(at_an_edge=True):
        answer = send(as_(root), f"{ABSENCES}{absence.pk}/", {"ends_at": "2026-04-01T00:00:00Z"}, "patch")
        assert answer.status_code == 403


def test_pages_follow_a_cursor(ada: User) -> None:
    for month in (4, 5, 6):
        send(
            as_(ada),
            ABSENCES,
            {"starts_at": f"2026-0{month}-01T00:00:00Z", "ends_at": f"2026-0{month}-09T00:00:00Z"},
        )
    first = as_(ada).get(f"{ABSENCES}?page_size=2&ordering=-start").json()
    rest = as_(ada).get(first["next"]).json()
    found = [one["starts_at"][:7] for one in (*first["results"], *rest["results"])]
    assert (found, rest["next"]) == (["2026-06", "2026-05", "2026-04"], None)


def test_lists_give_what_changed_since(ada: User, dan: User) -> None:
    standing = away(ada, dan, now=NOW - timedelta(hours=1))
    client, since = as_(ada), "2026-03-02T09:30:00Z"
    assert f"{NOW:%H:%M}" == "09:30"
    for url in (ABSENCES, DEPUTIES):
        assert client.get(f"{url}?updated_since={since}").json()["results"] == []
        earlier = client.get(f"{url}?updated_since=2026-03-02T08:30:00Z").json()["results"]
        assert [one["updated_at"] for one in earlier] == ["2026-03-02T08:30:00Z"]
        assert pointers(client.get(f"{url}?updated_since=yesterday")) == [("/updated_since", "not_a_time")]
    send(client, f"{ABSENCES}{standing.pk}/", {"ends_at": "2026-03-20T00:00:00Z"}, "patch")
    for url in (ABSENCES, DEPUTIES):
        assert [
            one["updated_at"] for one in client.get(f"{url}?updated_since={since}").json()["results"]
        ] == [since]
    send(client, f"{ABSENCES}{standing.pk}/end/", {})
    for url in (ABSENCES, DEPUTIES):
        assert len(client.get(f"{url}?updated_since={since}&state=all").json()["results"]) == 1
