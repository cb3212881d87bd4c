"""What a standard demands all the time, and not at one moment: cadences, targets, retention, artefacts. Pure.

Compliance looks after these: it opens what is owed, holds figures against targets, and says of each rule
whether it is met, breached or without data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from opsportal.standards.language import Expression

Every = Literal["day", "week", "month", "quarter", "half-year", "year"]
Whole = Literal["organisation", "service"]
Bound = Literal["at_least", "at_most", "above", "below"]
Statistic = Literal["mean", "min", "max", "last", "sum", "p50", "p95", "p99"]
SpanUnit = Literal["hour", "day", "week", "month", "year"]

PERIODS: tuple[Every, ...] = ("day", "week", "month", "quarter", "half-year", "year")


@dataclass(frozen=True, slots=True)
class Climb:
    """`after` the deadline, the holders of `role` are told."""

    after: timedelta
    role: str


@dataclass(frozen=True, slots=True)
class Span:
    """A length of calendar time: `Span(7, "year")`. `count` is 0 for "for ever"."""

    count: int
    unit: SpanUnit = "day"

    def __str__(self) -> str:
        if not self.count:
            return "forever"
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Recur:
    """An event must happen for each subject at least once in every calendar period.

    The event's own `about` says what the subjects are; `counts` which of its events count (all, where it
    is None). What is missing at the end of a period and `grace` later is breached. `owner` is
    `role:<id>`, or `owner`: whoever owns the subject.
    """

    form: ClassVar[str] = "recur"
    what: str
    owner: str
    every: Every
    counts: Expression | None = None
    grace: timedelta = timedelta()
    remind: tuple[timedelta, ...] = ()
    climb: tuple[Climb, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure is held against a target, over a window.

    `per` says of whom there is one: of the organisation, or of each service. `component` narrows it to one
    named part. `acceptable` and `critical` are in the figure's unit, as `target` is. `window` is `30d`,
    `30.42d` (a twelfth of a year), `5m`, or a calendar `day|week|month|quarter|year`. `provider`
    (`role:<id>` or `owner`) must deliver the figure.
    """

    form: ClassVar[str] = "measure"
    figure: str
    bound: Bound
    target: Decimal
    per: Whole = "service"
    component: str = ""
    acceptable: Decimal | None = None
    critical: Decimal | None = None
    statistic: Statistic = "mean"
    window: str = "30d"
    provider: str = "owner"

    def holds(self, value: Decimal, against: Decimal | None = None) -> bool:
        """Return whether `value` keeps to the target, or to the value that is given in its place."""
        limit = self.target if against is None else against
        match self.bound:
            case "at_least":
                return value >= limit
            case "at_most":
                return value <= limit
            case "above":
                return value > limit
        return value < limit


@dataclass(frozen=True, slots=True)
class Recover:
    """How long restoring may take (`rto`), and of how long data may be lost (`rpo`); None: not said."""

    form: ClassVar[str] = "recover"
    rto: timedelta | None = None
    rpo: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Retain:
    """Records of a class are kept for `keep` at least; `then` says what becomes of them."""

    form: ClassVar[str] = "retain"
    records: str
    keep: Span
    then: Literal["delete", "archive", "keep"] = "delete"


@dataclass(frozen=True, slots=True)
class Declare:
    """Somebody states that it is so, with evidence, once in every period."""

    form: ClassVar[str] = "declare"
    id: str
    title: str
    owner: str
    every: Every = "year"
    per: Whole = "organisation"


@dataclass(frozen=True, slots=True)
class Keep:
    """An artefact exists and is reviewed: `document:architecture`, `policy:security`."""

    form: ClassVar[str] = "keep"
    artefact: str
    per: Whole = "organisation"
    review: Every | None = None

    @property
    def sort(self) -> str:
        """What it is: `document`, `policy`."""
        return self.artefact.partition(":")[0]

    @property
    def name(self) -> str:
        """Which one it is: `architecture`, `security`."""
        return self.artefact.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Ready:
    """Each service that the rule is about has this: `health_check`, `runbook`, `tested_alert`."""

    form: ClassVar[str] = "ready"
    item: str


Standing = Recur | Measure | Recover | Retain | Declare | Keep | Ready
