"""Where a roster leaves too little rest. It warns and decides nothing: whether time on call is working time
is for the law of the place and the contract to say. Pure.

Limits: Directive 2003/88/EC, article 3 (eleven consecutive hours of rest in every 24), and article 5 (in
every seven days an uninterrupted rest of 24 hours besides): who is on call for more than a week on end has
no such rest in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from incidents.roster.hours import Reckoning
from incidents.roster.spans import Shift, Span, union

DAILY_REST = timedelta(hours=11)
MOST_DAYS = 7
"""So many calendar days in a row on call are taken for usual: a week at a time."""


@dataclass(frozen=True, slots=True)
class RestWarning:
    """One person has too little rest: `short` between shifts, `night` after a page, `days` in a row.

    `at` is where it shows (aware UTC); `amount` is the rest that is left, or the length of the stretch.
    """

    user: str
    kind: Literal["short", "night", "days"]
    at: datetime
    amount: timedelta
    days: int = 0


def rest_warnings(
    shifts: Iterable[Shift],
    reckoning: Reckoning,
    *,
    pages: Iterable[tuple[str, datetime]] = (),
    most_days: int = MOST_DAYS,
) -> list[RestWarning]:
    """Return the warnings of these shifts, by time. `pages` are (person, when they were paged, aware).

    Whoever was paged at night and is on call again, or still, within the rest that follows is warned of
    too; each night once.
    """
    own: dict[str, list[Span]] = {}
    for shift in shifts:
        own.setdefault(shift.user, []).append(shift.span)
    found: list[RestWarning] = []
    for user, spans in own.items():
        stretches = union(spans)
        found += _short(user, stretches)
        found += _days(user, stretches, reckoning.zone, most_days)
        paged = sorted(at for who, at in pages if who == user)
        found += _nights(user, stretches, [at for at in paged if reckoning.is_night(at)])
    return sorted(found, key=lambda one: (one.at, one.user, one.kind))


def _short(user: str, stretches: list[Span]) -> Iterable[RestWarning]:
    for one, following in pairwise(stretches):
        rest = following.start - one.end
        if rest < DAILY_REST:
            yield RestWarning(user, "short", following.start, rest)


def _days(user: str, stretches: list[Span], zone: str, most: int) -> Iterable[RestWarning]:
    """Yield a warning for each run of calendar days in a row, of which each has time on call."""
    clock = ZoneInfo(zone)
    runs: list[Span] = []
    for stretch in stretches:
        # A rest of a day and the daily one besides ends a run (article 5).
        if runs and stretch.start - runs[-1].end < timedelta(days=1) + DAILY_REST:
            runs[-1] = Span(runs[-1].start, stretch.end)
        else:
            runs.append(stretch)
    for run in runs:
        # The hours of the handover's own day are not one day more: a week from Monday to Monday is seven.
        days = round((run.end.astimezone(clock).date() - run.start.astimezone(clock).date()).days)
        if max(days, 1) > most:
            yield RestWarning(user, "days", run.start, run.length, days)


def _nights(user: str, stretches: list[Span], paged: list[datetime]) -> Iterable[RestWarning]:
    last: datetime | None = None
    for at in paged:
        if last is not None and at - last < DAILY_REST:
            continue
        last = at
        for stretch in stretches:
            again = max(stretch.start, at)
            if stretch.end > again and again < at + DAILY_REST:
                yield RestWarning(user, "night", at, again - at)
                break
