"""What obligations show on other pages: what the reader owes, and what is overdue anywhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse

from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.registry import (
    CalendarEntry,
    Panel,
    calendar_sources,
    panels,
    seen_only,
    under_other_standards,
)
from opsportal.obligations.models import Obligation
from opsportal.obligations.pressing import SOON, presses, pressing_until
from opsportal.obligations.selectors import about, lines_of, overdue, owed_by, owned_by

SHOWN = 5
COUNT_CAP = 100
MOST_ENTRIES = 500


def mine(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return what the reader owes, the longest due first; None where they owe nothing.

    `count` is how much of it presses, and `late` how much is overdue; the lines are of all of it.
    """
    if not actor.is_user:
        return None
    rows = list(owed_by(actor.id, now)[: COUNT_CAP + 1])
    if not rows:
        return None
    pressing = sum(presses(row.due_at, now) for row in rows)
    return {
        "lines": lines_of(rows[:SHOWN], now),
        "count": min(pressing, COUNT_CAP),
        "is_more": pressing > COUNT_CAP,
        "days": SOON.days,
        "late": sum(row.is_overdue(now) for row in rows),
        "more": len(rows) - SHOWN,
    }


def nav(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the count beside "My obligations": of what is overdue or due soon."""
    if not actor.is_user:
        return None
    pressing = owed_by(actor.id, now).filter(due_at__lte=pressing_until(now))
    count = len(pressing.values_list("pk", flat=True)[:COUNT_CAP])
    return {"count": count, "words": f"overdue or due within {SOON.days} days"}


def late_anywhere(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return what is overdue, whoever owes it."""
    rows = list(seen_only(overdue(now), actor, now)[: SHOWN + 1])
    return {"lines": lines_of(rows[:SHOWN], now), "more": len(rows) > SHOWN} if rows else None


def of_change(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the obligations about one change (`subject` has its `key`)."""
    rows = list(about("change", str(subject.key)))
    return {"lines": lines_of(rows, now)} if rows else None


def owed_under_others(content_hash: str, most: int) -> int:
    """Return how much is owed under another standard than this one, up to `most`."""
    rows = Obligation.objects.filter(ended_at__isnull=True).exclude(standard_hash=content_hash)
    return len(rows.values_list("pk", flat=True)[:most])


def calendar_entries(actor: Actor, start: datetime, end: datetime) -> list[CalendarEntry]:
    """Return what the reader, with the roles of today, owes or owed that is due there.

    What is no longer needed is cancelled.
    """
    if not actor.is_user:
        return []
    rows = owned_by(actor.id, edge_now()).filter(due_at__gte=start, due_at__lt=end)
    return [
        CalendarEntry(
            key=f"obligation-{row.pk}",
            title=f"{row.what} ({row.subject_key})",
            kind="obligation",
            start=row.due_at,
            end=row.due_at,
            url=reverse("obligations:detail", args=[row.pk]),
            state=row.state,
            cancelled=row.state in ("waived", "void"),
            version=row.version,
        )
        for row in rows.order_by("due_at", "id")[:MOST_ENTRIES]
    ]


def register() -> None:
    """Put this app's panels and calendar source where they belong."""
    calendar_sources.add("obligations", calendar_entries)
    under_other_standards.add("obligations", owed_under_others)
    panels.add("obligations.mine", Panel("home.waiting", 20, "obligations/panel_mine.html", mine))
    panels.add("obligations.nav", Panel("nav.obligations", 10, "", nav))
    panels.add("obligations.late", Panel("home.broken", 30, "obligations/panel_late.html", late_anywhere))
    panels.add("obligations.change", Panel("change.side", 50, "obligations/panel_subject.html", of_change))
