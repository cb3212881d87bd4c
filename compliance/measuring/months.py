"""When the report on a month is made, and on which month. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from compliance.measuring.windows import Span, month_span

LONGEST_WAIT = 10
"""A month whose first so many days are all off: the report is made on the last of them."""


def is_weekday(day: date) -> bool:
    """Return whether it is Monday to Friday: what counts where no working time is set."""
    return day.weekday() < 5


def month_to_report(now: datetime, is_working_day: Callable[[date], bool]) -> Span | None:
    """Return the month before that of `now` (aware, read as UTC) once its report is due.

    It is due from the first working day of the month on, and stays so for all of it: a portal that stood
    still on that day makes it afterwards.
    """
    today = now.astimezone(UTC).date()
    first = today.replace(day=1)
    days = [first + timedelta(days=number) for number in range(LONGEST_WAIT)]
    due = next((day for day in days if is_working_day(day)), days[-1])
    if today < due:
        return None
    before = first - timedelta(days=1)
    return month_span(before.year, before.month)


def name_of(month: Span) -> str:
    """Return a month's name: `2026-10`."""
    return f"{month.start:%Y-%m}"
