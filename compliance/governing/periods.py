"""Calendar periods in which something is done once: days, weeks, months, quarters, years. Pure."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar period of UTC days, both ends included."""

    kind: str
    first: date
    last: date

    @property
    def name(self) -> str:
        """As people write it: `2026-11-21`, `2026-W47` (ISO 8601), `2026-11`, `2026-Q4`, `2026`."""
        if self.kind == "day":
            return self.first.isoformat()
        if self.kind == "week":
            year, week, _ = self.first.isocalendar()
            return f"{year}-W{week:02}"
        if self.kind == "month":
            return f"{self.first:%Y-%m}"
        if self.kind == "quarter":
            return f"{self.first:%Y}-Q{(self.first.month + 2) // 3}"
        return f"{self.first:%Y}"


def period_of(kind: str, day: date) -> Period:
    """Return the period of this kind in which `day` lies. Raises `ValueError` for an unknown kind."""
    if kind == "day":
        return Period(kind, day, day)
    if kind == "week":
        first = day - timedelta(days=day.weekday())
        return Period(kind, first, first + timedelta(days=6))
    months = {"month": 1, "quarter": 3, "year": 12}.get(kind)
    if months is None:
        raise ValueError(f"no such period: {kind}")
    start = (day.month - 1) // months * months + 1
    end = start + months - 1
    return Period(kind, date(day.year, start, 1), date(day.year, end, monthrange(day.year, end)[1]))


def before(period: Period) -> Period:
    """Return the period just before this one."""
    return period_of(period.kind, period.first - timedelta(days=1))


def month_later(day: date, months: int = 1) -> date:
    """Return the same day of a later month, or its last day where it has no such day.

    So Regulation (EEC, Euratom) 1182/71 art. 3(2)(c) counts the months of the GDPR.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
