"""Why somebody, or a channel, is told by a step of an escalation, or is not, in words for people. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

WHY_NOT: Mapping[str, str] = MappingProxyType(
    {
        "away": "is away; their deputy is told, if they have one",
        "unreachable": "cannot be reached: the account is off, or has no address",
        "outsider": "may not see this restricted incident; give them a role in it to have them told",
        "missing": "is switched off or gone; mend it under channels",
        "undelivered": "was told, but no message got through",
    }
)


_WHY: Mapping[str, str] = MappingProxyType(
    {
        "on_call": "on call for the affected services",
        "assignee": "has the incident, or is on call for it",
        "person": "named in person",
        "administrators": "administrator",
        "channel": "channel",
        "webhook": "webhook",
    }
)


def told_in_words(why: str) -> str:
    """Return why somebody is told (`schedule:payments:primary`, `role:cto`) as people read it."""
    kind, _, rest = why.partition(":")
    if kind == "schedule":
        slug, _, role = rest.partition(":")
        return f"{role or 'anybody'} on call by {slug}"
    if kind == "on_call" and rest:
        return f"{rest.strip(':')} on call for the affected services"
    return f"role {rest}" if kind == "role" else _WHY.get(kind, why)


def in_words(why: str) -> str:
    """Return the reason that a move of an escalation keeps, in words."""
    return WHY_NOT.get(why, why)
