"""Votes in the place of a member who is away: by the API, the page of the change and the agenda."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from opsportal.accounts.models import User
from opsportal.approvals.models import Vote
from tests.changing import BOARD, Cast, activate, fresh, make_cast, submitted, vote
from tests.faces.test_changes_api import URL, as_machine, as_person, problem, send
from tests.makers import NOW, away, grant, make_user
from tests.reading import HTMX, as_, shown, text_of
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    cast = make_cast()
    activate(BOARD, version="2")
    return cast


@pytest.fixture
def dan() -> User:
    return make_user(name="Dan Dare")


def approve(person: User, change: Any, **more: str) -> Any:
    body = {"content_hash": fresh(change).content_hash, **more}
    return send(as_(person), "POST", f"{URL}{change.key}/approve/", body)


def test_a_deputy_votes_by_the_api_and_it_says_for_whom(cast: Cast, dan: User) -> None:
    ada = cast.board[0]
    away(ada, dan)
    change = submitted(cast)
    approvals = f"{URL}{change.key}/approvals/"
    (found,) = as_person(dan).get(approvals).json()["results"]
    assert found["stages"][0]["deputies"] == [
        {
            "deputy": {"id": str(dan.pk), "name": "Dan Dare"},
            "principal": {"id": str(ada.pk), "name": "Ada"},
        }
    ]
    assert approve(dan, change).status_code == 200
    (found,) = as_person(dan).get(approvals).json()["results"]
    (cast_vote,) = found["stages"][0]["votes"]
    assert (cast_vote["voter"]["name"], cast_vote["on_behalf_of"]["name"]) == ("Dan Dare", "Ada")


def test_s1_s2_s7_by_proxy_is_refused_by_the_api(cast: Cast, dan: User) -> None:
    ada, bea, _ = cast.board
    change = submitted(cast)
    grant("board", cast.requester)
    eve = make_user()
    away(cast.requester, eve)
    away(ada, dan, days=2)
    away(bea, cast.requester)
    vote(change, dan)
    for person, more, expected in (
        (eve, {}, (403, "forbidden")),
        (cast.requester, {"on_behalf_of": str(bea.pk)}, (403, "forbidden")),
        (ada, {}, (409, "already_voted")),
        (dan, {"on_behalf_of": str(ada.pk)}, (409, "already_voted")),
        (cast.bystander, {"on_behalf_of": str(bea.pk)}, (403, "forbidden")),
    ):
        with nothing_written(at_an_edge=True):
            problem(approve(person, change, **more), *expected)
    another = submitted(cast)
    with time_machine.travel(NOW + timedelta(days=2), tick=False), nothing_written(at_an_edge=True):
        problem(approve(dan, another), 403, "forbidden")


def test_the_page_of_the_change_says_in_whose_place_the_reader_votes(cast: Cast, dan: User) -> None:
    ada = cast.board[0]
    away(ada, dan)
    change = submitted(cast)
    page = shown(as_(dan), f"/changes/{change.key}/")
    assert "Ada is away: you vote in their place." in page
    given = {
        "decision": "approve",
        "content_hash": change.content_hash,
        "on_behalf_of": str(cast.board[0].pk),
    }
    assert as_(dan).post(f"/changes/{change.key}/vote/", given).status_code == 302
    after = shown(as_(cast.bystander), f"/changes/{change.key}/")
    assert "in place of" in after
    assert "Your deputy has voted in your place" in shown(as_(cast.board[0]), f"/changes/{change.key}/")


def test_the_agenda_lets_a_member_choose_whose_vote_they_cast(cast: Cast) -> None:
    ada, bea, _ = cast.board
    away(ada, bea)
    change = submitted(cast)
    card = shown(as_(bea), "/cab/")
    assert "Your own vote" in card
    assert "For Ada, who is away" in card
    given = {"decision": "reject", "content_hash": change.content_hash, "on_behalf_of": str(ada.pk)}
    given["comment"] = "Not in her week."
    answer = as_(bea).post(f"/cab/vote/change/{change.key}/", given, headers=HTMX)
    assert "Rejected" in text_of(answer)
    assert Vote.objects.get().on_behalf_of == ada


def test_the_home_page_of_a_deputy_shows_the_vote_that_waits(cast: Cast, dan: User) -> None:
    away(cast.board[0], dan)
    change = submitted(cast)
    assert change.key in shown(as_(dan), "/")
    with time_machine.travel(NOW + timedelta(days=4), tick=False):
        assert "steps wait" not in shown(as_(dan), "/")


# --- conflicts of interest ---------------------------------------------------------------------------


def test_a_conflict_of_interest_is_stated_by_the_api_and_shown(cast: Cast) -> None:
    ada = cast.board[0]
    change = submitted(cast)
    path = f"{URL}{change.key}/recuse/"
    client, machine = as_(ada), as_machine()
    with nothing_written(at_an_edge=True):
        problem(send(client, "POST", path, {}), 400, "invalid")
        problem(send(as_(cast.bystander), "POST", path, {"reason": "No vote."}), 403, "forbidden")
        problem(send(machine, "POST", path, {"reason": "A machine."}), 403, "forbidden")
    assert send(client, "POST", path, {"reason": "My brother sells it."}).status_code == 200
    with nothing_written(at_an_edge=True):
        problem(approve(ada, change), 403, "forbidden")
        problem(send(client, "POST", path, {"reason": "Again."}), 409, "already_recused")
    (found,) = as_(ada).get(f"{URL}{change.key}/approvals/").json()["results"]
    assert found["recusals"] == [
        {
            "person": {"id": str(ada.pk), "name": "Ada"},
            "reason": "My brother sells it.",
            "stated_at": "2026-03-02T09:30:00Z",
        }
    ]


@pytest.mark.parametrize("face", ["page", "agenda"])
def test_a_conflict_of_interest_is_stated_where_one_votes(cast: Cast, face: str) -> None:
    ada = cast.board[0]
    change = submitted(cast)
    path = f"/changes/{change.key}/vote/" if face == "page" else f"/cab/vote/change/{change.key}/"
    given = {"decision": "recuse", "content_hash": change.content_hash}
    client = as_(ada)
    with nothing_written(at_an_edge=True):
        assert client.post(path, given).status_code == 400
    assert client.post(path, {**given, "comment": "My brother sells it."}).status_code == 302
    page = shown(client, f"/changes/{change.key}/")
    assert "You stated a conflict of interest" in page
    assert "My brother sells it." in page
    assert 'value="approve"' not in page
