"""Text that people and machines send in."""

from __future__ import annotations

import re
import unicodedata

from opsportal.core.errors import InvalidInput

_LINE_BREAKS = {"\n", "\t"}
# They make a text read differently from what it says (CVE-2021-42574); right-to-left text needs none of them.
_DIRECTION_OVERRIDES = frozenset("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u202c")
_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


def clean_text(
    value: object, *, field: str, max_length: int, required: bool = False, lines: bool = True
) -> str:
    """Return `value` stripped, with `\\n` line ends.

    Emoji and right-to-left text pass. Raises `InvalidInput` for what is not text, is longer than
    `max_length` characters, carries control characters or lone surrogates (no database stores
    them) or direction overrides, or shows nothing though
    `required`. Without `lines`, a line break is refused too.
    """
    if not isinstance(value, str):
        raise InvalidInput.of(field, "not_text", "Must be text.")
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    allowed = _LINE_BREAKS if lines else set()
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in allowed for char in text):
        raise InvalidInput.of(field, "control_characters", "Contains characters that cannot be stored.")
    if not _DIRECTION_OVERRIDES.isdisjoint(text):
        raise InvalidInput.of(field, "direction_override", "Contains characters that turn text around.")
    if len(text) > max_length:
        raise InvalidInput.of(field, "too_long", f"At most {max_length} characters; this has {len(text)}.")
    if required and not any(unicodedata.category(char) not in {"Cf", "Zs"} for char in text):
        raise InvalidInput.of(field, "required", "This is needed.")
    return text


def clean_slug(value: object, *, field: str, max_length: int = 60) -> str:
    """Return `value` where it may name something for good: `payments-api`. Raises `InvalidInput`."""
    slug = clean_text(value, field=field, max_length=max_length, required=True, lines=False)
    if not _SLUG.fullmatch(slug):
        raise InvalidInput.of(
            field,
            "not_a_slug",
            "Use lower-case letters and digits, parted by single hyphens, e.g. payments-api.",
        )
    return slug
