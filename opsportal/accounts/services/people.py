"""Values of people that come in from outside, checked."""

from __future__ import annotations

import functools
import zoneinfo
from uuid import UUID

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.text import clean_text

MAX_PASSWORD = 1024
_REGIONS = frozenset(
    "Africa America Antarctica Arctic Asia Atlantic Australia Europe Indian Pacific".split()  # noqa: SIM905
)


@functools.cache
def time_zones() -> tuple[str, ...]:
    """Return the zones that a person may choose: UTC first, then the places of the tz database."""
    places = (
        name for name in zoneinfo.available_timezones() if name.split("/")[0] in _REGIONS and "/" in name
    )
    return ("UTC", *sorted(places))


def clean_email(value: object) -> str:
    """Return the address in lower case. Raises `InvalidInput` for what is none, or is not ASCII.

    An address in other letters has an ASCII form; two that only look alike could not be told apart.
    """
    email = clean_text(value, field="email", max_length=254, required=True, lines=False).lower()
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInput.of("email", "not_an_address", "This is not an e-mail address.") from None
    if not email.isascii():
        raise InvalidInput.of("email", "not_ascii", "Write the address in its ASCII form (xn--…).")
    return email


def clean_name(value: object) -> str:
    """Return the full name. Raises `InvalidInput`."""
    return clean_text(value, field="full_name", max_length=120, required=True, lines=False)


def clean_time_zone(value: object) -> str:
    """Return the zone. Raises `InvalidInput` for one that is not on the list."""
    zone = clean_text(value, field="time_zone", max_length=64, required=True, lines=False)
    if zone not in time_zones():
        raise InvalidInput.of(
            "time_zone", "unknown_time_zone", "There is no such zone; an example is Europe/Berlin."
        )
    return zone


def require_good_password(password: str, user: User) -> None:
    """Raise `InvalidInput` with each thing that is wrong with this password for this person."""
    if len(password) > MAX_PASSWORD:
        raise InvalidInput.of("password", "too_long", f"At most {MAX_PASSWORD} characters.")
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(
            FieldError("/password", "weak_password", text) for text in error.messages
        ) from None


def clean_colleague(name: str, value: object) -> User | None:
    """Return the person of the house with this id or e-mail address who may sign in, None for none.

    Raises `InvalidInput` naming `name`. One query.
    """
    if value is None or value == "":
        return None
    text = clean_text(
        value if isinstance(value, str) else str(value), field=name, max_length=254, lines=False
    )
    people = colleagues()
    if "@" in text:
        person = people.filter(email=text.lower()).first()
    else:
        person = people.filter(pk=identifier).first() if (identifier := _uuid(text)) else None
    if person is None:
        raise InvalidInput.of(name, "unknown", "There is no such active person.")
    return person


def require_worker(name: str, person: User) -> User:
    """Return `person`, to whom something is given to do. Raises `InvalidInput` (`name`) for an auditor."""
    if person.is_auditor:
        raise InvalidInput.of(name, "auditor", "An auditor reads, and changes nothing: choose somebody else.")
    return person


def clean_worker(name: str, value: object) -> User | None:
    """Return the person to whom something is given to do, as `clean_colleague`, but no auditor."""
    person = clean_colleague(name, value)
    return None if person is None else require_worker(name, person)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
