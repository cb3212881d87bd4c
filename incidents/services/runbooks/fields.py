"""What people write into a runbook, cleaned."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from incidents.runbook.templates import KINDS
from incidents.runbook.text import steps_of
from opsportal.accounts.models import Team, User
from opsportal.accounts.selectors import colleagues
from opsportal.accounts.services import require_worker
from opsportal.catalog.models import Service
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.text import clean_text

MAX_TEXT = 50_000
MAX_NOTE = 300
MAX_TARGETS = 100
MAX_LABELS = 20
MAX_LABEL = 200
EARLIEST_REVIEW, LATEST_REVIEW = 1, 1_095
FIELDS = ("title", "kind", "text", "note", "team", "keeper", "services", "alerts", "review_every_days")


def clean_runbook(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given fields cleaned, with team, keeper and services looked up.

    `team` and `services` are slugs, `keeper` a user's id, `alerts` a list of label tables. Raises
    `InvalidInput` with an error for each wrong field.
    """
    cleaned: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, value in fields.items():
        try:
            cleaned[name] = _CLEANERS[name](value)
        except KeyError:
            errors.append(FieldError(f"/{name}", "unknown", f"Known are: {', '.join(FIELDS)}."))
        except InvalidInput as refusal:
            errors.extend(refusal.errors)
    if errors:
        raise InvalidInput(errors)
    return cleaned


def content_hash(text: str) -> str:
    """Return the SHA-256 (hex) of what a version says."""
    return hashlib.sha256(text.encode()).hexdigest()


def _title(value: object) -> str:
    return clean_text(value, field="title", max_length=200, required=True, lines=False)


def _kind(value: object) -> str:
    if value not in dict(KINDS):
        raise InvalidInput.of("kind", "unknown", f"Must be one of: {', '.join(dict(KINDS))}.")
    return str(value)


def _text(value: object) -> str:
    text = clean_text(value, field="text", max_length=MAX_TEXT)
    try:
        steps_of(text)
    except ValueError as error:
        raise InvalidInput.of("text", "too_many_steps", str(error)) from None
    return text


def _note(value: object) -> str:
    return clean_text(value, field="note", max_length=MAX_NOTE, lines=False)


def _team(value: object) -> Team:
    team = Team.objects.filter(slug=value).first() if isinstance(value, str) else None
    if team is None:
        raise InvalidInput.of("team", "unknown", "There is no such team.")
    return team


def _keeper(value: object) -> User:
    text, people = str(value).strip().lower(), colleagues()
    try:
        person = people.filter(email=text).first() if "@" in text else people.filter(pk=UUID(text)).first()
    except ValueError:
        person = None
    if person is None:
        raise InvalidInput.of("keeper", "unknown", "There is no such person who may sign in.")
    return require_worker("keeper", person)


def _services(value: object) -> list[Service]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MAX_TARGETS:
        raise InvalidInput.of("services", "not_a_list", f"Must be a list of at most {MAX_TARGETS} slugs.")
    slugs = list(dict.fromkeys(str(one) for one in value))
    found = {service.slug: service for service in Service.objects.filter(slug__in=slugs)}
    missing = [
        FieldError(f"/services/{index}", "unknown", f"There is no service “{slug[:60]}”.")
        for index, slug in enumerate(slugs)
        if slug not in found
    ]
    if missing:
        raise InvalidInput(missing)
    return [found[slug] for slug in slugs]


def _alerts(value: object) -> list[dict[str, str]]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MAX_TARGETS:
        raise InvalidInput.of(
            "alerts", "not_a_list", f"Must be a list of at most {MAX_TARGETS} label tables."
        )
    found: list[dict[str, str]] = []
    for index, table in enumerate(value):
        labels = _labels(table, f"alerts/{index}")
        if labels not in found:
            found.append(labels)
    return found


def _labels(table: object, field: str) -> dict[str, str]:
    if not isinstance(table, Mapping) or not 0 < len(table) <= MAX_LABELS:
        raise InvalidInput.of(field, "not_labels", f"Must be 1 to {MAX_LABELS} labels with their values.")
    return {
        clean_text(name, field=field, max_length=MAX_LABEL, required=True, lines=False): clean_text(
            value, field=f"{field}/{str(name)[:60]}", max_length=MAX_LABEL, required=True, lines=False
        )
        for name, value in sorted(table.items(), key=lambda pair: str(pair[0]))
    }


def _days(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not EARLIEST_REVIEW <= value <= LATEST_REVIEW:
        raise InvalidInput.of(
            "review_every_days", "out_of_range", f"Must be {EARLIEST_REVIEW} to {LATEST_REVIEW} days."
        )
    return value


_CLEANERS = {
    "title": _title,
    "kind": _kind,
    "text": _text,
    "note": _note,
    "team": _team,
    "keeper": _keeper,
    "services": _services,
    "alerts": _alerts,
    "review_every_days": _days,
}
