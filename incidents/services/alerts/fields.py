"""What people send in about integrations, routes and heartbeat checks, checked; every wrong field at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from incidents.severities import SEVERITIES, severity_named
from opsportal.accounts.models import Team
from opsportal.catalog.models import Service
from opsportal.catalog.selectors import services_named
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.text import clean_text

MAX_NAME = 120
MAX_LABEL = 200
MAX_LABELS = 20
MAX_WORDS = 100
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}")

Cleaner = Callable[[Any, str], Any]


def cleaned(fields: Mapping[str, Any], cleaners: Mapping[str, Cleaner]) -> dict[str, Any]:
    """Return the given fields, each through its cleaner.

    Raises `InvalidInput` with every wrong one, names that nobody knows included.
    """
    found: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, value in fields.items():
        cleaner = cleaners.get(name)
        if cleaner is None:
            known = ", ".join(sorted(cleaners))
            errors.append(FieldError(f"/{name[:60]}", "unknown", f"No such field; known are: {known}."))
            continue
        try:
            found[name] = cleaner(value, name)
        except InvalidInput as refusal:
            errors += refusal.errors
    if errors:
        raise InvalidInput(errors)
    return found


def a_name(value: object, field: str) -> str:
    """Return a name that shows something, on one line."""
    return clean_text(value, field=field, max_length=MAX_NAME, required=True, lines=False)


def a_label(value: object, field: str) -> str:
    """Return the name of a label, `""` for none."""
    return clean_text(value, field=field, max_length=MAX_LABEL, lines=False)


def a_header(value: object, field: str) -> str:
    """Return the name of a header, `""` for none."""
    text = clean_text(value, field=field, max_length=100, lines=False)
    if text and not _HEADER.fullmatch(text):
        raise InvalidInput.of(field, "not_a_header", "Must be the name of an HTTP header.")
    return text


def a_flag(value: object, field: str) -> bool:
    """Return true or false, nothing that only looks like it."""
    if not isinstance(value, bool):
        raise InvalidInput.of(field, "not_a_flag", "Must be true or false.")
    return value


def a_severity(value: object, field: str) -> str:
    """Return a severity."""
    meant = severity_named(value) if isinstance(value, str) else None
    if meant is None:
        raise InvalidInput.of(field, "unknown", f"Must be one of: {', '.join(SEVERITIES)}.")
    return meant


def maybe_severity(value: object, field: str) -> str:
    """Return a severity, `""` for "as the alert says"."""
    return "" if value in {None, ""} else a_severity(value, field)


def one_of(choices: Collection[str]) -> Cleaner:
    """Return the cleaner for one of some words."""

    def clean(value: object, field: str) -> str:
        if not isinstance(value, str) or value not in choices:
            raise InvalidInput.of(field, "unknown", f"Must be one of: {', '.join(choices)}.")
        return value

    return clean


def seconds(least: int, most: int, *, none: bool = False) -> Cleaner:
    """Return the cleaner for a length of time in whole seconds; with `none`, None for "not at all"."""

    def clean(value: object, field: str) -> int | None:
        if value is None and none:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InvalidInput.of(field, "out_of_range", f"Must be {least} to {most} whole seconds.")
        return value

    return clean


def labels(value: object, field: str) -> list[str]:
    """Return names of labels, each once, in their order."""
    if not isinstance(value, list) or len(value) > MAX_LABELS:
        raise InvalidInput.of(field, "not_a_list", f"Must be a list of {MAX_LABELS} labels at most.")
    names = [
        clean_text(one, field=f"{field}/{place}", max_length=MAX_LABEL, required=True, lines=False)
        for place, one in enumerate(value)
    ]
    return list(dict.fromkeys(names))


def severity_table(value: object, field: str) -> dict[str, str]:
    """Return words and the severities that they mean."""
    if not isinstance(value, dict) or len(value) > MAX_WORDS:
        raise InvalidInput.of(field, "not_an_object", f"Must map {MAX_WORDS} words at most to severities.")
    return {
        clean_text(word, field=field, max_length=MAX_LABEL, required=True, lines=False).lower(): a_severity(
            meant, f"{field}/{str(word)[:60]}"
        )
        for word, meant in value.items()
    }


def maybe_team(value: object, field: str) -> Team | None:
    """Return the team with this slug, None for none."""
    if value is None or value == "":
        return None
    found = (
        Team.objects.filter(slug=value).first() if isinstance(value, str) and "\x00" not in value else None
    )
    if found is None:
        raise InvalidInput.of(field, "unknown", "There is no such team.")
    return found


def maybe_service(value: object, field: str) -> Service | None:
    """Return the service with this slug, None for none."""
    if value is None or value == "":
        return None
    found = services_named([value]).get(value) if isinstance(value, str) else None
    if found is None:
        raise InvalidInput.of(field, "unknown", "There is no such service.")
    return found
