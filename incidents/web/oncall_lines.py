"""A final schedule as lines of a table and as entries of a drawing, in the schedule's zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from incidents.oncall import roles
from incidents.oncall.overrides import Duty
from incidents.oncall.schedule import Segment
from opsportal.core.errors import InvalidInput
from opsportal.web import times
from opsportal.web.people import person_of, remember_people

MOST_LINES = 400
COLOURS = 8
EARLIEST, LATEST = date(2000, 2, 1), date(2199, 11, 1)
VIEWS: Mapping[str, str] = {"week": "Week", "month": "Month"}


@dataclass(frozen=True, slots=True)
class Period:
    """What is shown: aware instants, and the days to go to from here."""

    start: datetime
    end: datetime
    day: date
    before: date
    after: date
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: from when, until when (words in the schedule's zone and in UTC), who and why."""

    start: str
    start_utc: str
    end: str
    end_utc: str
    people: tuple[tuple[Duty, str], ...]
    missing: tuple[str, ...]
    is_gap: bool
    is_now: bool


def period_of(view: str, text: str, zone: ZoneInfo, now: datetime) -> Period:
    """Return the week or month of a day (`text`; empty: today) in a zone. Raises `InvalidInput`."""
    if view not in VIEWS:
        raise InvalidInput.of("view", "unknown", "Must be week or month.")
    day = min(max(_day(text, now.astimezone(zone).date()), EARLIEST), LATEST)
    if view == "week":
        first = day - timedelta(days=day.weekday())
        after, before = first + timedelta(days=7), first - timedelta(days=7)
        last = after - timedelta(days=1)
        title = f"{first.day} {first:%b} – {last.day} {last:%b %Y}"
    else:
        first = day.replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
        before = (first - timedelta(days=1)).replace(day=1)
        title = f"{first:%B %Y}"
    return Period(_midnight(first, zone), _midnight(after, zone), day, before, after, title)


def lines_of(request: HttpRequest, segments: Sequence[Segment], zone: ZoneInfo, now: datetime) -> list[Line]:
    """Return the rows of the table. Remembers whom they name, for one query in all."""
    shown = segments[:MOST_LINES]
    remember_people(
        request,
        [
            ("user", person)
            for one in shown
            for duty in one.duties
            for person in (duty.user_id, duty.instead_of)
            if person
        ],
    )
    return [
        Line(
            times.wall_clock(one.start, zone, now=now),
            times.utc_beside(one.start, zone),
            times.wall_clock(one.end, zone, now=now),
            times.utc_beside(one.end, zone),
            tuple((duty, why(request, duty)) for duty in one.duties),
            tuple(roles.TITLES[role] for role in one.missing),
            one.is_gap,
            one.start <= now < one.end,
        )
        for one in shown
    ]


def why(request: HttpRequest, duty: Duty) -> str:
    """Return role and reason in words: "Primary, by Weekdays", "Primary, exception for Ada"."""
    role = roles.TITLES[duty.role]
    if duty.instead_of:
        return f"{role}, exception for {person_of(request, 'user', duty.instead_of).name}"
    return f"{role}, by exception" if duty.override is not None else f"{role}, by {duty.layer}"


def drawn_of(request: HttpRequest, segments: Sequence[Segment], zone: ZoneInfo) -> dict[str, Any]:
    """Return rows and entries for the script, which reads the wall clock of the texts and no zone.

    A row for each role, and one for gaps; neighbouring entries of the same person are one.
    """
    entries: list[dict[str, Any]] = []
    colours: dict[str, int] = {}
    standing: dict[tuple[str, str], dict[str, Any]] = {}
    for one in segments[:MOST_LINES]:
        start, end = (_wall(moment, zone) for moment in (one.start, one.end))
        named = {(duty.role, duty.user_id): duty for duty in one.duties}
        standing = {key: entry for key, entry in standing.items() if key in named}
        for key, duty in named.items():
            if key in standing:
                standing[key]["end"] = end
                continue
            colour = colours.setdefault(duty.user_id, len(colours) % COLOURS)
            standing[key] = {
                "resourceIds": [duty.role],
                "title": person_of(request, "user", duty.user_id).name,
                "start": start,
                "end": end,
                "classNames": [f"op-person-{colour}"],
            }
            entries.append(standing[key])
        if one.is_gap:
            entries.append(
                {
                    "resourceIds": ["gap"],
                    "title": "Nobody"
                    if not one.duties
                    else ", ".join(roles.TITLES[role] for role in one.missing),
                    "start": start,
                    "end": end,
                    "classNames": ["op-person-gap"],
                }
            )
    used = {entry["resourceIds"][0] for entry in entries}
    rows = [{"id": role, "title": title} for role, title in roles.TITLES.items() if role in used]
    gaps = [{"id": "gap", "title": "Gaps"}] if "gap" in used else []
    return {"resources": [*rows, *gaps], "events": entries}


def _wall(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="minutes")


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _day(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text) if text else today
    except ValueError:
        raise InvalidInput.of("date", "not_a_day", "Must be a day such as 2026-11-21.") from None
