"""Pages of a list by cursor: no COUNT(*), no OFFSET, the same cost on page 1 and page 100,000."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from opsportal.core.errors import InvalidInput

M = TypeVar("M", bound=Model)

PAGE_SIZE = 25
_MAX_CURSOR = 400


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """One page. `next` and `previous` are query strings that lead on, empty at the ends."""

    items: list[M]
    next: str
    previous: str

    def __bool__(self) -> bool:
        return bool(self.items)


def page_of(
    queryset: QuerySet[M], request: HttpRequest, *, order: Sequence[str], size: int = PAGE_SIZE
) -> Page[M]:
    """Return the page of `queryset` that `?after=` or `?before=` asks for.

    `order` names columns (`-` for descending) that are never null, the last one unique. Raises
    `InvalidInput` for a cursor that is not ours.
    """
    backwards = "before" in request.GET
    cursor = request.GET.get("before" if backwards else "after", "")
    columns = [_turned(column) for column in order] if backwards else list(order)
    if cursor:
        queryset = queryset.filter(_beyond(columns, _read(cursor, queryset.model, order)))
    rows = list(queryset.order_by(*columns)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    has_previous = more if backwards else bool(cursor)
    has_next = True if backwards and cursor else more
    return Page(
        items=rows,
        next=_link(request, "after", rows[-1], order) if rows and has_next else "",
        previous=_link(request, "before", rows[0], order) if rows and has_previous else "",
    )


def _turned(column: str) -> str:
    return column[1:] if column.startswith("-") else f"-{column}"


def _beyond(columns: Sequence[str], values: Sequence[Any]) -> Q:
    """Return the condition for rows that come after `values` in this order."""
    condition = Q()
    equal: dict[str, Any] = {}
    for column, value in zip(columns, values, strict=True):
        name = column.lstrip("-")
        step = Q(**{f"{name}__{'lt' if column.startswith('-') else 'gt'}": value})
        condition |= Q(**equal) & step if equal else step
        equal[name] = value
    return condition


def _link(request: HttpRequest, parameter: str, row: Model, order: Sequence[str]) -> str:
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    values = [_plain(getattr(row, column.lstrip("-"))) for column in order]
    text = json.dumps(values, separators=(",", ":")).encode()
    query[parameter] = base64.urlsafe_b64encode(text).decode().rstrip("=")
    return query.urlencode()


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _read(cursor: str, model: type[Model], order: Sequence[str]) -> list[Any]:
    """Return the cursor's values as the columns' own types."""
    try:
        if len(cursor) > _MAX_CURSOR:
            raise ValueError("longer than any of ours")
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != len(order):
            raise ValueError("not our shape")
        return [_typed(model, column, value) for column, value in zip(order, values, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        raise InvalidInput.of(
            "after", "invalid", "This page address is not one of ours. Start from the list."
        ) from None


def _typed(model: type[Model], column: str, value: Any) -> Any:
    name = column.lstrip("-")
    field = model._meta.pk if name in {"pk", "id"} else model._meta.get_field(name)
    kind = field.get_internal_type()
    if kind == "DateTimeField":
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("without zone")
        return moment
    if kind in {"BigAutoField", "AutoField", "BigIntegerField", "IntegerField", "PositiveIntegerField"}:
        if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
            raise ValueError("not a number of ours")
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("not a text of ours")
    return value
