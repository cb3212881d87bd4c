"""The report on objectives: what was good in a time, and how much of the error budget that spent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from compliance.measuring.units import text_of
from compliance.selectors.measures.objectives import Standing, as_of, promised_by, standings
from compliance.selectors.reports.report import Report, seconds, span_words
from opsportal.core.actor import Actor
from opsportal.standards.selectors import active_standard_or_none
from opsportal.web.printing import Bars, Paragraph, Table

MOST = 500
COLUMNS = (
    "objective",
    "title",
    "service",
    "component",
    "figure",
    "target_percent",
    "window",
    "from",
    "to",
    "good_percent",
    "budget_spent",
    "budget_left_seconds",
    "points",
    "newest",
)
NOTE = (
    "Each objective is judged over its own window, as it stood at the end of this report's time: the budget"
    " is of that window. What nobody measured spends nothing; a day with a point counts as measured."
)


def report(actor: Actor, now: datetime, start: datetime, end: datetime) -> Report:
    """Return the report on the objectives that hold today, as they stood at the end of that time.

    500 at most. Each is judged over its own window, as its page does: a budget of 30 days is not one of 90.
    """
    promised = promised_by(active_standard_or_none())[:MOST]
    found = standings(promised, as_of(end, now))
    spent = sum(one.level == "spent" for one in found)
    silent = sum(one.level == "no_data" for one in found)
    return Report(
        name="slo",
        title="Objectives",
        lead=(
            f"Of {len(found)} objectives, {spent} {'has' if spent == 1 else 'have'} spent the budget of"
            f" {'its' if spent == 1 else 'their'} own window at the end of this time;"
            f" {silent} {'was' if silent == 1 else 'were'} not measured."
        ),
        start=start,
        end=end,
        blocks=(
            Bars(
                "Error budget left",
                [f"{one.promised.key} {one.promised.service}".strip() for one in found[:20]],
                [None if one.budget.left is None else float(100 * one.budget.left) for one in found[:20]],
                unit="%",
            ),
            Table(
                (
                    "Objective",
                    "Service",
                    "Target",
                    "Window",
                    "Good",
                    "Budget left",
                    "Bad time left",
                    "Points",
                ),
                [_line(one) for one in found],
            ),
            Paragraph(NOTE, small=True),
        ),
        data={"objectives": [_data(one) for one in found]},
        columns=COLUMNS,
        rows=[tuple(_data(one)[name] for name in COLUMNS) for one in found],
    )


def _line(one: Standing) -> tuple[str, ...]:
    left = one.budget.left
    time = one.budget.left_time
    overspent = time is not None and time.total_seconds() < 0
    return (
        f"{one.promised.key} {one.promised.title}",
        "/".join(part for part in (one.promised.service, one.promised.component) if part) or "organisation",
        text_of(one.promised.percent, "percent"),
        one.promised.window.title,
        "no data" if one.good is None else text_of(one.good, "percent"),
        "–" if left is None else f"{100 * left:.1f} %",
        f"overspent by {span_words(-time)}" if overspent and time is not None else span_words(time),
        str(one.points),
    )


def _data(one: Standing) -> dict[str, Any]:
    promised, budget = one.promised, one.budget
    return {
        "objective": promised.key,
        "title": promised.title,
        "service": promised.service,
        "component": promised.component,
        "figure": promised.figure,
        "target_percent": float(promised.percent),
        "window": promised.window.text,
        "from": one.span.start.isoformat(),
        "to": one.span.end.isoformat(),
        "good_percent": None if one.good is None else float(one.good),
        "budget_spent": None if budget.spent is None else float(budget.spent),
        "budget_left_seconds": seconds(budget.left_time),
        "points": one.points,
        "newest": one.newest.isoformat() if one.newest else None,
    }
