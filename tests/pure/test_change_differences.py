"""What differs between two texts, word by word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changes.web.differences import MAX_PIECES, Run, difference


@pytest.mark.parametrize(
    ("before", "after", "runs"),
    [
        ("", "", []),
        ("same", "same", [Run("same", "same")]),
        ("", "new", [Run("new", "new")]),
        ("old", "", [Run("gone", "old")]),
        (
            "From 15 to 16.",
            "From 15 to 17.",
            [Run("same", "From 15 to "), Run("gone", "16"), Run("new", "17"), Run("same", ".")],
        ),
        ("we need it", "my own words", [Run("gone", "we need it"), Run("new", "my own words")]),
        ("a b", "a b c", [Run("same", "a b"), Run("new", " c")]),
    ],
)
def test_words_that_changed_stand_together(before: str, after: str, runs: list[Run]) -> None:
    assert difference(before, after) == runs


@given(st.text(max_size=60), st.text(max_size=60))
def test_both_texts_can_be_read_off_the_runs(before: str, after: str) -> None:
    runs = difference(before, after)
    assert "".join(run.text for run in runs if run.kind != "new") == before
    assert "".join(run.text for run in runs if run.kind != "gone") == after


def test_a_very_long_text_is_shown_as_a_whole() -> None:
    before, after = "a " * MAX_PIECES, "b " * MAX_PIECES
    assert difference(before, after) == [Run("gone", before), Run("new", after)]
