"""Any list of the back office as a file: what the screen shows and is narrowed to, all pages, on record."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from itertools import islice
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import ForeignKey, Model
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from opsportal.core.errors import InvalidInput
from opsportal.core.ports import record_export
from opsportal.web.admin_lists import remember_names
from opsportal.web.csv import newest_first
from opsportal.web.requests import actor_of, now_of
from opsportal.web.tables import FORMATS, table_response

_CHUNK = 500


def export(model_admin: Any, request: HttpRequest) -> StreamingHttpResponse:
    """Return the list as a download, in the format that was posted, read while it is sent.

    It holds the columns of the list, and the key: a workbook under their titles, JSON under the names of what
    they hold. Raises `InvalidInput` for another format.
    """
    form = request.POST.get("format", "")
    if form not in FORMATS:
        raise InvalidInput.of("format", "unknown", f"Choose one of: {', '.join(FORMATS)}.")
    shown = model_admin.get_changelist_instance(request)
    meta = model_admin.model._meta
    columns = [name for name in shown.list_display if name != "action_checkbox"]
    key = meta.pk.name
    columns = columns if key in columns else [key, *columns]
    # What was searched for may name somebody, and an audit entry stays for ever.
    narrowed = {name: "…" if name == "q" else str(value) for name, value in request.GET.items()}
    record_export(actor_of(request), now_of(request), meta.label_lower, {"format": form, **narrowed})
    name = f"{meta.app_label}-{meta.model_name}"
    rows = _rows(model_admin, shown.queryset, columns)
    header = [_label(model_admin, column) for column in columns]
    if form == "xlsx":
        header = [capfirst(title) for title in header]
    return table_response(name, header, rows, form=form, keys=_keys(model_admin, columns))


def _rows(model_admin: Any, queryset: Any, columns: list[str]) -> Iterator[list[Any]]:
    ordered = iter(newest_first(queryset, size=_CHUNK))
    while chunk := list(islice(ordered, _CHUNK)):
        remember_names(model_admin, chunk)
        for row in chunk:
            yield [_value(model_admin, row, column) for column in columns]


def _value(model_admin: Any, row: Model, column: str) -> Any:
    try:
        field, _, value = lookup_field(column, row, model_admin)
    except ObjectDoesNotExist:
        return None
    if isinstance(value, SafeString):
        # What the screen shows as a link or a mark is a plain word in a file.
        return unescape(strip_tags(value)).strip()
    if isinstance(field, ForeignKey):
        related = getattr(row, field.name)
        return None if related is None else str(related)
    return value


def _label(model_admin: Any, column: str) -> str:
    return str(label_for_field(column, model_admin.model, model_admin))


def _keys(model_admin: Any, columns: list[str]) -> list[str]:
    """Return what each column is called in JSON, each once: fields by their name, others as on the screen."""
    keys: list[str] = []
    for column in columns:
        key = _key(model_admin, column)
        keys.append(column if key in keys or (key != column and key in columns) else key)
    return keys


def _key(model_admin: Any, column: str) -> str:
    if any(field.name == column for field in model_admin.model._meta.get_fields()):
        return column
    shown = getattr(model_admin, column, None) or getattr(model_admin.model, column, None)
    ordered = str(getattr(shown, "admin_order_field", None) or "").lstrip("-").partition("__")[0]
    title = _label(model_admin, column).lower()
    return ordered or (title if title.isidentifier() else column)
