"""What is known of the points of some series in a window, in few statements whatever their number.

Whole days come from days, the rest from hours, and what is shorter than two hours from the points. So a
window begins and ends at a full hour: at most an hour more than was asked for, never less. Percentiles are of
the points themselves up to 5,000 of one question; past that of whole days, within 1 %.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Max, Min, Q, Sum

from compliance.measuring.statistics import Tally, tally_of
from compliance.measuring.windows import Span
from compliance.models import Measurement, Rollup

SHORT = timedelta(hours=2)
MOST_POINTS = 5_000
MOST_RAW = 100_000
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One hour or day of a chart. `start` is aware UTC; nothing was measured where there is none."""

    start: datetime
    tally: Tally


def tallies_of(series: Collection[int], span: Span, *, points: bool = False) -> dict[int, Tally]:
    """Return the tally of each of these series in the span; those without a point are missing.

    With `points`, their sketches too, for percentiles. Two to four statements.
    """
    if not series:
        return {}
    if span.elapsed < SHORT:
        return _from_points(series, span)
    rows = Rollup.objects.filter(_pieces(span), series__in=series).order_by().values("series_id")
    found: dict[int, Tally] = {}
    summed = rows.annotate(
        n=Sum("count"), sum=Sum("total"), low=Min("least"), high=Max("most"), at=Max("last_at")
    )
    for row in summed:
        found[row["series_id"]] = Tally(
            count=row["n"], total=row["sum"], least=row["low"], most=row["high"], last_at=row["at"]
        )
    _add_last(found)
    if points:
        _add_sketches(found, span)
    return found


def points_of(series: Collection[int], span: Span, most: int = MOST_POINTS) -> list[float] | None:
    """Return the values of all points in the span; None where there are more than `most`."""
    rows = Measurement.objects.filter(series__in=series, at__gte=_hour(span.start), at__lte=span.end)
    values = list(rows.order_by().values_list("value", flat=True)[: most + 1])
    return values if len(values) <= most else None


def buckets_of(series: Collection[int], start: datetime, end: datetime, grain: str) -> list[Bucket]:
    """Return each hour or day from `start` to `end`, all the series together, oldest first."""
    rows = Rollup.objects.filter(series__in=series, grain=grain, start__gte=start, start__lt=end)
    found: dict[datetime, Tally] = {}
    for begin, count, total, least, most, last, last_at in rows.order_by("start").values_list(
        "start", "count", "total", "least", "most", "last", "last_at"
    ):
        found.setdefault(begin, Tally()).merge(Tally(count, total, least, most, last, last_at))
    return [Bucket(begin, tally) for begin, tally in found.items()]


def merged(tallies: Iterable[Tally]) -> Tally:
    """Return all of them as one."""
    whole = Tally()
    for one in tallies:
        whole.merge(one)
    return whole


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _pieces(span: Span) -> Q:
    start, end = _hour(span.start), span.end
    first = start.replace(hour=0)
    first = first if first == start else first + DAY
    # The day of the end is taken by hours, so that nothing after it counts, unless it ends with the day.
    last = _hour(end).replace(hour=0)
    if first >= last:
        return Q(grain="hour", start__gte=start, start__lt=end)
    return (
        Q(grain="day", start__gte=first, start__lt=last)
        | Q(grain="hour", start__gte=start, start__lt=first)
        | Q(grain="hour", start__gte=last, start__lt=end)
    )


def _from_points(series: Collection[int], span: Span) -> dict[int, Tally]:
    rows = Measurement.objects.filter(series__in=series, at__gt=span.start, at__lte=span.end)
    found: dict[int, list[tuple[datetime, float]]] = {}
    for one, at, value in rows.order_by("-at").values_list("series_id", "at", "value")[:MOST_RAW]:
        found.setdefault(one, []).append((at, value))
    return {one: tally_of(points) for one, points in found.items()}


def _add_last(found: dict[int, Tally]) -> None:
    # Of the hours, and where these went with their points, of the days.
    times = {tally.last_at for tally in found.values() if tally.last_at is not None}
    begins = {_hour(at) for at in times} | {_hour(at).replace(hour=0) for at in times}
    rows = Rollup.objects.filter(series__in=list(found), grain__in=["hour", "day"], start__in=begins)
    for one, at, value in rows.order_by().values_list("series_id", "last_at", "last"):
        if found[one].last_at == at:
            found[one].last = value


def _add_sketches(found: dict[int, Tally], span: Span) -> None:
    rows = Rollup.objects.filter(
        series__in=list(found), grain="day", start__gte=_hour(span.start).replace(hour=0), start__lt=span.end
    )
    for one, sketch in rows.order_by().values_list("series_id", "sketch").iterator():
        kept = found[one].sketch
        for number, count in sketch.items():
            kept[int(number)] = kept.get(int(number), 0) + count


def newest(series: Sequence[int]) -> datetime | None:
    """Return when the newest point of these series is of; None without any."""
    rows = Rollup.objects.filter(series__in=series, grain="day")
    found: datetime | None = rows.aggregate(at=Max("last_at"))["at"]
    return found
