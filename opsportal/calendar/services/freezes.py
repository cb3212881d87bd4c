"""Writes of freezes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from opsportal.accounts.models import Role
from opsportal.accounts.services.periods import utc_day
from opsportal.audit.canonical import JSON
from opsportal.calendar.models import Freeze
from opsportal.calendar.places import Scope
from opsportal.calendar.services.records import (
    MOST_IN_USE,
    clean_move_reason,
    clean_scope,
    clean_title,
    record,
    refuse_unknown,
)
from opsportal.calendar.states import FREEZE
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

KIND = "freeze"
MAX_LENGTH = timedelta(days=366)
MOST_ROLES = 20
MAX_WHY = 2_000


def freeze_create(
    *,
    actor: Actor,
    now: datetime,
    title: str,
    reason: str,
    starts_at: datetime,
    ends_at: datetime,
    scope: Scope | None = None,
    pass_roles: Sequence[str] = (),
) -> Freeze:
    """Set a freeze and return it. It may begin in the past, and ends in the future.

    `pass_roles` are slugs of roles whose holders may pass. Raises `Forbidden`, `InvalidInput`, and
    `Conflict` ("too_many").
    """
    with write(actor=actor, now=now):
        require(actor, "freeze.write", utc_day(now))
        if Freeze.objects.filter(state="set", ends_at__gt=now).count() >= MOST_IN_USE:
            raise Conflict(f"There are {MOST_IN_USE} freezes already. Lift some first.", code="too_many")
        freeze = Freeze(created_at=now)
        _fill(
            freeze,
            {
                "title": title,
                "reason": reason,
                "starts_at": starts_at,
                "ends_at": ends_at,
                "scope": scope or Scope(),
                "pass_roles": tuple(pass_roles),
            },
        )
        _refuse_past_end(freeze, now)
        freeze.updated_at = now
        freeze.save()
        _record(
            actor, now, "freeze.set", freeze, {"from": _at(freeze.starts_at), "until": _at(freeze.ends_at)}
        )
        return freeze


def freeze_update(
    *, actor: Actor, now: datetime, pk: int, version: int | None = None, **fields: Any
) -> Freeze:
    """Change the given fields (those of `freeze_create`) of a freeze that is set, and return it.

    Raises `NotFound`, `Forbidden`, `Stale`, `InvalidInput`, and `Conflict` ("over") once it is lifted or
    over: what was in force stays on record as it was.
    """
    with write(actor=actor, now=now):
        freeze = _locked(pk)
        require(actor, "freeze.write", utc_day(now))
        require_version(freeze, version)
        if freeze.state != FREEZE.initial or freeze.ends_at <= now:
            raise _over()
        before = _values(freeze)
        _fill(freeze, before | fields)
        changed = sorted(name for name, value in _values(freeze).items() if value != before[name])
        if not changed:
            return freeze
        _refuse_past_end(freeze, now)
        _save(freeze, now)
        data: dict[str, JSON] = {"fields": list(changed), "until": _at(freeze.ends_at)}
        _record(actor, now, "freeze.updated", freeze, data)
        return freeze


def freeze_lift(
    *, actor: Actor, now: datetime, pk: int, reason: str = "", version: int | None = None
) -> Freeze:
    """End a freeze ahead of its time and return it. Raises as `freeze_update`, and `IllegalMove`."""
    text = clean_move_reason(reason)
    with write(actor=actor, now=now, reason=text):
        freeze = _locked(pk)
        require(actor, "freeze.write", utc_day(now))
        require_version(freeze, version)
        freeze.state = FREEZE.move(freeze.state, "lift")
        if freeze.ends_at <= now:
            raise _over()
        _save(freeze, now)
        _record(actor, now, "freeze.lifted", freeze, {"reason": text} if text else {})
        return freeze


def _locked(pk: int) -> Freeze:
    freeze = Freeze.objects.select_for_update().filter(pk=pk).first()
    if freeze is None:
        raise NotFound("There is no such freeze.")
    return freeze


def _values(freeze: Freeze) -> dict[str, Any]:
    names = ("title", "reason", "starts_at", "ends_at")
    return {
        **{name: getattr(freeze, name) for name in names},
        "scope": Scope.of(freeze.scope),
        "pass_roles": tuple(freeze.pass_roles),
    }


def _fill(freeze: Freeze, values: dict[str, Any]) -> None:
    start = clean_moment(values["starts_at"], field="starts_at")
    end = clean_moment(values["ends_at"], field="ends_at")
    if end <= start:
        raise InvalidInput.of("ends_at", "ends_before_start", "It must end after it starts.")
    if end - start > MAX_LENGTH:
        raise InvalidInput.of("ends_at", "too_long", f"At most {MAX_LENGTH.days} days; set another one then.")
    freeze.title = clean_title(values["title"])
    freeze.reason = clean_text(values["reason"], field="reason", max_length=MAX_WHY, required=True)
    freeze.starts_at, freeze.ends_at = start, end
    freeze.scope = clean_scope(values["scope"])
    freeze.pass_roles = _clean_roles(values["pass_roles"])


def _clean_roles(slugs: Sequence[str]) -> list[str]:
    if len(slugs) > MOST_ROLES:
        raise InvalidInput.of("pass_roles", "too_many", f"At most {MOST_ROLES}.")
    named = sorted({clean_text(slug, field="pass_roles", max_length=60, lines=False) for slug in slugs})
    refuse_unknown(
        "pass_roles", named, set(Role.objects.filter(slug__in=named).values_list("slug", flat=True))
    )
    return named


def _refuse_past_end(freeze: Freeze, now: datetime) -> None:
    if freeze.ends_at <= now:
        raise InvalidInput.of("ends_at", "in_the_past", "It must end in the future; to end it now, lift it.")


def _over() -> Conflict:
    return Conflict("This freeze is over; what was in force stays as it was.", code="over")


def _save(freeze: Freeze, now: datetime) -> None:
    freeze.version += 1
    freeze.updated_at = now
    freeze.save()


def _at(moment: datetime) -> str:
    return moment.isoformat()


def _record(actor: Actor, now: datetime, action: str, freeze: Freeze, data: dict[str, JSON]) -> None:
    record(actor=actor, now=now, action=action, kind=KIND, key=freeze.key, data=data)
