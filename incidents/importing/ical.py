"""Calendar files (RFC 5545) in which each event says who is on call. Pure.

Who is meant stands in ATTENDEE, else in SUMMARY: names or addresses, parted by commas, after a priority such
as `[L2]` as Grafana OnCall has it. Recurring events are unfolded for the time asked for, with EXDATE, RDATE
and RECURRENCE-ID. A regular rotation among them becomes a layer, and all else overrides, so that each hour is
as the calendar has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

from incidents.importing.drafts import Draft, LayerDraft, OverrideDraft, PersonDraft, ScheduleDraft
from incidents.importing.reading import MOST_BYTES, MOST_NAME
from incidents.importing.rotations import recognised
from incidents.roster.spans import Span
from opsportal.calendar.recurrence import clean_zone, wall_instant
from opsportal.core.errors import InvalidInput
from opsportal.core.moments import EARLIEST

MOST_EVENTS = 2_000
MOST_OCCURRENCES = 5_000
MOST_OVERRIDES = 2_000
_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_PRIORITY = re.compile(r"^\s*\[L(\d)\]\s*", re.IGNORECASE)
_LEAD = re.compile(r"^\s*on[\s-]?call\s*[:\-–]\s*", re.IGNORECASE)
_ASIDE = re.compile(r"\s*[(\[][^)\]]*[)\]]\s*$")
_MOST_PEOPLE = 20
Component = Any
"""A part of a calendar as the library gives it: its values have as many types as RFC 5545."""


@dataclass(frozen=True, slots=True)
class _Event:
    span: Span
    priority: int
    people: tuple[str, ...]


def read(content: bytes, *, within: Span, name: str = "", zone: str = "") -> Draft:
    """Return the draft of a calendar file: one schedule, with the events that overlap `within`.

    `name` and `zone` are taken where they are given, else those of the file. Raises `InvalidInput` where it
    is no calendar file, or holds too much.
    """
    calendar = _calendar(content)
    draft = Draft()
    clock = _zone_of(calendar, zone, draft)
    found: list[_Event] = []
    for uid, events in _series(calendar).items():
        try:
            found += _occurrences(calendar, events, within, clock)
        except _NotUnderstoodError as wrong:
            draft.skip(f"events/{uid[:80]}", str(wrong))
        if len(found) > MOST_OCCURRENCES:
            raise InvalidInput.of("file", "too_many", f"At most {MOST_OCCURRENCES} events in that time.")
    for event in found:
        for ref in event.people:
            draft.people.setdefault(ref, PersonDraft(ref, *(("", ref) if "@" in ref else (ref, ""))))
    overrides = tuple(_flat(found, within))
    layers: tuple[LayerDraft, ...] = ()
    rotation = recognised(overrides, zone=clock, within=within) if overrides else None
    if rotation is not None:
        layers, overrides = (rotation.layer,), rotation.overrides
    if len(overrides) > MOST_OVERRIDES:
        raise InvalidInput.of("file", "too_many", f"At most {MOST_OVERRIDES} stretches; ask for less time.")
    title = " ".join((name or str(calendar.get("X-WR-CALNAME") or "Imported calendar")).split())
    draft.schedules.append(ScheduleDraft("calendar", title[:MOST_NAME], clock, layers, overrides))
    return draft


class _NotUnderstoodError(ValueError):
    """One event (with its exceptions) is not taken over."""


def _calendar(content: bytes) -> Component:
    if len(content) > MOST_BYTES:
        raise InvalidInput.of("file", "too_large", f"At most {MOST_BYTES // 1024 // 1024} MB.")
    try:
        calendar = Calendar.from_ical(content)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError):
        calendar = None
    if not isinstance(calendar, Calendar):
        raise InvalidInput.of("file", "not_a_calendar", "This is no calendar file (.ics).")
    return calendar


def _zone_of(calendar: Component, wanted: str, draft: Draft) -> str:
    if wanted:
        return clean_zone(wanted)
    named = str(calendar.get("X-WR-TIMEZONE") or "")
    for name in (named, *(str(part.get("TZID", "")) for part in calendar.walk("VTIMEZONE"))):
        try:
            return clean_zone(name)
        except InvalidInput:
            if name:
                draft.skip("X-WR-TIMEZONE", f"“{name[:60]}” is no time zone that is known here.")
    return "UTC"


def _series(calendar: Component) -> dict[str, list[Component]]:
    """Return the events of each UID: one, or one that recurs and its exceptions."""
    found: dict[str, list[Component]] = {}
    for position, event in enumerate(calendar.walk("VEVENT")):
        if position >= MOST_EVENTS:
            raise InvalidInput.of("file", "too_many", f"At most {MOST_EVENTS} events.")
        found.setdefault(str(event.get("UID") or f"no UID, {position}"), []).append(event)
    return found


def _occurrences(calendar: Component, events: list[Component], within: Span, zone: str) -> Iterator[_Event]:
    for event in events:
        _refuse_endless(event)
    alone = Calendar()
    if "X-WR-TIMEZONE" in calendar:
        alone.add("X-WR-TIMEZONE", str(calendar["X-WR-TIMEZONE"]))
    for part in [*calendar.walk("VTIMEZONE"), *events]:
        alone.add_component(part)
    try:
        found = list(
            islice(recurring_ical_events.of(alone).between(within.start, within.end), MOST_OCCURRENCES + 1)
        )
    # The library raises whatever a malformed rule makes it stumble over.
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, ArithmeticError):
        raise _NotUnderstoodError("Its times or its rule are not understood.") from None
    for event in found:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        priority, people = _who(event)
        if not people:
            raise _NotUnderstoodError("It does not say who is on call.")
        span = _span(event, zone)
        if span.start < span.end:
            yield _Event(span, priority, people)


def _refuse_endless(event: Component) -> None:
    """Refuse rules that nobody is on call by, and those that take for ever to find nothing."""
    start = event.get("DTSTART")
    if start is None or not isinstance(getattr(start, "dt", None), date):
        raise _NotUnderstoodError("It has no start.")
    if start.dt.year < EARLIEST.year:
        raise _NotUnderstoodError("It begins before the year 2000.")
    _refuse_unknown_zones(event)
    rules = event.get("RRULE")
    for rule in rules if isinstance(rules, list) else [rules] if rules else []:
        frequency = str((rule.get("FREQ") or [""])[0]).upper()
        if frequency not in _FREQUENCIES:
            raise _NotUnderstoodError(f"A rule with FREQ={frequency[:20]} is not known here.")
        narrow = {
            "BYMONTH",
            "BYMONTHDAY",
            "BYYEARDAY",
            "BYWEEKNO",
            "BYSETPOS",
            "BYHOUR",
            "BYMINUTE",
            "BYSECOND",
        }
        if frequency == "DAILY" and narrow & set(rule):
            raise _NotUnderstoodError("A daily rule for some months or days of a month is not known here.")
        if {"BYHOUR", "BYMINUTE", "BYSECOND", "BYYEARDAY", "BYWEEKNO"} & set(rule):
            raise _NotUnderstoodError("Its rule has parts that are not known here.")


def _refuse_unknown_zones(event: Component) -> None:
    """Refuse times on a clock that nobody here knows: on any other they would be hours off."""
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE"):
        values = event.get(name)
        for value in values if isinstance(values, list) else [values] if values else []:
            zone = str(value.params.get("TZID") or "")
            for one in getattr(value, "dts", None) or [value]:
                times = one.dt if isinstance(one.dt, tuple) else (one.dt,)
                if zone and any(isinstance(at, datetime) and at.tzinfo is None for at in times):
                    raise _NotUnderstoodError(f"Its time zone “{zone[:60]}” is not known here.")


def _who(event: Component) -> tuple[int, tuple[str, ...]]:
    summary = str(event.get("SUMMARY") or "")
    priority = _PRIORITY.match(summary)
    level = int(priority[1]) if priority else 0
    invited = event.get("ATTENDEE")
    people = [
        _address(one) for one in (invited if isinstance(invited, list) else [invited] if invited else [])
    ]
    if not any(people):
        text = _ASIDE.sub("", _LEAD.sub("", _PRIORITY.sub("", summary)))
        people = [" ".join(part.split()) for part in re.split(r"[,;+/&\n]", text)]
    known = dict.fromkeys(one[:MOST_NAME] for one in people if one)
    return level, tuple(known)[:_MOST_PEOPLE]


def _address(value: Any) -> str:
    text = str(value).strip()
    return text[7:].strip().lower() if text.lower().startswith("mailto:") else ""


def _span(event: Component, zone: str) -> Span:
    start = event["DTSTART"].dt
    end = event["DTEND"].dt if "DTEND" in event else None
    if end is None:
        whole_day = not isinstance(start, datetime)
        length = event["DURATION"].dt if "DURATION" in event else timedelta(days=1 if whole_day else 0)
        end = start + length
    return Span(_instant(start, zone), _instant(end, zone))


def _instant(value: date, zone: str) -> datetime:
    """Return a time as an instant; a day begins, and a time without zone stands, on the clock of `zone`."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    return wall_instant(value, time(), ZoneInfo(zone))


def _flat(events: Iterable[_Event], within: Span) -> Iterator[OverrideDraft]:
    """Yield who is on call when, without overlaps: the highest priority, and all who share it."""
    cut = [_Event(one.span.cut(within), one.priority, one.people) for one in events]
    known = sorted((one for one in cut if one.span.length), key=lambda one: one.span)
    edges = sorted({edge for one in known for edge in (one.span.start, one.span.end)})
    standing: OverrideDraft | None = None
    active: list[_Event] = []
    waiting = iter(known)
    upcoming = next(waiting, None)
    for start, end in pairwise(edges):
        active = [one for one in active if one.span.end > start]
        while upcoming is not None and upcoming.span.start <= start:
            active.append(upcoming)
            upcoming = next(waiting, None)
        if not active:
            continue
        highest = max(one.priority for one in active)
        people = dict.fromkeys(ref for one in active if one.priority == highest for ref in one.people)
        piece = OverrideDraft(start, end, tuple(sorted(people)))
        if standing and standing.end == start and standing.people == piece.people:
            standing = OverrideDraft(standing.start, end, piece.people)
            continue
        if standing:
            yield standing
        standing = piece
    if standing:
        yield standing
