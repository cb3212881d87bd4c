"""Whether a rule holds: what an evaluator says of one subject, and what follows for the whole rule. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Status = Literal["met", "breached", "no_data"]
Trend = Literal["", "better", "worse", "steady"]
STATUSES: tuple[Status, ...] = ("met", "breached", "no_data")
STATUS_WORDS = {"met": "Met", "breached": "Breached", "no_data": "No data"}
STATUS_CHOICES = list(STATUS_WORDS.items())


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is so of a rule for one subject, `("", "")` for the organisation.

    `value` and `target` are as people read them. `because` is one sentence. `deliverer` says who has to
    deliver what is missing, where the status is `no_data`. `records` (kind, key) prove it.
    """

    status: Status
    subject: tuple[str, str] = ("", "")
    title: str = ""
    value: str = ""
    target: str = ""
    because: str = ""
    deliverer: str = ""
    records: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """From `at` (aware UTC) on, a rule had this status for one subject."""

    at: datetime
    status: Status


def overall(statuses: Collection[str]) -> Status:
    """Return the status of a rule by those of its subjects: breached if any is, else without data if any is.

    A rule with no subject has no data: nothing proves it.
    """
    if "breached" in statuses:
        return "breached"
    if not statuses or "no_data" in statuses:
        return "no_data"
    return "met"


def trend(before: Status, now: Status) -> Trend:
    """Return whether a rule stands better or worse than before: breached, then without data, then met."""
    order = ("breached", "no_data", "met")
    step = order.index(now) - order.index(before)
    return "better" if step > 0 else "worse" if step < 0 else "steady"


@dataclass(frozen=True, slots=True)
class Share:
    """How long a rule was met, breached and without data in a stretch, since it was looked at first."""

    met: timedelta = timedelta()
    breached: timedelta = timedelta()
    no_data: timedelta = timedelta()

    @property
    def status(self) -> Status:
        """Breached where it ever was; else met, unless most of the time nobody knew."""
        if self.breached:
            return "breached"
        return "met" if self.met > self.no_data else "no_data"

    @property
    def data_percent(self) -> int | None:
        """How much of the stretch there was data, in whole percent, rounded down; None of no time at all."""
        whole = self.met + self.breached + self.no_data
        return 100 * (self.met + self.breached) // whole if whole else None

    @property
    def met_percent(self) -> int | None:
        """How much of the time with data it was met, in whole percent; None without any data.

        It is rounded down: a rule that was broken for a minute was not met 100 percent of the time.
        """
        known = self.met + self.breached
        return 100 * self.met // known if known else None


def share_of(turns: Iterable[Turn], start: datetime, end: datetime) -> Share:
    """Return how the time from `start` to `end` is divided. What was before the first turn does not count.

    `turns` are of one rule and one subject, in order of time.
    """
    totals = {"": timedelta(), "met": timedelta(), "breached": timedelta(), "no_data": timedelta()}
    at, status = start, ""
    for turn in turns:
        until = min(max(turn.at, start), end)
        totals[status] += until - at
        at, status = until, turn.status
    totals[status] += max(end - at, timedelta())
    return Share(totals["met"], totals["breached"], totals["no_data"])


def months_back(now: datetime, count: int) -> list[tuple[datetime, datetime]]:
    """Return the last `count` calendar months (UTC), oldest first, the present one up to `now`."""
    year, month = now.astimezone(UTC).year, now.astimezone(UTC).month
    starts = []
    for _ in range(count):
        starts.append(datetime(year, month, 1, tzinfo=UTC))
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    starts.reverse()
    return list(zip(starts, [*starts[1:], now], strict=True))
