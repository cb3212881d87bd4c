"""Instants in words: the reader's wall clock with UTC beside, and how far away. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

_FAR = timedelta(days=180)
_STEPS: tuple[tuple[int, int, str], ...] = (
    # (below this many seconds, seconds of the unit, unit)
    (90 * 60, 60, "min"),
    (36 * 3600, 3600, "h"),
    (28 * 86400, 86400, "d"),
    (330 * 86400, 30 * 86400, "month"),
)


def iso(moment: datetime) -> str:
    """Return an aware instant as ISO 8601 UTC with `Z`, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """Return `moment` on the clock of `zone`; at the ends of the calendar, where there is none, in UTC."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment.astimezone(UTC)


def wall_clock(moment: datetime, zone: tzinfo, *, now: datetime) -> str:
    """Return `moment` as read from a clock in `zone`; with the year where that is another, or far away."""
    local = in_zone(moment, zone)
    day = f"{local.day} {local:%b}"
    if local.year != now.astimezone(zone).year or abs(moment - now) > _FAR:
        day += f" {local.year}"
    return f"{day}, {local:%H:%M}"


def whole_day(moment: datetime, zone: tzinfo) -> str:
    """Return the day of `moment` in `zone` with weekday and year: "Thursday, 12 March 2026"."""
    local = in_zone(moment, zone)
    return f"{local:%A}, {local.day} {local:%B} {local.year}"


def utc_beside(moment: datetime, zone: tzinfo) -> str:
    """Return the UTC clock to stand beside the local one: the time, with the day where that differs."""
    local, universal = in_zone(moment, zone), moment.astimezone(UTC)
    if local.utcoffset() == timedelta(0):
        return "UTC"
    text = f"{universal:%H:%M} UTC"
    return text if local.date() == universal.date() else f"{universal.day} {universal:%b}, {text}"


def relative(moment: datetime, now: datetime) -> str:
    """Return how far `moment` is from `now`: "in 3 h", "20 min ago", "now"."""
    seconds = (moment - now).total_seconds()
    distance = abs(seconds)
    if distance < 45:
        return "now"
    amount = _roughly(distance)
    return f"in {amount}" if seconds > 0 else f"{amount} ago"


def _roughly(seconds: float) -> str:
    """Return a distance in its largest fitting unit: "3 h", "12 d"."""
    unit, name = next(((unit, name) for below, unit, name in _STEPS if seconds < below), (31_557_600, "year"))
    amount = max(1, round(seconds / unit))
    return f"{amount} {name}s" if amount > 1 and name in {"month", "year"} else f"{amount} {name}"
