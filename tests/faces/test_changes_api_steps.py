"""The API of changes: the steps, by those who may and by those who may not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from changes.models import ChangeComment
from changes.services.comments import change_comment
from opsportal.approvals.models import Vote
from tests.changing import (
    Cast,
    approved,
    draft,
    failed,
    fresh,
    implemented,
    implementing,
    make_cast,
    owed,
    ready_to_close,
    running_ahead,
    scheduled,
    submitted,
    vote,
    window,
)
from tests.faces.test_changes_api import URL, as_machine, as_person, pointers, problem, send
from tests.freezing import make_freeze
from tests.makers import NOW, grant, join
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def step(client: Client, change: Any, verb: str, body: object = None, **headers: str) -> Any:
    return send(client, "POST", f"{URL}{change.key}/{verb}/", body, **headers)


def told(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def refused(client: Client, change: Any, verb: str, body: object, *expected: Any) -> dict[str, Any]:
    """Expect (status, code) and that nothing was written."""
    with nothing_written(at_an_edge=True):
        return problem(step(client, change, verb, body), *expected)


def test_a_change_travels_from_draft_to_closed(cast: Cast) -> None:
    change = draft(cast, **window())
    requester, lead, ada, bea = map(as_person, (cast.requester, cast.lead, *cast.board[:2]))
    assert told(step(requester, change, "submit"))["state"] == "in_review"
    seen = fresh(change).content_hash
    assert told(step(lead, change, "approve", {"content_hash": seen}))["state"] == "in_review"
    assert (
        told(step(ada, change, "approve", {"content_hash": seen, "comment": "Good."}))["state"] == "in_review"
    )
    assert told(step(bea, change, "approve", {"content_hash": seen}))["state"] == "approved"
    assert told(step(requester, change, "schedule", {}))["state"] == "scheduled"
    started = told(step(requester, change, "start"))
    assert (started["state"], started["started_by"]["name"]) == ("implementing", "Rita")
    done = told(step(requester, change, "complete"))
    assert (done["state"], done["outcome"]) == ("implemented", "implemented")
    assert done["allowed"] == ["review", "attest", "close", "comment"]
    told(step(requester, change, "attest", {"duty": "documentation", "evidence": "The wiki."}))
    closed = told(step(requester, change, "close", {"review": "Well.", "lessons_learned": "Much."}))
    assert (closed["state"], closed["closed_at"], closed["allowed"]) == (
        "closed",
        "2026-03-02T09:30:00Z",
        ["comment"],
    )


def test_fail_and_roll_back(cast: Cast) -> None:
    change = implementing(cast)
    client = as_person(cast.requester)
    after = told(step(client, change, "fail", {"reason": "The disk was full."}))
    assert (after["state"], after["allowed"][0]) == ("failed", "roll-back")
    assert told(step(client, change, "roll-back", {}))["state"] == "rolled_back"


def test_withdraw_cancel_hold_and_release(cast: Cast) -> None:
    change = submitted(cast)
    client = as_person(cast.requester)
    assert told(step(client, change, "hold", {"reason": "Wait."}))["held"]["reason"] == "Wait."
    assert told(step(client, change, "release"))["held"] is None
    assert told(step(client, change, "withdraw", {"reason": "Not yet."}))["state"] == "draft"
    assert told(step(client, change, "cancel", {"reason": "Not at all."}))["state"] == "cancelled"


def test_a_step_without_a_slash_and_with_a_key(cast: Cast) -> None:
    change = draft(cast)
    client = as_person(cast.requester)
    path, key = f"{URL}{change.key}/submit", {"Idempotency-Key": "s1"}
    assert told(send(client, "POST", path, None, **key))["state"] == "in_review"
    again = send(client, "POST", path, None, **key)
    assert (told(again)["state"], again["Idempotency-Replayed"]) == ("in_review", "true")
    refused(client, change, "submit", None, 409, "illegal_move")


def test_comments_and_questions(cast: Cast) -> None:
    change = draft(cast)
    response = step(as_person(cast.bystander), change, "comment", {"text": "Why?", "kind": "question"})
    assert response.status_code == 201
    assert response.json() == {
        "id": ChangeComment.objects.get().pk,
        "kind": "question",
        "text": "Why?",
        "mentions": [],
        "groups": [],
        "author": {"id": str(cast.bystander.pk), "name": "Bob"},
        "created_at": "2026-03-02T09:30:00Z",
        "edited_at": None,
        "version": 1,
    }


# --- what is refused ---------------------------------------------------------------------------------


def test_s1_s2_s7_s11_nobody_votes_who_may_not(cast: Cast) -> None:
    grant("lead", cast.requester)
    grant("board", cast.lead)
    change = submitted(cast)
    ballot = {"content_hash": change.content_hash}
    for verb in ("approve", "reject", "abstain"):
        refused(as_person(cast.requester), change, verb, ballot, 403, "forbidden")
        refused(as_person(cast.bystander), change, verb, ballot, 403, "forbidden")
        refused(as_machine(), change, verb, ballot, 403, "forbidden")
    refused(as_person(cast.board[0]), change, "approve", ballot, 409, "stage_not_open")
    told(step(as_person(cast.lead), change, "approve", ballot))
    refused(as_person(cast.lead), change, "approve", ballot, 409, "already_voted")
    told(step(as_person(cast.board[0]), change, "approve", ballot))
    told(step(as_person(cast.board[1]), change, "approve", ballot))
    refused(as_person(cast.board[2]), change, "approve", ballot, 409, "voting_closed")
    assert Vote.objects.count() == 3


def test_s3_an_edit_voids_and_an_old_hash_is_stale(cast: Cast) -> None:
    join(cast.team, cast.board[0])
    change = submitted(cast)
    seen = {"content_hash": change.content_hash}
    told(step(as_person(cast.lead), change, "approve", seen))
    edited = send(as_person(cast.board[0]), "PATCH", f"{URL}{change.key}/", {"plan": "Mine."}).json()
    assert (edited["state"], edited["revision"]) == ("draft", 2)
    refused(as_person(cast.board[1]), change, "approve", seen, 409, "stale")
    now = {"content_hash": edited["content_hash"]}
    refused(as_person(cast.lead), change, "approve", now, 409, "illegal_move")
    told(step(as_person(cast.requester), change, "submit"))
    told(step(as_person(cast.lead), change, "approve", now))
    refused(as_person(cast.board[0]), change, "approve", now, 403, "forbidden")


def test_s4_the_only_approver_does_not_start_it(cast: Cast) -> None:
    join(cast.team, cast.board[0])
    change = submitted(cast, type="emergency")
    told(step(as_person(cast.board[0]), change, "approve", {"content_hash": change.content_hash}))
    refused(as_person(cast.board[0]), change, "start", None, 403, "forbidden")


def test_s6_what_ran_ahead_is_not_closed_without_approval_and_review(cast: Cast) -> None:
    change = running_ahead(cast)
    client = as_person(cast.requester)
    shown = told(step(client, change, "complete"))
    assert (shown["state"], shown["retrospective"], shown["retrospective_state"]) == (
        "implemented",
        True,
        "open",
    )
    problem_ = refused(client, change, "close", {}, 409, "refused_by_rule")
    assert [(reason["code"], reason["rule"]) for reason in problem_["reasons"]] == [
        ("field_missing", "reviewed"),
        ("field_missing", "learned"),
        ("attestation_missing", "documented"),
        ("retrospective_open", "portal.retrospective"),
        ("obligation_open", "in-retrospect"),
        ("obligation_open", "write-review"),
    ]


def test_approve_needs_the_hash_of_what_was_seen(cast: Cast) -> None:
    change = submitted(cast)
    lead = as_person(cast.lead)
    with nothing_written(at_an_edge=True):
        assert pointers(step(lead, change, "approve", {})) == ["/content_hash"]
    refused(as_person(cast.lead), change, "approve", {"content_hash": "0" * 64}, 409, "stale")
    refused(as_person(cast.lead), change, "reject", {"content_hash": "0" * 64}, 409, "stale")
    assert told(step(lead, change, "reject", {"comment": "No."}))["state"] == "rejected"


def test_the_api_takes_a_reject_without_words(cast: Cast) -> None:
    change = submitted(cast)
    assert told(step(as_person(cast.lead), change, "reject", {}))["state"] == "rejected"


def test_missing_fields_are_told_with_pointers_and_rules(cast: Cast) -> None:
    change = draft(cast, description="", rollback_plan="")
    client = as_person(cast.requester)
    with nothing_written(at_an_edge=True):
        response = step(client, change, "submit")
        assert pointers(response) == ["/description", "/rollback_plan"]
        assert "rule described" in response.json()["errors"][0]["detail"]


def test_a_rule_that_refuses_gives_code_rule_and_words(cast: Cast) -> None:
    change = draft(cast, risk="high")
    reasons = refused(as_person(cast.requester), change, "submit", None, 409, "refused_by_rule")["reasons"]
    assert reasons == [
        {"code": "window_needed", "rule": "risky", "detail": "Give a change of high risk a window."}
    ]


def test_outside_the_window_the_reason_says_when(cast: Cast) -> None:
    change = approved(cast, **window(timedelta(hours=1)))
    reasons = refused(as_person(cast.requester), change, "start", None, 409, "refused_by_rule")["reasons"]
    assert [reason["code"] for reason in reasons] == ["window_not_open"]
    assert "2026-03-02 10:30 UTC" in reasons[0]["detail"]


STEPS: dict[str, object] = {
    "submit": None,
    "withdraw": None,
    "schedule": None,
    "start": None,
    "complete": None,
    "fail": None,
    "roll-back": None,
    "close": None,
    "cancel": {"reason": "Stop."},
    "hold": {"reason": "Stop."},
    "release": None,
    "attest": {"duty": "documentation"},
}
ALLOWED = {
    draft: {"submit", "cancel"},
    submitted: {"withdraw", "cancel", "hold"},
    approved: {"withdraw", "schedule", "start", "cancel", "hold"},
    scheduled: {"withdraw", "start", "cancel", "hold"},
    implementing: {"complete", "fail", "hold"},
    implemented: {"attest", "close"},
    failed: {"roll-back", "close"},
    ready_to_close: {"close"},
}


@pytest.mark.parametrize("make", list(ALLOWED))
def test_every_step_that_is_not_possible_is_refused_and_writes_nothing(cast: Cast, make: Any) -> None:
    change = make(cast)
    client = as_person(cast.requester)
    for verb, body in STEPS.items():
        if verb not in ALLOWED[make]:
            with nothing_written(at_an_edge=True):
                # Who does not hold it and sits on no board never releases: that is said first.
                expected = {403} if verb == "release" else {400, 409}
                assert step(client, change, verb, body).status_code in expected, verb


@pytest.mark.parametrize("make", list(ALLOWED))
def test_others_take_no_step(cast: Cast, make: Any) -> None:
    change = make(cast)
    for client in (as_person(cast.bystander), as_machine("changes:read", "changes:write", "gate:read")):
        for verb in ("submit", "withdraw", "schedule", "close", "cancel", "hold", "release", "attest"):
            with nothing_written(at_an_edge=True):
                problem(step(client, change, verb, STEPS[verb]), 403)


@pytest.mark.parametrize("verb", [*STEPS, "approve", "reject", "abstain", "comment"])
def test_unknown_fields_wrong_types_and_old_versions_are_refused(cast: Cast, verb: str) -> None:
    change = draft(cast)
    client = as_person(cast.requester)
    with nothing_written(at_an_edge=True):
        assert "/moon" in pointers(step(client, change, verb, {"moon": 1}))
        assert pointers(step(client, change, verb, [])) == [""]
    if verb in STEPS and verb != "release":
        with nothing_written(at_an_edge=True):
            good = STEPS[verb] or {}
            assert isinstance(good, dict)
            assert "/version" in pointers(step(client, change, verb, {**good, "version": "one"}))
            problem(step(client, change, verb, {**good, "version": 9}), 409, "stale")


@pytest.mark.parametrize("verb", ["cancel", "hold"])
def test_a_reason_is_needed_and_bounded(cast: Cast, verb: str) -> None:
    change = submitted(cast)
    client = as_person(cast.requester)
    with nothing_written(at_an_edge=True):
        for body in ({}, {"reason": ""}, {"reason": 7}, {"reason": "x" * 501}, {"reason": "\x00"}):
            assert pointers(step(client, change, verb, body)) == ["/reason"]


@pytest.mark.parametrize("verb", ["approve", "reject", "abstain"])
def test_a_vote_on_a_draft_is_told_about_as_it_was_cast(cast: Cast, verb: str) -> None:
    change = draft(cast)
    answer = step(as_person(cast.lead), change, verb, {"content_hash": change.content_hash})
    assert answer.json()["code"] == "illegal_move"
    assert answer.json()["detail"].startswith(f"'{verb}' is not possible")


def test_a_step_is_no_get_and_of_an_unknown_change_404(cast: Cast) -> None:
    change = draft(cast)
    client = as_person(cast.requester)
    assert client.get(f"{URL}{change.key}/submit/").status_code == 405
    assert send(client, "POST", f"{URL}CHG-999999/submit/").status_code == 404
    assert send(client, "POST", f"{URL}{change.key}/explode/").status_code == 404


# --- what belongs to a change ------------------------------------------------------------------------


def test_approvals_show_stages_quorums_rules_and_votes(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.lead, comment="Good.")
    vote(change, cast.board[0], "abstain")
    page = as_person(cast.bystander).get(f"{URL}{change.key}/approvals/").json()
    (found,) = page["results"]
    assert (page["next"], page["previous"]) == (None, None)
    assert (found["revision"], found["state"], found["content_hash"]) == (1, "open", change.content_hash)
    lead, board = found["stages"]
    assert lead["votes"] == [
        {
            "voter": {"id": str(cast.lead.pk), "name": "Leo"},
            "on_behalf_of": None,
            "decision": "approve",
            "comment": "Good.",
            "content_hash": change.content_hash,
            "cast_at": "2026-03-02T09:30:00Z",
        }
    ]
    assert {name: board[name] for name in board if name not in {"votes", "waiting_for", "deputies"}} == {
        "id": "board",
        "title": "Board",
        "order": 2,
        "roles": ["board"],
        "quorum": "majority",
        "reject": "ends",
        "state": "open",
        "needed": 2,
        "approvals": 0,
        "rejections": 0,
        "abstentions": 1,
        "rule": "stage-board",
        "quote": "The words of stage-board.",
    }
    assert [person["name"] for person in board["waiting_for"]] == ["Bea", "Cem"]


def test_conflicts_show_what_overlaps(cast: Cast) -> None:
    change, other = submitted(cast, **window()), submitted(cast, title="Rotate the keys", **window())
    page = as_person(cast.bystander).get(f"{URL}{change.key}/conflicts/").json()
    assert page["results"] == [
        {
            "key": other.key,
            "title": "Rotate the keys",
            "state": "in_review",
            "window_start": "2026-03-02T08:30:00Z",
            "window_end": "2026-03-02T10:30:00Z",
            "kind": "same_service",
            "services": ["payments-api"],
        }
    ]


def test_conflicts_show_the_freeze_that_its_window_lies_in(cast: Cast) -> None:
    change = submitted(cast, **window())
    freeze = make_freeze()
    page = as_person(cast.bystander).get(f"{URL}{change.key}/conflicts/").json()
    assert [(one["key"], one["title"]) for one in page["freezes"]] == [(freeze.key, "Quarter's end")]
    assert page["freezes"][0]["pass_roles"] == []
    later = submitted(cast, **window(timedelta(days=3)))
    assert as_person(cast.bystander).get(f"{URL}{later.key}/conflicts/").json()["freezes"] == []


def test_history_tells_newest_first_with_what_people_wrote(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.lead, comment="Good.")
    change_comment(actor=cast.bystander.actor, now=NOW, pk=change.pk, text="Why?")
    page = as_person(cast.bystander).get(f"{URL}{change.key}/history/").json()
    lines = [(one["action"], one["actor"]["name"], one["text"]) for one in page["results"]]
    assert lines[0] == ("change.commented", "Bob", "Why?")
    assert ("approval.voted", "Leo", "Good.") in lines
    assert lines[-1] == ("change.created", "Rita", "")
    assert page["next"] is None
    due = [one["data"]["due_at"] for one in page["results"] if one["action"] == "obligation.opened"]
    assert due
    assert all(one.endswith("Z") for one in due)


def test_a_wrong_cursor_of_the_history_is_told(cast: Cast) -> None:
    change = draft(cast)
    client = as_person(cast.bystander)
    for cursor in ("zzz", "YQ", "x" * 150):
        assert pointers(client.get(f"{URL}{change.key}/history/?cursor={cursor}")) == ["/cursor"]
    assert pointers(client.get(f"{URL}{change.key}/history/?page=1")) == ["/page"]


def test_obligations_of_a_change(cast: Cast) -> None:
    change = submitted(cast)
    page = as_person(cast.bystander).get(f"{URL}{change.key}/obligations/").json()
    assert [(one["rule"], one["state"], one["subject"]["key"]) for one in page["results"]] == [
        ("decide", "open", change.key)
    ]
    assert owed(change) == [("decide", "open")]
