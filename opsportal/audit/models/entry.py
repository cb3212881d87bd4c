"""One business event: who did what to which object, and what came of it."""

from __future__ import annotations

from django.db import models

from opsportal.audit.models.append_only import AppendOnly


class AuditEntry(AppendOnly):
    """An audit entry, written once, in the transaction of what it tells of.

    `canonical` holds the exact bytes (canonical JSON, UTF-8) that the ledger seals; the other
    columns repeat parts of it so that they can be searched. Persons appear as kind and opaque id.
    """

    class Outcome(models.TextChoices):
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=60)
    outcome = models.CharField(max_length=10, choices=Outcome)
    object_kind = models.CharField(max_length=40)
    object_key = models.CharField(max_length=100, blank=True)
    correlation_id = models.CharField(max_length=64, blank=True)
    canonical = models.BinaryField()

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["object_kind", "object_key", "id"], name="audit_object"),
            models.Index(fields=["actor_kind", "actor_id", "id"], name="audit_actor"),
            models.Index(fields=["at"], name="audit_at"),
            models.Index(fields=["action", "id"], name="audit_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_key}"
