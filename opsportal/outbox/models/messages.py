"""Messages on their way, one row for each message and handler."""

from __future__ import annotations

from django.db import models

from opsportal.outbox.states import MESSAGE


class OutboxMessage(models.Model):
    """One message for one handler, so that a handler that fails neither holds up nor repeats the others.

    `attempt` counts claims, is never reset, and fences: whoever finishes must still hold the newest one.
    `tries` counts towards giving up, and starts again when an operator retries. `due_at` is when the row
    may be claimed next; a claim pushes it forward by the lease, so a dead worker's rows come due again.
    """

    id = models.BigAutoField(primary_key=True)
    message_id = models.UUIDField(editable=False)
    topic = models.CharField(max_length=80)
    handler = models.CharField(max_length=80)
    key = models.CharField(max_length=100, blank=True, default="")
    payload = models.JSONField()
    correlation_id = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=10, choices=MESSAGE.choices, default=MESSAGE.initial)
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            MESSAGE.constraint("outbox_message_state"),
            models.UniqueConstraint(fields=["message_id", "handler"], name="outbox_message_once"),
            models.CheckConstraint(
                name="outbox_message_due_while_waiting",
                condition=models.Q(state="waiting", due_at__isnull=False)
                | (~models.Q(state="waiting") & models.Q(due_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="outbox_due", condition=models.Q(state="waiting")),
            models.Index(fields=["id"], name="outbox_dead", condition=models.Q(state="dead")),
            models.Index(
                fields=["finished_at"],
                name="outbox_over",
                condition=models.Q(state__in=["done", "dismissed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} for {self.handler}"
