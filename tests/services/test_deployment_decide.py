"""A deployment that waits is decided anew whenever it is read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from changes.gate import GateAnswer
from changes.models import Deployment
from changes.services.closing import change_cancel
from changes.services.deployments import Decided, deployment_decide
from opsportal.audit.selectors import entries_about
from opsportal.core.actor import Actor
from tests import changing, deploying, gatepack
from tests.changing import HOUR, Cast, approved, submitted, window
from tests.deploying import codes, fresh, make_stage, pipeline, register
from tests.makers import NOW
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_stage()


@pytest.fixture
def ci() -> Actor:
    return pipeline()


def read_again(row: Decided, after: timedelta = timedelta()) -> Decided:
    stored = Deployment.objects.select_related("service", "environment").get(pk=row.deployment.pk)
    return deployment_decide(now=NOW + after, deployment=stored)


def test_nothing_is_written_while_it_still_waits(cast: Cast, ci: Actor) -> None:
    waiting = register(ci, change=submitted(cast).key)
    with nothing_written():
        again = read_again(waiting)
    assert again.deployment.decision == "pending"


def test_an_approval_that_came_in_between_allows_it(cast: Cast, ci: Actor) -> None:
    change = submitted(cast)
    waiting = register(ci, change=change.key)
    for voter in (cast.lead, *cast.board[:2]):
        changing.vote(change, voter)
    assert read_again(waiting).deployment.decision == "allowed"
    row = fresh(waiting)
    assert (row.decision, row.reasons, row.row_version) == ("allowed", [], 2)
    entries = list(entries_about("deployment", row.key))
    assert [entry.action for entry in entries] == ["deployment.registered", "deployment.decided"]
    assert (entries[1].actor_kind, entries[1].actor_id) == ("system", "changes.gate")


def test_a_window_opens_and_ends(cast: Cast, ci: Actor) -> None:
    change = approved(cast, **window(start=HOUR))
    opening, ending = register(ci, change=change.key), register(ci, change=change.key)
    assert read_again(opening, HOUR - timedelta(seconds=1)).deployment.decision == "pending"
    assert read_again(opening, HOUR).deployment.decision == "allowed"
    assert read_again(ending, 3 * HOUR).deployment.decision == "expired"


def test_a_change_that_was_taken_back_withdraws_it_for_good(cast: Cast, ci: Actor) -> None:
    change = submitted(cast)
    waiting = register(ci, change=change.key)
    changing_back = change_cancel(actor=cast.requester.actor, now=NOW, pk=change.pk, reason="No.")
    assert changing_back.state == "cancelled"
    assert read_again(waiting).deployment.decision == "withdrawn"
    with nothing_written():
        assert read_again(waiting).answer is None


def test_reasons_that_changed_are_written(cast: Cast, ci: Actor) -> None:
    change = approved(cast, **window(start=HOUR))
    waiting = register(ci, change=change.key, checks={"tests": "passed"})
    assert codes(waiting) == ["window_not_open", "evidence_missing"]
    read_again(waiting, HOUR)
    assert codes(waiting) == ["evidence_missing"]


def test_a_change_that_fits_by_now_is_found(cast: Cast, ci: Actor) -> None:
    waiting = register(ci, environment="staging", version="1")
    assert waiting.deployment.decision == "allowed"
    waiting = register(ci, checks={"tests": "running", "security_scan": "passed"}, environment="production")
    assert codes(waiting) == ["change_required", "check_running"]
    assert read_again(waiting).answer is None


@pytest.mark.parametrize("decision", ["allowed", "blocked"])
def test_what_is_final_is_not_asked_again(cast: Cast, ci: Actor, decision: str) -> None:
    row = register(ci, environment="staging" if decision == "allowed" else "production")
    assert row.deployment.decision == decision
    with nothing_written():
        assert read_again(row).answer is None


def test_a_standard_that_was_tightened_holds_at_once(cast: Cast, ci: Actor) -> None:
    change = submitted(cast)
    waiting = register(ci, change=change.key)
    for voter in (cast.lead, *cast.board[:2]):
        changing.vote(change, voter)
    deploying.activate(*deploying.GATE_RULES, gatepack.STAGING_FIRST, version="2")
    assert read_again(waiting).deployment.decision == "blocked"
    assert codes(waiting) == ["requirement_not_met"]


def test_a_standard_that_no_longer_knows_a_check_does_not_break_the_reading(cast: Cast, ci: Actor) -> None:
    waiting = register(ci, change=submitted(cast).key)
    Deployment.objects.filter(pk=waiting.deployment.pk).update(checks={"of_old": "passed"})
    assert "evidence_missing" in [reason.code for reason in _answer(read_again(waiting)).reasons]


def _answer(decided: Decided) -> GateAnswer:
    assert decided.answer is not None
    return decided.answer
