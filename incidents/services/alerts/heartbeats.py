"""Heartbeat checks: pinged, missed, paused. A missed one is an alert like any other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from incidents.ingest.arrived import Arrived, Status
from incidents.models import HeartbeatCheck
from incidents.permissions.alerts import source_case_of
from incidents.services.alerts import fields as of
from incidents.services.alerts.ingesting import arrived_from_the_portal
from incidents.services.alerts.integrations import portal_integration
from incidents.services.alerts.keys import CHECK_PREFIX, SHOWN, digest_of, is_secret, new_secret
from incidents.states import CHECK
from opsportal.accounts.models import Team
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.due import each_due
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.text import clean_slug
from opsportal.core.versions import require_version
from opsportal.core.writes import write

KIND = "heartbeat_check"
ACTOR = Actor.system("incidents.heartbeats")
_BATCH = 200
CLEANERS: Mapping[str, of.Cleaner] = {
    "name": of.a_name,
    "team": of.maybe_team,
    "service": of.maybe_service,
    "severity": of.a_severity,
    "every": of.seconds(30, 366 * 86_400),
    "grace": of.seconds(0, 31 * 86_400),
}


def check_create(
    *, actor: Actor, now: datetime, slug: object, fields: Mapping[str, Any]
) -> tuple[HeartbeatCheck, str]:
    """Store a heartbeat check and return it with its token, which cannot be had again.

    `fields` are those of `CLEANERS`; `name` and `every` (seconds) are needed. It is silent until its first
    ping. Raises `InvalidInput` and `Forbidden`.
    """
    values = of.cleaned({"name": "", "every": None, "grace": 60, **fields}, CLEANERS)
    short = clean_slug(slug, field="slug")
    with write(actor=actor, now=now):
        require(actor, "heartbeat_check.manage", _case(actor, values.get("team"), now))
        if HeartbeatCheck.objects.filter(slug=short).exists():
            raise InvalidInput.of("slug", "taken", "Another heartbeat check has this short name.")
        check = HeartbeatCheck(slug=short, created_at=now, updated_at=now, **values)
        secret = _give_token(check)
        check.save(force_insert=True)
        _record(actor, now, "created", check)
        return check, secret


def check_update(
    *, actor: Actor, now: datetime, slug: str, fields: Mapping[str, Any], version: int | None = None
) -> HeartbeatCheck:
    """Change fields of a check and return it; while it is up, the next ping is due by the new ones.

    Raises `InvalidInput`, `NotFound`, `Forbidden` and `Stale`.
    """
    values = of.cleaned(fields, CLEANERS)
    with write(actor=actor, now=now):
        check = _locked(slug, actor, now)
        require_version(check, version)
        changed = sorted(name for name, value in values.items() if getattr(check, name) != value)
        for name in changed:
            setattr(check, name, values[name])
        if "team" in changed:
            require(actor, "heartbeat_check.manage", _case(actor, check.team, now))
        if changed:
            if check.state == "up" and check.last_ping_at is not None:
                check.due_at = check.last_ping_at + check.patience
            _save(check, now)
            _record(actor, now, "edited", check, {"fields": list(changed)})
        return check


def check_token_make(*, actor: Actor, now: datetime, slug: str) -> tuple[HeartbeatCheck, str]:
    """Give a check another token; the one before it stops working. Raises `NotFound` and `Forbidden`."""
    with write(actor=actor, now=now):
        check = _locked(slug, actor, now)
        secret = _give_token(check)
        _save(check, now)
        _record(actor, now, "token_made", check)
        return check, secret


def check_pause(*, actor: Actor, now: datetime, slug: str) -> HeartbeatCheck:
    """Miss no ping of this check until it is resumed; an alert of it is over.

    Raises `NotFound`, `Forbidden` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        check = _locked(slug, actor, now)
        was = check.state
        check.state = CHECK.move(was, "pause")
        check.due_at = None
        _save(check, now)
        _record(actor, now, "paused", check)
        if was == "down":
            _tell(check, "resolved", now)
        return check


def check_resume(*, actor: Actor, now: datetime, slug: str) -> HeartbeatCheck:
    """Expect pings again, from the next one on. Raises `NotFound`, `Forbidden` and `IllegalMove`."""
    with write(actor=actor, now=now):
        check = _locked(slug, actor, now)
        check.state = CHECK.move(check.state, "resume")
        _save(check, now)
        _record(actor, now, "resumed", check)
        return check


def check_ping(*, now: datetime, secret: str) -> HeartbeatCheck:
    """Note a ping by the token of a check, and return it. One that is paused stays silent.

    Raises `NotFound` where there is no such token: the answer does not tell which ever existed.
    """
    known = HeartbeatCheck.objects.filter(digest=digest_of(secret)) if is_secret(secret) else None
    found = known.first() if known is not None else None
    if found is None:
        raise NotFound("There is no such heartbeat check.")
    with write(actor=Actor.system(f"heartbeat.{found.slug}"), now=now):
        check = HeartbeatCheck.objects.select_for_update().get(pk=found.pk)
        if not CHECK.can(check.state, "ping"):
            return check
        was = check.state
        check.state = CHECK.move(was, "ping")
        check.last_ping_at = max(now, check.last_ping_at or now)
        check.due_at = check.last_ping_at + check.patience
        if was == check.state:
            # What comes every minute is no business event, and leaves no history row.
            HeartbeatCheck.objects.filter(pk=check.pk).update(
                last_ping_at=check.last_ping_at, due_at=check.due_at
            )
            return check
        _save(check, now)
        if was == "down":
            _record(ACTOR, now, "returned", check)
            _tell(check, "resolved", now)
        return check


def checks_advance(*, clock: Callable[[], datetime]) -> int:
    """Open an alert for each ping that was missed; return how many.

    `clock` is the database's (aware UTC). Each has a transaction of its own. Raises `DueError` where one
    failed, so that the heart does not beat.
    """
    now = clock()
    due = HeartbeatCheck.objects.filter(due_at__lte=now).order_by("due_at", "id")
    return each_due("missed pings", due.values_list("pk", flat=True)[:_BATCH], _miss, now)


def _miss(pk: int, now: datetime) -> int:
    with write(actor=ACTOR, now=now):
        check = (
            HeartbeatCheck.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("service")
            .filter(pk=pk, due_at__lte=now)
            .first()
        )
        if check is None:
            return 0
        check.state = CHECK.move(check.state, "miss")
        check.due_at = None
        _save(check, now)
        _record(ACTOR, now, "missed", check)
        _tell(check, "firing", now)
        return 1


def _tell(check: HeartbeatCheck, status: Status, now: datetime) -> None:
    """Let the alert of a check begin or end, on the way of every alert."""
    alert = Arrived(
        fingerprint=f"heartbeat:{check.slug}",
        status=status,
        title=f"No heartbeat of {check.name}",
        labels={
            "alertname": "HeartbeatMissed",
            "check": check.slug,
            **({"service": check.service.slug} if check.service else {}),
        },
        annotations={"description": _words(check)} if status == "firing" else {},
        severity=check.severity,
        keeps_unseen_end=False,
    )
    body = json.dumps({"check": check.slug, "status": status}).encode()
    arrived_from_the_portal(now=now, integration=portal_integration(now), alerts=(alert,), body=body)


def _words(check: HeartbeatCheck) -> str:
    last = f"{check.last_ping_at:%Y-%m-%d %H:%M:%S} UTC" if check.last_ping_at else "never"
    return f"A ping was expected every {check.every} s. The last one came: {last}."


def _give_token(check: HeartbeatCheck) -> str:
    secret = new_secret(CHECK_PREFIX)
    check.prefix, check.digest = secret[:SHOWN], digest_of(secret)
    return secret


def _locked(slug: str, actor: Actor, now: datetime) -> HeartbeatCheck:
    rows = HeartbeatCheck.objects.select_for_update(of=("self",)).select_related("team", "service")
    check = rows.filter(slug=slug).first()
    if check is None:
        raise NotFound("There is no such heartbeat check.")
    require(actor, "heartbeat_check.manage", _case(actor, check.team, now))
    return check


def _case(actor: Actor, team: Team | None, now: datetime) -> Any:
    return source_case_of(actor, team.slug if team else "", now.astimezone(UTC).date())


def _save(check: HeartbeatCheck, now: datetime) -> None:
    check.version += 1
    check.updated_at = now
    check.save()


def _record(
    actor: Actor, now: datetime, event: str, check: HeartbeatCheck, data: Mapping[str, JSON] | None = None
) -> None:
    audit_record(
        actor=actor, now=now, action=f"{KIND}.{event}", object_kind=KIND, object_key=check.slug, data=data
    )
