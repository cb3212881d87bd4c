"""Which channels are away, so that not every delivery has to find out for itself."""

from __future__ import annotations

from django.db import models


class ChannelHealth(models.Model):
    """One row for each circuit that has ever been away. Nothing is sent through it before `paused_until`.

    A circuit is a channel, or one receiver whose failures say nothing of others.
    """

    name = models.CharField(max_length=100, primary_key=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    paused_until = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        verbose_name_plural = "channel health"

    def __str__(self) -> str:
        return self.name
