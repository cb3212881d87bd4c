"""The record of what was done to the calendar, and values that several of its writes check alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.calendar.places import Scope
from opsportal.catalog.models import Environment, Service
from opsportal.catalog.selectors import environments_named, services_named
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.core.text import clean_text
from opsportal.outbox.services import outbox_put

MOST_NAMED = 200
MOST_IN_USE = 200
"""So many windows, and so many freezes, may be in use at once: the gate reads them all."""
MAX_REASON = 500


def record(
    *, actor: Actor, now: datetime, action: str, kind: str, key: str, data: Mapping[str, JSON]
) -> None:
    """Write the audit entry of `action` and tell the topic `calendar.<action>` of it."""
    audit_record(actor=actor, now=now, action=action, object_kind=kind, object_key=key, data=data)
    outbox_put(now=now, topic=f"calendar.{action}", payload={kind: key, **data}, key=key)


def clean_title(value: object) -> str:
    """Return a title of one line. Raises `InvalidInput`."""
    return clean_text(value, field="title", max_length=120, required=True, lines=False)


def clean_move_reason(value: object) -> str:
    """Return why something was retired or lifted, for its history. Raises `InvalidInput`."""
    return clean_text(value, field="reason", max_length=MAX_REASON)


def clean_scope(scope: Scope) -> dict[str, list[str]]:
    """Return the scope as it is stored: each list sorted, each name known. Raises `InvalidInput`."""
    cleaned = Scope(
        services=_clean_list(scope.services, "services"),
        environments=_clean_list(scope.environments, "environments"),
        environment_kinds=_clean_list(scope.environment_kinds, "environment_kinds"),
        tiers=_clean_list(scope.tiers, "tiers"),
    )
    known: dict[str, tuple[Sequence[str], Collection[str]]] = {
        "services": (cleaned.services, services_named(cleaned.services)),
        "environments": (cleaned.environments, environments_named(cleaned.environments)),
        "environment_kinds": (cleaned.environment_kinds, Environment.Kind.values),
        "tiers": (cleaned.tiers, Service.Tier.values),
    }
    for field, (given, found) in known.items():
        refuse_unknown(field, given, found)
    return cleaned.as_dict()


def refuse_unknown(field: str, given: Sequence[str], known: Collection[str]) -> None:
    """Raise `InvalidInput` where one of the given names is not known."""
    missing = [name for name in given if name not in known]
    if missing:
        raise InvalidInput.of(field, "unknown", f"Not known: {', '.join(missing[:10])}.")


def _clean_list(values: Sequence[str], field: str) -> tuple[str, ...]:
    if len(values) > MOST_NAMED:
        raise InvalidInput.of(field, "too_many", f"At most {MOST_NAMED}.")
    cleaned = {clean_text(value, field=field, max_length=60, required=True, lines=False) for value in values}
    return tuple(sorted(cleaned))
