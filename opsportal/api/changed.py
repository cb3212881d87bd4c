"""`?updated_since=`, which every list knows: whoever keeps a copy asks for what is new in it alone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q, QuerySet


def changed_since(rows: QuerySet[Any], since: datetime, columns: Collection[str] = ()) -> QuerySet[Any]:
    """Return those of `rows` that were made or changed at `since` (aware) or later.

    `columns` are the times that tell it, one of them is enough: of what is written once, when it was. Without
    them it is `updated_at`; where a model has none, its history knows.
    """
    model = rows.model
    if not columns and not _has(model, "updated_at"):
        written = model.history.filter(history_date__gte=since)
        return rows.filter(pk__in=written.values(model._meta.pk.attname))
    late = Q()
    for column in columns or ("updated_at",):
        late |= Q(**{f"{column}__gte": since})
    return rows.filter(late)


def _has(model: Any, name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True
