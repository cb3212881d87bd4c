"""What happened to a freeze or a maintenance window, in the words of its page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from opsportal.calendar.recurrence import parse_rule
from opsportal.web.times import in_zone

LABELS = {
    "title": "the title",
    "reason": "why",
    "starts_at": "from when",
    "ends_at": "until when",
    "scope": "for what",
    "pass_roles": "who may pass",
    "rule": "how often",
    "at": "the time of day",
    "zone": "the time zone",
    "minutes": "how long",
    "first_day": "since when",
    "last_day": "until when",
}


def freeze_words(data: Mapping[str, Any]) -> str:
    """Return what an entry about a freeze says; instants in the reader's zone."""
    parts = [_changed(data)]
    if "from" in data:
        parts.append(f"From {_moment(data['from'])} until {_moment(data['until'])}.")
    elif "until" in data:
        parts.append(f"Until {_moment(data['until'])}.")
    if data.get("reason"):
        parts.append(str(data["reason"]))
    return " ".join(part for part in parts if part)


def window_words(data: Mapping[str, Any]) -> str:
    """Return what an entry about a maintenance window says; the rhythm in words."""
    if "rule" not in data:
        return _changed(data)
    # A stored rule names its days: no first day is needed to tell them.
    rhythm = parse_rule(str(data["rule"]), date.min).words
    return f"{rhythm[:1].upper()}{rhythm[1:]} ({data['zone']})."


def _changed(data: Mapping[str, Any]) -> str:
    named = [LABELS.get(str(field), str(field).replace("_", " ")) for field in data.get("fields", [])]
    return f"Changed: {', '.join(named)}." if named else ""


def _moment(text: str) -> str:
    moment = in_zone(datetime.fromisoformat(text), timezone.get_current_timezone())
    return f"{moment.day} {moment:%b %Y, %H:%M}"
