"""The report on on-call: pages, by day and by night, and how they were answered. No person is named in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from compliance.selectors.reports.report import Report, percent, seconds, span_words, weeks_between
from opsportal.core.actor import Actor
from opsportal.notify.models import Page
from opsportal.web.printing import Bars, Facts, Heading, Paragraph, Table

MOST = 50_000
NIGHT = frozenset({22, 23, 0, 1, 2, 3, 4, 5, 6})
FIELDS = ("state", "urgency", "created_at", "ended_at", "reference")
COLUMNS = ("created_at", "ended_at", "state", "urgency", "at_night", "answer_seconds")
Row = dict[str, Any]


def report(actor: Actor, now: datetime, start: datetime, end: datetime) -> Report:
    """Return the report on the pages of that time; the newest 50,000 where there are more."""
    query = Page.objects.filter(purpose="page", created_at__gte=start, created_at__lt=end)
    rows: list[Row] = list(query.order_by("-created_at").values(*FIELDS)[:MOST])
    rows.reverse()
    weeks = weeks_between(start, end)
    by_week = [[row for row in rows if begin <= row["created_at"] < until] for begin, until in weeks]
    hours = [sum(_hour(row) == hour for row in rows) for hour in range(24)]
    whole = _figures(rows)
    labels = [f"{begin:%d %b}" for begin, _ in weeks]
    return Report(
        name="oncall",
        title="On-call",
        lead=f"{len(rows)} pages, {whole['at_night']} of them at night (22 to 7 o'clock UTC).",
        start=start,
        end=end,
        blocks=(
            Facts(
                [
                    ("Pages", str(len(rows))),
                    ("Acknowledged", percent(whole["acknowledged_rate"])),
                    ("Until acknowledged, median", span_words(_span(whole["answer_seconds"]))),
                    ("90 % acknowledged within", span_words(_span(whole["answer_seconds_p90"]))),
                    ("At night", percent(whole["night_rate"])),
                    ("Nothing got through", str(whole["failed"])),
                ]
            ),
            Heading("Each week", 2),
            Bars("Pages", labels, [float(len(its)) for its in by_week]),
            Heading("By hour of the day (UTC)", 2),
            Bars("Pages", [f"{hour:02d}" for hour in range(24)], [float(count) for count in hours]),
            Table(
                ("Urgency", "Pages", "Acknowledged", "Until acknowledged, median", "Nothing got through"),
                [_line(name, [row for row in rows if row["urgency"] == name]) for name in ("high", "low")],
            ),
            Paragraph(
                "A page is one message to one person or channel, by one way after the other until somebody"
                " answers. One that was stopped was settled otherwise: somebody else had answered.",
                small=True,
            ),
        ),
        data={
            **whole,
            "hours": hours,
            "weeks": [
                {"from": begin.isoformat(), **_figures(its)}
                for (begin, _), its in zip(weeks, by_week, strict=True)
            ],
        },
        columns=COLUMNS,
        rows=[_cells(row) for row in rows],
    )


def _hour(row: Row) -> int:
    created: datetime = row["created_at"]
    return created.astimezone(UTC).hour


def _answer(row: Row) -> timedelta | None:
    if row["state"] != "acknowledged" or row["ended_at"] is None:
        return None
    wait: timedelta = row["ended_at"] - row["created_at"]
    return max(wait, timedelta())


def _figures(rows: Sequence[Row]) -> dict[str, Any]:
    answers = sorted(span.total_seconds() for row in rows if (span := _answer(row)) is not None)
    night = sum(_hour(row) in NIGHT for row in rows)
    return {
        "pages": len(rows),
        "acknowledged": len(answers),
        "acknowledged_rate": len(answers) / len(rows) if rows else None,
        "failed": sum(row["state"] == "failed" for row in rows),
        "at_night": night,
        "night_rate": night / len(rows) if rows else None,
        "answer_seconds": round(median(answers)) if answers else None,
        "answer_seconds_p90": round(answers[math.ceil(0.9 * len(answers)) - 1]) if answers else None,
    }


def _span(length: int | None) -> timedelta | None:
    return None if length is None else timedelta(seconds=length)


def _line(name: str, rows: Sequence[Row]) -> tuple[str, ...]:
    one = _figures(rows)
    return (
        name.title(),
        str(one["pages"]),
        percent(one["acknowledged_rate"]),
        span_words(_span(one["answer_seconds"])),
        str(one["failed"]),
    )


def _cells(row: Row) -> tuple[object, ...]:
    return (
        row["created_at"],
        row["ended_at"],
        row["state"],
        row["urgency"],
        _hour(row) in NIGHT,
        seconds(_answer(row)),
    )
