"""How an implementation ends: complete, fail, roll back."""

from __future__ import annotations

from typing import Any

import pytest

from changes.services.implementation import change_complete, change_fail, change_roll_back
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, IllegalMove, InvalidInput, Stale
from tests.changing import (
    approved,
    failed,
    fresh,
    implemented,
    implementing,
    make_cast,
    owed,
    running_ahead,
    told,
)
from tests.makers import NOW
from tests.untouched import refused

pytestmark = pytest.mark.django_db
PIPELINE = Actor.service_account("0b6f3c1e-0000-4000-8000-000000000001", frozenset({"deployments:write"}))


def test_complete_makes_it_implemented() -> None:
    cast = make_cast()
    change = implementing(cast)
    change_complete(actor=PIPELINE, now=NOW, pk=change.pk)
    change = fresh(change)
    assert (change.state, change.outcome, change.finished_at) == ("implemented", "implemented", NOW)
    assert told(change)[-1] == "change.implemented"


def test_fail_keeps_the_reason_with_the_history() -> None:
    cast = make_cast()
    change = implementing(cast)
    change_fail(actor=cast.requester.actor, now=NOW, pk=change.pk, reason="The disk was full.")
    change = fresh(change)
    assert (change.state, change.outcome) == ("failed", "failed")
    assert change.history.first().history_change_reason == "The disk was full."


def test_a_failed_change_is_rolled_back() -> None:
    cast = make_cast()
    change = failed(cast)
    change_roll_back(actor=cast.requester.actor, now=NOW, pk=change.pk)
    change = fresh(change)
    assert (change.state, change.outcome) == ("rolled_back", "rolled_back")
    assert told(change)[-1] == "change.rolled_back"


def test_the_end_of_an_emergency_makes_its_review_owed() -> None:
    cast = make_cast()
    change = running_ahead(cast)
    change_complete(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert ("write-review", "open") in owed(change)
    assert fresh(change).retrospective_state == "open"


@pytest.mark.parametrize(
    ("make", "step"),
    [
        (approved, change_complete),
        (approved, change_fail),
        (approved, change_roll_back),
        (implementing, change_roll_back),
        (implemented, change_complete),
        (implemented, change_fail),
        (implemented, change_roll_back),
        (failed, change_complete),
        (failed, change_fail),
    ],
)
def test_out_of_order_it_is_no_move(make: Any, step: Any) -> None:
    cast = make_cast()
    change = make(cast)
    with refused(IllegalMove):
        step(actor=cast.requester.actor, now=NOW, pk=change.pk)


@pytest.mark.parametrize(
    ("make", "step"),
    [(implementing, change_complete), (implementing, change_fail), (failed, change_roll_back)],
)
def test_others_old_readings_and_endless_reasons_are_refused(make: Any, step: Any) -> None:
    cast = make_cast()
    change = make(cast)
    with refused(Forbidden):
        step(actor=cast.bystander.actor, now=NOW, pk=change.pk)
    with refused(Stale):
        step(actor=cast.requester.actor, now=NOW, pk=change.pk, version=1)
    if step is not change_complete:
        with refused(InvalidInput):
            step(actor=cast.requester.actor, now=NOW, pk=change.pk, reason="x" * 501)
