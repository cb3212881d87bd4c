"""Paths through dependencies. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def path_between(edges: Iterable[tuple[Node, Node]], start: Node, goal: Node) -> list[Node] | None:
    """Return a shortest path from `start` to `goal` along the edges, both ends included, or None."""
    onward: dict[Node, list[Node]] = {}
    for source, target in edges:
        onward.setdefault(source, []).append(target)
    came_from: dict[Node, Node | None] = {start: None}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        if node == goal:
            return _trace(came_from, node)
        for following in onward.get(node, ()):
            if following not in came_from:
                came_from[following] = node
                waiting.append(following)
    return None


def _trace(came_from: dict[Node, Node | None], goal: Node) -> list[Node]:
    path: list[Node] = [goal]
    while (before := came_from[path[-1]]) is not None:
        path.append(before)
    return path[::-1]
