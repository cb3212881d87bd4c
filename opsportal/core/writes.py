"""One transaction for each write: everything in it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, Refusal
from opsportal.core.faults import Faults


@dataclass(frozen=True, slots=True)
class WriteContext:
    """Who writes, when (aware UTC), and why: what a history row says of itself."""

    actor: Actor
    now: datetime
    reason: str = ""


_context: ContextVar[WriteContext | None] = ContextVar("write_context", default=None)
_joined: ContextVar[bool] = ContextVar("joined_transaction", default=False)

_claim: ContextVar[Callable[[], None] | None] = ContextVar("claim", default=None)
_because: ContextVar[str] = ContextVar("because", default="")


def given_reason() -> str:
    """Return the reason that the edge asked somebody for; `""` where it asked for none."""
    return _because.get()


@contextmanager
def because(reason: str) -> Iterator[None]:
    """Give every write inside this reason: its history rows and its audit entries carry it.

    For an edge that demands one of each write, whatever the service. The edge has cleaned it.
    """
    token = _because.set(reason)
    try:
        yield
    finally:
        _because.reset(token)


@contextmanager
def claiming(claim: Callable[[], None] | None) -> Iterator[None]:
    """Have `claim` called inside the transaction of every write inside this, at its beginning.

    It stands or goes with the write, and stops it by raising. None claims nothing, whatever is around it.
    """
    token = _claim.set(claim)
    try:
        yield
    finally:
        _claim.reset(token)


def current_write() -> WriteContext | None:
    """Return the context of the write that is under way, for the history rows."""
    return _context.get()


@contextmanager
def write(*, actor: Actor, now: datetime, reason: str = "") -> Iterator[None]:
    """Open the transaction of one service call, or join the one that is open for it already.

    `now` is aware UTC. History rows written inside carry `actor`, `now` and `reason`,
    or that of `because` around it. A service that
    another service or an edge's `edge_transaction` calls joins without a savepoint: a refusal inside
    takes all of it back.
    """
    if now.tzinfo is None:
        raise ValueError("`now` must be aware")
    is_inner = _context.get() is not None
    joins = _joined.get() or is_inner
    claim = None if is_inner else _claim.get()
    token = _context.set(WriteContext(actor, now, reason or given_reason()))
    try:
        with transaction.atomic(savepoint=not joins):
            if claim is not None:
                claim()
            yield
    finally:
        _context.reset(token)


@contextmanager
def row_guarded(pointer: str, faults: Faults) -> Iterator[None]:
    """Do what belongs to one row of many in a savepoint of its own; a refusal of it is noted, at its place.

    The caller is in a transaction, and refuses all of it in the end.
    """
    try:
        with faults.noted(pointer), transaction.atomic():
            yield
    except Refusal as refusal:
        faults.errors.append(FieldError(pointer, refusal.code, refusal.detail))


@contextmanager
def edge_transaction() -> Iterator[None]:
    """Open the transaction that a service's `write` joins, where an edge has a row of its own to add.

    Used for idempotency: the stored answer is committed with the write that it answers.
    """
    with transaction.atomic():
        token = _joined.set(True)
        try:
            yield
        finally:
            _joined.reset(token)
