"""Writing down when the organisation works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from opsportal.calendar.models import WorkingCalendar
from opsportal.calendar.models.working import ORGANISATION
from opsportal.calendar.public_holidays import clean_country
from opsportal.calendar.recurrence import clean_zone
from opsportal.calendar.services.records import record
from opsportal.calendar.services.windows import FIRST_DAY, LAST_DAY
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

MOST_OWN_DAYS = 400
_MIDNIGHT = time()


def working_calendar_set(
    *,
    actor: Actor,
    now: datetime,
    zone: str,
    weekdays: Sequence[int],
    opens: time,
    closes: time,
    country: str = "",
    subdivision: str = "",
    own_days: Sequence[Mapping[str, Any]] = (),
    version: int | None = None,
) -> WorkingCalendar:
    """Store when the organisation works and return it; unchanged, nothing is written.

    `weekdays` are 0 (Monday) to 6; `closes` at 00:00 is the end of the day. `own_days` are mappings of
    `day`, `title` and `works`: what differs from weekdays and holidays. Raises `Forbidden`, `Stale`,
    `InvalidInput`.
    """
    with write(actor=actor, now=now):
        calendar = WorkingCalendar.objects.select_for_update().filter(pk=ORGANISATION).first()
        require(actor, "working_time.write")
        if calendar is not None:
            require_version(calendar, version)
        land, part = clean_country(country, subdivision)
        values: dict[str, Any] = {
            "zone": clean_zone(zone),
            "weekdays": _clean_weekdays(weekdays),
            "opens": _to_the_minute(opens),
            "closes": _clean_closing(opens, closes),
            "country": land,
            "subdivision": part,
            "own_days": _clean_own_days(own_days),
        }
        before = {name: getattr(calendar, name, None) for name in values}
        if calendar is not None and values == before:
            return calendar
        if calendar is None:
            calendar = WorkingCalendar(version=0)
        for name, value in values.items():
            setattr(calendar, name, value)
        calendar.version += 1
        calendar.updated_at = now
        calendar.save()
        fields = sorted(name for name, value in values.items() if value != before[name])
        record(
            actor=actor,
            now=now,
            action="working_time.set",
            kind="working_time",
            key=ORGANISATION,
            data={"fields": list(fields)},
        )
        return calendar


def _clean_weekdays(days: Sequence[int]) -> list[int]:
    if any(isinstance(day, bool) or not 0 <= day <= 6 for day in days):
        raise InvalidInput.of("weekdays", "not_a_weekday", "Must be numbers from 0 (Monday) to 6 (Sunday).")
    if not days:
        raise InvalidInput.of("weekdays", "required", "Choose at least one weekday.")
    return sorted(set(days))


def _clean_closing(opens: time, closes: time) -> time:
    opens, closes = _to_the_minute(opens), _to_the_minute(closes)
    if closes != _MIDNIGHT and closes <= opens:
        raise InvalidInput.of(
            "closes", "ends_before_start", "Must be after the start; 00:00 is the end of the day."
        )
    return closes


def _to_the_minute(moment: time) -> time:
    return moment.replace(second=0, microsecond=0, tzinfo=None)


def _clean_own_days(days: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if len(days) > MOST_OWN_DAYS:
        raise InvalidInput.of("own_days", "too_many", f"At most {MOST_OWN_DAYS}.")
    cleaned: dict[date, dict[str, Any]] = {}
    for position, one in enumerate(days):
        pointer = f"own_days/{position}"
        day = one["day"]
        if not FIRST_DAY <= day <= LAST_DAY:
            raise InvalidInput.of(
                f"{pointer}/day", "out_of_range", "Must lie between the years 2000 and 2200."
            )
        if day in cleaned:
            raise InvalidInput.of(f"{pointer}/day", "twice", f"{day.isoformat()} is named twice.")
        title = clean_text(one.get("title", ""), field=f"{pointer}/title", max_length=120, lines=False)
        cleaned[day] = {"day": day.isoformat(), "title": title, "works": bool(one.get("works", False))}
    return [cleaned[day] for day in sorted(cleaned)]
