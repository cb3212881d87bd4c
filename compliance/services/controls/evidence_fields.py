"""What people and machines send as evidence, cleaned."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from compliance.controlling.words import SHOWS
from compliance.models import Control
from compliance.services.controls.control_fields import control_named
from compliance.services.controls.looked_up import Cleaner, cleaned_by, moment, one_of, strings, url, words
from opsportal.core.errors import InvalidInput
from opsportal.core.text import clean_text

MAX_TITLE, MAX_NOTE, MAX_REFERENCE = 200, 10_000, 120
MAX_CONTROLS = 50
MAX_DATA = 64_000
_HASH = re.compile(r"[0-9a-f]{64}")


def clean_evidence(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given fields cleaned, with the controls looked up.

    `controls` are keys; `data` is any JSON object of 64 kB; `sha256` is the hash of what lies at `url`,
    or that the file is expected to have.
    Raises `InvalidInput` with an error for each wrong field.
    """
    return cleaned_by(_CLEANERS, fields)


def _controls(value: object, field: str) -> list[Control]:
    keys = strings(value, field, most=MAX_CONTROLS, longest=30)
    return [control_named(key, f"{field}/{index}") for index, key in enumerate(keys)]


def _data(value: object, field: str) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidInput.of(field, "not_an_object", "Must be a JSON object.")
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput.of(field, "not_json", "Must be plain JSON, without NaN or infinity.") from None
    if len(text) > MAX_DATA:
        raise InvalidInput.of(field, "too_large", f"At most {MAX_DATA // 1000} kB; send it as a file.")
    if "\\u0000" in text or re.search(r"\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])", text):
        raise InvalidInput.of(field, "control_characters", "Contains characters that cannot be stored.")
    plain: dict[str, Any] = json.loads(text)
    return plain


def _hash(value: object, field: str) -> str:
    text = clean_text(value, field=field, max_length=71, lines=False).lower().removeprefix("sha256:")
    if text and not _HASH.fullmatch(text):
        raise InvalidInput.of(
            field,
            "not_a_hash",
            "Expected is the SHA-256 of the content: 64 digits 0-9 and a-f, as the program sha256sum prints"
            f" them. What came has {len(text)} characters: “{text[:70]}”.",
        )
    return text


_CLEANERS: Mapping[str, Cleaner] = {
    "title": words(MAX_TITLE, required=True, lines=False),
    "controls": _controls,
    "reference": words(MAX_REFERENCE, lines=False),
    "shows": one_of(SHOWS),
    "observed_at": moment,
    "valid_until": lambda value, field: None if value is None else moment(value, field),
    "url": url,
    "sha256": _hash,
    "data": _data,
    "note": words(MAX_NOTE),
}
