"""Fixing an approved change to its window."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from changes.services.schedule import change_schedule
from opsportal.core.errors import Forbidden, IllegalMove, RuleRefused, Stale
from tests.changing import (
    HOUR,
    approved,
    draft,
    fresh,
    implementing,
    make_cast,
    refused_as,
    scheduled,
    submitted,
    told,
    window,
)
from tests.makers import NOW
from tests.untouched import refused

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("start", [-HOUR, HOUR, timedelta(days=30)])
def test_a_window_that_runs_or_is_to_come_can_be_scheduled(start: timedelta) -> None:
    cast = make_cast()
    change = approved(cast, **window(start))
    change_schedule(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert fresh(change).state == "scheduled"
    assert told(change)[-1] == "change.scheduled"


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({}, ["window_missing", "evidence_missing"]),
        (window(-3 * HOUR), ["window_over"]),
        (window(HOUR, 5 * HOUR), ["requirement_not_met"]),
        (window(-9 * HOUR, 5 * HOUR), ["window_over", "requirement_not_met"]),
    ],
)
def test_every_reason_against_it_is_told_at_once(fields: dict[str, Any], codes: list[str]) -> None:
    cast = make_cast()
    change = approved(cast, now=NOW - timedelta(days=1), **fields)
    with refused_as(RuleRefused, *codes) as caught:
        change_schedule(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert caught.value.reasons[0].rule == (
        "short" if codes == ["requirement_not_met"] else "portal.change_window"
    )


@pytest.mark.parametrize("make", [draft, submitted, scheduled, implementing])
def test_only_an_approved_change_is_scheduled(make: Any) -> None:
    cast = make_cast()
    change = make(cast)
    with refused(IllegalMove):
        change_schedule(actor=cast.requester.actor, now=NOW, pk=change.pk)


def test_others_and_old_readings_are_refused() -> None:
    cast = make_cast()
    change = approved(cast, **window())
    with refused(Forbidden):
        change_schedule(actor=cast.board[0].actor, now=NOW, pk=change.pk)
    with refused(Stale):
        change_schedule(actor=cast.requester.actor, now=NOW, pk=change.pk, version=1)
