"""A sample from a population of a million: its list is read, checked against its hash, drawn from."""

from __future__ import annotations

import time
from collections.abc import Iterator

from compliance.auditing.sampling import drawn, packed, unpacked
from tests.bench.size import Figure, figure

COUNT = 1_000_000
SIZE = 60
TURNS = 5


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    content, digest = packed([f"CHG-{number}" for number in range(1, COUNT + 1)])
    began = time.process_time()
    for turn in range(TURNS):
        keys, found = unpacked(content)
        if found != digest:
            raise AssertionError("the list is not the one that was packed")
        drawn(keys, seed=f"bench-seed-{turn}", size=SIZE)
    each = (time.process_time() - began) * 1_000 / TURNS
    yield figure("sample of 60 from a frozen population of 1,000,000", each, 1_000.0)
