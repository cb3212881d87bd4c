"""The calendar page: a list of days that needs no script, and month and week drawn by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from opsportal.accounts.services.periods import utc_day
from opsportal.calendar.selectors import Wanted, entries_between
from opsportal.calendar.web import choices
from opsportal.catalog.selectors import services
from opsportal.core.access import may
from opsportal.core.errors import InvalidInput
from opsportal.core.registry import CalendarEntry
from opsportal.web.requests import actor_of, now_of
from opsportal.web.times import in_zone

VIEWS = {"list": "List", "month": "Month", "week": "Week"}
KINDS = {
    "change": "Changes",
    "window": "Maintenance windows",
    "freeze": "Freezes",
    "meeting": "Meetings",
    "obligation": "What I owe",
}
ONE = {
    "change": "Change",
    "window": "Maintenance window",
    "freeze": "Freeze",
    "meeting": "Meeting",
    "obligation": "Obligation",
}
EARLIEST, LATEST = date(2000, 2, 1), date(2199, 11, 30)
MOST_SERVICES = 500


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the list in the reader's zone. `lines` start on it, or go on from before on the first."""

    day: date
    lines: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Period:
    """What is shown: the days from `first` to `last`, both included, and where one can go from here."""

    first: date
    last: date
    before: date
    after: date
    title: str


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """Show what takes place: changes, maintenance windows, freezes, meetings, and what the reader owes."""
    zone, now = timezone.get_current_timezone(), now_of(request)
    view = request.GET.get("view", "list")
    if view not in VIEWS:
        raise InvalidInput.of("view", "unknown", "Must be list, month or week.")
    today = in_zone(now, zone).date()
    shown_day = _day(request.GET.get("date", ""), today)
    period = period_of(view, shown_day)
    wanted = Wanted(
        tuple(kind for kind in request.GET.getlist("kind") if kind in KINDS),
        request.GET.get("service", "")[:60],
        request.GET.get("environment", "")[:60],
    )
    start, end = _midnight(period.first, zone), _midnight(period.last + timedelta(days=1), zone)
    entries = [
        entry for entry in entries_between(actor_of(request), start, end, wanted) if not entry.cancelled
    ]
    earlier, days = folded(days_of(entries, period, zone), shown_day if view == "list" else period.first)
    context = {
        "view": view,
        "views": VIEWS.items(),
        "period": period,
        "today": today,
        "shown_day": shown_day,
        "earlier": earlier,
        "days": days,
        "drawn": [_drawn(entry, zone) for entry in entries] if view != "list" else None,
        "kinds": KINDS.items(),
        "wanted": wanted,
        "services": services().filter(state="active").values_list("slug", "name")[:MOST_SERVICES],
        "environments": choices.environments(),
        "may_freeze": may(actor_of(request), "freeze.write", utc_day(now)),
    }
    return render(request, "calendar/calendar.html", context)


def period_of(view: str, day: date) -> Period:
    """Return the week or the month in which `day` lies; a month is drawn in whole weeks, Monday first."""
    if view == "week":
        first = day - timedelta(days=day.weekday())
        last = first + timedelta(days=6)
        title = f"{first.day} {first:%b} – {last.day} {last:%b %Y}"
        return Period(first, last, first - timedelta(days=7), first + timedelta(days=7), title)
    first = day.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    last = after - timedelta(days=1)
    title = f"{first:%B %Y}"
    if view == "month":
        first -= timedelta(days=first.weekday())
        last += timedelta(days=6 - last.weekday())
    return Period(first, last, before, after, title)


def folded(days: list[Day], shown: date) -> tuple[list[Day], list[Day]]:
    """Return the days before `shown`, and the others; where there are no others, nothing is before."""
    earlier, others = ([one for one in days if one.day < shown], [one for one in days if one.day >= shown])
    return (earlier, others) if others else ([], earlier)


def days_of(entries: Iterable[CalendarEntry], period: Period, zone: tzinfo) -> list[Day]:
    """Return the days of the period on which something begins; what began before is on the first."""
    lines: dict[date, list[dict[str, Any]]] = {}
    for entry in entries:
        start, end = in_zone(entry.start, zone), in_zone(entry.end, zone)
        day = max(start.date(), period.first)
        lines.setdefault(day, []).append(
            {
                "entry": entry,
                "kind": ONE[entry.kind],
                "time": _time_words(start, end, period),
            }
        )
    return [Day(day, tuple(lines[day])) for day in sorted(lines)]


def _time_words(start: datetime, end: datetime, period: Period) -> str:
    """Return from when to when, on the wall clock: "03:00 – 05:00", "since 21 Jan, 09:30 – 4 Mar, 10:00"."""
    since = f"since {start.day} {start:%b}, {start:%H:%M}"
    begin = since if start.date() < period.first else f"{start:%H:%M}"
    if start == end:
        return begin
    same_day = start.date() == end.date()
    return f"{begin} – " + (f"{end:%H:%M}" if same_day else f"{end.day} {end:%b}, {end:%H:%M}")


def _drawn(entry: CalendarEntry, zone: tzinfo) -> dict[str, Any]:
    """Return an entry for the script: on the reader's wall clock, without an offset, by which the script
    would move it to the zone of the browser.
    """
    start, end = in_zone(entry.start, zone), in_zone(entry.end, zone)
    is_long = end - start >= timedelta(hours=24)
    if end <= start:
        end = start + timedelta(minutes=30)  # an instant takes no room
    return {
        "id": entry.key,
        "title": entry.title if is_long else f"{start:%H:%M} {entry.title}",
        "start": start.replace(tzinfo=None).isoformat(timespec="minutes"),
        "end": end.replace(tzinfo=None).isoformat(timespec="minutes"),
        "url": entry.url,
        "classNames": [f"op-event-{entry.kind}"],
        "allDay": is_long,
    }


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError:
        raise InvalidInput.of("date", "not_a_day", "Must be a day such as 2026-11-21.") from None
    return min(max(day, EARLIEST), LATEST)
