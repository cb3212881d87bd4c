"""What the calendar shows of itself: its own windows and freezes as entries, and where their keys lead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.urls import reverse

from opsportal.calendar.models import Freeze, MaintenanceWindow
from opsportal.calendar.models.freezes import PREFIX as FREEZE_PREFIX
from opsportal.calendar.models.windows import PREFIX as WINDOW_PREFIX
from opsportal.calendar.places import Scope
from opsportal.calendar.selectors import Wanted, entries_between, freezes_set
from opsportal.catalog.models import Environment
from opsportal.core.actor import Actor
from opsportal.core.keys import format_key
from opsportal.core.registry import (
    CalendarEntry,
    CalendarKind,
    FeedSource,
    Panel,
    calendar_sources,
    feed_sources,
    key_urls,
    panels,
)

NOWHERE = ("",)
"""No environment has this slug: what is for kinds of which there is none is for nothing."""


def window_entries(actor: Actor, start: datetime, end: datetime) -> list[CalendarEntry]:
    """Return each time that a maintenance window in use takes place. Two queries."""
    kinds = _kinds()
    return [
        CalendarEntry(
            key=f"{window.key}-{one.start:%Y%m%dT%H%MZ}",
            title=window.title,
            kind="window",
            start=one.start,
            end=one.end,
            url=window_path(window.pk),
            version=window.version,
            services=tuple(window.scope.get("services", ())),
            environments=_environments(window.scope, kinds),
        )
        for window in MaintenanceWindow.objects.filter(state="active")
        for one in window.recurrence.between(start, end)
    ]


def freeze_entries(actor: Actor, start: datetime, end: datetime) -> list[CalendarEntry]:
    """Return the freezes, those that were lifted as cancelled. Two queries."""
    kinds = _kinds()
    return [
        CalendarEntry(
            key=freeze.key,
            title=freeze.title,
            kind="freeze",
            start=freeze.starts_at,
            end=freeze.ends_at,
            url=freeze_path(freeze.pk),
            state=freeze.state,
            cancelled=freeze.state == "lifted",
            version=freeze.version,
            services=tuple(freeze.scope.get("services", ())),
            environments=_environments(freeze.scope, kinds),
        )
        for freeze in Freeze.objects.filter(Q(starts_at__lt=end, ends_at__gt=start))
    ]


def frozen(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return the freezes in force now, for the home page; None where there is none."""
    rows = [freeze for freeze in freezes_set(now) if freeze.starts_at <= now]
    lines = [
        {"freeze": freeze, "url": freeze_path(freeze.pk), "scope": Scope.of(freeze.scope).words}
        for freeze in rows
    ]
    return {"lines": lines} if lines else None


def window_path(number: int) -> str:
    return reverse("calendar:window", args=[format_key(WINDOW_PREFIX, number)])


def freeze_path(number: int) -> str:
    return reverse("calendar:freeze", args=[format_key(FREEZE_PREFIX, number)])


def _kinds() -> Mapping[str, str]:
    return dict(Environment.objects.values_list("slug", "kind"))


def _environments(scope: Mapping[str, Any], kinds: Mapping[str, str]) -> tuple[str, ...]:
    """Return the environments that a scope leaves, as slugs; none for "all of them"."""
    named, wanted = scope.get("environments", ()), scope.get("environment_kinds", ())
    if not wanted:
        return tuple(named)
    return tuple(slug for slug in (named or kinds) if kinds.get(slug) in wanted) or NOWHERE


def _feed(title: str, *kinds: CalendarKind) -> FeedSource:
    def entries(reader: Actor, _scope: str, start: datetime, end: datetime) -> list[CalendarEntry]:
        return entries_between(reader, start, end, Wanted(kinds=kinds))

    return FeedSource(title, timedelta(days=30), timedelta(days=180), entries)


def register() -> None:
    """Put this app's calendar sources, panel and key resolvers where they belong."""
    calendar_sources.add("windows", window_entries)
    calendar_sources.add("freezes", freeze_entries)
    feed_sources.add(
        "changes", _feed("Changes, windows and freezes", "change", "window", "freeze", "meeting")
    )
    feed_sources.add("owed", _feed("What I owe", "obligation"))
    key_urls.add(WINDOW_PREFIX, window_path)
    key_urls.add(FREEZE_PREFIX, freeze_path)
    panels.add("calendar.frozen", Panel("home.broken", 2, "calendar/panel_frozen.html", frozen))
