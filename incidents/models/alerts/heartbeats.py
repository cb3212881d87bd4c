"""Heartbeat checks: something that is to report again and again, and is missed when it does not."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q

from incidents.severities import CHOICES
from incidents.states import CHECK
from opsportal.accounts.models import Team
from opsportal.audit.history import history
from opsportal.catalog.models import Service


class HeartbeatCheck(models.Model):
    """A ping is expected every `every` seconds, and is late after `grace` seconds more.

    `due_at` is when it will have been missed; none before its first ping, and while it is paused or down.
    Only the SHA-256 of its token is kept.
    """

    id = models.BigAutoField(primary_key=True)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    severity = models.CharField(max_length=4, choices=CHOICES, default="sev2")
    every = models.PositiveIntegerField("expected every (seconds)")
    grace = models.PositiveIntegerField("grace (seconds)")
    prefix = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    state = models.CharField(max_length=6, choices=CHECK.choices, default=CHECK.initial, editable=False)
    last_ping_at = models.DateTimeField(null=True, blank=True, editable=False)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    # Pings are no business events: what came of a missed one stands among the alerts.
    history = history(excluded=["digest", "last_ping_at", "due_at"])

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            CHECK.constraint("heartbeat_check_state_known"),
            models.CheckConstraint(
                name="heartbeat_check_due_while_up",
                condition=Q(state="up", due_at__isnull=False) | (~Q(state="up") & Q(due_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="heartbeat_check_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def patience(self) -> timedelta:
        """How long after a ping the next one is missed."""
        return timedelta(seconds=self.every + self.grace)
