"""Tables whose rows are written once. The database's own triggers hold it, not this code."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from opsportal.core.correlation import correlation_id


class AppendOnly(models.Model):
    """Base of every table that may only grow; `opsportal.audit.triggers` guards each subclass."""

    append_only: ClassVar[bool] = True

    class Meta:
        abstract = True


class HistoryBase(models.Model):
    """Base of every history table: adds which request caused the row."""

    append_only: ClassVar[bool] = True

    history_correlation_id = models.CharField(
        max_length=64, blank=True, default=correlation_id, editable=False
    )

    class Meta:
        abstract = True
