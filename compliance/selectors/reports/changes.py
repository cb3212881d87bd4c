"""The report on changes: how many, of which type, how long until a decision, and how they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from changes.models import Change
from compliance.selectors.reports.report import Report, percent, seconds, span_words, weeks_between
from opsportal.core.actor import Actor
from opsportal.core.keys import format_key
from opsportal.web.printing import Bars, Facts, Heading, Paragraph, Table

MOST = 50_000
FIELDS = (
    "pk",
    "type",
    "risk",
    "state",
    "outcome",
    "created_at",
    "submitted_at",
    "decided_at",
    "started_at",
    "finished_at",
    "rolled_back_later_at",
)
COLUMNS = ("change", *FIELDS[1:], "decision_seconds")
TYPES = {"standard": "Standard", "normal": "Normal", "emergency": "Emergency"}
Row = dict[str, Any]


def report(actor: Actor, now: datetime, start: datetime, end: datetime) -> Report:
    """Return the report on the changes created in that time; the newest 50,000 where there are more."""
    query = Change.objects.filter(created_at__gte=start, created_at__lt=end).order_by("-created_at", "-id")
    rows: list[Row] = list(query.values(*FIELDS)[:MOST])
    rows.reverse()
    weeks = weeks_between(start, end)
    counts = [sum(begin <= row["created_at"] < until for row in rows) for begin, until in weeks]
    by_type = {name: [row for row in rows if row["type"] == name] for name in TYPES}
    states = Counter(row["state"] for row in rows)
    whole = _figures(rows)
    return Report(
        name="changes",
        title="Changes",
        lead=f"{len(rows)} changes were created; of those that ended, {percent(whole['success_rate'])}"
        " were carried out as planned.",
        start=start,
        end=end,
        blocks=(
            Facts(
                [
                    ("Created", str(len(rows))),
                    ("Carried out as planned", percent(whole["success_rate"])),
                    ("Emergencies", percent(whole["emergency_rate"])),
                    ("Until decided, median", span_words(_span(whole["decision_seconds"]))),
                    ("Rejected", str(states.get("rejected", 0))),
                    ("Taken back afterwards", str(whole["rolled_back_later"])),
                ]
            ),
            Heading("Each week", 2),
            Bars("Changes created", [f"{begin:%d %b}" for begin, _ in weeks], [float(one) for one in counts]),
            Heading("By type", 2),
            Table(
                ("Type", "Created", "Ended", "As planned", "Failed", "Rolled back", "Until decided, median"),
                [_line(TYPES[name], its) for name, its in by_type.items()],
            ),
            Heading("Where they stand", 2),
            Table(
                ("State", "Changes"),
                [(name.replace("_", " "), str(count)) for name, count in states.most_common()],
            ),
            Paragraph(
                "As planned: implemented, and not taken back afterwards. Until decided: from the"
                " submission to the last vote that it took.",
                small=True,
            ),
        ),
        data={
            **whole,
            "types": [{"type": name, **_figures(its)} for name, its in by_type.items()],
            "states": dict(states),
            "weeks": [
                {"from": begin.isoformat(), "created": count}
                for (begin, _), count in zip(weeks, counts, strict=True)
            ],
        },
        columns=COLUMNS,
        rows=[_cells(row) for row in rows],
    )


def _figures(rows: Sequence[Row]) -> dict[str, Any]:
    ended = [row for row in rows if row["outcome"]]
    good = sum(row["outcome"] == "implemented" and row["rolled_back_later_at"] is None for row in ended)
    waits = [wait.total_seconds() for row in rows if (wait := _decision(row)) is not None]
    return {
        "created": len(rows),
        "ended": len(ended),
        "as_planned": good,
        "failed": sum(row["outcome"] == "failed" for row in ended),
        "rolled_back": sum(row["outcome"] == "rolled_back" for row in ended),
        "rolled_back_later": sum(row["rolled_back_later_at"] is not None for row in ended),
        "success_rate": good / len(ended) if ended else None,
        "emergency_rate": sum(row["type"] == "emergency" for row in rows) / len(rows) if rows else None,
        "decision_seconds": round(median(waits)) if waits else None,
    }


def _decision(row: Row) -> timedelta | None:
    if row["submitted_at"] is None or row["decided_at"] is None:
        return None
    wait: timedelta = row["decided_at"] - row["submitted_at"]
    return max(wait, timedelta())


def _span(length: int | None) -> timedelta | None:
    return None if length is None else timedelta(seconds=length)


def _line(title: str, rows: Sequence[Row]) -> tuple[str, ...]:
    one = _figures(rows)
    return (
        title,
        str(one["created"]),
        str(one["ended"]),
        percent(one["success_rate"]),
        str(one["failed"]),
        str(one["rolled_back"]),
        span_words(_span(one["decision_seconds"])),
    )


def _cells(row: Row) -> tuple[object, ...]:
    return (format_key("CHG", row["pk"]), *(row[name] for name in FIELDS[1:]), seconds(_decision(row)))
