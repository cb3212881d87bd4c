"""How long the outbox waits before the next try."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.outbox.backoff import LONGEST, MAX_TRIES, delay_after, is_spent


@pytest.mark.parametrize(
    ("tries", "seconds"), [(1, 5), (2, 10), (3, 20), (4, 40), (10, 2560), (11, 3600), (12, 3600), (500, 3600)]
)
def test_the_wait_doubles_from_five_seconds_up_to_an_hour(tries: int, seconds: int) -> None:
    assert delay_after(tries) == timedelta(seconds=seconds)


@pytest.mark.parametrize("tries", [0, -1])
def test_before_the_first_try_there_is_nothing_to_wait_for(tries: int) -> None:
    with pytest.raises(ValueError, match="first try"):
        delay_after(tries)


@given(st.integers(1, 10_000))
def test_the_wait_never_shrinks_and_never_passes_an_hour(tries: int) -> None:
    assert delay_after(tries) <= delay_after(tries + 1) <= LONGEST


def test_twelve_tries_are_enough() -> None:
    assert MAX_TRIES == 12
    assert not is_spent(11)
    assert is_spent(12)
