"""What people and machines name in what they send, looked up: people, teams, services, moments, words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from compliance.selectors.people import persons_named
from opsportal.accounts.models import Team, User
from opsportal.accounts.services import require_worker
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_text

MAX_URL = 2_000
SKEW = timedelta(minutes=5)
"""So far a sender's clock may be ahead of ours."""
Cleaner = Callable[[object, str], Any]


def cleaned_by(cleaners: Mapping[str, Cleaner], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given fields, each through its cleaner. Raises `InvalidInput` with one error for each."""
    cleaned: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, value in fields.items():
        cleaner = cleaners.get(name)
        if cleaner is None:
            errors.append(FieldError(f"/{name}", "unknown", f"Known are: {', '.join(cleaners)}."))
            continue
        try:
            cleaned[name] = cleaner(value, name)
        except InvalidInput as refusal:
            errors.extend(refusal.errors)
    if errors:
        raise InvalidInput(errors)
    return cleaned


def needed(fields: Mapping[str, Any], *names: str) -> None:
    """Raise `InvalidInput` for each of `names` that is not among the fields."""
    missing = [FieldError(f"/{name}", "required", "This is needed.") for name in names if name not in fields]
    if missing:
        raise InvalidInput(missing)


def words(longest: int, *, required: bool = False, lines: bool = True) -> Cleaner:
    """Return the cleaner of a text."""

    def clean(value: object, field: str) -> str:
        return clean_text(value, field=field, max_length=longest, required=required, lines=lines)

    return clean


def one_of(choices: Collection[tuple[str, str]]) -> Cleaner:
    """Return the cleaner of a word that is one of `choices`."""
    known = [word for word, _ in choices]

    def clean(value: object, field: str) -> str:
        if not isinstance(value, str) or value not in known:
            raise InvalidInput.of(field, "unknown", f"Must be one of: {', '.join(known)}.")
        return value

    return clean


def person(value: object, field: str) -> User:
    """Return the person of the house with this id or e-mail address who may sign in."""
    found = persons_named([value]).get(value) if isinstance(value, str | UUID) else None
    if found is None or not found.is_active:
        raise InvalidInput.of(
            field, "unknown", "There is no such person who may sign in; give their id or e-mail address."
        )
    return require_worker(field, found)


def team_or_none(value: object, field: str) -> Team | None:
    """Return the team with this slug, None for an empty one."""
    if value in ("", None):
        return None
    found = Team.objects.filter(slug=value).first() if isinstance(value, str) else None
    if found is None:
        raise InvalidInput.of(field, "unknown", "There is no such team.")
    return found


def service_or_none(value: object, field: str) -> Service | None:
    """Return the service with this slug, None for an empty one."""
    if value in ("", None):
        return None
    found = Service.objects.filter(slug=value).first() if isinstance(value, str) else None
    if found is None:
        raise InvalidInput.of(field, "unknown", "There is no such service.")
    return found


def moment(value: object, field: str) -> datetime:
    """Return an aware instant in UTC."""
    if not isinstance(value, datetime):
        raise InvalidInput.of(field, "not_a_time", "Must be a time such as 2026-11-21T03:00:00Z.")
    return clean_moment(value, field=field)


def url(value: object, field: str) -> str:
    """Return a web address that a browser opens, or an empty text."""
    text = clean_text(value, field=field, max_length=MAX_URL, lines=False)
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        well_formed = parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in text
        has_password = parts.password is not None
    except ValueError:
        well_formed, has_password = False, False
    if not well_formed:
        raise InvalidInput.of(field, "not_an_address", "Must be a web address: https://…")
    if has_password:
        raise InvalidInput.of(field, "carries_password", "An address with a password in it is not kept.")
    return text


def strings(value: object, field: str, *, most: int, longest: int = 200) -> list[str]:
    """Return a list of texts, each once, in their order."""
    if not isinstance(value, list | tuple) or len(value) > most:
        raise InvalidInput.of(field, "not_a_list", f"Must be a list of at most {most}.")
    found = [
        clean_text(one, field=f"{field}/{index}", max_length=longest, required=True, lines=False)
        for index, one in enumerate(value)
    ]
    return list(dict.fromkeys(found))


def owner_or_self(cleaned: Mapping[str, Any], actor: Actor) -> User:
    """Return the owner that is given, else the person who writes. Raises `InvalidInput` for a machine."""
    if "owner" in cleaned:
        given: User = cleaned["owner"]
        return given
    if not actor.is_user:
        raise InvalidInput.of("owner", "required", "Say who owns it: that person owes its review.")
    return person(actor.id, "owner")
