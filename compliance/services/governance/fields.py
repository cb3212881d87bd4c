"""What people and machines send in for governance, read strictly, all errors at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from compliance.selectors.people import persons_named
from opsportal.accounts.models import User
from opsportal.accounts.services import require_worker
from opsportal.catalog.models import Service
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.keys import parse_key
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_slug, clean_text

Cleaner = Callable[[Any], Any]
MAX_PROSE = 10_000
MAX_LINK = 500
MOST_LINKS = 50
MOST_PEOPLE = 500


def cleaned(
    fields: Mapping[str, Any], cleaners: Mapping[str, Cleaner], *, required: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the fields as their cleaners give them. Raises `InvalidInput` with every error at once."""
    result: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, value in fields.items():
        try:
            if name not in cleaners:
                raise InvalidInput.of(name[:60], "unknown", f"Known are: {', '.join(cleaners)}.")
            result[name] = cleaners[name](value)
        except InvalidInput as refusal:
            errors.extend(refusal.errors)
    errors.extend(
        FieldError(f"/{name}", "required", "This is needed.") for name in required if name not in fields
    )
    if errors:
        raise InvalidInput(errors)
    return result


def line(field: str, most: int, *, required: bool = False) -> Cleaner:
    """Return what reads one line of text."""
    return lambda value: clean_text(value, field=field, max_length=most, required=required, lines=False)


def prose(field: str, most: int = MAX_PROSE, *, required: bool = False) -> Cleaner:
    """Return what reads text of several lines."""
    return lambda value: clean_text(value, field=field, max_length=most, required=required)


def slug(field: str) -> Cleaner:
    """Return what reads a slug."""
    return lambda value: clean_slug(value, field=field)


def one_of(field: str, known: Mapping[Any, str]) -> Cleaner:
    """Return what reads one of some words."""

    def read(value: object) -> Any:
        if isinstance(value, bool) or value not in known:
            words = ", ".join(str(word) for word in known)
            raise InvalidInput.of(field, "unknown", f"Must be one of: {words}.")
        return value

    return read


def whole(field: str, least: int, most: int) -> Cleaner:
    """Return what reads a whole number from `least` to `most`."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InvalidInput.of(field, "out_of_range", f"Must be a whole number from {least} to {most}.")
        return value

    return read


def moment(field: str) -> Cleaner:
    """Return what reads an aware instant."""

    def read(value: object) -> datetime:
        if not isinstance(value, datetime):
            raise InvalidInput.of(field, "not_a_time", "Must be a time.")
        return clean_moment(value, field=field)

    return read


def past(field: str, now: datetime) -> Cleaner:
    """Return what reads an instant that is not ahead of `now`."""

    def read(value: object) -> datetime:
        at: datetime = moment(field)(value)
        if at > now:
            raise InvalidInput.of(field, "ahead", "Must not lie ahead.")
        return at

    return read


def ahead(field: str, now: datetime) -> Cleaner:
    """Return what reads an instant after `now`."""

    def read(value: object) -> datetime:
        at: datetime = moment(field)(value)
        if at <= now:
            raise InvalidInput.of(field, "past", "Must lie ahead.")
        return at

    return read


def day(field: str, *, until: date | None = None) -> Cleaner:
    """Return what reads a day, not after `until` where that is given."""

    def read(value: object) -> date:
        found = value
        if isinstance(found, str):
            try:
                found = date.fromisoformat(found)
            except ValueError:
                found = None
        if not isinstance(found, date) or isinstance(found, datetime):
            raise InvalidInput.of(field, "not_a_day", "Must be a day such as 2026-03-31.")
        if not 2000 <= found.year < 2200:
            raise InvalidInput.of(field, "out_of_range", "Must lie between the years 2000 and 2200.")
        if until is not None and found > until:
            raise InvalidInput.of(field, "ahead", "Must not lie ahead.")
        return found

    return read


def worker(field: str) -> Cleaner:
    """Return what reads the id or the e-mail address of somebody who can be given something to do."""
    read = person(field)
    return lambda value: require_worker(field, read(value))


def person(field: str) -> Cleaner:
    """Return what reads the id or the e-mail address of somebody who may sign in."""

    def read(value: object) -> User:
        found = persons_named([value]).get(value) if isinstance(value, str | UUID) else None
        if found is None or not found.is_active:
            raise InvalidInput.of(
                field, "unknown", "There is no such person who may sign in; give their id or e-mail address."
            )
        return found

    return read


def people(field: str) -> Cleaner:
    """Return what reads ids or e-mail addresses of people, also of those who left meanwhile.

    They come as ids, each once, as sorted texts.
    """

    def read(values: object) -> list[str]:
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise InvalidInput.of(field, "not_a_list", "Must be a list of ids or e-mail addresses of people.")
        if len(values) > MOST_PEOPLE:
            raise InvalidInput.of(field, "too_many", f"At most {MOST_PEOPLE} people.")
        names = [str(value) for value in values]
        known = persons_named(names)
        errors = [
            FieldError(f"/{field}/{index}", "unknown", "There is no such person.")
            for index, name in enumerate(names)
            if name not in known
        ]
        if errors:
            raise InvalidInput(errors)
        return sorted({str(one.pk) for one in known.values()})

    return read


def service(field: str) -> Cleaner:
    """Return what reads the slug of a service; `""` and None are no service."""

    def read(value: object) -> Service | None:
        if value in ("", None):
            return None
        found = Service.objects.select_related("owner_team").filter(slug=str(value)[:60]).first()
        if found is None:
            raise InvalidInput.of(field, "unknown", "There is no such service.")
        return found

    return read


def link(field: str) -> Cleaner:
    """Return what reads an address (https or http) or a key of the portal (`CHG-1042`); `""` is none."""

    def read(value: object) -> str:
        return _link(value, field)

    return read


def links(field: str) -> Cleaner:
    """Return what reads a list of addresses and keys."""

    def read(values: object) -> list[str]:
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise InvalidInput.of(field, "not_a_list", "Must be a list.")
        if len(values) > MOST_LINKS:
            raise InvalidInput.of(field, "too_many", f"At most {MOST_LINKS} links.")
        return [_link(value, f"{field}/{index}", required=True) for index, value in enumerate(values)]

    return read


def _link(value: object, field: str, *, required: bool = False) -> str:
    text = clean_text(value, field=field, max_length=MAX_LINK, required=required, lines=False)
    if not text:
        return ""
    parsed = parse_key(text)
    if parsed is not None:
        return f"{parsed[0]}-{parsed[1]}"
    if not text.lower().startswith(("https://", "http://")) or " " in text:
        raise InvalidInput.of(
            field, "not_a_link", "Must be an address that begins with https://, or a key such as CHG-1042."
        )
    return text


def utc_day(now: datetime) -> date:
    """Return the UTC day of an instant."""
    return now.astimezone(UTC).date()
