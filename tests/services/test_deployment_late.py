"""Deployments that are registered after the fact."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from changes.models import Change, Deployment
from changes.services.break_glass import break_glass_ask, break_glass_confirm
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.obligations.models import Obligation
from tests.changing import Cast, approved, draft, window
from tests.deploying import (
    SCOPES,
    codes,
    fresh,
    make_approved_template,
    make_stage,
    pipeline,
    register,
    report,
    state_of,
)
from tests.makers import NOW, make_service, make_token
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SUCCEEDED = {"started_at": NOW - 3 * HOUR, "finished_at": NOW - 2 * HOUR, "outcome": "succeeded"}


@pytest.fixture
def cast() -> Cast:
    return make_stage()


@pytest.fixture
def ci(cast: Cast) -> Actor:
    return pipeline()


def change_of(row: Any) -> Change:
    change = fresh(row).change
    assert change is not None
    return change


def test_without_an_approved_change_an_emergency_is_opened_in_retrospect(cast: Cast, ci: Actor) -> None:
    row = fresh(register(ci, **SUCCEEDED))
    assert (row.registration, row.state, row.decision) == ("late", "succeeded", "blocked")
    assert (row.started_at, row.finished_at, row.registered_at) == (NOW - 3 * HOUR, NOW - 2 * HOUR, NOW)
    assert codes(row) == ["late_registration", "change_required"]
    change = change_of(row)
    assert (change.type, change.state, change.retrospective_state) == ("emergency", "implemented", "open")
    assert (change.requester, change.opened_for) == (cast.requester, row.key)
    assert (change.started_at, change.finished_at) == (NOW - 3 * HOUR, NOW - 2 * HOUR)
    owed = dict(Obligation.objects.filter(subject_key=change.key).values_list("rule_id", "state"))
    assert owed == {
        "decide": "open",
        "in-retrospect": "open",
        "write-review": "open",
        "portal.emergency-review": "open",
    }


@pytest.mark.parametrize("outcome", ["failed", "rolled_back"])
def test_how_it_ended_is_how_its_change_ended(cast: Cast, ci: Actor, outcome: str) -> None:
    row = register(ci, **{**SUCCEEDED, "outcome": outcome})
    assert (fresh(row).state, change_of(row).state) == (outcome, outcome)


def test_what_still_runs_is_under_way_and_told_to_hold(cast: Cast, ci: Actor) -> None:
    row = register(ci, late=True, started_at=NOW - HOUR)
    assert (fresh(row).state, change_of(row).state) == ("deploying", "implementing")
    assert report(ci, row, "rollout", 10).action != "continue"


def test_what_an_approved_change_allows_is_carried_out_under_it(cast: Cast, ci: Actor) -> None:
    change = approved(cast)
    row = fresh(register(ci, **SUCCEEDED))
    assert (row.decision, row.change, codes(row)) == ("allowed", change, ["late_registration"])
    assert (state_of(change), Change.objects.count()) == ("implemented", 1)


@pytest.mark.parametrize("make", ["draft", "window", "template", "glass", "evidence"])
def test_nothing_that_was_not_there_ahead_makes_it_allowed(cast: Cast, ci: Actor, make: str) -> None:
    more: dict[str, Any] = {}
    if make == "draft":
        more = {"change": draft(cast).key}
    elif make == "window":
        more = {"change": approved(cast, **window(HOUR)).key}
    elif make == "template":
        make_approved_template(cast)
    elif make == "glass":
        asked = {"services": ["payments-api"], "environment": "production", "reason": "Down.", "minutes": 30}
        glass = break_glass_ask(actor=cast.bystander.actor, now=NOW, fields=asked)
        break_glass_confirm(actor=cast.board[0].actor, now=NOW, pk=glass.pk)
    else:
        approved(cast)
        more = {"checks": {}}
    row = fresh(register(ci, **SUCCEEDED, **more))
    assert (row.decision, row.break_glass) == ("blocked", None)
    assert change_of(row).opened_for == row.key


def test_a_success_after_the_fact_shows_nothing_to_the_gate(cast: Cast, ci: Actor) -> None:
    register(ci, environment="staging", **SUCCEEDED)
    assert not Deployment.objects.filter(decision="allowed", registration="ahead").exists()


def test_an_emergency_after_the_fact_lets_nothing_else_pass(cast: Cast, ci: Actor) -> None:
    register(ci, late=True, started_at=NOW - HOUR)
    assert codes(register(ci, version="3.0")) == ["change_required"]


def test_where_nobody_answers_for_it_it_stays_visible_without_a_change(cast: Cast, ci: Actor) -> None:
    make_service("orphan")
    row = register(ci, service="orphan", **SUCCEEDED)
    assert (fresh(row).change, codes(row)[-1]) == (None, "no_change_opened")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"change": "CHG-1", "checks": {}, "pipeline": {"provider": "github"}, "policy_hash": "0"},
        {"now": NOW + HOUR, "late": True},
    ],
)
def test_told_again_it_is_the_deployment_that_is_there(cast: Cast, ci: Actor, more: dict[str, Any]) -> None:
    first = register(ci, **SUCCEEDED)
    with nothing_written():
        again = register(ci, **{**SUCCEEDED, **more})
    assert (again.deployment, again.answer) == (first.deployment, None)
    assert again.deployment.change_id == fresh(first).change_id


def test_told_again_after_it_has_moved_on_it_is_the_same_still(cast: Cast, ci: Actor) -> None:
    change = approved(cast)
    first = register(ci, late=True, started_at=NOW - HOUR)
    report(ci, first, "failed")
    with nothing_written():
        again = register(ci, late=True, started_at=NOW - HOUR)
    assert (again.deployment, again.deployment.state) == (first.deployment, "failed")
    assert state_of(change) == "implementing"


@pytest.mark.parametrize(
    "more",
    [
        {"version": "2.14.1"},
        {"commit": "a" * 40},
        {"commit": None},
        {"artifact_digest": "sha256:" + "9" * 64},
        {"environment": "staging"},
        {"started_at": NOW - 4 * HOUR},
        {"finished_at": NOW - HOUR},
        {"outcome": "failed"},
    ],
)
def test_what_differs_in_what_happened_is_another_deployment(
    cast: Cast, ci: Actor, more: dict[str, Any]
) -> None:
    first = register(ci, **SUCCEEDED)
    second = register(ci, **{**SUCCEEDED, **more})
    assert second.deployment != first.deployment
    assert fresh(second).change_id != change_of(first).pk


def test_two_pipelines_each_tell_of_their_own(cast: Cast, ci: Actor) -> None:
    token, _ = make_token(SCOPES, account="other-ci")
    assert register(token.actor, **SUCCEEDED).deployment != register(ci, **SUCCEEDED).deployment


@pytest.mark.parametrize(
    ("more", "pointers"),
    [
        ({"late": True}, ["/started_at"]),
        ({"outcome": "succeeded"}, ["/started_at"]),
        ({"late": False, "started_at": NOW}, ["/late"]),
        ({"late": "yes"}, ["/late"]),
        ({"started_at": NOW + timedelta(seconds=1)}, ["/started_at"]),
        ({"started_at": NOW - timedelta(days=30, seconds=1)}, ["/started_at"]),
        ({"started_at": NOW - HOUR, "finished_at": NOW - 2 * HOUR, "outcome": "failed"}, ["/finished_at"]),
        ({"started_at": NOW - HOUR, "finished_at": NOW}, ["/outcome"]),
        ({"started_at": NOW - HOUR, "outcome": "failed"}, ["/finished_at"]),
        ({"started_at": NOW - HOUR, "finished_at": NOW, "outcome": "fine"}, ["/outcome"]),
        ({"started_at": "yesterday"}, ["/started_at"]),
    ],
)
def test_impossible_times_are_refused_with_their_place(
    cast: Cast, ci: Actor, more: dict[str, Any], pointers: list[str]
) -> None:
    with refused(InvalidInput) as caught:
        register(ci, **more)
    assert [error.pointer for error in caught.value.errors] == pointers
