"""An on-call schedule by brute force: every minute of a time is looked at by itself.

Written from the semantics alone and unlike the engine: it asks the zone what the clocks show at each
minute, lists handovers one after the other, and marks covered minutes one by one.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

Data = dict[str, Any]
Who = tuple[str, str, str]  # role, person, layer

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MARGIN = timedelta(days=17)


class Wall:
    """What the clocks of a zone show, minute by minute, from `start` to `end`."""

    def __init__(self, zone: str, start: datetime, end: datetime, step: timedelta) -> None:
        self.step = step
        self.start = start - MARGIN
        shown: dict[datetime, list[datetime]] = {}
        self.moments: list[datetime] = []
        moment = self.start
        while moment < end + MARGIN:
            local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            shown.setdefault(local, []).append(moment)
            self.moments.append(moment)
            moment += step
        self._shown = shown

    def _at(self, local: datetime) -> list[datetime]:
        """Return when the clocks show `local`; for a time that they skip, the first minute after it."""
        wanted = local
        while wanted not in self._shown:
            wanted += self.step
            if wanted - local > timedelta(days=3):
                raise LookupError(local)
        found = self._shown[wanted]
        return found if wanted == local else found[:1]

    def first(self, local: datetime) -> datetime:
        return self._at(local)[0]

    def last(self, local: datetime) -> datetime:
        return self._at(local)[-1]


@lru_cache(maxsize=32)
def wall(zone: str, start: datetime, end: datetime, step: timedelta = timedelta(minutes=1)) -> Wall:
    return Wall(zone, start, end, step)


class Walk:
    """Who is on call at each minute from `start` to `end`. Every time in `data` lies in between."""

    def __init__(
        self,
        data: Data,
        overrides: Iterable[Data],
        start: datetime,
        end: datetime,
        step: timedelta = timedelta(minutes=1),
    ) -> None:
        self.wall = wall(data["time_zone"], start, end, step)
        self.overrides = sorted(overrides, key=lambda one: one["number"])
        self.moments = [moment for moment in self.wall.moments if start <= moment < end]
        self.layers = [(layer, self._layer(layer)) for layer in data["layers"]]

    def at(self, moment: datetime) -> list[Who]:
        """Return role, person and layer of everybody who is on call, in no certain order."""
        candidates = [(layer, groups[moment]) for layer, groups in self.layers if moment in groups]
        people: list[list[str]] = []  # role, person, layer, and whom an override let them stand in for
        for layer, group in candidates:
            best = max(one["priority"] for one, _ in candidates if one["role"] == layer["role"])
            if layer["priority"] == best:
                people += [[layer["role"], person, layer["name"], ""] for person in group]
        for one in self.overrides:
            if one["start"] <= moment < one["end"]:
                people = self._overridden(people, one)
        seen: list[Who] = []
        for role, person, layer_name, _ in people:
            if (role, person) not in [(who[0], who[1]) for who in seen]:
                seen.append((role, person, layer_name))
        return seen

    @staticmethod
    def _overridden(people: list[list[str]], one: Data) -> list[list[str]]:
        role = one.get("role", "")
        new = [[role or "primary", person, "", ""] for person in one["people"]]
        if one["kind"] == "also":
            return people + new
        if one["kind"] == "replace":
            return [entry for entry in people if role and entry[0] != role] + new
        swapped = []
        for entry in people:
            taken = entry[3] == one["instead_of"] or (entry[1] == one["instead_of"] and not entry[3])
            if taken and role in {"", entry[0]}:
                swapped.append([entry[0], one["people"][0], entry[2], one["instead_of"]])
            else:
                swapped.append(entry)
        return swapped

    def _layer(self, layer: Data) -> dict[datetime, list[str]]:
        """Return, for each minute at which the layer covers, its group."""
        covered = self._covered(layer)
        turns = self._turns(layer["rotation"], covered)
        groups = layer["rotation"]["groups"]
        found = {}
        for moment in self._effective(layer, covered):
            if moment in turns:
                found[moment] = groups[turns[moment] % len(groups)]
        return found

    def _covered(self, layer: Data) -> set[datetime]:
        moments = set(self.wall.moments)
        if layer.get("restrictions"):
            moments = set()
            for one in layer["restrictions"]:
                for begins, ends in self._stretches(one):
                    moments |= set(self._between(self.wall.first(begins), self.wall.last(ends)))
        return moments

    def _effective(self, layer: Data, moments: set[datetime]) -> set[datetime]:
        if layer.get("effective_from"):
            since = self.wall.first(datetime.fromisoformat(layer["effective_from"]))
            moments = {moment for moment in moments if moment >= since}
        if layer.get("effective_until"):
            until = self.wall.first(datetime.fromisoformat(layer["effective_until"]))
            moments = {moment for moment in moments if moment < until}
        return moments

    def _stretches(self, one: Data) -> list[tuple[datetime, datetime]]:
        """Return the wall times of a restriction on every day of the time that is walked through."""
        first, last = self.wall.moments[0].date(), self.wall.moments[-1].date()
        found = []
        day = first + timedelta(days=2)
        begins, ends = time.fromisoformat(one["begins"]), time.fromisoformat(one["ends"])
        while day < last - timedelta(days=9):
            weekday = DAYS[day.weekday()]
            if "begins_day" in one and weekday == one["begins_day"]:
                until = day
                while DAYS[until.weekday()] != one["ends_day"] or (until, ends) <= (day, begins):
                    until += timedelta(days=1)
                found.append((datetime.combine(day, begins), datetime.combine(until, ends)))
            elif weekday in one.get("days", ()):
                until = day if ends > begins else day + timedelta(days=1)
                found.append((datetime.combine(day, begins), datetime.combine(until, ends)))
            day += timedelta(days=1)
        return found

    def _between(self, start: datetime, end: datetime) -> list[datetime]:
        count = max(0, (end - start) // self.wall.step)
        return [start + number * self.wall.step for number in range(count)]

    def _turns(self, rotation: Data, covered: set[datetime]) -> dict[datetime, int]:
        """Return the number of the turn at each minute from the rotation's start."""
        handovers = self._handovers(rotation)
        found: dict[datetime, int] = {}
        number, days = 0, 0
        for start, end in pairwise(handovers):
            minutes = self._between(start, end)
            if not minutes:
                continue
            if rotation["advance"] == "covered_days":
                if any(minute in covered for minute in minutes):
                    days += 1
                number = max(0, days - 1) // rotation["every"]
            for minute in minutes:
                found[minute] = number
            if rotation["advance"] == "calendar":
                number += 1
        return found

    def _handovers(self, rotation: Data) -> list[datetime]:
        start = datetime.fromisoformat(rotation["start"])
        every = rotation["every"] if rotation["advance"] == "calendar" else 1
        found: list[datetime] = []
        count = 0
        while True:
            try:
                if rotation["unit"] == "hour":
                    moment = self.wall.first(start) + timedelta(hours=count * every)
                    if moment > self.wall.moments[-1]:
                        raise LookupError(moment)
                else:
                    moment = self.wall.first(handover(start, rotation["unit"], count * every))
            except LookupError:  # beyond the time that is walked through
                return [*found, self.wall.moments[-1]]
            found.append(moment)
            count += 1


def handover(start: datetime, unit: str, count: int) -> datetime:
    """Return the wall time so many units after the start."""
    if unit == "month":
        year, month = start.year, start.month
        for _ in range(count):
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        return datetime.combine(
            date(year, month, min(start.day, calendar.monthrange(year, month)[1])), start.time()
        )
    return start + timedelta(days=count * (7 if unit == "week" else 1))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]
