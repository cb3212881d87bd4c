"""Why people do what they do, and why rules say no."""

from __future__ import annotations

from collections.abc import Collection

from opsportal.core.errors import Reason, RuleRefused
from opsportal.core.text import clean_text

MAX_REASON = 500
"""It is kept with the history row of the step."""


def clean_reason(value: object, *, required: bool = False) -> str:
    """Return the reason that somebody gives for a step. Raises `InvalidInput`."""
    return clean_text(value, field="reason", max_length=MAX_REASON, required=required)


def refuse(reasons: Collection[Reason]) -> None:
    """Raise `RuleRefused` with all reasons, each once; do nothing where there is none."""
    if reasons:
        raise RuleRefused(dict.fromkeys(reasons))
