"""Who may: django-rules predicates behind one `require()`. Closed by default."""

from __future__ import annotations

from rules import predicates, rulesets

from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden

_messages: dict[str, str] = {}


def allow(name: str, predicate: predicates.Predicate, *, otherwise: str) -> None:
    """Register the permission `name`. `otherwise` tells the refused one who may, in plain words."""
    rulesets.add_rule(name, predicate)  # type: ignore[no-untyped-call]
    _messages[name] = otherwise


def may(actor: Actor, name: str, subject: object | None = None) -> bool:
    """Return whether `actor` holds permission `name` on `subject`; an unknown name raises KeyError."""
    if not rulesets.rule_exists(name):  # type: ignore[no-untyped-call]
        raise KeyError(f"no such permission: {name}")
    return bool(rulesets.test_rule(name, actor, subject))  # type: ignore[no-untyped-call]


def require(actor: Actor, name: str, subject: object | None = None) -> None:
    """Raise `Forbidden` unless `actor` holds permission `name` on `subject`."""
    if not may(actor, name, subject):
        raise Forbidden(_messages[name])
