"""Tables whose rows are written once. The database's own triggers hold it, not this code."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from opsportal.core.correlation import correlation_id
from opsportal.core.storing import insert


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

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store a new row by the INSERT that is composed once. An old one the triggers refuse."""
        if self.pk is None:
            insert(self)
        else:
            super().save(*args, **kwargs)
