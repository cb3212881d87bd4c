"""The moves of an incident and of its tasks."""

from __future__ import annotations

import pytest

from incidents.states import INCIDENT, OPEN, TASK
from opsportal.core.errors import IllegalMove


def test_an_incident_moves_like_this_and_not_otherwise() -> None:
    assert {state: dict(sorted(_moves(state))) for state in INCIDENT.states} == {
        "triggered": {
            "acknowledge": "acknowledged",
            "merge": "merged",
            "mitigate": "mitigated",
            "resolve": "resolved",
        },
        "acknowledged": {
            "lapse": "triggered",
            "merge": "merged",
            "mitigate": "mitigated",
            "resolve": "resolved",
        },
        "mitigated": {
            "flare_up": "triggered",
            "merge": "merged",
            "reopen": "acknowledged",
            "resolve": "resolved",
        },
        "resolved": {"reopen": "triggered"},
        "merged": {},
    }


def _moves(state: str) -> list[tuple[str, str]]:
    return [(verb, INCIDENT.move(state, verb)) for verb in INCIDENT.verbs(state)]


def test_who_acknowledges_second_is_told_what_is_possible() -> None:
    with pytest.raises(IllegalMove, match="possible: merge, mitigate, resolve"):
        INCIDENT.move("acknowledged", "acknowledge")


def test_what_is_open_can_still_be_resolved() -> None:
    assert [state for state in INCIDENT.states if INCIDENT.can(state, "resolve")] == list(OPEN)


def test_a_task_can_be_taken_up_again() -> None:
    assert TASK.move(TASK.move("open", "finish"), "reopen") == "open"
    assert TASK.move(TASK.move("open", "drop"), "reopen") == "open"
