"""What lower rooms need of higher ones. The higher one fills the port in its `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Generic, ParamSpec, TypeVar

from opsportal.core.actor import Actor
from opsportal.core.errors import Refusal
from opsportal.core.registry import Registry

P = ParamSpec("P")
R = TypeVar("R")


class Port(Generic[P, R]):
    """A function that a higher room provides. Calling it unfilled is a programming error."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._function: Callable[P, R] | None = None

    def fill(self, function: Callable[P, R]) -> None:
        if self._function is not None and self._function is not function:
            raise ValueError(f"port '{self._name}' is filled already")
        self._function = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._function is None:
            raise RuntimeError(f"nobody has filled the port '{self._name}'")
        return self._function(*args, **kwargs)


record_refusal: Port[[Actor, datetime, str, str, Refusal], None] = Port("record_refusal")
"""(actor, now, method, path, refusal): one audit entry, in a transaction of its own. `audit` fills it."""

record_export: Port[[Actor, datetime, str, dict[str, str]], None] = Port("record_export")
"""(actor, now, what, how): one audit entry of a list taken out of the back office. `audit` fills it."""

kept_searches: Port[[Actor, str], list[tuple[int, str, str]]] = Port("kept_searches")
"""(actor, label of a model) -> (number, name, query string) of what they keep for that list. `accounts`
fills it."""

keep_search: Port[..., object] = Port("keep_search")
"""(actor=, now=, listed=label of a model, name=, query=query string): keep it. `accounts` fills it."""

drop_search: Port[..., object] = Port("drop_search")
"""(actor=, now=, pk=number): remove one's own. `accounts` fills it."""

standard_review_changed: Port[[Actor, datetime], None] = Port("standard_review_changed")
"""(actor, now): another standard is in force, or it was reviewed. `obligations` keeps what is owed in step,
in the same transaction."""

activate_by_change: Port[[Actor, datetime, str, str], None] = Port("activate_by_change")
"""(actor, now, key of a change, name of a standard): put in force what that approved change names. `changes`
fills it."""

spans_held: Port[[], list[tuple[datetime | None, datetime | None]]] = Port("spans_held")
"""() -> from when until before when (aware UTC; None is open) nothing that was made then is deleted, whatever
it is. `compliance` fills it with its legal holds."""

Check = tuple[bool, str]
readiness_checks: Registry[Callable[[], Check]] = Registry("readiness checks")
"""What this process needs to serve: name -> () -> (holds, detail). One that fails makes /ready 503."""

worker_checks: Registry[Callable[[], Check]] = Registry("worker checks")
"""What background work needs: shown by /ready, 503 only on /ready?for=worker."""
