"""What people and machines send about assets, backups, tests and exercises, cleaned."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from compliance.recovery.keeping import parse_span
from compliance.recovery.procedures import BY_SLUG, LONGEST_STEP, MOST_STEPS
from opsportal.accounts.models import Team, User
from opsportal.accounts.selectors import colleagues
from opsportal.accounts.services import require_worker
from opsportal.catalog.models import Service
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_slug, clean_text

MAX_NAME = 120
MAX_TITLE = 200
MAX_PLACE = 300
MAX_WORD = 60
MAX_TEXT = 20_000
MAX_NOTE = 500
MAX_EXTERNAL = 120
MAX_SIZE = 2**62
MAX_SERVICES = 50
MAX_PEOPLE = 50
SLACK = timedelta(minutes=5)
"""How far clocks of other machines may be ahead."""
_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}")

Cleaner = Callable[[object], Any]
T = TypeVar("T")


def cleaned(fields: Mapping[str, Any], cleaners: Mapping[str, Cleaner]) -> dict[str, Any]:
    """Return the given fields, each by its cleaner. Raises `InvalidInput` for each wrong one."""
    found: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, value in fields.items():
        if name not in cleaners:
            errors.append(FieldError(f"/{name[:60]}", "unknown", f"Known are: {', '.join(cleaners)}."))
            continue
        try:
            found[name] = cleaners[name](value)
        except InvalidInput as refusal:
            errors.extend(refusal.errors)
    if errors:
        raise InvalidInput(errors)
    return found


def need(fields: Mapping[str, Any], *names: str) -> None:
    """Raise `InvalidInput` with an error for each of `names` that is not there."""
    missing = [FieldError(f"/{name}", "required", "This is needed.") for name in names if name not in fields]
    if missing:
        raise InvalidInput(missing)


def text(field: str, most: int, *, required: bool = False, lines: bool = False) -> Cleaner:
    """Return a cleaner of text."""
    return lambda value: clean_text(value, field=field, max_length=most, required=required, lines=lines)


def one_of(field: str, words: tuple[tuple[str, str], ...], *, blank: bool = False) -> Cleaner:
    """Return a cleaner of a closed word."""
    known = [word for word, _ in words]

    def clean(value: object) -> str:
        if value == "" and blank:
            return ""
        if value not in known:
            raise InvalidInput.of(field, "unknown", f"Must be one of: {', '.join(known)}.")
        return str(value)

    return clean


def moment(field: str, *, optional: bool = False) -> Cleaner:
    """Return a cleaner of an instant with zone."""

    def clean(value: object) -> datetime | None:
        if value is None and optional:
            return None
        if not isinstance(value, datetime):
            raise InvalidInput.of(field, "not_a_time", "Must be a time with zone.")
        return clean_moment(value, field=field)

    return clean


def flag(field: str) -> Cleaner:
    """Return a cleaner of true, false or null (not known)."""

    def clean(value: object) -> bool | None:
        if value is not None and not isinstance(value, bool):
            raise InvalidInput.of(field, "not_a_flag", "Must be true or false.")
        return value

    return clean


def size(value: object) -> int | None:
    """Return a size in bytes, None where it is not known. Raises `InvalidInput`, also for a negative one."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput.of("size_bytes", "not_a_number", "Must be a whole number of bytes.")
    if not 0 <= value <= MAX_SIZE:
        raise InvalidInput.of("size_bytes", "out_of_range", "A size cannot be negative, nor endless.")
    return value


def span(value: object) -> str:
    """Return a time to keep something as it is stored, `""` where nobody said one. Raises `InvalidInput`."""
    given = clean_text(value, field="kept_for", max_length=20, lines=False)
    try:
        return str(parse_span(given)) if given else ""
    except ValueError as error:
        raise InvalidInput.of("kept_for", "no_span", str(error)) from None


def checksum(value: object) -> str:
    """Return a checksum as it is stored, `""` for none. Raises `InvalidInput` for a malformed one."""
    given = clean_text(value, field="checksum", max_length=80, lines=False).lower()
    if given and not _CHECKSUM.fullmatch(given):
        raise InvalidInput.of(
            "checksum", "malformed", "Must be sha256: and 64 hexadecimal digits, as `sha256sum` prints them."
        )
    return given


def team(value: object) -> Team:
    """Return the team with this slug. Raises `InvalidInput`."""
    found = Team.objects.filter(slug=value).first() if isinstance(value, str) else None
    if found is None:
        raise InvalidInput.of("team", "unknown", "There is no such team.")
    return found


def person(field: str) -> Cleaner:
    """Return a cleaner of a person who may sign in, by id or address."""

    def clean(value: object) -> User:
        return require_worker(field, _person(value, field))

    return clean


def service(value: object) -> Service | None:
    """Return the service with this slug, None for `""`. Raises `InvalidInput`."""
    if value in ("", None):
        return None
    found = Service.objects.filter(slug=value).first() if isinstance(value, str) else None
    if found is None:
        raise InvalidInput.of("service", "unknown", "There is no such service.")
    return found


def services(value: object) -> list[Service]:
    """Return the services with these slugs, each once. Raises `InvalidInput` with each unknown one."""
    slugs = _many(value, "services", MAX_SERVICES)
    found = {row.slug: row for row in Service.objects.filter(slug__in=[str(slug) for slug in slugs])}
    missing = [
        FieldError(f"/services/{index}", "unknown", f"There is no service “{str(slug)[:60]}”.")
        for index, slug in enumerate(slugs)
        if slug not in found
    ]
    if missing:
        raise InvalidInput(missing)
    return [found[str(slug)] for slug in dict.fromkeys(slugs)]


def participants(value: object) -> list[tuple[User, str]]:
    """Return people with the part that each plays. Raises `InvalidInput` with each wrong one."""
    found: dict[Any, tuple[User, str]] = {}
    errors: list[FieldError] = []
    for index, row in enumerate(_many(value, "participants", MAX_PEOPLE)):
        given = row if isinstance(row, Mapping) else {"person": row}
        try:
            who = _person(given.get("person"), f"participants/{index}/person")
            part = clean_text(
                given.get("part", ""), field=f"participants/{index}/part", max_length=MAX_WORD, lines=False
            )
        except InvalidInput as refusal:
            errors.extend(refusal.errors)
            continue
        found[who.pk] = (who, part)
    if errors:
        raise InvalidInput(errors)
    return list(found.values())


def procedure(value: object) -> str:
    """Return the slug of a procedure, `""` for none. Raises `InvalidInput`."""
    if value != "" and value not in BY_SLUG:
        raise InvalidInput.of("procedure", "unknown", f"Must be one of: {', '.join(BY_SLUG)}.")
    return str(value)


def steps(value: object) -> list[str]:
    """Return steps that somebody wrote. Raises `InvalidInput` with each wrong one."""
    return [
        clean_text(one, field=f"steps/{index}", max_length=LONGEST_STEP, required=True)
        for index, one in enumerate(_many(value, "steps", MOST_STEPS))
    ]


def record_class(value: object) -> str:
    """Return the slug of a class of records, `""` for none."""
    given = clean_text(value, field="record_class", max_length=MAX_WORD, lines=False)
    return clean_slug(given, field="record_class") if given else ""


def _person(value: object, field: str) -> User:
    people = colleagues()
    found = None
    if isinstance(value, str) and "@" in value:
        found = people.filter(email=value.strip().lower()).first()
    else:
        try:
            found = people.filter(pk=UUID(str(value))).first()
        except ValueError:
            found = None
    if found is None:
        raise InvalidInput.of(field, "unknown", "There is no such person who may sign in.")
    return found


def _many(value: object, field: str, most: int) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or len(value) > most:
        raise InvalidInput.of(field, "not_a_list", f"Must be a list of at most {most}.")
    return value
