"""When each tick last went through, so that somebody notices when it does not."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """One row for each tick. `finished_at` is its last run without an error, by the database's clock.

    `silent_since` is what an alarm counts from where that is later: while the watcher itself stood still,
    nothing of the portal ran, and no single tick is to blame.
    """

    name = models.CharField(max_length=80, primary_key=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    silent_since = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
