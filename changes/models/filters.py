"""Filters of the list of changes that people keep."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from opsportal.accounts.models import Team
from opsportal.audit.history import history


class SavedFilter(models.Model):
    """A filter under a name: its owner's, or shared with one team."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=3_000)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    saved_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    history = history()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="saved_filter_name")]

    def __str__(self) -> str:
        return self.name
