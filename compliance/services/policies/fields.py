"""What people and machines write into policies and documents, cleaned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compliance.policing.words import AUDIENCES, DOCUMENT_KINDS, POLICY_KINDS, REVIEWS
from compliance.services.controls.looked_up import (
    Cleaner,
    cleaned_by,
    moment,
    one_of,
    person,
    service_or_none,
    team_or_none,
    url,
    words,
)
from opsportal.accounts.models import Role, Team
from opsportal.core.errors import InvalidInput
from opsportal.core.text import clean_text

MAX_TITLE, MAX_TEXT, MAX_NOTE = 200, 200_000, 300
EARLIEST, LATEST = 1, 90


def clean_policy(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given fields of a policy cleaned.

    `owner` is a user's id, `audience` a word or `team:slug` or `role:slug`. Raises `InvalidInput` with an
    error for each wrong field.
    """
    return cleaned_by(_POLICY, fields)


def clean_document(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given fields of a document cleaned: `owner` is a user's id, `service` and `team` slugs.

    `reviewed_at` is an instant.
    """
    return cleaned_by(_DOCUMENT, fields)


def _audience(value: object, field: str) -> tuple[str, str]:
    text = clean_text(value, field=field, max_length=70, required=True, lines=False)
    kind, _, slug = text.partition(":")
    if kind not in dict(AUDIENCES) or (kind in {"team", "role"}) != bool(slug):
        raise InvalidInput.of(field, "unknown", "Must be everybody, nobody, team:slug or role:slug.")
    if kind == "team" and not Team.objects.filter(slug=slug).exists():
        raise InvalidInput.of(field, "unknown", "There is no such team.")
    if kind == "role" and not Role.objects.filter(slug=slug).exists():
        raise InvalidInput.of(field, "unknown", "There is no such role.")
    return kind, slug


def _days(value: object, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not EARLIEST <= value <= LATEST:
        raise InvalidInput.of(field, "out_of_range", f"Must be {EARLIEST} to {LATEST} days.")
    return value


_POLICY: Mapping[str, Cleaner] = {
    "title": words(MAX_TITLE, required=True, lines=False),
    "kind": one_of(POLICY_KINDS),
    "owner": person,
    "audience": _audience,
    "attest_within_days": _days,
    "review_every": one_of(REVIEWS),
    "text": words(MAX_TEXT, required=True),
    "note": words(MAX_NOTE, lines=False),
}

_DOCUMENT: Mapping[str, Cleaner] = {
    "title": words(MAX_TITLE, required=True, lines=False),
    "kind": one_of(DOCUMENT_KINDS),
    "owner": person,
    "service": service_or_none,
    "team": team_or_none,
    "url": url,
    "review_every": one_of(REVIEWS),
    "reviewed_at": moment,
}
