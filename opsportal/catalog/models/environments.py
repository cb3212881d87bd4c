"""Where services run."""

from __future__ import annotations

from django.db import models

from opsportal.audit.history import history


class Environment(models.Model):
    """A place to deploy to. The slug is its identity and never changes."""

    class Kind(models.TextChoices):
        DEVELOPMENT = "development", "Development"
        TESTING = "testing", "Testing"
        STAGING = "staging", "Staging"
        PRODUCTION = "production", "Production"

    class WhenUnreachable(models.TextChoices):
        STOP = "stop", "The pipeline stops"
        PROCEED = "proceed", "The pipeline goes on"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Kind)
    rank = models.PositiveSmallIntegerField(default=0, help_text="Order of promotion, lowest first.")
    when_unreachable = models.CharField(
        "when the portal does not answer",
        max_length=8,
        choices=WhenUnreachable,
        default=WhenUnreachable.STOP,
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history()

    class Meta:
        ordering = ["rank", "slug"]

    def __str__(self) -> str:
        return self.name
