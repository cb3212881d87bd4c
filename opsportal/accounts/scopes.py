"""What a token of a machine may be good for: one list, for tokens, the API's checks and its schema. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from opsportal.core.errors import FieldError, InvalidInput

READ_WRITE_AREAS: dict[str, str] = {
    "changes": "change requests and their templates",
    "deployments": "deployments and their events",
    "catalog": "services, environments and dependencies",
    "alerts": "alerts",
    "incidents": "incidents and postmortems",
    "oncall": "on-call schedules and overrides",
    "compliance": "backups, restore tests, audits, findings and evidence",
    "measurements": "measured figures",
    "standards": "standards and their rules",
}
READ_ONLY_AREAS: dict[str, str] = {
    "gate": "the answer of the deployment gate",
    "ledger": "the sealed audit ledger",
}

SCOPES: dict[str, str] = dict(
    sorted(
        {
            **{f"{area}:read": f"Read {what}" for area, what in READ_WRITE_AREAS.items()},
            **{f"{area}:write": f"Write {what}" for area, what in READ_WRITE_AREAS.items()},
            **{f"{area}:read": f"Read {what}" for area, what in READ_ONLY_AREAS.items()},
        }.items()
    )
)
"""Every scope with its words for people, e.g. `changes:read`."""


def clean_scopes(values: object, *, field: str = "scopes") -> list[str]:
    """Return the scopes sorted, each once.

    Raises `InvalidInput` for what is no list of texts, for none at all, and for each unknown one.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidInput.of(field, "not_a_list", "Must be a list of scopes.")
    given = list(values)
    errors = [
        FieldError(
            f"/{field}/{index}", "unknown_scope", f"There is no such scope; known are: {', '.join(SCOPES)}."
        )
        for index, value in enumerate(given)
        if not isinstance(value, str) or value not in SCOPES
    ]
    if errors:
        raise InvalidInput(errors)
    if not given:
        raise InvalidInput.of(field, "required", "A token needs at least one scope.")
    return sorted(set(given))
