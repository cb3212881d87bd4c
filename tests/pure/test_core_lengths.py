"""Lengths of time in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.core.lengths import length_in_words

UNITS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}


def read(words: str) -> timedelta:
    parts = words.split()
    return timedelta(
        seconds=sum(int(n) * UNITS[unit] for n, unit in zip(parts[::2], parts[1::2], strict=True))
    )


@pytest.mark.parametrize(
    ("length", "words", "taken"),
    [
        (timedelta(), "0 s", "0 s"),
        (timedelta(hours=36), "1 d 12 h", "1 d 12 h"),
        (timedelta(days=2), "2 d", "2 d"),
        (timedelta(minutes=90), "1 h 30 min", "1 h 30 min"),
        (timedelta(days=1, minutes=5), "1 d", "1 d 1 h"),
        (timedelta(hours=36, seconds=1), "1 d 12 h", "1 d 13 h"),
        (timedelta(hours=23, minutes=59, seconds=30), "23 h 59 min", "1 d"),
        (timedelta(days=1, hours=23, minutes=59), "1 d 23 h", "2 d"),
        (timedelta(milliseconds=3), "0 s", "1 s"),
        (timedelta(days=400), "400 d", "400 d"),
        (timedelta(hours=-36), "-1 d 12 h", "-1 d 12 h"),
    ],
)
def test_a_length_has_two_units_and_keeps_its_meaning(length: timedelta, words: str, taken: str) -> None:
    assert (length_in_words(length), length_in_words(length, up=True)) == (words, taken)


@given(st.timedeltas(timedelta(), timedelta(days=5_000)))
def test_what_was_taken_never_reads_as_less(length: timedelta) -> None:
    assert read(length_in_words(length)) <= length <= read(length_in_words(length, up=True))
