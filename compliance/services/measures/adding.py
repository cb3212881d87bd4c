"""Measurements that arrive: what is valid is kept, what is not is told by its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from compliance.measuring.batch import MOST_ROWS, OLDEST, Rejected, read
from compliance.models import Purge
from compliance.selectors.measures.figures import figure_kinds
from compliance.services.measures.storing import SeriesKey, Stored, store_points
from opsportal.audit.services import audit_record
from opsportal.catalog.models import Service
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, InvalidInput, TooLarge
from opsportal.core.writes import write

API = "api"
POINTS = "metrics"
"""The class of records that points are, by which rules and purges name them."""
_TOLD = 100
"""So many rows are told of one by one where not one of them is valid."""


@dataclass(frozen=True, slots=True)
class Added:
    """What came of a batch: rows that are new, that stood already, and that were refused."""

    stored: Stored
    rejected: tuple[Rejected, ...]


def measurements_add(
    *, actor: Actor, now: datetime, rows: Sequence[Any], source: str = API, is_batch: bool = True
) -> Added:
    """Keep the valid ones of up to 10,000 rows as they came (objects of JSON); one transaction.

    A row names `figure` and `value`, and may name `service` (slug; without it the organisation),
    `component` (slug), `at` (ISO 8601 with zone; else `now`, aware UTC) and `unit` (else the figure's).
    One that stands already, by figure, subject, source and time, changes nothing. Raises `Forbidden`,
    `TooLarge` for more rows, and `InvalidInput` with a pointer for each where none is valid.
    """
    with write(actor=actor, now=now):
        require(actor, "measurement.add")
        if len(rows) > MOST_ROWS:
            raise TooLarge(f"At most {MOST_ROWS} measurements at once; these are {len(rows)}.")
        figures = figure_kinds()
        services = frozenset(Service.objects.values_list("slug", flat=True))
        kept, rejected = read(rows, figures=figures, services=services, now=now, since=_since())
        if not kept:
            raise InvalidInput(
                [_error(one, is_batch) for one in rejected[:_TOLD]]
                or [FieldError("", "required", "There is no measurement in this.")]
            )
        stored = store_points(
            [(SeriesKey(one.figure, one.service, one.component, source), one.at, one.value) for one in kept],
            units={name: kind.unit for name, kind in figures.items()},
            now=now,
        )
        audit_record(
            actor=actor,
            now=now,
            action="measurements.added",
            object_kind="measurements",
            object_key=source,
            data={"new": stored.new, "repeated": stored.repeated, "rejected": len(rejected)},
        )
        return Added(stored, tuple(rejected))


def _since() -> datetime:
    """Return the instant (aware UTC) before which points were purged; their days would count them twice."""
    purge = Purge.objects.filter(records=POINTS).order_by("-id").first()
    return purge.before if purge else OLDEST


def _error(one: Rejected, is_batch: bool) -> FieldError:
    return FieldError(f"/{one.index}{one.pointer}" if is_batch else one.pointer, one.code, one.detail)
