"""What people write about a meeting: cleaned here, whatever edge it came through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from changes.models import Meeting
from opsportal.accounts.models import Role
from opsportal.calendar.recurrence import clean_rule, clean_zone
from opsportal.core.errors import FieldError, InvalidInput
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_text

FIELDS = ("board", "starts_at", "ends_at", "place", "note", "rule", "zone")
MAX_PLACE = 300
MAX_NOTE = 4_000
LONGEST = timedelta(hours=12)
_DEFAULTS: Mapping[str, Any] = {"place": "", "note": "", "rule": "", "zone": "UTC"}


def clean_meeting(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cleaned columns of a meeting of which `fields` says all that is not to be left empty.

    `board` is the slug of a board, the ends are aware instants, `rule` a recurrence or "". One query.
    Raises `InvalidInput` with every error.
    """
    errors = [
        FieldError(f"/{name}", "unknown", f"No such field; known are: {', '.join(FIELDS)}.")
        for name in sorted(set(fields) - set(FIELDS))
    ]
    given = {**dict.fromkeys(FIELDS), **_DEFAULTS, **fields}
    taken: dict[str, Any] = {}
    for name, clean in _CLEANERS.items():
        try:
            taken[name] = clean(name, given[name])
        except InvalidInput as error:
            errors += error.errors
    if errors:
        raise InvalidInput(errors)
    start, end = taken["starts_at"], taken["ends_at"]
    if end <= start:
        raise InvalidInput.of("ends_at", "ends_before_start", "It must end after it starts.")
    if end - start > LONGEST:
        raise InvalidInput.of("ends_at", "too_long", "A meeting lasts 12 hours at most.")
    if taken["rule"]:
        taken["rule"] = clean_rule(taken["rule"], start.astimezone(ZoneInfo(taken["zone"])).date())
    return taken


def values_of(meeting: Meeting) -> dict[str, Any]:
    """Return what `clean_meeting` takes, of a stored meeting with its board."""
    names = ("starts_at", "ends_at", "place", "note", "rule", "zone")
    return {"board": meeting.board.slug, **{name: getattr(meeting, name) for name in names}}


def _board(name: str, value: Any) -> Role:
    slug = clean_text(value or "", field=name, max_length=60, required=True, lines=False)
    board = Role.objects.filter(slug=slug, kind=Role.Kind.BOARD).first()
    if board is None:
        raise InvalidInput.of(name, "unknown", "There is no such board.")
    return board


def _instant(name: str, value: Any) -> datetime:
    if value is None:
        raise InvalidInput.of(name, "required", "This is needed.")
    if not isinstance(value, datetime):
        raise InvalidInput.of(name, "not_a_time", "Must be a time with its zone, e.g. 2026-11-24T09:00:00Z.")
    return clean_moment(value, field=name)


def _line(name: str, value: Any) -> str:
    return clean_text(value, field=name, max_length=MAX_PLACE, lines=False)


def _text(name: str, value: Any) -> str:
    return clean_text(value, field=name, max_length=MAX_NOTE)


def _zone(name: str, value: Any) -> str:
    return clean_zone(value, field=name)


_CLEANERS: Mapping[str, Callable[[str, Any], Any]] = {
    "board": _board,
    "starts_at": _instant,
    "ends_at": _instant,
    "place": _line,
    "note": _text,
    "rule": _line,
    "zone": _zone,
}
