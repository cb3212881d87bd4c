"""When a change may be scheduled and carried out, as far as its window says. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from opsportal.core.errors import Reason

RULE = "portal.change_window"


def schedule_reasons(start: datetime | None, end: datetime | None, now: datetime) -> list[Reason]:
    """Return what of the window stands against scheduling at `now`: it is needed, and not over."""
    if start is None or end is None:
        return [Reason("window_missing", RULE, "Give it a window first: when it starts and when it ends.")]
    return [_over(end)] if end <= now else []


def start_reasons(start: datetime | None, end: datetime | None, now: datetime) -> list[Reason]:
    """Return what of the window stands against starting at `now`; without a window, nothing does."""
    if start is not None and now < start:
        return [Reason("window_not_open", RULE, f"Its window opens at {_words(start)}. Start it then.")]
    if end is not None and now >= end:
        return [_over(end)]
    return []


def _over(end: datetime) -> Reason:
    return Reason(
        "window_over",
        RULE,
        f"Its window ended at {_words(end)}. Give it a new window; that takes a new approval.",
    )


def _words(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
