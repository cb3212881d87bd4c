"""The classes of records that the portal keeps itself, and which of them can be deleted at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, Min, Model, OuterRef, QuerySet

from changes.models import Change, Deployment
from compliance.models import Backup, RestoreTest
from incidents.models import Alert, AlertMessage, ChangeReport, Incident
from opsportal.audit.models import AuditEntry

LEDGER = "It is sealed and can never be deleted: the ledger would no longer verify. Export and archive it."
PARTS = "Its history rows and audit entries can never be changed, and hold on to it. It is kept."


@dataclass(frozen=True, slots=True)
class RecordClass:
    """One class of own records: its table, and the column that says when a record was made.

    `kept_because` says why nothing of it is ever deleted by a purge, `""` where it can be.
    `used_by` are the places that point to a row; such a row stays.
    """

    slug: str
    title: str
    model: type[Model]
    made: str
    kept_because: str = ""
    used_by: tuple[tuple[type[Model], str], ...] = ()

    def before(self, moment: datetime) -> QuerySet[Any]:
        """Return the rows made before `moment` (aware UTC) that nothing points to, oldest first."""
        rows: QuerySet[Any] = self.model._default_manager.filter(**{f"{self.made}__lt": moment})
        for model, column in self.used_by:
            rows = rows.exclude(Exists(model._default_manager.filter(**{column: OuterRef("pk")})))
        return rows.order_by("pk")

    def oldest(self) -> datetime | None:
        """Return when the oldest record was made (aware UTC), None without one."""
        found: datetime | None = self.model._default_manager.aggregate(oldest=Min(self.made))["oldest"]
        return found


CLASSES: tuple[RecordClass, ...] = (
    RecordClass("audit_log", "Audit trail", AuditEntry, "at", LEDGER),
    RecordClass("change_records", "Changes and their approvals", Change, "created_at", PARTS),
    RecordClass("deployment_records", "Deployments", Deployment, "registered_at", PARTS),
    RecordClass("incident_records", "Incidents and their timelines", Incident, "declared_at", PARTS),
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
    ),
    RecordClass("restore_tests", "Restore tests", RestoreTest, "created_at", PARTS),
)
BY_SLUG = {one.slug: one for one in CLASSES}
