"""Starting the implementation: approved, not held, inside the window; or ahead of approval by permit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from changes.models import Change
from changes.services.holding import change_hold
from changes.services.implementation import change_start
from opsportal.approvals.models import ApprovalRequest
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, NotFound, RuleRefused, Stale
from tests.changing import (
    AHEAD,
    BOARD,
    HOUR,
    IN_RETROSPECT,
    LEAD,
    URGENT,
    activate,
    approved,
    draft,
    fresh,
    implementing,
    make_cast,
    owed,
    refused_as,
    rule,
    running_ahead,
    scheduled,
    stage,
    submitted,
    told,
    vote,
    window,
)
from tests.makers import NOW, join
from tests.untouched import refused

pytestmark = pytest.mark.django_db
PIPELINE = Actor.service_account("0b6f3c1e-0000-4000-8000-000000000001", frozenset({"deployments:write"}))


@pytest.mark.parametrize("make", [approved, scheduled])
def test_what_is_approved_starts(make: Any) -> None:
    cast = make_cast()
    change = make(cast)
    change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)
    change = fresh(change)
    assert (change.state, change.started_at, change.started_by) == ("implementing", NOW, cast.requester)
    assert change.retrospective_state == "none"
    assert told(change)[-1] == "change.started"


def test_a_pipeline_may_start_it() -> None:
    cast = make_cast()
    change = change_start(actor=PIPELINE, now=NOW, pk=approved(cast).pk)
    assert (change.state, change.started_by) == ("implementing", None)


@pytest.mark.parametrize(
    ("start", "codes"),
    [(HOUR, ["window_not_open"]), (timedelta(seconds=1), ["window_not_open"]), (-2 * HOUR, ["window_over"])],
)
def test_outside_its_window_it_does_not_start(start: timedelta, codes: list[str]) -> None:
    cast = make_cast()
    change = approved(cast, now=NOW - timedelta(days=1), **window(start))
    with refused_as(RuleRefused, *codes) as caught:
        change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert caught.value.reasons[0].rule == "portal.change_window"


def test_a_window_begins_with_its_first_instant() -> None:
    cast = make_cast()
    change = approved(cast, **window(timedelta(0)))
    assert change_start(actor=cast.requester.actor, now=NOW, pk=change.pk).state == "implementing"


def test_a_held_change_does_not_start() -> None:
    cast = make_cast()
    change = approved(cast)
    change_hold(actor=cast.board[0].actor, now=NOW, pk=change.pk, reason="Wait for the audit.")
    with refused(Conflict, "held"):
        change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)


def test_the_standards_own_gates_are_asked_and_all_reasons_told() -> None:
    cast = make_cast()
    quiet = rule(
        "quiet",
        "change.start",
        """{ require = 'change.risk == "low"' }""",
        more='code = "noisy"\nmessage = "Too loud."',
    )
    activate(LEAD, BOARD, quiet, version="2")
    change = approved(cast, **window(HOUR))
    with refused_as(RuleRefused, "window_not_open", "noisy"):
        change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)


def test_s4_its_only_approver_does_not_carry_it_out() -> None:
    cast = make_cast()
    activate(stage("board", "board"), version="2")
    join(cast.team, cast.board[0])
    change = submitted(cast)
    vote(change, cast.board[0])
    with refused(Forbidden):
        change_start(actor=cast.board[0].actor, now=NOW, pk=change.pk)
    assert change_start(actor=cast.requester.actor, now=NOW, pk=change.pk).state == "implementing"


def test_one_of_several_approvers_may() -> None:
    cast = make_cast()
    join(cast.team, cast.board[0])
    change = approved(cast)
    assert change_start(actor=cast.board[0].actor, now=NOW, pk=change.pk).state == "implementing"


def test_without_an_approval_of_this_content_it_does_not_start() -> None:
    cast = make_cast()
    change = approved(cast)
    Change.objects.filter(pk=change.pk).update(content_hash="0" * 64)
    with refused_as(RuleRefused, "content_changed"):
        change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)
    ApprovalRequest.objects.update(state="void", voided_at=NOW)
    with refused_as(RuleRefused, "approval_missing"):
        change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)


@pytest.mark.parametrize("make", [draft, implementing])
def test_what_is_neither_approved_nor_in_review_does_not_start(make: Any) -> None:
    cast = make_cast()
    change = make(cast)
    with refused(IllegalMove):
        change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)


def test_others_old_readings_and_unknown_changes_are_refused() -> None:
    cast = make_cast()
    change = approved(cast)
    for actor in (cast.bystander.actor, Actor.service_account("x", frozenset({"gate:read"}))):
        with refused(Forbidden):
            change_start(actor=actor, now=NOW, pk=change.pk)
    with refused(Stale):
        change_start(actor=cast.requester.actor, now=NOW, pk=change.pk, version=1)
    with refused(NotFound):
        change_start(actor=cast.requester.actor, now=NOW, pk=change.pk + 1)


# --- ahead of approval -------------------------------------------------------------------------------


def test_an_emergency_starts_ahead_of_its_approval_where_the_standard_permits_it() -> None:
    cast = make_cast()
    change = running_ahead(cast)
    assert (change.state, change.retrospective_state) == ("implementing", "open")
    assert ApprovalRequest.objects.get().state == "open"
    assert ("in-retrospect", "open") in owed(change)
    assert str(cast.requester.pk) in ApprovalRequest.objects.get().excluded_people


def test_a_normal_change_waits_for_its_votes() -> None:
    cast = make_cast()
    change = submitted(cast)
    with refused_as(RuleRefused, "approval_missing") as caught:
        change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert caught.value.reasons[0].rule == "portal.approval"


def test_a_new_standard_gives_no_permit_to_what_is_in_flight() -> None:
    cast = make_cast()
    activate(URGENT, version="2")
    change = submitted(cast, type="emergency")
    activate(URGENT, AHEAD, IN_RETROSPECT, version="3")
    with refused_as(RuleRefused, "approval_missing"):
        change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)


def test_an_emergency_too_keeps_to_its_window() -> None:
    cast = make_cast()
    change = submitted(cast, type="emergency", **window(HOUR))
    with refused_as(RuleRefused, "window_not_open"):
        change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)
