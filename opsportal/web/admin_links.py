"""Plain words in place of links that a reader of the back office may not follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey, Model
from django.http import HttpRequest


def without_dead_links(
    model_admin: BaseModelAdmin[Any], request: HttpRequest, row: Model, shown: Any
) -> None:
    """Let the form (`AdminForm`) of a row that is only read name plainly what its reader may not look at.

    The framework makes a link of whatever has pages of its own, whoever reads.
    """
    dead = {
        name: _plain(model_admin, name)
        for name in flatten_fieldsets(shown.fieldsets)
        if _is_dead(model_admin, request, row, name)
    }

    def replaced(field: Any) -> Any:
        return [replaced(one) for one in field] if isinstance(field, list | tuple) else dead.get(field, field)

    shown.fieldsets = [
        (title, {**told, "fields": [replaced(one) for one in told["fields"]]})
        for title, told in shown.fieldsets
    ]
    shown.readonly_fields = [*shown.readonly_fields, *dead.values()]


def _is_dead(model_admin: BaseModelAdmin[Any], request: HttpRequest, row: Model, field: object) -> bool:
    found = _foreign_key(model_admin, field)
    pages = model_admin.admin_site._registry.get(found.remote_field.model) if found else None
    if found is None or pages is None:
        return False
    return not pages.has_view_permission(request, getattr(row, found.name))


def _foreign_key(model_admin: BaseModelAdmin[Any], field: object) -> ForeignKey[Any, Any] | None:
    try:
        found = model_admin.model._meta.get_field(str(field))
    except FieldDoesNotExist:
        return None
    return found if isinstance(found, ForeignKey) else None


def _plain(model_admin: BaseModelAdmin[Any], name: str) -> Callable[[Any], str]:
    def named(row: Any) -> str:
        value = getattr(row, name)
        return model_admin.get_empty_value_display() if value is None else str(value)

    named.__name__ = name
    named.short_description = getattr(model_admin.model._meta.get_field(name), "verbose_name", name)  # type: ignore[attr-defined]
    return named
