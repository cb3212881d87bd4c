"""Recurring maintenance windows."""

from __future__ import annotations

from django.db import models

from opsportal.audit.history import history
from opsportal.calendar.almanac import MaintenanceSpan
from opsportal.calendar.places import Scope
from opsportal.calendar.recurrence import MAX_MINUTES, MAX_RULE, Recurrence
from opsportal.calendar.states import WINDOW
from opsportal.core.keys import format_key

PREFIX = "MW"


class MaintenanceWindow(models.Model):
    """When changes are welcome: a rule, a wall-clock start in a zone, a real duration, and for what.

    `scope` holds slugs by value (they never change): `services`, `environments`, `environment_kinds`,
    `tiers`; an empty list narrows nothing down.
    """

    id = models.BigAutoField(primary_key=True)
    title = models.CharField(max_length=120)
    rule = models.CharField(max_length=MAX_RULE)
    first_day = models.DateField()
    last_day = models.DateField(null=True, blank=True)
    at = models.TimeField()
    zone = models.CharField(max_length=64)
    minutes = models.PositiveIntegerField()
    scope = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=WINDOW.choices, default=WINDOW.initial, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            WINDOW.constraint("maintenance_window_state_known"),
            models.CheckConstraint(
                name="maintenance_window_has_length",
                condition=models.Q(minutes__gte=1, minutes__lte=MAX_MINUTES),
            ),
            models.CheckConstraint(
                name="maintenance_window_days_in_order",
                condition=models.Q(last_day__isnull=True) | models.Q(last_day__gte=models.F("first_day")),
            ),
        ]
        indexes = [models.Index(fields=["updated_at", "id"], name="maintenance_window_updated")]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def key(self) -> str:
        return format_key(PREFIX, self.pk)

    @property
    def recurrence(self) -> Recurrence:
        return Recurrence(self.rule, self.first_day, self.at, self.zone, self.minutes, self.last_day)

    @property
    def span(self) -> MaintenanceSpan:
        """What the deciding parts know of it."""
        return MaintenanceSpan(self.key, self.title, self.recurrence, Scope.of(self.scope))
