"""Searches of the back office that people keep."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from opsportal.audit.history import history


class SavedSearch(models.Model):
    """What one person narrowed a list of the back office to, under a name. Nobody else sees it.

    `listed` is the list's model (`compliance.finding`). What was searched for may name somebody, so that
    the query is kept out of the history.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    listed = models.CharField("list", max_length=100)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2_000)
    saved_at = models.DateTimeField()

    history = history(excluded=["query", "name"])

    class Meta:
        verbose_name_plural = "saved searches"
        constraints = [models.UniqueConstraint(fields=["person", "listed", "name"], name="saved_search_name")]

    def __str__(self) -> str:
        return self.name
