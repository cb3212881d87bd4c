"""Cursor pages: `{"next", "previous", "results"}`, no COUNT(*), page size up to 200."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from opsportal.core.errors import InvalidInput

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
_CURSOR = re.compile(r"[A-Za-z0-9+/=]{0,500}")


class CursorPages(CursorPagination):
    """One page of a list. A wrong cursor, size or ordering is bad input (400), never ignored."""

    page_size = DEFAULT_PAGE_SIZE

    def __init__(self, ordering: Mapping[str, tuple[str, ...]], default: str) -> None:
        self._allowed = dict(ordering)
        self._default = default

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get("page_size")
        if text is None:
            return DEFAULT_PAGE_SIZE
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MAX_PAGE_SIZE):
            raise InvalidInput.of("page_size", "out_of_range", f"page_size must be 1 to {MAX_PAGE_SIZE}.")
        return int(text)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        word = request.query_params.get("ordering", self._default)
        try:
            return self._allowed[word]
        except KeyError:
            words = ", ".join(sorted(self._allowed))
            raise InvalidInput.of("ordering", "unknown", f"ordering must be one of: {words}.") from None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        wrong = InvalidInput.of("cursor", "invalid", "This cursor is not one of ours.")
        if not _CURSOR.fullmatch(request.query_params.get(self.cursor_query_param, "")):
            raise wrong
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValueError, TypeError, ValidationError, DataError):
            # A cursor carries the value of a column; one that was made up may not be a value of it.
            raise wrong from None


def both_ways(*columns: str, word: str) -> dict[str, tuple[str, ...]]:
    """Return the two ordering words `word` and `-word` for these columns."""
    backwards = tuple(column[1:] if column.startswith("-") else f"-{column}" for column in columns)
    return {word: columns, f"-{word}": backwards}
