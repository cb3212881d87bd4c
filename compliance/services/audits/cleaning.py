"""What people may write into audits: one cleaner for each field, all errors at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import Q

from compliance.models import Control, Framework
from compliance.models.controls import CONTROL_PREFIX
from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues
from opsportal.accounts.services import require_worker
from opsportal.catalog.models import Service
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.keys import number_of
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_slug, clean_text
from opsportal.obligations.terms import joined

MAX_TEXT = 20_000
MOST_LINES = 50
MOST_CONTROLS = 500
AGAIN = timedelta(days=7)
"""The least time for what was sent back."""
Cleaner = Callable[[Any], Any]


def cleaned(
    fields: Mapping[str, Any], cleaners: Mapping[str, Cleaner], needed: Collection[str] = ()
) -> dict[str, Any]:
    """Return `fields` cleaned. Raises `InvalidInput`: an error for each wrong, unknown, missing one."""
    found: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, value in fields.items():
        try:
            if name not in cleaners:
                raise InvalidInput.of(name, "unknown", f"Known are: {', '.join(cleaners)}.")
            found[name] = cleaners[name](value)
        except InvalidInput as refusal:
            errors.extend(refusal.errors)
    wrong = {error.pointer for error in errors}
    errors.extend(
        FieldError(f"/{name}", "required", "This is needed.")
        for name in needed
        if found.get(name) in (None, "") and f"/{name}" not in wrong
    )
    if errors:
        raise InvalidInput(errors)
    return found


def line(field: str, most: int = 200, *, required: bool = False) -> Cleaner:
    """Return the cleaner of a text of one line."""
    return lambda value: clean_text(value, field=field, max_length=most, required=required, lines=False)


def text(field: str, most: int = MAX_TEXT) -> Cleaner:
    """Return the cleaner of a text of many lines."""
    return lambda value: clean_text(value, field=field, max_length=most)


def word(field: str, known: Collection[str], *, empty: bool = False) -> Cleaner:
    """Return the cleaner of one of some words."""

    def clean(value: object) -> str:
        if (empty and value in ("", None)) or value in known:
            return str(value or "")
        raise InvalidInput.of(field, "unknown", f"Must be one of: {', '.join(known)}.")

    return clean


def slug(field: str, most: int = 40) -> Cleaner:
    """Return the cleaner of a word that stands for good."""
    return lambda value: clean_slug(value, field=field, max_length=most)


def day(field: str) -> Cleaner:
    """Return the cleaner of a day: a date, or ISO 8601 text."""

    def clean(value: object) -> date:
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value)
            except ValueError:
                value = None
        if isinstance(value, datetime) or not isinstance(value, date) or not 2000 <= value.year <= 2200:
            raise InvalidInput.of(field, "not_a_day", "Must be a day of the years 2000 to 2200, 2026-03-31.")
        return value

    return clean


def moment(field: str) -> Cleaner:
    """Return the cleaner of an aware instant."""

    def clean(value: object) -> datetime:
        if not isinstance(value, datetime):
            raise InvalidInput.of(field, "not_a_time", "Must be a time with a zone.")
        return clean_moment(value, field=field)

    return clean


def person(field: str, *, auditor: bool = False) -> Cleaner:
    """Return the cleaner of a person's id or address: who may sign in; with `auditor`, who may audit."""

    def clean(value: object) -> User:
        text, people = str(value).strip().lower(), colleagues()
        try:
            found = people.filter(email=text).first() if "@" in text else people.filter(pk=UUID(text)).first()
        except ValueError:
            found = None
        if found is None:
            raise InvalidInput.of(field, "unknown", "There is no such person who may sign in.")
        if auditor and not (found.is_auditor or found.is_staff):
            raise InvalidInput.of(field, "no_auditor", "Must be an auditor or an administrator.")
        return found if auditor else require_worker(field, found)

    return clean


def nobody_or(cleaner: Cleaner) -> Cleaner:
    """Return `cleaner` for a field that may be empty: None then."""
    return lambda value: None if value in ("", None) else cleaner(value)


def services(field: str) -> Cleaner:
    """Return the cleaner of a list of services (slugs, or a text of them), as it is stored."""

    def clean(value: object) -> str:
        listed = value.replace(",", " ").split() if isinstance(value, str) else value
        if not isinstance(listed, Iterable) or not all(isinstance(one, str) for one in listed):
            raise InvalidInput.of(field, "not_a_list", "Must be a list of services.")
        wanted = list(dict.fromkeys(str(one) for one in listed))
        known = set(Service.objects.filter(slug__in=wanted).values_list("slug", flat=True))
        missing = [one for one in wanted if one not in known]
        if missing:
            raise InvalidInput.of(field, "unknown", f"There is no service “{missing[0][:60]}”.")
        return joined(sorted(wanted))

    return clean


def controls(field: str, most: int = MOST_LINES, *, also_retired: bool = False) -> Cleaner:
    """Return the cleaner of a list of keys of controls in use (`CTL-7`): the controls, by number."""
    in_use = Q() if also_retired else Q(state="active")

    def clean(value: object) -> list[Control]:
        listed = value.replace(",", " ").split() if isinstance(value, str) else value
        if not isinstance(listed, Iterable):
            raise InvalidInput.of(field, "not_a_list", "Must be a list of keys of controls.")
        wanted = {str(one): number_of(str(one), CONTROL_PREFIX) for one in listed}
        if len(wanted) > most:
            raise InvalidInput.of(field, "too_many", f"At most {most} controls.")
        numbers = [number for number in wanted.values() if number]
        found = {row.pk: row for row in Control.objects.filter(in_use, pk__in=numbers)}
        missing = [one for one, number in wanted.items() if number not in found]
        if missing:
            raise InvalidInput.of(field, "unknown", f"There is no control “{missing[0][:30]}” in use.")
        return [found[number] for number in sorted(found)]

    return clean


def control_keys(field: str) -> Cleaner:
    """Return the cleaner of a list of keys of controls, as it is stored."""
    clean = controls(field, MOST_CONTROLS, also_retired=True)
    return lambda value: joined(control.key for control in clean(value))


def frameworks(field: str) -> Cleaner:
    """Return the cleaner of a list of frameworks (slugs, or a text of them), as it is stored."""

    def clean(value: object) -> str:
        listed = value.replace(",", " ").split() if isinstance(value, str) else value
        if not isinstance(listed, Iterable) or not all(isinstance(one, str) for one in listed):
            raise InvalidInput.of(field, "not_a_list", "Must be a list of frameworks.")
        wanted = sorted({str(one) for one in listed})
        known = set(Framework.objects.filter(slug__in=wanted).values_list("slug", flat=True))
        missing = [one for one in wanted if one not in known]
        if missing:
            raise InvalidInput.of(field, "unknown", f"There is no framework “{missing[0][:60]}”.")
        return joined(wanted)

    return clean


def service(field: str) -> Cleaner:
    """Return the cleaner of one service (slug); `""` for none."""

    def clean(value: object) -> str:
        if value in ("", None):
            return ""
        if not Service.objects.filter(slug=str(value)).exists():
            raise InvalidInput.of(field, "unknown", "There is no such service.")
        return str(value)

    return clean


def references(field: str) -> Cleaner:
    """Return the cleaner of keys and addresses, one a line: `DEP-77`, `ERQ-4`, `https://…`."""

    def clean(value: object) -> str:
        raw = "\n".join(value) if isinstance(value, list | tuple) else value
        lines = [one.strip() for one in clean_text(raw, field=field, max_length=MAX_TEXT).splitlines()]
        lines = list(dict.fromkeys(one for one in lines if one))
        if len(lines) > MOST_LINES:
            raise InvalidInput.of(field, "too_many", f"At most {MOST_LINES} lines.")
        for one in lines:
            if "://" in one and urlsplit(one).scheme not in {"https", "http"}:
                raise InvalidInput.of(field, "not_an_address", "Addresses begin with https:// or http://.")
        return "\n".join(lines)

    return clean
