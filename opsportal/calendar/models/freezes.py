"""Freezes: times in which nothing changes, unless somebody who may lets it pass."""

from __future__ import annotations

from django.db import models

from opsportal.audit.history import history
from opsportal.calendar.almanac import FreezeSpan
from opsportal.calendar.places import Scope
from opsportal.calendar.states import FREEZE
from opsportal.core.keys import format_key

PREFIX = "FRZ"


class Freeze(models.Model):
    """From when to when, for what, why, and the roles (slugs) whose holders may pass.

    `scope` is as in `MaintenanceWindow`.
    """

    id = models.BigAutoField(primary_key=True)
    title = models.CharField(max_length=120)
    reason = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    scope = models.JSONField(default=dict)
    pass_roles = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=10, choices=FREEZE.choices, default=FREEZE.initial, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["-starts_at", "-id"]
        constraints = [
            FREEZE.constraint("freeze_state_known"),
            models.CheckConstraint(
                name="freeze_ends_after_start", condition=models.Q(ends_at__gt=models.F("starts_at"))
            ),
        ]
        indexes = [
            # The gate asks for those that are not over.
            models.Index(fields=["ends_at"], name="freeze_set", condition=models.Q(state="set")),
            models.Index(fields=["updated_at", "id"], name="freeze_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(PREFIX, self.pk)

    @property
    def span(self) -> FreezeSpan:
        """What the deciding parts know of it."""
        return FreezeSpan(
            self.key,
            self.title,
            self.starts_at,
            self.ends_at,
            Scope.of(self.scope),
            frozenset(self.pass_roles),
        )
