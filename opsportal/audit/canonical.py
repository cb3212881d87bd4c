"""One byte form for each value, so that a seal made today verifies in ten years. Pure.

The form is JSON with sorted keys and no blanks, UTF-8, after RFC 8785 with one difference: numbers
that are not whole are refused (they travel as text), since their shortest form is a matter of taste.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

JSON: TypeAlias = "bool | int | str | Sequence[JSON] | Mapping[str, JSON] | None"


def canonical_bytes(value: JSON) -> bytes:
    """Return the canonical bytes of `value`. Raises `TypeError` for floats and foreign types."""
    _refuse_inexact(value)
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _refuse_inexact(value: object) -> None:
    if value is None or isinstance(value, str | bool | int):
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"key {key!r} is not text")
            _refuse_inexact(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_inexact(item)
    else:
        raise TypeError(f"{type(value).__name__} has no canonical form; pass it as text")
