"""Reads of the calendar that more than one place needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django.db.models import F, QuerySet, Value

from opsportal.calendar.almanac import Almanac, FreezeSpan, MaintenanceSpan
from opsportal.calendar.hours import WorkingTime
from opsportal.calendar.models import Freeze, MaintenanceWindow, WorkingCalendar
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.registry import CalendarEntry, calendar_sources
from opsportal.core.statements import Objects

MOST_ENTRIES = 5_000


def window_by_id(pk: int) -> MaintenanceWindow:
    """Return the maintenance window. Raises `NotFound`."""
    window = MaintenanceWindow.objects.filter(pk=pk).first()
    if window is None:
        raise NotFound("There is no such maintenance window.")
    return window


def freeze_by_id(pk: int) -> Freeze:
    """Return the freeze. Raises `NotFound`."""
    freeze = Freeze.objects.filter(pk=pk).first()
    if freeze is None:
        raise NotFound("There is no such freeze.")
    return freeze


def freezes_set(now: datetime) -> QuerySet[Freeze]:
    """Return the freezes that are set and not over, by their start."""
    return Freeze.objects.filter(state="set", ends_at__gt=now).order_by("starts_at", "id")


def windows_in_use() -> QuerySet[MaintenanceWindow]:
    """Return the maintenance windows that are in use."""
    return MaintenanceWindow.objects.filter(state="active").order_by("id")


_WORKING = Objects(lambda _: WorkingCalendar.objects.order_by("pk")[:1])
_IN_USE = Objects(lambda _: windows_in_use())
_SET = Objects(lambda marks: freezes_set(marks.moment("now")))


def working_calendar() -> WorkingCalendar | None:
    """Return when the organisation works, or None where nobody has said it."""
    return _WORKING.first()


def almanac_at(now: datetime) -> Almanac:
    """Return what the calendar says from `now` on: windows, freezes not over, working time. Three queries."""
    calendar = working_calendar()
    return Almanac(
        windows=tuple(window.span for window in _IN_USE.all()),
        freezes=tuple(freeze.span for freeze in _SET.all(now=now)),
        working_time=calendar.working_time if calendar else None,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to leave in a calendar; empty is everything."""

    kinds: tuple[str, ...] = ()
    service: str = ""
    environment: str = ""

    def leaves(self, entry: CalendarEntry) -> bool:
        return (
            (not self.kinds or entry.kind in self.kinds)
            and (not self.service or not entry.services or self.service in entry.services)
            and (not self.environment or not entry.environments or self.environment in entry.environments)
        )


def entries_between(
    actor: Actor, start: datetime, end: datetime, wanted: Wanted | None = None
) -> list[CalendarEntry]:
    """Return what of the calendar `actor` may see between two instants (aware, the end not included).

    Of every registered source, by start; cancelled things too. At most `MOST_ENTRIES`, the first ones.
    """
    wanted = wanted or Wanted()
    found = [
        entry
        for source in calendar_sources.values()
        for entry in source(actor, start, end)
        if wanted.leaves(entry)
    ]
    return sorted(found, key=lambda entry: (entry.start, entry.end, entry.key))[:MOST_ENTRIES]


Part = tuple[QuerySet[Any, Any], str, Any, tuple[Any, ...]]
"""One branch of a union: rows, what they are called, their number, their columns (read as text)."""


def almanac_parts(now: Any) -> tuple[Part, ...]:
    """Return what `almanac_of` reads, as branches for a statement that reads more than that.

    `now` is the instant or its stand-in.
    """
    freezes = Freeze.objects.filter(state="set", ends_at__gt=now)
    windows = MaintenanceWindow.objects.filter(state="active")
    return (
        (freezes, "freeze", F("pk"), (F("title"), F("starts_at"), F("ends_at"), F("scope"), F("pass_roles"))),
        (
            windows,
            "window",
            F("pk"),
            tuple(
                F(name)
                for name in ("title", "rule", "first_day", "last_day", "at", "zone", "minutes", "scope")
            ),
        ),
        (
            WorkingCalendar.objects.all(),
            "working_time",
            Value(0),
            tuple(
                F(name)
                for name in ("zone", "weekdays", "opens", "closes", "country", "subdivision", "own_days")
            ),
        ),
    )


Rows = Mapping[str, Sequence[tuple[Any, ...]]]
"""What the branches of `almanac_parts` gave, by their name."""


def freezes_of(rows: Rows) -> tuple[FreezeSpan, ...]:
    """Return the freezes of these rows."""
    return tuple(_freeze(row) for row in rows.get("freeze", ()))


def almanac_of(rows: Rows) -> Almanac:
    """Return the almanac of these rows."""
    working = [_working_time(row) for row in rows.get("working_time", ())]
    return Almanac(
        windows=tuple(_window(row) for row in rows.get("window", ())),
        freezes=freezes_of(rows),
        working_time=working[0] if working else None,
    )


def _freeze(row: tuple[Any, ...]) -> FreezeSpan:
    number, title, start, end, scope, roles, *_ = row
    return Freeze(
        pk=number,
        title=title,
        starts_at=_instant(start),
        ends_at=_instant(end),
        scope=json.loads(scope),
        pass_roles=json.loads(roles),
    ).span


def _window(row: tuple[Any, ...]) -> MaintenanceSpan:
    number, title, rule, first_day, last_day, at, zone, minutes, scope, *_ = row
    return MaintenanceWindow(
        pk=number,
        title=title,
        rule=rule,
        first_day=date.fromisoformat(first_day),
        last_day=date.fromisoformat(last_day) if last_day else None,
        at=time.fromisoformat(at),
        zone=zone,
        minutes=int(minutes),
        scope=json.loads(scope),
    ).span


def _working_time(row: tuple[Any, ...]) -> WorkingTime:
    _, zone, weekdays, opens, closes, country, subdivision, own_days, *_ = row
    return WorkingCalendar(
        zone=zone,
        weekdays=json.loads(weekdays),
        opens=time.fromisoformat(opens),
        closes=time.fromisoformat(closes),
        country=country,
        subdivision=subdivision,
        own_days=json.loads(own_days),
    ).working_time


def _instant(text: str) -> datetime:
    """Return an instant that a database wrote as text: PostgreSQL with the session's zone, SQLite in UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
