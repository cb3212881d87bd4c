"""Roles and boards, and who holds them from when to when, for what."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from opsportal.audit.history import history


class Role(models.Model):
    """A job role (Team Lead) or a board (Change Advisory Board) that standards name by its slug."""

    class Kind(models.TextChoices):
        BOARD = "board", "Board"
        JOB = "job", "Job role"

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class RoleHolding(models.Model):
    """One person holds one role from a day to a day, everywhere or for one service or team only.

    Days are inclusive, in UTC. The scope stands by value, so that this room need not know services.
    """

    class Scope(models.TextChoices):
        EVERYWHERE = "", "Everywhere"
        SERVICE = "service", "One service"
        TEAM = "team", "One team"

    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="holdings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="holdings")
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    scope_kind = models.CharField(max_length=10, choices=Scope, blank=True, default="")
    scope_key = models.CharField(max_length=60, blank=True, default="")

    history = history()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="holding_ends_after_start",
                violation_error_message="The last day must not lie before the first.",
                condition=models.Q(valid_until__isnull=True)
                | models.Q(valid_until__gte=models.F("valid_from")),
            ),
            models.CheckConstraint(
                name="holding_scope_whole",
                condition=models.Q(scope_kind="", scope_key="")
                | (models.Q(scope_kind__in=["service", "team"]) & ~models.Q(scope_key="")),
            ),
            models.UniqueConstraint(
                fields=["role", "user", "valid_from", "scope_kind", "scope_key"], name="holding_once"
            ),
        ]
        indexes = [models.Index(fields=["user", "valid_from"], name="holding_user")]

    def __str__(self) -> str:
        return f"{self.role_id} held by {self.user_id}"
