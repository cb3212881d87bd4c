"""How long to wait before the next try. Pure."""

from __future__ import annotations

from datetime import timedelta

FIRST = timedelta(seconds=5)
LONGEST = timedelta(hours=1)
MAX_TRIES = 12
"""After so many tries (about 2 h 25 min) a machine has no better idea: the row waits for an operator."""


def delay_after(tries: int) -> timedelta:
    """Return the wait after `tries` failed tries: 5 s, doubled each time, an hour at most.

    Raises `ValueError` for less than one try.
    """
    if tries < 1:
        raise ValueError("there is nothing to wait for before the first try")
    doublings = min(tries - 1, 20)  # beyond that the cap holds anyway, and the number would overflow
    doubled: timedelta = FIRST * 2**doublings
    return min(doubled, LONGEST)


def is_spent(tries: int) -> bool:
    """Return whether `tries` failed tries are enough to give up."""
    return tries >= MAX_TRIES
