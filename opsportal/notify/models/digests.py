"""What is gathered for one message: the items, until its time has come, and the text from then on."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from opsportal.notify.models.notifications import Notification
from opsportal.notify.states import DIGEST


class Digest(models.Model):
    """One digest of one person by one channel. `due_at` is when it closes, and empty from then on.

    Subject and body are written when it closes and stay: a repeated mail is the same mail.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digests")
    channel = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=DIGEST.choices, default=DIGEST.initial)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    subject = models.CharField(max_length=200, blank=True, default="")
    body = models.TextField(blank=True, default="")
    correlation_id = models.CharField(max_length=64, blank=True, default="")

    urgency = Notification.Urgency.LOW
    url = "/notifications/"

    class Meta:
        constraints = [
            DIGEST.constraint("digest_state"),
            models.UniqueConstraint(
                fields=["recipient", "channel"],
                name="digest_one_gathering",
                condition=models.Q(state="gathering"),
            ),
            models.CheckConstraint(
                name="digest_due_while_gathering",
                condition=models.Q(state="gathering", due_at__isnull=False)
                | (~models.Q(state="gathering") & models.Q(due_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="digest_due", condition=models.Q(state="gathering")),
            models.Index(fields=["closed_at"], name="digest_over", condition=~models.Q(state="gathering")),
        ]

    def __str__(self) -> str:
        return self.subject or f"{self.channel} digest"


class DigestItem(models.Model):
    """One notification in a digest, and why it was left out, where it was."""

    class Outcome(models.TextChoices):
        GATHERED = "gathered", "Waits for its digest"
        TOLD = "told", "Listed"
        SETTLED = "settled", "Left out: nobody owes it any more"
        READ = "read", "Left out: it was read in the portal before"

    digest = models.ForeignKey(Digest, on_delete=models.CASCADE, related_name="items")
    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="digest_items")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.GATHERED)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["digest", "notification"], name="digest_item_once"),
        ]

    def __str__(self) -> str:
        return f"{self.notification_id}: {self.get_outcome_display()}"
