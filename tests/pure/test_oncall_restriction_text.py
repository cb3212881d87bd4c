"""Restrictions as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from incidents.oncall.restriction_text import restriction_lines, restrictions_data
from tests.oncalling import layer_of, plan_of


def read(text: str) -> Any:
    return plan_of(layer_of("ada", restrictions=restrictions_data(text))).layers[0].restrictions


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ""),
        ("mon-fri 09:00-17:00", "mon-fri 09:00-17:00"),
        ("Monday – Friday 9:00 – 17:00", "mon-fri 09:00-17:00"),
        ("sat, SUN 22:00 to 06:00", "sat, sun 22:00-06:00"),
        ("every day 08:00-08:00", "every day 08:00-08:00"),
        ("sat-tue 10:00-11:00", "mon, tue, sat, sun 10:00-11:00"),
        ("wed 10:00-11:00\n\n thu 12:00-13:00", "wed 10:00-11:00\nthu 12:00-13:00"),
        ("Fri 18:00 to Mon 8:00", "fri 18:00 to mon 08:00"),
    ],
)
def test_they_are_read_and_written_in_one_form(text: str, lines: str) -> None:
    assert restriction_lines(read(text)) == lines
    assert read(lines) == read(text)


@pytest.mark.parametrize(
    "text", ["always", "moon 09:00-10:00", "mon 9-17", "mon-noon 09:00-17:00", "mo 09:00-10:00"]
)
def test_what_is_not_understood_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="mon-fri 09:00-17:00"):
        restrictions_data(text)
