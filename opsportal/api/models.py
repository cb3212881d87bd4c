"""What the REST edge keeps of its own."""

from __future__ import annotations

from django.db import models


class IdempotencyRecord(models.Model):
    """The answer that a caller got for a key, committed with the write that it answers. Kept 7 days."""

    actor = models.CharField(max_length=120)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    # Text, not JSON: PostgreSQL would give the keys back in another order.
    body = models.TextField()
    # What of the headers belongs to the answer: where the new thing is, when to ask again.
    headers = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor", "method", "path", "key"], name="idempotency_once"),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"
