"""Who is told of what happens to a change, beyond those who work on it anyway."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from changes.models.changes import Change
from changes.states import WATCH
from opsportal.audit.history import history


class ChangeWatch(models.Model):
    """That somebody chose to watch a change, or not to. Who never chose watches what they have a part in."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="watches")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=WATCH.choices, default=WATCH.initial)
    since = models.DateTimeField()

    history = history()

    class Meta:
        verbose_name_plural = "change watches"
        constraints = [
            WATCH.constraint("change_watch_state_known"),
            models.UniqueConstraint(fields=["change", "person"], name="change_watch_once"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.change_id}"
