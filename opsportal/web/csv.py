"""Lists as CSV files: streamed, any number of rows in the same memory, and without formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse

from opsportal.core.cells import cell_of

M = TypeVar("M", bound=Model)

# Without it, Excel reads a file in the code page of its machine: "Ã¼". Read it back with `utf-8-sig`.
BYTE_ORDER_MARK = "\ufeff"
_CHUNK = 500


class _Echo:
    """What the writer of the standard library writes to: it hands each line straight on."""

    def write(self, line: str) -> str:
        return line


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the file line by line: RFC 4180, UTF-8 with a byte order mark, every text quoted, none a formula.

    Cells are what `opsportal.core.cells.cell_of` takes: text, numbers, aware instants, lists, None.
    """
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_NONNUMERIC)
    yield BYTE_ORDER_MARK + writer.writerow([cell_of(name) for name in header])
    for row in rows:
        yield writer.writerow([cell_of(value) for value in row])


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """Return a download of `rows` as `name`.csv, which are read while it is sent.

    `name` is the portal's own (letters, digits, hyphens), never a person's.
    """
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise ValueError("the name of a file is ours: letters, digits and hyphens")
    return StreamingHttpResponse(
        csv_lines(header, rows),
        content_type="text/csv; charset=utf-8; header=present",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
        },
    )


def newest_first(queryset: QuerySet[M], *, size: int = _CHUNK) -> Iterator[M]:
    """Yield all rows by descending primary key, `size` at a time (with what the queryset prefetches).

    Each row comes once at most, whatever is written meanwhile; memory stays that of one chunk.
    """
    ordered = queryset.order_by("-pk")
    chunk = list(ordered[:size])
    while chunk:
        yield from chunk
        if len(chunk) < size:
            return
        chunk = list(ordered.filter(pk__lt=chunk[-1].pk)[:size])
