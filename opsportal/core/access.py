"""Who may: django-rules predicates behind one `require()`. Closed by default."""

from __future__ import annotations

from rules import predicates, rulesets

from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden

_messages: dict[str, str] = {}
_open_to_auditors: set[str] = set()
ONLY_READS = "An auditor reads everything and changes nothing."
ONLY_LOOKS = "A guest reads what was opened to them, and changes nothing."


def allow(name: str, predicate: predicates.Predicate, *, otherwise: str, auditors_too: bool = False) -> None:
    """Register the permission `name`. `otherwise` tells the refused one who may, in plain words.

    Auditors change nothing: with `auditors_too` it is open to them as to others, for what only reads or
    is their own (their name, their password, what they are told).
    """
    if auditors_too:
        _open_to_auditors.add(name)
    rulesets.add_rule(name, predicate)  # type: ignore[no-untyped-call]
    _messages[name] = otherwise


def may(actor: Actor, name: str, subject: object | None = None) -> bool:
    """Return whether `actor` holds permission `name` on `subject`; an unknown name raises KeyError."""
    if not rulesets.rule_exists(name):  # type: ignore[no-untyped-call]
        raise KeyError(f"no such permission: {name}")
    if _is_closed_to(actor, name):
        return False
    return bool(rulesets.test_rule(name, actor, subject))  # type: ignore[no-untyped-call]


def require(actor: Actor, name: str, subject: object | None = None) -> None:
    """Raise `Forbidden` unless `actor` holds permission `name` on `subject`."""
    if not may(actor, name, subject):
        if actor.is_guest:
            raise Forbidden(ONLY_LOOKS)
        raise Forbidden(ONLY_READS if _is_closed_to(actor, name) else _messages[name])


def names() -> frozenset[str]:
    """Return the names of all permissions."""
    return frozenset(_messages)


def _is_closed_to(actor: Actor, name: str) -> bool:
    return actor.is_guest or (actor.is_auditor and name not in _open_to_auditors)
