"""The lifecycle as the contract has it."""

from __future__ import annotations

import pytest

from changes.states import BEFORE_IMPLEMENTATION, CHANGE, HOLDABLE, OVER
from opsportal.core.errors import IllegalMove

CONTRACT = {
    ("draft", "submit"): "in_review",
    ("in_review", "withdraw"): "draft",
    ("in_review", "approve"): "approved",
    ("in_review", "reject"): "rejected",
    ("approved", "schedule"): "scheduled",
    ("approved", "start"): "implementing",
    ("scheduled", "start"): "implementing",
    ("in_review", "start"): "implementing",
    ("implementing", "complete"): "implemented",
    ("implementing", "fail"): "failed",
    ("failed", "roll_back"): "rolled_back",
    ("failed", "close"): "closed",
    ("implemented", "close"): "closed",
    ("rolled_back", "close"): "closed",
    **{(state, "cancel"): "cancelled" for state in BEFORE_IMPLEMENTATION},
    **{(state, "revise"): "draft" for state in BEFORE_IMPLEMENTATION},
    ("approved", "withdraw"): "draft",
    ("scheduled", "withdraw"): "draft",
}


def test_the_table_is_the_contract_and_no_more() -> None:
    assert dict(CHANGE.moves) == CONTRACT


@pytest.mark.parametrize("state", CHANGE.states)
def test_what_is_not_in_the_table_is_no_move(state: str) -> None:
    for verb in {verb for _, verb in CONTRACT}:
        if (state, verb) not in CONTRACT:
            with pytest.raises(IllegalMove, match="is not possible while this change is"):
                CHANGE.move(state, verb)


def test_groups_of_states_follow_from_the_table() -> None:
    assert {state for state, verb in CONTRACT if verb == "revise"} == BEFORE_IMPLEMENTATION
    assert {state for state, verb in CONTRACT if verb == "close"} == OVER
    assert not HOLDABLE & OVER
    assert {state for state in CHANGE.states if not CHANGE.verbs(state)} == {"closed", "cancelled"}
