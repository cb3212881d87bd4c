"""Reports: each once as blocks, and shown as a page, as JSON, as CSV and on paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance.selectors.reports import changes, delivery, objectives, oncall
from compliance.selectors.reports.report import Report
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput

LONGEST = timedelta(days=366)
USUAL = timedelta(days=90)

REPORTS: Mapping[str, Callable[[Actor, datetime, datetime, datetime], Report]] = {
    "dora": delivery.report,
    "changes": changes.report,
    "oncall": oncall.report,
    "slo": objectives.report,
}
"""Name -> (reader, now, from, to: aware UTC, the end not included) -> the report."""


@dataclass(frozen=True, slots=True)
class Known:
    """A report as lists of them name it."""

    name: str
    title: str
    about: str


TITLES = (
    Known("dora", "Delivery (DORA)", "How fast and how safely changes reach production."),
    Known("incidents", "Incidents", "How long it took to notice, to answer and to resolve."),
    Known("changes", "Changes", "What was changed, how it was approved and how it ended."),
    Known("oncall", "On-call", "Pages, by day and by night, and how fast they were answered."),
    Known("backups", "Backups", "What could have been lost, and what was really restored."),
    Known("slo", "Objectives", "Error budgets, and what is left of them."),
)


def period(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the time of a report: the 90 days before `end`, before now, where it is not named.

    Raises `InvalidInput` where it is empty or longer than 366 days.
    """
    until = end or now
    since = start or until - USUAL
    if not timedelta() < until - since <= LONGEST:
        raise InvalidInput.of("from", "out_of_range", "Must lie before `to`, by 366 days at most.")
    return since, until
