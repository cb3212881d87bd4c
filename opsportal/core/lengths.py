"""Lengths of time in words, for all pages and sentences. Pure."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def length_in_words(length: timedelta, *, up: bool = False) -> str:
    """Return a length by its two largest units: 36 h are `1 d 12 h`, 1 d 0 h 5 min are `1 d`.

    What is left over is dropped; with `up` it counts as one more of the smaller unit, so that a time that
    was taken, or data that was lost, never reads as less than it was beside its target.
    """
    if length < timedelta():
        return f"-{length_in_words(-length, up=not up)}"
    seconds, rest = divmod(length, timedelta(seconds=1))
    seconds += bool(rest) and up
    for (large, name), (small, lesser) in pairwise(_UNITS):
        if seconds >= large:
            if up and seconds % small:  # 23 h 59 min 30 s is 1 d by then
                return length_in_words(timedelta(seconds=(seconds // small + 1) * small))
            many, few = divmod(seconds, large)
            return f"{many} {name} {few // small} {lesser}" if few >= small else f"{many} {name}"
    return f"{seconds} s"
