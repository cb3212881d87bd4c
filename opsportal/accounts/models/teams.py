"""Teams, and who belongs to them from when to when."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from opsportal.audit.history import history


class Team(models.Model):
    """A group of people that owns services."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TeamMembership(models.Model):
    """One person in one team from a day to a day (both inclusive, UTC days; open where `until` is empty)."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    history = history()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="membership_ends_after_start",
                violation_error_message="The last day must not lie before the first.",
                condition=models.Q(valid_until__isnull=True)
                | models.Q(valid_until__gte=models.F("valid_from")),
            ),
            models.UniqueConstraint(fields=["team", "user", "valid_from"], name="membership_once"),
        ]
        indexes = [models.Index(fields=["user", "valid_from"], name="membership_user")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id}"
