"""Tables of the back office on a phone: each cell says what its column is. `{% load admin_tables %}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()


@register.simple_tag
def labelled_cells(row: Iterable[str], headers: Iterable[Mapping[str, Any]]) -> SafeString:
    """Return the cells of a row (`<td …>` and `<th …>` of Django's own making) with their column's name."""
    cells = []
    for cell, header in zip(row, headers, strict=False):
        label = escape(capfirst(str(header.get("text", ""))))
        # The box to choose a row has its own label, and a tag as its header.
        named = "" if "&lt;" in label or "action-checkbox" in cell[:40] else f' data-label="{label}"'
        cells.append(f"{cell[:3]}{named}{cell[3:]}" if cell[:3] in {"<td", "<th"} else cell)
    return mark_safe("".join(cells))  # noqa: S308 (Django's own cells, and an escaped label)
