"""When something that comes again takes place: a rule, a wall-clock start, a zone and a real duration. Pure.

The rule is a small part of RFC 5545's RRULE. The start is a time on the wall clock of the zone; the
duration is real time, so that a window of two hours is two hours long on every night. Where the clocks
change (RFC 5545, 3.3.5): a start that they skip is moved on by what they skip, and of a start that comes
twice the first is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import islice
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from dateutil import rrule

from opsportal.core.errors import InvalidInput
from opsportal.core.moments import EARLIEST, LATEST

MAX_RULE = 120
MAX_MINUTES = 7 * 24 * 60
MAX_INTERVAL = 52
MAX_OCCURRENCES = 2_000

_FREQUENCIES: Mapping[str, Literal[1, 2, 3]] = {
    "DAILY": rrule.DAILY,
    "WEEKLY": rrule.WEEKLY,
    "MONTHLY": rrule.MONTHLY,
}
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
_BYDAY = re.compile(r"(-1|[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_FORM = "A rule such as FREQ=WEEKLY;BYDAY=SU or FREQ=MONTHLY;BYDAY=2TU."


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed rule. `days` are (ordinal, weekday) with 0 for "each"; Monday is weekday 0."""

    frequency: str
    interval: int
    days: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """The rule as RFC 5545 writes it."""
        parts = [f"FREQ={self.frequency}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.days:
            parts.append("BYDAY=" + ",".join(f"{nth or ''}{_WEEKDAYS[day]}" for nth, day in self.days))
        if self.month_days:
            parts.append("BYMONTHDAY=" + ",".join(str(day) for day in self.month_days))
        return ";".join(parts)

    @property
    def words(self) -> str:
        """The rule in words: "every Sunday", "on the second Tuesday of every month"."""
        every = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month"}[self.frequency]
        often = f"every {every}" if self.interval == 1 else f"every {self.interval} {every}s"
        if self.month_days:
            days = ["the last day" if day == -1 else f"day {day}" for day in self.month_days]
            return f"on {_listed(days)} of {often}"
        if not self.days:
            return often
        if any(nth for nth, _ in self.days):
            named = [f"the {_ORDINALS[nth]} {_DAY_NAMES[day]}" for nth, day in self.days]
            return f"on {_listed(named)} of {often}"
        days = [_DAY_NAMES[day] for _, day in self.days]
        if self.interval == 1 and self.frequency == "WEEKLY":
            return f"every {_listed(days)}"
        return (
            f"on {_listed(days)} of {often}"
            if self.frequency != "DAILY"
            else f"{often} that is a {_listed(days)}"
        )


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that it takes place: aware UTC, the end not included."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Recurrence:
    """What comes again: from `first_day` on, until `last_day` where there is one (both days included).

    `at` is the start on the wall clock of `zone`, `minutes` the real duration.
    """

    rule: str
    first_day: date
    at: time
    zone: str
    minutes: int
    last_day: date | None = None

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    def start_on(self, day: date) -> datetime:
        """Return the instant (aware UTC) of the start on that day of the zone."""
        return wall_instant(day, self.at, ZoneInfo(self.zone))

    def between(self, start: datetime, end: datetime) -> list[Occurrence]:
        """Return the occurrences that overlap `start` to `end` (aware, the end not included), in order.

        At most `MAX_OCCURRENCES`, and nothing outside the years in which anything is planned here.
        """
        start, end = max(start, EARLIEST), min(end, LATEST)
        if start >= end:
            return []
        found = (
            Occurrence(begin, begin + self.length)
            # A day on either side covers every offset of a zone, and what clocks skip.
            for day in self._days((start - self.length).date() - _DAY, end.date() + _DAY)
            if (begin := self.start_on(day)) < end and begin + self.length > start
        )
        return list(islice(found, MAX_OCCURRENCES))

    def holding(self, start: datetime, end: datetime) -> Occurrence | None:
        """Return the occurrence that holds `start` to `end` wholly, or None."""
        for one in self.between(start, start + timedelta(microseconds=1)):
            if end <= one.end:
                return one
        return None

    def next_after(self, moment: datetime) -> Occurrence | None:
        """Return the first occurrence that ends after `moment`, or None within the next ten years."""
        day = (moment - self.length).date() - _DAY
        for found in self._days(day, day + timedelta(days=3_660)):
            one = Occurrence(begin := self.start_on(found), begin + self.length)
            if one.end > moment:
                return one
        return None

    def _days(self, first: date, last: date) -> Iterator[date]:
        """Yield the days of the rule from `first` to `last`, both included."""
        last = min(last, self.last_day or last)
        first = max(first, self.first_day)
        if last < first:
            return
        rule = parse_rule(self.rule, self.first_day)
        since = _in_phase(rule, self.first_day, first)
        days = rrule.rrule(
            _FREQUENCIES[rule.frequency],
            dtstart=datetime.combine(since, time()),
            interval=rule.interval,
            byweekday=[rrule.weekday(day, nth or None) for nth, day in rule.days] or None,
            bymonthday=list(rule.month_days) or None,
            until=datetime.combine(last, time()),
        )
        for found in days:
            if found.date() >= first:
                yield found.date()


_DAY = timedelta(days=1)


def wall_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the instant (aware UTC) at which the clocks of `zone` show `at` on that day.

    Of a time that comes twice it is the first; one that the clocks skip is moved on by what they skip.
    """
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=1_024)
def parse_rule(text: str, first_day: date) -> Rule:
    """Return the rule of this text; what it leaves open follows from `first_day`, as in RFC 5545.

    Raises `InvalidInput` at `rule` for anything that is not of the part that is understood here.
    """
    parts = _parts(text)
    frequency = parts.pop("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise _wrong(f"FREQ must be one of: {', '.join(_FREQUENCIES)}. {_FORM}")
    interval = _number(parts.pop("INTERVAL", "1"), "INTERVAL", 1, MAX_INTERVAL)
    days = _days_of(parts.pop("BYDAY", ""), frequency)
    month_days = _month_days_of(parts.pop("BYMONTHDAY", ""), frequency)
    if parts:
        raise _wrong(f"{', '.join(sorted(parts))} is not understood here. {_FORM}")
    if days and month_days:
        raise _wrong("Give BYDAY or BYMONTHDAY, not both.")
    if frequency == "WEEKLY" and not days:
        days = ((0, first_day.weekday()),)
    if frequency == "MONTHLY" and not days and not month_days:
        month_days = (first_day.day,)
    return Rule(frequency, interval, days, month_days)


def clean_rule(text: object, first_day: date) -> str:
    """Return the rule in its one form. Raises `InvalidInput` at `rule`, also where it never takes place."""
    if not isinstance(text, str):
        raise _wrong(_FORM)
    rule = parse_rule(text.strip().upper().removeprefix("RRULE:"), first_day)
    recurrence = Recurrence(rule.text, first_day, time(), "UTC", 1)
    if next(recurrence._days(first_day, first_day + timedelta(days=29 * 366)), None) is None:
        raise _wrong("By this rule it never takes place: no month of it has such a day.")
    return rule.text


def clean_zone(name: object, *, field: str = "zone") -> str:
    """Return the name of a time zone that this machine knows. Raises `InvalidInput`."""
    if not isinstance(name, str) or name not in _zones():
        raise InvalidInput.of(field, "unknown", "Must be a time zone such as Europe/Berlin or UTC.")
    return name


@cache
def _zones() -> frozenset[str]:
    # The tz database also has names that are no place's clock: "Factory" is what an unset machine shows.
    return frozenset(available_timezones()) - {"Factory", "localtime", "posixrules"}


def _in_phase(rule: Rule, first_day: date, wanted: date) -> date:
    """Return a start for the rule near `wanted`, not after it, that keeps the rhythm of its interval."""
    if rule.frequency == "MONTHLY":
        months = (wanted.year - first_day.year) * 12 + wanted.month - first_day.month
        skipped = months // rule.interval * rule.interval
        month = first_day.month - 1 + skipped
        return date(first_day.year + month // 12, month % 12 + 1, 1)
    step = rule.interval * (7 if rule.frequency == "WEEKLY" else 1)
    base = first_day - timedelta(days=first_day.weekday()) if rule.frequency == "WEEKLY" else first_day
    return base + timedelta(days=(wanted - base).days // step * step)


def _parts(text: str) -> dict[str, str]:
    if len(text) > MAX_RULE:
        raise _wrong(f"At most {MAX_RULE} characters. {_FORM}")
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, separator, value = part.partition("=")
        if not separator or not value or name in parts:
            raise _wrong(_FORM)
        parts[name] = value
    return parts


def _days_of(text: str, frequency: str) -> tuple[tuple[int, int], ...]:
    days: set[tuple[int, int]] = set()
    for word in text.split(",") if text else ():
        match = _BYDAY.fullmatch(word)
        if match is None or (match[1] and frequency != "MONTHLY"):
            raise _wrong("BYDAY names days such as MO,WE; in a month also 2TU or -1FR.")
        days.add((int(match[1] or 0), _WEEKDAYS.index(match[2])))
    return tuple(sorted(days, key=lambda day: (day[0] < 0, *day)))


def _month_days_of(text: str, frequency: str) -> tuple[int, ...]:
    if text and frequency != "MONTHLY":
        raise _wrong("BYMONTHDAY belongs to FREQ=MONTHLY.")
    days = {_number(word, "BYMONTHDAY", -1, 31) for word in text.split(",")} if text else set()
    if 0 in days:
        raise _wrong("BYMONTHDAY is 1 to 31, or -1 for the last day.")
    return tuple(sorted(days, key=lambda day: (day < 0, day)))


def _number(text: str, name: str, least: int, most: int) -> int:
    if re.fullmatch(r"-?[0-9]{1,3}", text) is None or not least <= int(text) <= most:
        raise _wrong(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def _wrong(detail: str) -> InvalidInput:
    return InvalidInput.of("rule", "not_a_rule", detail)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


RHYTHMS: Mapping[str, str] = {
    "FREQ=DAILY": "Every day",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": "Monday to Friday",
    **{
        f"FREQ=WEEKLY;BYDAY={code}": f"Every {name}" for code, name in zip(_WEEKDAYS, _DAY_NAMES, strict=True)
    },
}
"""The rules that are asked for most, with their words, to be chosen from."""
