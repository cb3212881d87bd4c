"""Obligations for tests: a standard of the test's own, and short ways to open what somebody owes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from opsportal.core.actor import Actor
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligation_open, obligations_advance
from opsportal.obligations.terms import Owner, Subject
from opsportal.outbox.services import messages_handle
from opsportal.standards.standing import Climb
from tests.makers import NOW

HOUR = timedelta(hours=1)
PORTAL = Actor.system("tests")
CHANGE = Subject("change", "CHG-7", "Upgrade the database")


def owe(owner: Owner, *, due: timedelta = 48 * HOUR, now: datetime = NOW, **more: Any) -> Obligation:
    """Open and return what `owner` owes about CHG-7, due so long after `now`."""
    values: dict[str, Any] = {
        "rule": "acgs.review",
        "standard_hash": "5" * 64,
        "subject": CHANGE,
        "occurrence": "r1",
        "what": "Review the change",
        "source": {"document": "002", "section": "4.2", "line": 7, "quote": "Every change is reviewed."},
        **more,
    }
    return obligation_open(actor=PORTAL, now=now, owner=owner, due_at=now + due, **values)


def climbs(*pairs: tuple[int, str]) -> Sequence[Climb]:
    """Return climbs from (hours after the due time, role)."""
    return [Climb(hours * HOUR, role) for hours, role in pairs]


def tick(now: datetime) -> None:
    """Let the obligations advance and everything that they tell be handled, all at `now`."""
    obligations_advance(clock=lambda: now)
    messages_handle(clock=lambda: now)
