"""By which ways somebody is paged, and when each has its turn. Pure.

A plan is a list of steps: a way, and how long after the page began it is used. Who has made no plan is
reached by every way that they have verified, quiet ones first. A way that is not verified any more drops
out; the e-mail of the account is always there, so nobody's plan is ever empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

PageUrgency: TypeAlias = Literal["high", "low"]

ACCOUNT_EMAIL = "account"
"""How a plan names the e-mail address of the account, which is no contact method of its own."""
LONGEST_WAIT = timedelta(minutes=60)
MOST_STEPS = 12

_AT_ONCE = timedelta(0)
# Text costs and calls wake up the house: they follow where what is silent was not answered.
_DEFAULT_WAITS = {"sms": timedelta(minutes=1), "voice": timedelta(minutes=5)}


@dataclass(frozen=True, slots=True)
class Method:
    """A verified way to reach somebody; `key` is its id, `ACCOUNT_EMAIL` for the account's address."""

    key: str
    kind: str


@dataclass(frozen=True, slots=True)
class Step:
    """Use `method`, `after` so long since the page began."""

    method: Method
    after: timedelta


ACCOUNT = Method(ACCOUNT_EMAIL, "email")


def steps_of(
    chosen: Sequence[Mapping[str, Any]], verified: Sequence[Method], urgency: PageUrgency
) -> list[Step]:
    """Return the steps by which somebody is reached, in order of their turn.

    `chosen` is what they stored (`[{"method": key, "after": minutes}]`), `verified` their usable methods
    without the account's address.
    """
    usable = {method.key: method for method in (*verified, ACCOUNT)}
    planned = [
        Step(usable[str(step["method"])], timedelta(minutes=int(step["after"])))
        for step in chosen
        if str(step["method"]) in usable
    ]
    return sorted(planned or _default(verified, urgency), key=lambda step: step.after)


def _default(verified: Sequence[Method], urgency: PageUrgency) -> Iterable[Step]:
    every = (*verified, ACCOUNT)
    if urgency == "low":
        return [Step(method, _AT_ONCE) for method in every if method.kind not in _DEFAULT_WAITS]
    return [Step(method, _DEFAULT_WAITS.get(method.kind, _AT_ONCE)) for method in every]


def due_at(step: Step, *, started_at: datetime, now: datetime) -> datetime:
    """Return when `step` has its turn in a page that began at `started_at`: at once where that is past."""
    return max(started_at + step.after, now)
