"""The classes of records that the portal keeps itself, and which of them can be deleted at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import Exists, Min, Model, OuterRef, Q, QuerySet, Subquery

from changes.models import Change, Deployment
from compliance.models import AuditRead, Backup, Evidence, Measurement, RestoreTest, Rollup, Series
from incidents.models import Alert, AlertMessage, ChangeReport, Incident
from opsportal.audit.models import AuditEntry

LEDGER = "It is sealed and can never be deleted: the ledger would no longer verify. Export and archive it."
PARTS = "Its history rows and audit entries can never be changed, and hold on to it. It is kept."
PROOF = "It proves what rules and controls say, and can never be changed. It is kept."

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordClass:
    """One class of own records: its table, and the column that says when a record was made.

    `kept_because` says why nothing of it is ever deleted by a purge, `""` where it can be.
    `used_by` are the places that point to a row; such a row stays. `beside` says which records of this
    class the portal has, where others keep some too; `bite` is how many go in one transaction.
    `asset` is the column that says of which asset a record is, `""` where it is of none.
    """

    slug: str
    title: str
    model: type[Model]
    made: str
    kept_because: str = ""
    used_by: tuple[tuple[type[Model], str], ...] = ()
    beside: str = ""
    bite: int = 2_000
    asset: str = ""

    def before(self, moment: datetime, spared: Q | None = None) -> QuerySet[Any]:
        """Return the rows made before `moment` (aware UTC) that nothing points to, but those `spared`."""
        rows: QuerySet[Any] = self.model._default_manager.filter(**{f"{self.made}__lt": moment})
        if spared is not None:
            rows = rows.exclude(spared)
        for model, column in self.used_by:
            rows = rows.exclude(Exists(model._default_manager.filter(**{column: OuterRef("pk")})))
        return rows

    def next_rows(self, moment: datetime, most: int, spared: Q | None = None) -> Sequence[Row]:
        """Return up to `most` of the rows of `before`, in the order in which they go."""
        return list(self.before(moment, spared).order_by("pk")[:most].values())

    def oldest(self) -> datetime | None:
        """Return when the oldest record was made (aware UTC), None without one. Rows come as time goes by."""
        found: datetime | None = (
            self.model._default_manager.order_by("pk").values_list(self.made, flat=True).first()
        )
        return found

    def is_gone(self, rows: Sequence[Row]) -> None:
        """Delete what stands only because of `rows`, which were just deleted, in the open transaction."""


@dataclass(frozen=True, slots=True)
class PointClass(RecordClass):
    """Points of measurements, which are a hundred million: found by series, since there the index is.

    The hours of a series go with its points; its days stay for good, and targets and reports are computed of
    them.
    """

    def next_rows(self, moment: datetime, most: int, spared: Q | None = None) -> Sequence[Row]:
        """Return up to `most` points before `moment`, series by series, the oldest first."""
        older = Measurement.objects.filter(series=OuterRef("pk"), at__lt=moment)
        found: list[Row] = []
        for series in Series.objects.filter(Exists(older)).order_by("pk").values_list("pk", flat=True)[:200]:
            points = Measurement.objects.filter(series=series, at__lt=moment).order_by("at")
            found += points[: most - len(found)].values()
            if len(found) >= most:
                break
        return found

    def oldest(self) -> datetime | None:
        """Return when the oldest point was measured: a look into the index for each series."""
        first = Measurement.objects.filter(series=OuterRef("pk")).order_by("at").values("at")[:1]
        rows = Series.objects.annotate(first=Subquery(first))
        found: datetime | None = rows.aggregate(oldest=Min("first"))["oldest"]
        return found

    def is_gone(self, rows: Sequence[Row]) -> None:
        """Delete the hours before that of each series' newest point that went."""
        newest: dict[int, datetime] = {}
        for row in rows:
            newest[row["series_id"]] = max(row["at"], newest.get(row["series_id"], row["at"]))
        for series, at in newest.items():
            hour = at.replace(minute=0, second=0, microsecond=0)
            Rollup.objects.filter(series=series, grain="hour", start__lt=hour).delete()


@dataclass(frozen=True, slots=True)
class SessionClass(RecordClass):
    """Sessions of people who signed in, by their end: they are over then. Their keys are no numbers."""

    def oldest(self) -> datetime | None:
        """Return when the session that ended first ended."""
        found: datetime | None = Session.objects.aggregate(oldest=Min("expire_date"))["oldest"]
        return found


CLASSES: tuple[RecordClass, ...] = (
    RecordClass("audit_log", "Audit trail", AuditEntry, "at", LEDGER),
    RecordClass("change_records", "Changes and their approvals", Change, "created_at", PARTS),
    RecordClass("deployment_records", "Deployments", Deployment, "registered_at", PARTS),
    RecordClass("incident_records", "Incidents and their timelines", Incident, "declared_at", PARTS),
    RecordClass("restore_tests", "Restore tests", RestoreTest, "created_at", PARTS),
    RecordClass("evidence_records", "Evidence that collected itself", Evidence, "received_at", PROOF),
    RecordClass(
        "alert_messages",
        "What senders of alerts posted",
        AlertMessage,
        "received_at",
        used_by=((Alert, "message"), (ChangeReport, "message")),
    ),
    RecordClass(
        "backup_records",
        "Backups that were reported",
        Backup,
        "recorded_at",
        used_by=((RestoreTest, "backup"),),
        asset="asset",
    ),
    PointClass(
        "metrics",
        "Points of measurements",
        Measurement,
        "at",
        beside="The points that the portal was sent; their days stay.",
        bite=20_000,
    ),
    RecordClass(
        "access_logs",
        "Logs of access",
        AuditRead,
        "at",
        beside="What external auditors looked at in the portal.",
    ),
    SessionClass(
        "sessions", "Sessions", Session, "expire_date", beside="Sessions of the portal that are over."
    ),
)
BY_SLUG = {one.slug: one for one in CLASSES}
