"""Writes of recurring maintenance windows."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from opsportal.accounts.services.periods import utc_day
from opsportal.calendar.models import MaintenanceWindow
from opsportal.calendar.places import Scope
from opsportal.calendar.recurrence import MAX_MINUTES, clean_rule, clean_zone
from opsportal.calendar.services.records import (
    MOST_IN_USE,
    clean_move_reason,
    clean_scope,
    clean_title,
    record,
)
from opsportal.calendar.states import WINDOW
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.versions import require_version
from opsportal.core.writes import write

KIND = "window"
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)


def window_create(
    *,
    actor: Actor,
    now: datetime,
    title: str,
    rule: str,
    at: time,
    zone: str,
    minutes: int,
    first_day: date | None = None,
    last_day: date | None = None,
    scope: Scope | None = None,
) -> MaintenanceWindow:
    """Store a maintenance window and return it.

    `rule` is the part of an RRULE that `recurrence` understands, `at` the start on the wall clock of
    `zone`, `minutes` the real duration; `first_day` is today (UTC) where it is left out. Raises
    `Forbidden`, `InvalidInput`, and `Conflict` ("too_many").
    """
    with write(actor=actor, now=now):
        require(actor, "window.write", utc_day(now))
        _refuse_too_many()
        window = MaintenanceWindow(created_at=now)
        _fill(
            window,
            {
                "title": title,
                "rule": rule,
                "at": at,
                "zone": zone,
                "minutes": minutes,
                "first_day": first_day or utc_day(now),
                "last_day": last_day,
                "scope": scope or Scope(),
            },
        )
        window.updated_at = now
        window.save()
        _record(actor, now, "window.created", window)
        return window


def window_update(
    *, actor: Actor, now: datetime, pk: int, version: int | None = None, **fields: Any
) -> MaintenanceWindow:
    """Change the given fields (those of `window_create`) and return the window.

    Raises `NotFound`, `Forbidden`, `Stale`, `InvalidInput`.
    """
    with write(actor=actor, now=now):
        window = _locked(pk)
        require(actor, "window.write", utc_day(now))
        require_version(window, version)
        before = _values(window)
        _fill(window, before | fields)
        changed = sorted(name for name, value in _values(window).items() if value != before[name])
        if changed:
            _save(window, now)
            _record(actor, now, "window.updated", window, changed)
        return window


def window_retire(
    *, actor: Actor, now: datetime, pk: int, reason: str = "", version: int | None = None
) -> MaintenanceWindow:
    """Take a window out of use and return it. Raises as `window_update`, and `IllegalMove`."""
    return _move(actor, now, pk, reason, version, verb="retire", action="window.retired")


def window_reinstate(
    *, actor: Actor, now: datetime, pk: int, reason: str = "", version: int | None = None
) -> MaintenanceWindow:
    """Put a window back into use and return it. Raises as `window_retire`, and `Conflict` ("too_many")."""
    return _move(actor, now, pk, reason, version, verb="reinstate", action="window.reinstated")


def _move(
    actor: Actor, now: datetime, pk: int, reason: str, version: int | None, *, verb: str, action: str
) -> MaintenanceWindow:
    text = clean_move_reason(reason)
    with write(actor=actor, now=now, reason=text):
        window = _locked(pk)
        require(actor, "window.write", utc_day(now))
        require_version(window, version)
        window.state = WINDOW.move(window.state, verb)
        if verb == "reinstate":
            _refuse_too_many()
        _save(window, now)
        _record(actor, now, action, window)
        return window


def _locked(pk: int) -> MaintenanceWindow:
    window = MaintenanceWindow.objects.select_for_update().filter(pk=pk).first()
    if window is None:
        raise NotFound("There is no such maintenance window.")
    return window


def _values(window: MaintenanceWindow) -> dict[str, Any]:
    names = ("title", "rule", "at", "zone", "minutes", "first_day", "last_day")
    return {**{name: getattr(window, name) for name in names}, "scope": Scope.of(window.scope)}


def _fill(window: MaintenanceWindow, values: dict[str, Any]) -> None:
    first_day, last_day = values["first_day"], values["last_day"]
    for name, day in (("first_day", first_day), ("last_day", last_day)):
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise InvalidInput.of(name, "out_of_range", "Must lie between the years 2000 and 2200.")
    if last_day is not None and last_day < first_day:
        raise InvalidInput.of("last_day", "ends_before_start", "The last day is before the first.")
    minutes = values["minutes"]
    if isinstance(minutes, bool) or not 1 <= minutes <= MAX_MINUTES:
        raise InvalidInput.of("minutes", "out_of_range", f"Must be 1 to {MAX_MINUTES} minutes (seven days).")
    window.title = clean_title(values["title"])
    window.rule = clean_rule(values["rule"], first_day)
    window.at = values["at"].replace(second=0, microsecond=0, tzinfo=None)
    window.zone = clean_zone(values["zone"])
    window.minutes = minutes
    window.first_day, window.last_day = first_day, last_day
    window.scope = clean_scope(values["scope"])


def _refuse_too_many() -> None:
    if MaintenanceWindow.objects.filter(state="active").count() >= MOST_IN_USE:
        raise Conflict(
            f"There are {MOST_IN_USE} maintenance windows in use. Retire some first.", code="too_many"
        )


def _save(window: MaintenanceWindow, now: datetime) -> None:
    window.version += 1
    window.updated_at = now
    window.save()


def _record(
    actor: Actor, now: datetime, action: str, window: MaintenanceWindow, fields: list[str] | None = None
) -> None:
    data = {"fields": list(fields)} if fields else {"rule": window.rule, "zone": window.zone}
    record(actor=actor, now=now, action=action, kind=KIND, key=window.key, data=data)
