"""The record of what was done to the catalogue, and values that several of its writes check alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.core.text import clean_slug, clean_text
from opsportal.outbox.services import outbox_put

MAX_DESCRIPTION = 5_000
_PAGES_OF_OURS = {"new", "import", "export"}


def record(
    *, actor: Actor, now: datetime, action: str, kind: str, key: str, data: Mapping[str, JSON]
) -> None:
    """Write the audit entry of `action` and tell the topic `catalog.<action>` of it."""
    audit_record(actor=actor, now=now, action=action, object_kind=kind, object_key=key, data=data)
    outbox_put(now=now, topic=f"catalog.{action}", payload={kind: key, **data}, key=key)


def clean_key(value: object) -> str:
    """Return a slug that no page of ours has taken. Raises `InvalidInput`."""
    slug = clean_slug(value, field="slug")
    if slug in _PAGES_OF_OURS:
        raise InvalidInput.of("slug", "reserved", f"'{slug}' is the name of a page here; choose another.")
    return slug


def clean_name(value: object) -> str:
    """Return a name of one line. Raises `InvalidInput`."""
    return clean_text(value, field="name", max_length=120, required=True, lines=False)


def clean_description(value: object) -> str:
    """Return a description. Raises `InvalidInput`."""
    return clean_text(value, field="description", max_length=MAX_DESCRIPTION)


def clean_choice(value: object, field: str, choices: Collection[str]) -> str:
    """Return `value` where it is one of `choices`. Raises `InvalidInput`."""
    if not isinstance(value, str) or value not in choices:
        raise InvalidInput.of(field, "unknown", f"Must be one of: {', '.join(choices)}.")
    return value
