"""What people and machines write into a change: cleaned here, whatever edge it came through.

Keys are those of the API's body. A key that is not there is left alone; several errors are told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from changes.models import Change, ChangeTemplate
from opsportal.accounts.services import clean_worker
from opsportal.catalog.models import Environment, Service
from opsportal.catalog.selectors import environments_named, services_named
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_text
from opsportal.standards.selectors import versions

T = TypeVar("T", Service, Environment)

MAX_TEXT = 20_000
MAX_TARGETS = 100
MAX_TAGS = 20
TEXT_LENGTHS = {
    "title": 200,
    "description": MAX_TEXT,
    "justification": MAX_TEXT,
    "risk_assessment": MAX_TEXT,
    "impact": MAX_TEXT,
    "plan": MAX_TEXT,
    "test_evidence": MAX_TEXT,
    "rollback_plan": MAX_TEXT,
}
FROM_TEMPLATE = ("risk", "plan", "rollback_plan")
"""What a template fixes: a board has approved exactly this."""

NAMES = frozenset(
    {
        *TEXT_LENGTHS,
        *("type", "risk", "window_start", "window_end", "implementer", "template", "tags", "activates"),
        *("services", "environments", "targets"),
    }
)
Target = tuple[Service, Environment]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Cleaned values by column, and what is named: pairs, or services and environments, None if not given."""

    columns: Mapping[str, Any]
    targets: tuple[Target, ...] | None = None
    services: tuple[Service, ...] | None = None
    environments: tuple[Environment, ...] | None = None

    def targets_after(self, present: Collection[Target]) -> tuple[Target, ...]:
        """Return what the change names afterwards. Services and environments mean each service in each."""
        if self.targets is not None:
            return self.targets
        if self.services is None and self.environments is None:
            return tuple(present)
        services = self.services if self.services is not None else dict.fromkeys(s for s, _ in present)
        places = self.environments if self.environments is not None else dict.fromkeys(e for _, e in present)
        return tuple((service, place) for service in services for place in places)


def clean_fields(fields: Mapping[str, Any]) -> Cleaned:
    """Return the cleaned `fields`. At most one query for each kind of thing that they name.

    `services` and `environments` are lists of slugs, `targets` one of (service, environment) pairs of
    slugs, in place of both; `implementer` is a person's id or e-mail address, `template` a slug,
    `activates` the hash of a stored standard, the window's ends are aware instants, and each of these
    may be None. Raises `InvalidInput` with every error.
    """
    collected = _Collected()
    unknown = sorted(set(fields) - NAMES)
    collected.errors += [FieldError(f"/{name}", "unknown", "A change has no such field.") for name in unknown]
    for name, clean in _CLEANERS.items():
        if name in fields:
            collected.take(name, clean, fields[name])
    named = {name: collected.columns.pop(name, None) for name in ("targets", "services", "environments")}
    if "targets" in fields and {"services", "environments"} & set(fields):
        collected.errors.append(
            FieldError("/targets", "twice", "Give either targets, or services and environments.")
        )
    if collected.errors:
        raise InvalidInput(collected.errors)
    cleaned = Cleaned(collected.columns, **named)
    if len(cleaned.services or ()) * len(cleaned.environments or ()) > MAX_TARGETS:
        raise InvalidInput.of("services", "too_many", f"A change names at most {MAX_TARGETS} targets.")
    return cleaned


class _Collected:
    def __init__(self) -> None:
        self.columns: dict[str, Any] = {}
        self.errors: list[FieldError] = []

    def take(self, name: str, clean: Callable[[str, Any], Any], value: Any) -> None:
        try:
            self.columns[name] = clean(name, value)
        except InvalidInput as error:
            self.errors.extend(error.errors)


def check_window(start: datetime | None, end: datetime | None) -> None:
    """Raise `InvalidInput` for half a window, and for one that ends before it starts."""
    if start is None and end is None:
        return
    if start is None or end is None:
        missing = "window_start" if start is None else "window_end"
        raise InvalidInput.of(missing, "required", "A window needs its start and its end.")
    if end <= start:
        raise InvalidInput.of("window_end", "ends_before_start", "The window must end after it starts.")


def _text(name: str, value: Any) -> str:
    title = name == "title"
    return clean_text(value, field=name, max_length=TEXT_LENGTHS[name], required=title, lines=not title)


def _choice(choices: Collection[str]) -> Callable[[str, Any], str]:
    def clean(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise InvalidInput.of(name, "unknown", f"Must be one of: {', '.join(choices)}.")
        return value

    return clean


def _instant(name: str, value: Any) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise InvalidInput.of(name, "not_a_time", "Must be a time with its zone, e.g. 2026-11-21T03:00:00Z.")
    return clean_moment(value, field=name)


def _tags(name: str, value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > MAX_TAGS:
        raise InvalidInput.of(name, "invalid", f"Must be a list of at most {MAX_TAGS} words.")
    return sorted({clean_text(tag, field=name, max_length=40, required=True, lines=False) for tag in value})


def _template(name: str, value: Any) -> ChangeTemplate | None:
    if value is None or value == "":
        return None
    template = ChangeTemplate.objects.filter(slug=_slug(name, value)).first()
    if template is None:
        raise InvalidInput.of(name, "unknown", "There is no such template.")
    return template


def _standard(name: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    content_hash = clean_text(value, field=name, max_length=64, lines=False)
    if not versions().filter(content_hash=content_hash).exists():
        raise InvalidInput.of(name, "unknown", "No standard of this hash is stored. Have it proposed first.")
    return content_hash


def _slug(name: str, value: Any) -> str:
    return clean_text(value, field=name, max_length=60, required=True, lines=False)


def _slugs(name: str, value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > MAX_TARGETS:
        raise InvalidInput.of(name, "invalid", f"Must be a list of at most {MAX_TARGETS} names.")
    return [_slug(f"{name}/{index}", each) for index, each in enumerate(value)]


def _services(name: str, value: Any) -> tuple[Service, ...]:
    slugs = _slugs(name, value)
    return _all_known(name, slugs, _active_services(slugs), "There is no such active service.")


def _environments(name: str, value: Any) -> tuple[Environment, ...]:
    slugs = _slugs(name, value)
    return _all_known(name, slugs, environments_named(slugs), "There is no such environment.")


def _targets(name: str, value: Any) -> tuple[Target, ...]:
    if not isinstance(value, list | tuple) or len(value) > MAX_TARGETS:
        raise InvalidInput.of(name, "invalid", f"Must be a list of at most {MAX_TARGETS} targets.")
    pairs = list(dict.fromkeys(_pair(f"{name}/{index}", each) for index, each in enumerate(value)))
    services = _active_services([service for service, _ in pairs])
    places = environments_named([place for _, place in pairs])
    errors: list[FieldError] = []
    for index, (service, place) in enumerate(pairs):
        if service not in services:
            errors.append(_unknown(f"{name}/{index}/service", "There is no such active service."))
        if place not in places:
            errors.append(_unknown(f"{name}/{index}/environment", "There is no such environment."))
    if errors:
        raise InvalidInput(errors)
    return tuple((services[service], places[place]) for service, place in pairs)


def _pair(name: str, value: Any) -> tuple[str, str]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InvalidInput.of(name, "invalid", "Must name a service and an environment.")
    service, environment = value
    return _slug(f"{name}/service", service), _slug(f"{name}/environment", environment)


def _active_services(slugs: list[str]) -> dict[str, Service]:
    return {slug: row for slug, row in services_named(slugs).items() if row.state == "active"}


def _all_known(name: str, slugs: list[str], known: Mapping[str, T], words: str) -> tuple[T, ...]:
    errors = [_unknown(f"{name}/{index}", words) for index, slug in enumerate(slugs) if slug not in known]
    if errors:
        raise InvalidInput(errors)
    return tuple(known[slug] for slug in dict.fromkeys(slugs))


def _unknown(pointer: str, words: str) -> FieldError:
    return FieldError(f"/{pointer}", "unknown", words)


_CLEANERS: Mapping[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(TEXT_LENGTHS, _text),
    "type": _choice(Change.Type.values),
    "risk": _choice(Change.Risk.values),
    "window_start": _instant,
    "window_end": _instant,
    "services": _services,
    "environments": _environments,
    "targets": _targets,
    "implementer": clean_worker,
    "template": _template,
    "tags": _tags,
    "activates": _standard,
}
