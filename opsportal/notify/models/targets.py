"""Receivers that are no person: a channel of a chat, another system, a program that listens."""

from __future__ import annotations

from django.db import models

from opsportal.audit.history import history
from opsportal.notify.states import TARGET


class ChannelTarget(models.Model):
    """One such receiver, by its slug. `sealed` holds its address and secrets; it is never shown again."""

    slug = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    kind = models.CharField(max_length=20)
    sealed = models.TextField()
    hint = models.CharField(max_length=120, blank=True, default="")
    state = models.CharField(max_length=10, choices=TARGET.choices, default=TARGET.initial)
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history(excluded=["sealed"])

    class Meta:
        ordering = ["slug"]
        constraints = [TARGET.constraint("channel_target_state")]

    def __str__(self) -> str:
        return self.slug
