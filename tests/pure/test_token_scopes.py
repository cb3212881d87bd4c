"""Scopes: one closed list."""

from __future__ import annotations

import pytest

from opsportal.accounts.scopes import SCOPES, clean_scopes
from opsportal.core.errors import InvalidInput


def test_the_scopes_are_those_of_the_contract() -> None:
    both = [
        "alerts",
        "catalog",
        "changes",
        "compliance",
        "deployments",
        "incidents",
        "measurements",
        "oncall",
        "standards",
    ]
    expected = {f"{area}:{verb}" for area in both for verb in ("read", "write")} | {
        "gate:read",
        "ledger:read",
    }
    assert set(SCOPES) == expected


def test_scopes_come_back_sorted_and_once() -> None:
    assert clean_scopes(["gate:read", "changes:write", "gate:read"]) == ["changes:write", "gate:read"]
    assert clean_scopes(iter(["gate:read"])) == ["gate:read"]


@pytest.mark.parametrize(
    ("values", "pointers"),
    [
        ([], ["/scopes"]),
        ("gate:read", ["/scopes"]),
        (None, ["/scopes"]),
        (7, ["/scopes"]),
        (["gate:write"], ["/scopes/0"]),
        (
            ["gate:read", "ledger:write", "admin:*", "Gate:read", " gate:read"],
            ["/scopes/1", "/scopes/2", "/scopes/3", "/scopes/4"],
        ),
        (["gate:read", 7, None, ["gate:read"]], ["/scopes/1", "/scopes/2", "/scopes/3"]),
    ],
)
def test_an_unknown_scope_is_refused_at_its_place(values: object, pointers: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        clean_scopes(values)
    assert [error.pointer for error in caught.value.errors] == pointers
