"""Personal feeds for calendar programs."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from opsportal.audit.history import history
from opsportal.calendar.states import FEED


class CalendarFeed(models.Model):
    """An address with a secret in it, by which a person's calendar program reads, and nothing else.

    Only the SHA-256 of the secret is kept; it has 256 random bits. The address is shown once.
    """

    class Kind(models.TextChoices):
        CHANGES = "changes", "Changes, windows and freezes"
        OWED = "owed", "What I owe"

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    state = models.CharField(max_length=10, choices=FEED.choices, default=FEED.initial, editable=False)
    created_at = models.DateTimeField(editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    history = history(excluded=["digest"])

    class Meta:
        ordering = ["-id"]
        constraints = [
            FEED.constraint("calendar_feed_state_known"),
            models.CheckConstraint(
                name="calendar_feed_kind_known", condition=models.Q(kind__in=["changes", "owed"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"
