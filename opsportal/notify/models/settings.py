"""What a person has chosen: which news by which channel, when not to be disturbed, and the digest."""

from __future__ import annotations

from datetime import time

from django.conf import settings
from django.db import models

from opsportal.audit.history import history
from opsportal.notify.schedule import QuietHours, Rhythm, zone_of


def every_day() -> list[int]:
    """Return the days on which quiet hours begin, unless chosen otherwise: all, Monday is 0."""
    return list(range(7))


class NotificationSettings(models.Model):
    """The choices of one person; who has no row has the defaults. Times are on their own wall clock.

    `routes` holds, by topic, the names of the channels that they chose; a topic that is not in it comes
    by every channel. `version` is 0 until the first save.
    """

    class Digest(models.TextChoices):
        DAILY = "daily", "Once a day"
        HOURLY = "hourly", "Once an hour, at the full hour"
        NONE = "none", "No digest: each by itself"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notification_settings"
    )
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    quiet_days = models.JSONField(default=every_day)
    digest = models.CharField(max_length=10, choices=Digest, default=Digest.DAILY)
    digest_at = models.TimeField(default=time(8))
    routes = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)

    history = history()

    class Meta:
        verbose_name_plural = "notification settings"
        constraints = [
            models.CheckConstraint(
                name="notification_settings_quiet",
                condition=models.Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
            ),
            models.CheckConstraint(
                name="notification_settings_digest",
                condition=models.Q(digest__in=["daily", "hourly", "none"]),
            ),
        ]

    def __str__(self) -> str:
        return f"Choices of {self.user_id}"

    def rhythm(self, zone: str) -> Rhythm:
        """Return when this person, whose wall clock shows `zone`, wants to hear of what is not urgent."""
        quiet = None
        if self.quiet_from is not None and self.quiet_until is not None and self.quiet_days:
            quiet = QuietHours(self.quiet_from, self.quiet_until, frozenset(self.quiet_days))
        return Rhythm(zone_of(zone), quiet, self.digest, self.digest_at)  # type: ignore[arg-type]
