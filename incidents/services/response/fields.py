"""What people and machines send in about an incident, checked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from incidents.severities import SEVERITIES, severity_named
from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues
from opsportal.accounts.services import require_worker
from opsportal.catalog.models import Service
from opsportal.catalog.selectors import services_named
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_text

MAX_TITLE = 200
MAX_TEXT = 20_000
MAX_UPDATE = 4_000
MAX_REASON = 500
MAX_SERVICES = 100
AHEAD = timedelta(minutes=5)
"""How far the clock of whoever reports may be ahead of ours."""


def clean_title(value: object) -> str:
    """Return a title of one line. Raises `InvalidInput`."""
    return clean_text(value, field="title", max_length=MAX_TITLE, required=True, lines=False)


def clean_words(value: object, *, field: str = "text", required: bool = True, most: int = MAX_UPDATE) -> str:
    """Return what somebody writes. Raises `InvalidInput`."""
    return clean_text(value, field=field, max_length=most, required=required)


def clean_reason(value: object, *, required: bool = False) -> str:
    """Return why somebody does it. Raises `InvalidInput`."""
    return clean_text(value, field="reason", max_length=MAX_REASON, required=required)


def clean_severity(value: object, *, field: str = "severity") -> str:
    """Return the severity that is meant: `sev1` to `sev4`, or another word for one. Raises `InvalidInput`."""
    meant = severity_named(value) if isinstance(value, str) else None
    if meant is None:
        raise InvalidInput.of(field, "unknown", f"Must be one of: {', '.join(SEVERITIES)}.")
    return meant


def clean_choice(value: object, choices: Collection[str], *, field: str) -> str:
    """Return one of `choices`. Raises `InvalidInput`."""
    if not isinstance(value, str) or value not in choices:
        raise InvalidInput.of(field, "unknown", f"Must be one of: {', '.join(choices)}.")
    return value


def clean_past(value: datetime, *, field: str, now: datetime) -> datetime:
    """Return an instant that has come (aware UTC), never after `now`. Raises `InvalidInput`.

    A clock that is five minutes ahead of ours is forgiven.
    """
    moment = clean_moment(value, field=field)
    if moment > now + AHEAD:
        raise InvalidInput.of(field, "in_the_future", "This time has not come yet.")
    return min(moment, now)


def clean_services(slugs: object, *, field: str = "services") -> list[Service]:
    """Return the services with these slugs, each once, with their owner teams. Raises `InvalidInput`."""
    if isinstance(slugs, str) or not isinstance(slugs, Collection):
        raise InvalidInput.of(field, "not_a_list", "Must be a list of services.")
    wanted = list(dict.fromkeys(slugs))
    if len(wanted) > MAX_SERVICES:
        raise InvalidInput.of(field, "too_many", f"At most {MAX_SERVICES} services.")
    if not all(isinstance(slug, str) for slug in wanted):
        raise InvalidInput.of(field, "not_text", "Must be a list of services.")
    found = services_named(wanted)
    unknown = [
        FieldError(f"/{field}/{place}", "unknown", "There is no such service.")
        for place, slug in enumerate(wanted)
        if slug not in found
    ]
    if unknown:
        raise InvalidInput(unknown)
    return [found[slug] for slug in wanted]


def clean_person(value: object, *, field: str) -> User:
    """Return the active person with this id or e-mail address. Raises `InvalidInput`."""
    text = str(value or "").strip()
    people = colleagues()
    person = people.filter(email=text.lower()).first() if "@" in text else None
    if person is None and "@" not in text:
        try:
            person = people.filter(pk=UUID(text)).first()
        except ValueError:
            person = None
    if person is None:
        raise InvalidInput.of(field, "unknown", "There is no such person, or they cannot sign in.")
    return require_worker(field, person)
