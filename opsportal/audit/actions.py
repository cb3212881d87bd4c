"""The actions that audit entries may name, each with its words for a timeline."""

from __future__ import annotations

_labels: dict[str, str] = {}


def register(action: str, label: str) -> None:
    """Register `action` (`change.submitted`) with the words that follow a name: "submitted the change".

    Raises `ValueError` where another label stands already.
    """
    if _labels.setdefault(action, label) != label:
        raise ValueError(f"audit action '{action}' is registered already")


def register_all(labels: dict[str, str]) -> None:
    """Register several actions with their words."""
    for action, label in labels.items():
        register(action, label)


def is_registered(action: str) -> bool:
    return action in _labels


def label(action: str) -> str:
    """Return the words for `action`; the action itself where an older version wrote it."""
    return _labels.get(action, action)


def names() -> list[str]:
    """Return every registered action, sorted."""
    return sorted(_labels)
