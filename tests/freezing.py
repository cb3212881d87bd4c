"""Freezes, maintenance windows and working time for tests, made through the calendar's own services."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from opsportal.calendar.models import Freeze, MaintenanceWindow, WorkingCalendar
from opsportal.calendar.places import Scope
from opsportal.calendar.services import freeze_create, window_create, working_calendar_set
from tests.makers import NOW, ROOT

DAY = timedelta(days=1)


def make_freeze(**more: Any) -> Freeze:
    """Return a freeze of everything from an hour ago until tomorrow, that nobody may pass."""
    fields = {
        "title": "Quarter's end",
        "reason": "The books are closed.",
        "starts_at": NOW - timedelta(hours=1),
        "ends_at": NOW + DAY,
        **more,
    }
    return freeze_create(actor=ROOT, now=more.pop("now", NOW), **fields)


def make_window(**more: Any) -> MaintenanceWindow:
    """Return a maintenance window for everything on Sunday nights, 03:00 to 05:00 UTC."""
    fields = {
        "title": "Sunday night",
        "rule": "FREQ=WEEKLY;BYDAY=SU",
        "at": time(3),
        "zone": "UTC",
        "minutes": 120,
        "first_day": date(2026, 1, 4),
        **more,
    }
    return window_create(actor=ROOT, now=NOW, **fields)


def make_working_time(**more: Any) -> WorkingCalendar:
    """Let the organisation work from Monday to Friday, 9 to 17 in UTC, without holidays."""
    fields = {"zone": "UTC", "weekdays": range(5), "opens": time(9), "closes": time(17), **more}
    return working_calendar_set(actor=ROOT, now=NOW, **fields)


PRODUCTION = Scope(environment_kinds=("production",))
