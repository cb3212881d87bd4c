"""What people are told of, by kind: each person chooses for each kind by which channels it comes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opsportal.core.registry import Registry

OTHER = "other"


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of news. `still_wanted` gets a person, references of what they were told, and the time
    (aware UTC), and returns those that still matter to them: a digest leaves the others out. None means
    that they all do.
    """

    title: str
    hint: str
    still_wanted: Callable[[UUID, Collection[str], datetime], set[str]] | None = None


topics: Registry[Topic] = Registry("notification topics")
"""Name (stored with each notification) -> topic. Filled in `AppConfig.ready()`; the page keeps the order."""
