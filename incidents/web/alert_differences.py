"""What tells alerts of one list from one another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

FIRST = ("instance", "host", "pod", "node")
"""These labels say most, so that they come first."""
MOST_LABELS = 4
MOST_VALUE = 60


def differences(alerts: Sequence[tuple[str, Mapping[str, str]]]) -> list[str]:
    """Return for each alert (its title, its labels) the labels in which it differs from those of that title.

    Where there is no such label, its `instance`; `""` where it has none.
    """
    groups: dict[str, list[Mapping[str, str]]] = {}
    for title, labels in alerts:
        groups.setdefault(title, []).append(labels)
    names = {title: _differing(group) for title, group in groups.items()}
    return [_words(labels, names[title] or ["instance"]) for title, labels in alerts]


def _differing(group: Sequence[Mapping[str, str]]) -> list[str]:
    every = {name for labels in group for name in labels}
    found = [name for name in every if len({labels.get(name) for labels in group}) > 1]
    return sorted(found, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))


def _words(labels: Mapping[str, str], names: Iterable[str]) -> str:
    named = [(name, labels[name]) for name in names if labels.get(name)]
    return ", ".join(f"{name} {_cut(value)}" for name, value in named[:MOST_LABELS])


def _cut(value: str) -> str:
    return value if len(value) <= MOST_VALUE else value[: MOST_VALUE - 1] + "…"
