"""Windows over which a figure is judged, and which convention of a month they follow. Pure.

Written standards say of the same 99.9 % that it allows 43.8 minutes a month (30.42 days, a twelfth of 365) or
43.2 (of 30 days). So the convention is part of the window, and is stored with what is judged by it:

* `30d`, `30.42d`, `365d`, `5m`, `12h`: rolling, that long before now.
* `day`, `week` (from Monday), `month`, `quarter`, `year`: of the calendar, in UTC, from its beginning on.

Days are days of UTC: no hour is missing or doubled when clocks change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

Calendar = Literal["day", "week", "month", "quarter", "year"]
CALENDAR: tuple[Calendar, ...] = ("day", "week", "month", "quarter", "year")
LONGEST = timedelta(days=3 * 366)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7}
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_ROLLING = re.compile(r"(\d{1,5}(?:\.\d{1,4})?)\s?([smhdw])")


class WindowError(ValueError):
    """A window that cannot be read."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window by its convention: rolling of `length`, or of the calendar."""

    text: str
    length: timedelta | None = None
    calendar: Calendar | None = None

    def __str__(self) -> str:
        return self.text

    @property
    def title(self) -> str:
        """The window in words: what stands beside a figure."""
        if self.calendar == "day":
            return "today (UTC)"
        if self.calendar:
            return f"this {self.calendar} (UTC)"
        return f"the last {_length_text(self.text)}"


@dataclass(frozen=True, slots=True)
class Span:
    """A window at one moment: from `start` to `end`, both aware UTC; `until` is when the whole of it is over.

    `length` is how long all of it is: of a calendar month that has begun, the whole month.
    """

    start: datetime
    end: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.start

    @property
    def elapsed(self) -> timedelta:
        return self.end - self.start


def window_of(text: str) -> Window:
    """Return the window that `text` names. Raises `WindowError`."""
    words = text.strip().lower()
    for calendar in CALENDAR:
        if words == calendar:
            return Window(words, calendar=calendar)
    parsed = _ROLLING.fullmatch(words)
    if parsed is None:
        raise WindowError(
            "Must be a length such as 30d, 30.42d or 12h, or one of: day, week, month, quarter, year."
        )
    length = timedelta(seconds=float(Decimal(parsed[1]) * _SECONDS[parsed[2]]))
    if not timedelta(seconds=30) <= length <= LONGEST:
        raise WindowError("Must last from half a minute to three years.")
    return Window(words.replace(" ", ""), length=length)


def span_at(window: Window, now: datetime) -> Span:
    """Return the window as it stands at `now` (aware)."""
    now = now.astimezone(UTC)
    if window.length is not None:
        return Span(now - window.length, now, now)
    start = _period_start(window, now)
    return Span(start, now, _next_period(window, start))


def span_before(window: Window, span: Span) -> Span:
    """Return the whole window before `span`: the calendar month before, or the same length before."""
    if window.length is not None:
        return Span(span.start - window.length, span.start, span.start)
    start = _period_start(window, span.start - timedelta(seconds=1))
    return Span(start, span.start, span.start)


def month_span(year: int, month: int) -> Span:
    """Return one calendar month, whole."""
    start = datetime(year, month, 1, tzinfo=UTC)
    end = add_months(start, 1)
    return Span(start, end, end)


def add_months(start: datetime, months: int) -> datetime:
    """Return the same time of the first day of the month so many months later; `start` is on a first day."""
    index = start.year * 12 + start.month - 1 + months
    return start.replace(year=index // 12, month=index % 12 + 1, day=1)


def usual_length(window: Window) -> timedelta:
    """Return how long a window is usually: calendar ones vary, and are taken as their mean of 365 days."""
    if window.length is not None:
        return window.length
    if window.calendar in _DAYS:
        return timedelta(days=_DAYS[window.calendar])
    return timedelta(days=365) * _MONTHS[window.calendar or "month"] / 12


def _period_start(window: Window, moment: datetime) -> datetime:
    if window.calendar in _DAYS:
        back = moment.weekday() if window.calendar == "week" else 0
        return datetime(moment.year, moment.month, moment.day, tzinfo=UTC) - timedelta(days=back)
    months = _MONTHS[window.calendar or "month"]
    first = (moment.month - 1) // months * months + 1
    return datetime(moment.year, first, 1, tzinfo=UTC)


def _next_period(window: Window, start: datetime) -> datetime:
    if window.calendar in _DAYS:
        return start + timedelta(days=_DAYS[window.calendar])
    return add_months(start, _MONTHS[window.calendar or "month"])


def _length_text(text: str) -> str:
    number, letter = text[:-1], text[-1]
    words = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}[letter]
    return words if number == "1" else f"{number} {words}s"
