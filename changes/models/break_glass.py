"""Break-glass: two people let deployments pass for a short time, whatever the rules say."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from changes.models.changes import PREFIX as CHANGE_PREFIX
from changes.models.changes import Change
from changes.states import BREAK_GLASS
from opsportal.audit.history import history
from opsportal.catalog.models import Environment, Service
from opsportal.core.keys import format_key

PREFIX = "BG"
SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(hours=4)


class BreakGlass(models.Model):
    """A request to break the glass for some services in one environment, and what became of it.

    `due_at` is when it ends by itself: an unconfirmed one expires then, one in force ends. `change` is the
    emergency change that was opened for what happens meanwhile.
    """

    id = models.BigAutoField(primary_key=True)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="break_glasses")
    reason = models.TextField()
    minutes = models.PositiveSmallIntegerField()
    state = models.CharField(
        max_length=10, choices=BREAK_GLASS.choices, default=BREAK_GLASS.initial, editable=False
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    over_at = models.DateTimeField(null=True, blank=True)
    over_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    over_reason = models.TextField(blank=True, default="")
    change = models.ForeignKey(
        Change, on_delete=models.PROTECT, null=True, blank=True, related_name="break_glasses"
    )
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        verbose_name_plural = "break-glass requests"
        constraints = [
            BREAK_GLASS.constraint("break_glass_state_known"),
            models.CheckConstraint(
                name="break_glass_two_people",
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="break_glass_in_force_whole",
                condition=~Q(state="in_force")
                | Q(confirmed_by__isnull=False, ends_at__isnull=False, change__isnull=False),
            ),
            models.CheckConstraint(
                name="break_glass_due_while_it_lasts",
                condition=Q(state__in=["asked", "in_force"], due_at__isnull=False, over_at__isnull=True)
                | Q(
                    state__in=["ended", "refused", "expired", "revoked"],
                    due_at__isnull=True,
                    over_at__isnull=False,
                ),
            ),
            models.CheckConstraint(name="break_glass_length", condition=Q(minutes__gte=5, minutes__lte=240)),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="break_glass_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["-asked_at", "-id"], name="break_glass_asked"),
            models.Index(fields=["updated_at", "id"], name="break_glass_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.get_state_display()}"

    @property
    def key(self) -> str:
        return format_key(PREFIX, self.pk)

    @property
    def change_key(self) -> str:
        """The key of the emergency change that was opened for it, `""` where there is none."""
        return format_key(CHANGE_PREFIX, self.change_id) if self.change_id else ""

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    def is_in_force(self, at: datetime) -> bool:
        """Return whether it lets anything pass at `at` (aware UTC), whether or not the tick came by since."""
        return self.state == "in_force" and self.ends_at is not None and at < self.ends_at


class BreakGlassService(models.Model):
    """One service for which the glass is to be broken."""

    break_glass = models.ForeignKey(BreakGlass, on_delete=models.PROTECT, related_name="named")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")

    history = history()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["break_glass", "service"], name="break_glass_service_once"),
        ]
        indexes = [models.Index(fields=["service", "break_glass"], name="break_glass_service")]

    def __str__(self) -> str:
        return f"{self.service_id} of {self.break_glass_id}"
