"""Reads of audit entries."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet

from opsportal.audit.models import AuditEntry


def entries_about(kind: str, key: str) -> QuerySet[AuditEntry]:
    """Return what was done to one object, oldest first, refusals left out."""
    return AuditEntry.objects.filter(
        object_kind=kind, object_key=key, outcome=AuditEntry.Outcome.DONE
    ).order_by("id")


def entry_data(entry: AuditEntry) -> dict[str, Any]:
    """Return the `data` of an entry, read from its canonical bytes."""
    data: dict[str, Any] = json.loads(bytes(entry.canonical))["data"]
    return data
