"""Shows that something refused has written nothing, in any table."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from opsportal.core.errors import Refusal
from tests.tables import everything


@contextmanager
def nothing_written(*, at_an_edge: bool = False, but: Collection[str] = ()) -> Iterator[None]:
    """Fail where the block changes a row of any table, those of `but` aside (`compliance.AuditRead`).

    Edges may add their audit entry of a refusal.
    """
    before = everything(with_refusals=not at_an_edge)
    yield
    after = everything(with_refusals=not at_an_edge)
    changed = sorted(label for label in before if before[label] != after[label] and label not in but)
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
