"""Who took part in an incident, by roles and by the timeline."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.learning.taking_part import Deed, took_part


def deed(kind: str, actor: str = "ria", **data: Any) -> Deed:
    return Deed(kind, "user" if actor else "system", actor or "incidents.alerts", data)


@pytest.mark.parametrize(
    ("deeds", "expected"),
    [
        ([deed("acknowledged", person="sol")], [("acknowledged", "sol")]),
        ([deed("acknowledged", "", person="sol")], [("acknowledged", "sol")]),
        ([deed("acknowledged", "")], []),
        ([deed("updated_internally"), deed("updated_stakeholders")], [("updated", "ria")]),
        ([deed("task_changed", task_state="done", owner="sol")], [("did_task", "sol")]),
        ([deed("task_changed", task_state="done", owner="")], [("did_task", "ria")]),
        ([deed("task_added", owner="sol")], [("worked", "ria")]),
        ([deed("severity_changed"), deed("resolved")], [("resolved", "ria")]),
        ([deed("escalation_told", "", people=["sol"])], []),
        ([deed("postmortem_started"), deed("postmortem_published")], []),
    ],
)
def test_what_counts_as_a_part(deeds: list[Deed], expected: list[tuple[str, str]]) -> None:
    assert took_part([], deeds) == expected


def test_roles_come_first_and_each_is_named_once() -> None:
    deeds = [deed("noted", "mia"), deed("resolved"), deed("noted", "mia")]
    assert took_part([("commander", "ria"), ("commander", "ria")], deeds) == [
        ("commander", "ria"),
        ("noted", "mia"),
        ("resolved", "ria"),
    ]
