"""Why somebody, or a channel, is not told by a step of an escalation, in words that say what to do. Pure."""

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


def in_words(why: str) -> str:
    """Return the reason that a move of an escalation keeps, in words."""
    return WHY_NOT.get(why, why)
