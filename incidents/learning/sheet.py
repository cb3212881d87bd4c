"""The incidents of a report as rows of a sheet, with their times in whole seconds. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from incidents.learning.figures import Row, acknowledge, detect, resolve
from opsportal.core.keys import format_key

PREFIX = "INC"
COLUMNS = (
    "incident",
    "severity",
    "services",
    "detected_by",
    "began_at",
    "detected_at",
    "declared_at",
    "acknowledged_at",
    "mitigated_at",
    "resolved_at",
    "cause",
    "seconds_to_detect",
    "seconds_to_acknowledge",
    "seconds_to_resolve",
)


def cells(rows: Sequence[Row]) -> Iterator[tuple[object, ...]]:
    """Yield a row for each incident."""
    for row in rows:
        yield (
            format_key(PREFIX, row.pk),
            row.severity,
            list(row.services),
            row.detected_by,
            row.began_at,
            row.detected_at,
            row.declared_at,
            row.acknowledged_at,
            row.mitigated_at,
            row.resolved_at,
            row.cause,
            *(None if span is None else int(span.total_seconds()) for span in _spans(row)),
        )


def _spans(row: Row) -> tuple[timedelta | None, ...]:
    return detect(row), acknowledge(row), resolve(row)
