"""Paths through dependencies."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from opsportal.catalog.services.graph import path_between

edges = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=14)


def reachable(pairs: list[tuple[int, int]], start: int) -> set[int]:
    """Return all nodes that can be reached, by closing over the edges again and again."""
    found = {start}
    while True:
        more = {target for source, target in pairs if source in found} - found
        if not more:
            return found
        found |= more


@given(pairs=edges, start=st.integers(0, 6), goal=st.integers(0, 6))
def test_there_is_a_path_exactly_where_the_goal_can_be_reached(
    pairs: list[tuple[int, int]], start: int, goal: int
) -> None:
    path = path_between(pairs, start, goal)
    if path is None:
        assert goal not in reachable(pairs, start)
        return
    assert (path[0], path[-1]) == (start, goal)
    assert all(step in pairs for step in itertools.pairwise(path))
    assert len(set(path)) == len(path)


def test_the_shortest_way_is_told() -> None:
    assert path_between([("a", "b"), ("b", "c"), ("c", "d"), ("a", "c")], "a", "d") == ["a", "c", "d"]
    assert path_between([], "a", "a") == ["a"]


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    chain = [(n, n + 1) for n in range(50_000)]
    path = path_between(chain, 0, 50_000)
    assert path is not None
    assert len(path) == 50_001
