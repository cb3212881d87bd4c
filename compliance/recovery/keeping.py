"""How long records are kept, and what may go. Pure.

A period of days, weeks, months or years counts whole UTC days: what was recorded on a day is kept until the
end of the day that lies one period later, so nothing ever goes too early. Where that day is missing (31st,
29 February) it is the last one of its month. A period of hours counts to the second.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import cast

from opsportal.standards.standing import Span, SpanUnit

_SPAN = re.compile(r"([1-9][0-9]{0,3}) (hour|day|week|month|year)s?", re.ASCII)
_DAY = timedelta(days=1)


def parse_span(text: str) -> Span:
    """Return the span that a text like `7 years`, `13 months` or `forever` says. Raises `ValueError`."""
    if text == "forever":
        return Span(0)
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError("Must be like 7 years, 13 months, 30 days, 24 hours, or forever.")
    return Span(int(match[1]), cast(SpanUnit, match[2]))


def kept_until(at: datetime, span: Span) -> datetime | None:
    """Return the instant (UTC) from which what was recorded at `at` (aware) need not be kept any more.

    None: it is kept for ever.
    """
    if not span.count:
        return None
    if span.unit == "hour":
        return at.astimezone(UTC) + timedelta(hours=span.count)
    return _start_of(_moved(at.astimezone(UTC).date(), span, 1) + _DAY)


def goes_before(now: datetime, span: Span) -> datetime | None:
    """Return the instant (UTC) before which everything recorded need not be kept any more at `now` (aware).

    It is the latest such instant: `at < goes_before(now, s)` exactly where `kept_until(at, s) <= now`. None:
    nothing may ever go.
    """
    if not span.count:
        return None
    moment = now.astimezone(UTC)
    if span.unit == "hour":
        # The instant itself is over too; instants have microseconds.
        return moment - timedelta(hours=span.count) + timedelta(microseconds=1)
    today = moment.date()
    day = _moved(today, span, -1)
    while _moved(day, span, 1) >= today:
        day -= _DAY
    while _moved(day + _DAY, span, 1) < today:
        day += _DAY
    return _start_of(day + _DAY)


@dataclass(frozen=True, slots=True)
class Keep:
    """A rule of the standard about a class of records."""

    rule: str
    span: Span
    then: str


@dataclass(frozen=True, slots=True)
class Held:
    """A legal hold over records of a class from `begins` until before `ends` (None: open on that side)."""

    key: str
    begins: datetime | None
    ends: datetime | None

    def touches_before(self, before: datetime) -> bool:
        """Return whether it holds something that was recorded before `before`."""
        return self.begins is None or self.begins < before


@dataclass(frozen=True, slots=True)
class Objection:
    """Why records may not go yet: the rule or hold that says so, and until when where that is known."""

    code: str
    source: str
    detail: str


def objections(
    *, before: datetime, now: datetime, keeps: Iterable[Keep], holds: Iterable[Held]
) -> list[Objection]:
    """Return all that stands against deleting what was recorded before `before`, at `now` (both aware)."""
    found = [_kept(keep, goes_before(now, keep.span)) for keep in keeps if _keeps(keep, before, now)]
    found += [
        Objection(
            "held", hold.key, f"{hold.key} holds these records: nobody deletes them before it is lifted."
        )
        for hold in holds
        if hold.touches_before(before)
    ]
    return found


def may_go_before(now: datetime, keeps: Iterable[Keep], holds: Iterable[Held]) -> datetime | None:
    """Return the latest instant before which nothing stands against deleting, at `now` (aware UTC).

    None where something always does. Without any rule nothing may go: nobody has said for how long it is
    kept.
    """
    limits: list[datetime | None] = [goes_before(now, keep.span) for keep in keeps]
    if not limits or None in limits:
        return None
    limits += [hold.begins for hold in holds]
    known = [limit for limit in limits if limit is not None]
    return min(known) if len(known) == len(limits) else None


def _keeps(keep: Keep, before: datetime, now: datetime) -> bool:
    limit = goes_before(now, keep.span)
    return limit is None or before > limit


def _kept(keep: Keep, limit: datetime | None) -> Objection:
    if limit is None:
        return Objection("kept_longer", keep.rule, f"{keep.rule} keeps these records for ever.")
    since = f"{limit:%Y-%m-%d %H:%M} UTC"
    words = f"{keep.rule} keeps these records for {keep.span}: what was recorded since {since} must stay."
    return Objection("kept_longer", keep.rule, words)


def _moved(day: date, span: Span, sign: int) -> date:
    """Return the day that lies one span later (`sign` 1) or earlier (-1), the last of its month at most."""
    if span.unit in {"day", "week"}:
        return day + sign * timedelta(days=span.count * (7 if span.unit == "week" else 1))
    months = span.count * (12 if span.unit == "year" else 1)
    year, month = divmod(day.year * 12 + day.month - 1 + sign * months, 12)
    if not 1 <= year <= 9998:
        return date(1, 1, 2) if sign < 0 else date(9998, 12, 31)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
