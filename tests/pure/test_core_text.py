"""Text from outside: kept as it was typed, or refused with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.core.correlation import accepted_or_new
from opsportal.core.errors import InvalidInput
from opsportal.core.keys import format_key, number_of, parse_key
from opsportal.core.text import clean_text


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "not_text"),
        (7, "not_text"),
        (["a"], "not_text"),
        ("a\x00b", "control_characters"),
        ("\ud800", "control_characters"),
        ("\x1b[31m", "control_characters"),
        ("x" * 11, "too_long"),
        ("", "required"),
        (" \n ", "required"),
        ("\u200b", "required"),
        ("a\u202eb", "direction_override"),
        ("\u2066a", "direction_override"),
    ],
)
def test_what_cannot_be_stored_is_refused(value: object, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean_text(value, field="title", max_length=10, required=True)
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/title", code)]


@pytest.mark.parametrize("value", ["🚀 ship", "שלום", "<b>x</b>", "a\nb", "{{7*7}}"])
def test_emoji_right_to_left_and_markup_pass_unchanged(value: str) -> None:
    assert clean_text(value, field="title", max_length=10) == value


def test_line_ends_become_one_kind() -> None:
    assert clean_text("a\r\nb\rc", field="text", max_length=10) == "a\nb\nc"


def test_a_single_line_refuses_breaks() -> None:
    with pytest.raises(InvalidInput):
        clean_text("a\nb", field="title", max_length=10, lines=False)


@given(st.text(max_size=300))
def test_what_passes_once_passes_unchanged_again(value: str) -> None:
    try:
        once = clean_text(value, field="text", max_length=300)
    except InvalidInput:
        return
    assert clean_text(once, field="text", max_length=300) == once


@given(st.integers(min_value=1, max_value=10**18 - 1))
def test_a_key_is_read_back_in_any_case(number: int) -> None:
    key = format_key("CHG", number)
    assert parse_key(f" {key.lower()} ") == ("CHG", number)
    assert number_of(key, "CHG") == number
    assert number_of(key, "DEP") is None


@pytest.mark.parametrize("text", ["", "CHG", "CHG-", "CHG-0", "CHG--1", "CHG-1x", "CHG-" + "9" * 19, "1042"])
def test_what_is_no_key_is_none(text: str) -> None:
    assert parse_key(text) is None


@pytest.mark.parametrize("candidate", [None, "", "a b", "a\r\nb", "x" * 65, "é", "<script>"])
def test_a_harmful_correlation_id_is_replaced(candidate: str | None) -> None:
    made = accepted_or_new(candidate)
    assert made != candidate
    assert len(made) == 32


def test_a_harmless_correlation_id_is_kept() -> None:
    assert accepted_or_new("build-77:a.b_c") == "build-77:a.b_c"
