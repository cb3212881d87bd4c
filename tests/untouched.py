"""Shows that something refused has written nothing, in any table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from opsportal.audit.models import AuditEntry
from opsportal.core.errors import Refusal


def everything(*, with_refusals: bool = True) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables but the sessions, by model."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    tables = set(connection.introspection.table_names())
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label == "sessions" or model._meta.db_table not in tables:
            continue
        found = model._base_manager.order_by("pk")
        if model is AuditEntry and not with_refusals:
            found = found.exclude(outcome=AuditEntry.Outcome.REFUSED)
        rows[model._meta.label] = list(found.values_list())
    return rows


@contextmanager
def nothing_written(*, at_an_edge: bool = False) -> Iterator[None]:
    """Fail where the block changes a row of any table; edges may add their audit entry of a refusal."""
    before = everything(with_refusals=not at_an_edge)
    yield
    after = everything(with_refusals=not at_an_edge)
    changed = sorted(label for label in before if before[label] != after[label])
    assert not changed, f"written to: {', '.join(changed)}"


@contextmanager
def refused(kind: type[Refusal], code: str = "") -> Iterator[pytest.ExceptionInfo[Any]]:
    """Fail unless the block raises `kind` (with `code`) and writes nothing."""
    with nothing_written(), pytest.raises(kind) as caught:
        yield caught
    assert type(caught.value) is kind
    if code:
        errors = getattr(caught.value, "errors", ())
        assert code in [error.code for error in errors] if errors else caught.value.code == code
