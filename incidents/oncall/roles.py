"""What somebody can be on call as. Pure."""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "primary": "Primary",
    "secondary": "Secondary",
    "tertiary": "Third line",
    "expert": "Expert",
    "commander": "Incident commander",
    "manager": "Manager",
}
ROLES: tuple[str, ...] = tuple(TITLES)
PRIMARY = "primary"

_RANK = {role: rank for rank, role in enumerate(ROLES)}


def rank(role: str) -> int:
    """Return where the role stands when people are listed: the primary first."""
    return _RANK[role]
