"""Error budgets and burn rates. Pure; all in `Decimal`.

Source: Google, The Site Reliability Workbook, chapter 5 "Alerting on SLOs" (2018): the burn rate is how fast,
relative to the objective, a service spends its error budget; alerts look at a long and at a short window,
the short one a twelfth of the long, so that an alert ends soon after its cause (table 5-8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from compliance.measuring.units import EXACT

ONE = Decimal(1)
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Budget:
    """An error budget in one window. Shares are of the whole budget: 1 is all of it, more is overspent.

    `spent` is None where nothing was measured. `allowed` is the time of the window that may be bad.
    `burn_rate` is how fast it was spent while it was measured: 1 spends all of it exactly by the end.
    """

    objective: Decimal
    allowed: timedelta
    spent: Decimal | None
    burn_rate: Decimal | None

    @property
    def left(self) -> Decimal | None:
        """The share that is left; below zero where it is overspent."""
        return None if self.spent is None else ONE - self.spent

    @property
    def left_time(self) -> timedelta | None:
        """The bad time that is left; negative where it is overspent."""
        return None if self.left is None else scaled(self.allowed, self.left)


@dataclass(frozen=True, slots=True)
class BurnAlert:
    """When somebody is told that a budget is spent too fast: above `rate` in both windows."""

    name: str
    long: timedelta
    short: timedelta
    share: Decimal
    severity: str

    def rate(self, window: timedelta) -> Decimal:
        """Return the burn rate that spends `share` of the budget of `window` within `long`.

        Of a window of 30 days: 14.4, 6 and 1, as in table 5-8.
        """
        return EXACT.divide(EXACT.multiply(self.share, seconds(window)), seconds(self.long))


BURN_ALERTS = (
    BurnAlert("fast", timedelta(hours=1), timedelta(minutes=5), Decimal("0.02"), "page"),
    BurnAlert("middle", timedelta(hours=6), timedelta(minutes=30), Decimal("0.05"), "page"),
    BurnAlert("slow", timedelta(days=3), timedelta(hours=6), Decimal("0.10"), "ticket"),
)


def seconds(span: timedelta) -> Decimal:
    """Return a span in seconds, exactly."""
    return Decimal(span // timedelta(microseconds=1)).scaleb(-6)


def scaled(span: timedelta, share: Decimal) -> timedelta:
    """Return this share of a span, to the microsecond."""
    return timedelta(microseconds=int(EXACT.multiply(seconds(span), share).scaleb(6).to_integral_value()))


def downtime_allowed(objective: Decimal, window: timedelta) -> timedelta:
    """Return how long a window may be bad under an objective (share of good, from 0 to 1)."""
    return scaled(window, ONE - objective)


def has_budget(objective: Decimal) -> bool:
    """Return whether there is anything to spend: of 100 % there is not, it can only be kept or broken."""
    return NOTHING <= objective < ONE


def burn_rate(good: Decimal, objective: Decimal) -> Decimal:
    """Return how fast the budget is spent where `good` (share) was good. `ValueError` without a budget."""
    if not has_budget(objective):
        raise ValueError("an objective of 100 % has no budget")
    return EXACT.divide(ONE - good, ONE - objective)


def budget_of(*, objective: Decimal, good: Decimal | None, window: timedelta, measured: timedelta) -> Budget:
    """Return the budget of a window of which `measured` was measured, and `good` (share) of that was good.

    What nobody measured spends nothing and earns nothing: three days of data spend at most the budget of
    three days at their burn rate. Raises `ValueError` without a budget.
    """
    allowed = downtime_allowed(objective, window)
    if good is None or measured <= timedelta():
        return Budget(objective, allowed, None, None)
    rate = burn_rate(good, objective)
    known = min(EXACT.divide(seconds(measured), seconds(window)), ONE)
    return Budget(objective, allowed, EXACT.multiply(rate, known), rate)
