"""How points are stored: set-based, once each, with their hours and days in the same transaction.

Two who write the same series wait for each other at its row, in the order of keys, so that nothing of an
hour or a day is counted twice or lost. A point that stands already is left as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from compliance.measuring.statistics import Tally
from compliance.measuring.units import factor_between
from compliance.models import Measurement, Rollup, Series

_BATCH = 2_000  # SQLite takes some 32,000 values at a time; a row of a rollup has 10
HOUR, DAY = Rollup.Grain.HOUR.value, Rollup.Grain.DAY.value


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Of whom a series is: a service (slug), else the organisation; and of what part of it."""

    figure: str
    service: str
    component: str
    source: str


@dataclass(frozen=True, slots=True)
class Stored:
    """How many points were new, and how many stood already."""

    new: int
    repeated: int


def store_points(
    points: Sequence[tuple[SeriesKey, datetime, float]], *, units: Mapping[str, str], now: datetime
) -> Stored:
    """Store points, whose values are in the unit of their figure (`units`), in the open transaction.

    Instants are aware UTC. A second point of one series and time is left out.
    """
    if not points:
        return Stored(0, 0)
    series = _series(sorted({key for key, _, _ in points}, key=_order), units, now)
    rows = [
        (series[key].pk, at, value * _factor(units[key.figure], series[key].unit))
        for key, at, value in points
    ]
    new = _insert(rows)
    _roll_up(new)
    return Stored(len(new), len(points) - len(new))


def _order(key: SeriesKey) -> tuple[str, str, str, str]:
    return key.figure, key.service, key.component, key.source


def _factor(given: str, stored: str) -> float:
    return 1.0 if given == stored else float(factor_between(given, stored))


def _series(keys: Sequence[SeriesKey], units: Mapping[str, str], now: datetime) -> dict[SeriesKey, Series]:
    """Return the series of these keys, made where they are new, and locked until the transaction ends."""
    wanted = set(keys)
    known = _known(keys, wanted)
    missing = [key for key in keys if key not in known]
    if missing:
        rows = [
            Series(
                figure=key.figure,
                unit=units[key.figure],
                subject_kind=Series.SubjectKind.SERVICE if key.service else Series.SubjectKind.ORGANISATION,
                subject_key=key.service,
                component=key.component,
                source=key.source,
                created_at=now,
            )
            for key in missing
        ]
        Series.objects.bulk_create(rows, ignore_conflicts=True, batch_size=_BATCH)
        known = _known(keys, wanted)
    return known


def _known(keys: Sequence[SeriesKey], wanted: set[SeriesKey]) -> dict[SeriesKey, Series]:
    rows = Series.objects.filter(
        figure__in={key.figure for key in keys}, source__in={key.source for key in keys}
    )
    services = {key.service for key in keys}
    if len(services) <= 500:
        rows = rows.filter(subject_key__in=services)
    locked = rows.select_for_update().order_by("pk")
    found = {SeriesKey(one.figure, one.subject_key, one.component, one.source): one for one in locked}
    return {key: one for key, one in found.items() if key in wanted}


Row = tuple[int, datetime, float]


def _insert(rows: Sequence[Row]) -> list[Row]:
    """Insert points and return those that were new."""
    table = connection.ops.quote_name(Measurement._meta.db_table)
    into = f"INSERT INTO {table} (series_id, at, value)"
    end = "ON CONFLICT (series_id, at) DO NOTHING RETURNING series_id, at, value"
    new: list[Any] = []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            source = "SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::double precision[])"
            cursor.execute(f"{into} {source} {end}", [list(column) for column in zip(*rows, strict=True)])
            return [(one, at.astimezone(UTC), value) for one, at, value in cursor.fetchall()]
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            places = ", ".join(["(%s, %s, %s)"] * len(batch))
            values = [part for one, at, value in batch for part in (one, _text(at), value)]
            cursor.execute(f"{into} VALUES {places} {end}", values)
            new += cursor.fetchall()
    return [(one, _moment(at), value) for one, at, value in new]


def _text(at: datetime) -> str:
    """Return an instant as SQLite keeps it, which is how the ORM writes it."""
    return str(at.astimezone(UTC).replace(tzinfo=None))


def _moment(given: Any) -> datetime:
    found = given if isinstance(given, datetime) else datetime.fromisoformat(given)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _roll_up(rows: Iterable[Row]) -> None:
    hours: dict[tuple[int, datetime], Tally] = {}
    days: dict[tuple[int, datetime], Tally] = {}
    for series, at, value in rows:
        hour = at.replace(minute=0, second=0, microsecond=0)
        for tallies, start in ((hours, hour), (days, hour.replace(hour=0))):
            tally = tallies.get((series, start))
            if tally is None:
                tally = tallies[series, start] = Tally()
            tally.add(at, value)
    _sketches_joined(days)
    _upsert(HOUR, hours, with_sketch=False)
    _upsert(DAY, days, with_sketch=True)


def _sketches_joined(days: Mapping[tuple[int, datetime], Tally]) -> None:
    """Add to each day's bins those that are kept of it: the series is locked, so nobody adds meanwhile."""
    if not days:
        return
    standing = Rollup.objects.filter(
        grain=DAY,
        series__in={series for series, _ in days},
        start__gte=min(start for _, start in days),
        start__lte=max(start for _, start in days),
    )
    for series, start, sketch in standing.values_list("series_id", "start", "sketch").iterator():
        tally = days.get((series, start))
        if tally is not None:
            for number, count in sketch.items():
                tally.sketch[int(number)] = tally.sketch.get(int(number), 0) + count


_COLUMNS = ("series_id", "grain", "start", "count", "total", "least", "most", "last", "last_at", "sketch")


def _upsert(grain: str, tallies: Mapping[tuple[int, datetime], Tally], *, with_sketch: bool) -> None:
    quote = connection.ops.quote_name
    table = quote(Rollup._meta.db_table)
    least, most = ("LEAST", "GREATEST") if connection.vendor == "postgresql" else ("MIN", "MAX")
    newer = f"excluded.last_at >= {table}.last_at"
    sketch = ", sketch = excluded.sketch" if with_sketch else ""
    end = f"""
        ON CONFLICT (series_id, grain, start) DO UPDATE SET
            count = {table}.count + excluded.count, total = {table}.total + excluded.total,
            least = {least}({table}.least, excluded.least), most = {most}({table}.most, excluded.most),
            last = CASE WHEN {newer} THEN excluded.last ELSE {table}.last END,
            last_at = CASE WHEN {newer} THEN excluded.last_at ELSE {table}.last_at END{sketch}
    """
    columns = ", ".join(quote(name) for name in _COLUMNS)
    rows = [_cells(grain, series, start, tally, with_sketch) for (series, start), tally in tallies.items()]
    with connection.cursor() as cursor:
        for begin in range(0, len(rows), _BATCH):
            batch = rows[begin : begin + _BATCH]
            cursor.execute(f"INSERT INTO {table} ({columns}) {_values(batch)} {end}", _given(batch))


def _cells(grain: str, series: int, start: datetime, tally: Tally, with_sketch: bool) -> tuple[Any, ...]:
    is_text = connection.vendor == "sqlite"
    return (
        series,
        grain,
        _text(start) if is_text else start,
        tally.count,
        tally.total,
        tally.least,
        tally.most,
        tally.last,
        _text(tally.last_at) if is_text and tally.last_at else tally.last_at,
        json.dumps(tally.sketch) if with_sketch else "{}",
    )


_TYPES = ("bigint", "text", "timestamptz", "integer", *["double precision"] * 4, "timestamptz", "jsonb")


def _values(batch: Sequence[tuple[Any, ...]]) -> str:
    if connection.vendor == "postgresql":
        return f"SELECT * FROM unnest({', '.join(f'%s::{one}[]' for one in _TYPES)})"  # noqa: S608 - our own words
    return "VALUES " + ", ".join([f"({', '.join(['%s'] * len(_COLUMNS))})"] * len(batch))


def _given(batch: Sequence[tuple[Any, ...]]) -> list[Any]:
    if connection.vendor == "postgresql":
        return [list(column) for column in zip(*batch, strict=True)]
    return [value for row in batch for value in row]
