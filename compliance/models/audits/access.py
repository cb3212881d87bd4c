"""External auditors: what is opened to them from when to when, and what they looked at."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from compliance.models.audits.plan import Audit
from opsportal.audit.history import history
from opsportal.audit.models import AppendOnly


class AuditorAccess(models.Model):
    """One audit is opened to one guest from an instant to another (aware UTC, the end is not part of it).

    The link signs them in while it lasts. Only the SHA-256 of its secret is kept; it is shown once.
    """

    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="accesses")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField("from")
    ends_at = models.DateTimeField("until")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    granted_at = models.DateTimeField(editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history(excluded=["digest"])

    class Meta:
        verbose_name = "external auditor's access"
        verbose_name_plural = "external auditors' accesses"
        constraints = [
            models.CheckConstraint(name="auditor_access_ends", condition=Q(ends_at__gt=F("starts_at")))
        ]
        indexes = [models.Index(fields=["person", "ends_at"], name="auditor_access_person")]

    def __str__(self) -> str:
        return f"access {self.pk} to AUD-{self.audit_id}"

    def is_open(self, at: datetime) -> bool:
        """Return whether it lets its person in at `at` (aware UTC)."""
        return self.revoked_at is None and self.starts_at <= at < self.ends_at


class AuditRead(AppendOnly):
    """One thing that an external auditor looked at: who by id, the page, what it is of, when."""

    access = models.ForeignKey(AuditorAccess, on_delete=models.PROTECT, related_name="reads")
    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="reads")
    reader = models.CharField(max_length=64)
    page = models.CharField(max_length=100)
    subject = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "read by an external auditor"
        verbose_name_plural = "reads by external auditors"
        indexes = [
            models.Index(fields=["audit", "-id"], name="audit_read_audit"),
            models.Index(fields=["reader", "-id"], name="audit_read_reader"),
        ]

    def __str__(self) -> str:
        return f"{self.page} at {self.at:%Y-%m-%d %H:%M} UTC"
