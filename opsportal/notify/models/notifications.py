"""What a person was told, as they read it in the portal."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from opsportal.notify.topics import OTHER


class Notification(models.Model):
    """One message for one person. `message_key` makes it once: the same key tells nobody twice.

    `about` is the key of what it is about (`CHG-7`), by which a digest groups; `reference` is what its
    topic needs in order to tell whether it still matters.
    """

    class Urgency(models.TextChoices):
        LOW = "low", "Low"
        NORMAL = "normal", "Normal"
        HIGH = "high", "High"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message_key = models.CharField(max_length=160)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    subject = models.CharField(max_length=200)
    body = models.TextField()
    url = models.CharField(max_length=300, blank=True, default="")
    urgency = models.CharField(max_length=10, choices=Urgency, default=Urgency.NORMAL)
    topic = models.CharField(max_length=40, default=OTHER, db_default=OTHER)
    about = models.CharField(max_length=100, blank=True, default="", db_default="")
    reference = models.CharField(max_length=64, blank=True, default="", db_default="")
    correlation_id = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message_key", "recipient"], name="notification_once"),
        ]
        indexes = [
            models.Index(fields=["recipient", "-created_at", "-id"], name="notification_inbox"),
            models.Index(
                fields=["recipient"], name="notification_unread", condition=models.Q(read_at__isnull=True)
            ),
            models.Index(
                fields=["read_at"], name="notification_read", condition=models.Q(read_at__isnull=False)
            ),
            models.Index(fields=["created_at"], name="notification_created"),
        ]

    def __str__(self) -> str:
        return self.subject
