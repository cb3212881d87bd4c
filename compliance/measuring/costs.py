"""Cost budgets: what a month cost, against the budget and the values at which people are told. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from compliance.measuring.budget import seconds
from compliance.measuring.units import EXACT
from compliance.measuring.windows import Span

Level = Literal["fine", "alert", "critical", "over", "no_data"]
WORDS: dict[Level, str] = {
    "fine": "Within budget",
    "alert": "Past the alert value",
    "critical": "Past the critical value",
    "over": "Over budget",
    "no_data": "No data",
}


@dataclass(frozen=True, slots=True)
class CostLimits:
    """A monthly budget, and the values at which somebody is told before it is spent."""

    budget: Decimal
    alert_at: Decimal
    critical_at: Decimal

    def problem(self) -> str:
        """Return what is wrong with the values, "" where nothing is."""
        if not Decimal(0) < self.alert_at <= self.critical_at <= self.budget:
            return "Must rise from the alert value over the critical value to the budget, from above zero."
        return ""


def level_of(spent: Decimal | None, limits: CostLimits) -> Level:
    """Return how a month's cost stands. The values themselves count as reached; the budget may be spent."""
    if spent is None:
        return "no_data"
    if spent > limits.budget:
        return "over"
    if spent >= limits.critical_at:
        return "critical"
    return "alert" if spent >= limits.alert_at else "fine"


def projected(spent: Decimal | None, month: Span, newest: datetime | None) -> Decimal | None:
    """Return what the month will have cost at its end if it goes on like this; None of nothing.

    From the month's beginning to the newest figure, which is as far as anybody knows.
    """
    if spent is None or newest is None or newest <= month.start:
        return None
    known = min(newest - month.start, month.length)
    return EXACT.divide(EXACT.multiply(spent, seconds(month.length)), seconds(known))
