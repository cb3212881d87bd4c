"""State machines: one table, and nothing that the table does not say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes import states
from opsportal.core.errors import IllegalMove
from opsportal.core.machine import Machine

MACHINES = [states.CHANGE, states.RETROSPECTIVE, states.TEMPLATE, states.DEPLOYMENT]
DOOR = Machine(
    "door", "shut", {"shut": "Shut", "open": "Open"}, {("shut", "push"): "open", ("open", "pull"): "shut"}
)


def test_a_move_leads_where_the_table_says() -> None:
    assert DOOR.move("shut", "push") == "open"


def test_an_illegal_move_names_the_possible_ones() -> None:
    with pytest.raises(IllegalMove) as refused:
        DOOR.move("open", "push")
    assert refused.value.detail == "'push' is not possible while this door is open; possible: pull."


def test_a_state_without_words_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="locked"):
        Machine("door", "shut", {"shut": "Shut"}, {("shut", "lock"): "locked"})


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.subject)
def test_every_state_can_be_reached(machine: Machine) -> None:
    reached = {machine.initial}
    while new := {to for (here, _), to in machine.moves.items() if here in reached} - reached:
        reached |= new
    assert reached == set(machine.states)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.subject)
@given(verb=st.text(max_size=20))
def test_no_word_outside_the_table_moves_anything(machine: Machine, verb: str) -> None:
    for state in machine.states:
        if verb not in machine.verbs(state):
            with pytest.raises(IllegalMove):
                machine.move(state, verb)


@pytest.mark.parametrize("state", ["closed", "cancelled"])
def test_an_ended_change_has_no_way_on(state: str) -> None:
    assert states.CHANGE.verbs(state) == frozenset()


def test_a_change_is_edited_up_to_the_start_and_not_after() -> None:
    editable = {state for state in states.CHANGE.states if states.CHANGE.can(state, "revise")}
    assert editable == {"draft", "in_review", "approved", "scheduled", "rejected"}
