"""Personal feeds for calendar programs."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from opsportal.audit.history import history
from opsportal.calendar.states import FEED
from opsportal.core.registry import feed_sources


class CalendarFeed(models.Model):
    """An address with a secret in it, by which a person's calendar program reads, and nothing else.

    Only the SHA-256 of the secret is kept; it has 256 random bits. The address is shown once. `kind` is one
    of `opsportal.core.registry.feed_sources`, `scope` what of it (the slug of a schedule), by value.
    """

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)
    scope = models.CharField(max_length=60, blank=True, default="", db_default="")
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    state = models.CharField(max_length=10, choices=FEED.choices, default=FEED.initial, editable=False)
    created_at = models.DateTimeField(editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    history = history(excluded=["digest"])

    class Meta:
        ordering = ["-id"]
        constraints = [FEED.constraint("calendar_feed_state_known")]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    @property
    def title(self) -> str:
        """What it shows, in words."""
        source = feed_sources.get(self.kind)
        words = source.title if source else self.kind
        return f"{words}: {self.scope}" if self.scope else words
