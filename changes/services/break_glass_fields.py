"""What people write into a break-glass request: cleaned here, whatever edge it came through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from changes.models.break_glass import LONGEST, SHORTEST
from opsportal.catalog.models import Environment, Service
from opsportal.catalog.selectors import environments_named, services_named
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.text import clean_text

FIELDS = ("services", "environment", "reason", "minutes")
MAX_SERVICES = 20
MAX_REASON = 2_000
_FEWEST, _MOST = (int(length.total_seconds()) // 60 for length in (SHORTEST, LONGEST))


@dataclass(frozen=True, slots=True)
class Request:
    """For which services in which environment, why, and for how many minutes."""

    services: tuple[Service, ...]
    environment: Environment
    reason: str
    minutes: int


def clean_request(fields: Mapping[str, Any]) -> Request:
    """Return the cleaned `fields`: `services` (slugs), `environment` (a slug), `reason`, `minutes`.

    Two queries. Raises `InvalidInput` with every error.
    """
    errors = [
        FieldError(f"/{name}", "unknown", f"No such field; known are: {', '.join(FIELDS)}.")
        for name in sorted(set(fields) - set(FIELDS))
    ]
    taken: dict[str, Any] = {}
    for name, clean in _CLEANERS.items():
        try:
            taken[name] = clean(fields.get(name))
        except InvalidInput as error:
            errors += error.errors
    if errors:
        raise InvalidInput(errors)
    return Request(**taken)


def _services(value: Any) -> tuple[Service, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise InvalidInput.of("services", "required", "Name one service at least.")
    if len(value) > MAX_SERVICES:
        raise InvalidInput.of("services", "too_many", f"At most {MAX_SERVICES} services.")
    slugs = [_slug(f"services/{index}", each) for index, each in enumerate(value)]
    known = services_named(slugs)
    unknown = [
        FieldError(f"/services/{index}", "unknown", "There is no such active service.")
        for index, slug in enumerate(slugs)
        if slug not in known or known[slug].state != "active"
    ]
    if unknown:
        raise InvalidInput(unknown)
    return tuple(known[slug] for slug in dict.fromkeys(slugs))


def _environment(value: Any) -> Environment:
    slug = _slug("environment", value)
    known = environments_named([slug])
    if slug not in known:
        raise InvalidInput.of("environment", "unknown", "There is no such environment.")
    return known[slug]


def _reason(value: Any) -> str:
    return clean_text(value or "", field="reason", max_length=MAX_REASON, required=True)


def _minutes(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not _FEWEST <= value <= _MOST:
        raise InvalidInput.of(
            "minutes", "out_of_range", f"Must be a whole number of minutes from {_FEWEST} to {_MOST}."
        )
    return value


def _slug(name: str, value: Any) -> str:
    return clean_text(value or "", field=name, max_length=60, required=True, lines=False)


_CLEANERS: Mapping[str, Callable[[Any], Any]] = {
    "services": _services,
    "environment": _environment,
    "reason": _reason,
    "minutes": _minutes,
}
