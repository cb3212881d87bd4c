"""The report on delivery: DORA's five figures, from links that people and pipelines made."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from compliance.measuring.dora import Deployed, Dora, dora_of, lead_time_of, recovery_of
from compliance.selectors.measures.deployed import deployed_rows
from compliance.selectors.reports.report import Report, percent, seconds, span_words, weeks_between
from opsportal.core.actor import Actor
from opsportal.web.printing import Bars, Facts, Heading, Lines, Paragraph, Table

AFTER = timedelta(days=30)
"""A failed deployment may be recovered from so long after the end of the report."""
COLUMNS = (
    "deployment",
    "service",
    "state",
    "started_at",
    "finished_at",
    "change",
    "change_created_at",
    "emergency",
    "caused_incident",
    "failed",
    "lead_time_seconds",
    "recovery_seconds",
)
NOTE = (
    "Lead time: from the creation of the change to its deployment in production. Failed: failed, rolled back,"
    " or named by somebody as the cause of an incident; nothing is guessed from times close together."
    " Recovery: until the service worked again. Rework: deployments of emergency changes."
)


def report(actor: Actor, now: datetime, start: datetime, end: datetime) -> Report:
    """Return the report on deployments to production that were started in that time."""
    rows = deployed_rows(start, min(end + AFTER, now))
    whole = dora_of(rows, start, end)
    services: dict[str, list[Deployed]] = {}
    for row in rows:
        services.setdefault(row.service, []).append(row)
    by_service = {name: dora_of(its, start, end) for name, its in sorted(services.items())}
    weeks = [(begin, dora_of(rows, begin, until)) for begin, until in weeks_between(start, end)]
    inside = [row for row in rows if start <= row.started_at < end]
    labels = [f"{begin:%d %b}" for begin, _ in weeks]
    return Report(
        name="dora",
        title="Delivery (DORA)",
        lead=f"{whole.deployments} deployments reached production, {whole.failed} failed.",
        start=start,
        end=end,
        blocks=(
            Facts(
                [
                    ("Lead time, median", span_words(whole.lead_time)),
                    ("Deployments a day", f"{whole.per_day:.2f}"),
                    ("Failed deployments", percent(whole.fail_rate)),
                    ("Recovery, median", span_words(whole.recovery_time)),
                    ("Rework", percent(whole.rework_rate)),
                    ("Not recovered yet", str(whole.not_recovered)),
                    ("Without an end", str(whole.unfinished)),
                ]
            ),
            Heading("Each week", 2),
            Bars("Deployments that reached production", labels, [float(one.deployments) for _, one in weeks]),
            Lines(
                "Failed deployments",
                labels,
                [("Failed", [None if one.fail_rate is None else 100 * one.fail_rate for _, one in weeks])],
                unit="%",
            ),
            Heading("By service", 2),
            Table(
                ("Service", "Deployments", "A day", "Lead time", "Failed", "Recovery", "Rework"),
                [_line(name, one) for name, one in by_service.items()],
            ),
            Paragraph(NOTE, small=True),
        ),
        data={
            **_data(whole),
            "services": [{"service": name, **_data(one)} for name, one in by_service.items()],
            "weeks": [{"from": begin.isoformat(), **_data(one)} for begin, one in weeks],
        },
        columns=COLUMNS,
        rows=[_cells(row, rows) for row in inside],
    )


def _line(name: str, one: Dora) -> tuple[str, ...]:
    return (
        name,
        str(one.deployments),
        f"{one.per_day:.2f}",
        span_words(one.lead_time),
        percent(one.fail_rate),
        span_words(one.recovery_time),
        percent(one.rework_rate),
    )


def _data(one: Dora) -> dict[str, Any]:
    return {
        "deployments": one.deployments,
        "failed": one.failed,
        "unfinished": one.unfinished,
        "lead_time_seconds": seconds(one.lead_time),
        "deployments_per_day": one.per_day,
        "change_fail_rate": one.fail_rate,
        "recovery_seconds": seconds(one.recovery_time),
        "not_recovered": one.not_recovered,
        "rework_rate": one.rework_rate,
    }


def _cells(row: Deployed, rows: list[Deployed]) -> tuple[object, ...]:
    return (
        row.key,
        row.service,
        row.state,
        row.started_at,
        row.finished_at,
        row.change,
        row.change_created_at,
        row.is_emergency,
        row.has_incident,
        row.has_failed,
        seconds(lead_time_of(row)),
        seconds(recovery_of(row, rows)) if row.has_failed else None,
    )
