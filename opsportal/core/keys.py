"""Keys of things people talk about: CHG-1042, DEP-77."""

from __future__ import annotations

import re

_KEY = re.compile(r"([A-Z]{2,5})-([1-9][0-9]{0,17})")


def format_key(prefix: str, number: int) -> str:
    return f"{prefix}-{number}"


def parse_key(text: str) -> tuple[str, int] | None:
    """Return prefix and number of a key, in any case and with blanks around it, or None."""
    match = _KEY.fullmatch(text.strip().upper())
    return (match[1], int(match[2])) if match else None


def number_of(text: str, prefix: str) -> int | None:
    """Return the number of a key with this prefix, or None where it is not one."""
    parsed = parse_key(text)
    return parsed[1] if parsed and parsed[0] == prefix else None
