"""The hash that an approval binds."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.services.content import ChangeContent

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CONTENT = ChangeContent(
    type="normal",
    title="Upgrade",
    description="",
    justification="",
    risk="low",
    risk_assessment="",
    impact="",
    plan="",
    test_evidence="",
    rollback_plan="",
    window_start=None,
    window_end=None,
    targets=(),
    implementer="",
    template="",
    template_hash="",
)
OTHERS: dict[str, Any] = {
    **{field.name: "other" for field in fields(ChangeContent)},
    "window_start": AT,
    "window_end": AT,
    "targets": (("payments-api", "production"),),
}


def test_the_hash_is_a_known_value_so_that_old_approvals_stay_verifiable() -> None:
    assert CONTENT.hash == "fe26ba3ccd305ec90d19985409b6625cab7795d77e31c4ce033fd614356cddf5"


@pytest.mark.parametrize("name", [field.name for field in fields(ChangeContent)])
def test_every_field_is_part_of_it(name: str) -> None:
    assert replace(CONTENT, **{name: OTHERS[name]}).hash != CONTENT.hash


def test_the_same_instant_in_another_zone_is_the_same_content() -> None:
    berlin = AT.astimezone(timezone(timedelta(hours=1)))
    assert replace(CONTENT, window_start=berlin).hash == replace(CONTENT, window_start=AT).hash


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_text_cannot_move_from_one_field_to_the_next_unnoticed(one: str, two: str) -> None:
    apart = replace(CONTENT, plan=one, test_evidence=two).hash
    joined = replace(CONTENT, plan=one + two, test_evidence="").hash
    assert (apart == joined) == (two == "")
