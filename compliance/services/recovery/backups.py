"""Keeping what backup programs report: once each, and never a number that cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from compliance.facts.recovery import asset_facts, backup_facts
from compliance.models import Asset, Backup
from compliance.recovery.points import KINDS
from compliance.recovery.words import RESULTS
from compliance.services.recovery import fields as read
from compliance.services.recovery.assets import asset_locked, case_of
from compliance.services.recovery.telling import tell
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, FieldError, InvalidInput
from opsportal.core.writes import write
from opsportal.outbox.services import outbox_put

KIND = "backup"
LONGEST = timedelta(days=31)
CLEANERS = {
    "kind": read.one_of("kind", KINDS),
    "result": read.one_of("result", RESULTS),
    "started_at": read.moment("started_at"),
    "finished_at": read.moment("finished_at"),
    "covers_until": read.moment("covers_until", optional=True),
    "retention_until": read.moment("retention_until", optional=True),
    "size_bytes": read.size,
    "checksum": read.checksum,
    "encrypted": read.flag("encrypted"),
    "place": read.text("place", read.MAX_PLACE),
    "tool": read.text("tool", read.MAX_WORD),
    "external_id": read.text("external_id", read.MAX_EXTERNAL),
    "note": read.text("note", read.MAX_NOTE),
}


def backup_record(*, actor: Actor, now: datetime, asset: int, fields: Mapping[str, Any]) -> Backup:
    """Keep one backup of the asset with this number as it was reported, and return it.

    `fields` are those of `CLEANERS`; `kind`, `result`, `started_at` and `finished_at` are needed. A backup
    that was sent already under the same `external_id` is returned as it stands; where it says otherwise by
    now, it is refused. Raises `InvalidInput` (dates in the future or out of order, negative sizes, malformed
    checksums), `NotFound`, `Forbidden`, and `Conflict` (`asset_retired`, `told_otherwise`).
    """
    with write(actor=actor, now=now):
        found = asset_locked(asset)
        require(actor, "backup.record", case_of(found, now))
        cleaned = read.cleaned(fields, CLEANERS)
        read.need(cleaned, "kind", "result", "started_at", "finished_at")
        if cleaned.get("covers_until") is None:
            cleaned["covers_until"] = cleaned["started_at"]
        _check_times(cleaned, now)
        if (known := _known(found, cleaned)) is not None:
            return known
        if found.state != "active":
            raise Conflict(
                "This asset is retired. Reinstate it, or report another one.", code="asset_retired"
            )
        backup = Backup(
            asset=found,
            **cleaned,
            recorded_at=now,
            recorded_by_kind=actor.kind.value,
            recorded_by_id=actor.id,
        )
        try:
            with transaction.atomic():
                backup.save(force_insert=True)
        except IntegrityError:  # its twin came in between
            if (twin := _known(found, cleaned)) is None:
                raise
            return twin
        _told(backup, found, actor=actor, now=now)
        return backup


def _check_times(cleaned: Mapping[str, Any], now: datetime) -> None:
    """Raise `InvalidInput` for each instant that cannot be."""
    errors: list[FieldError] = []
    started, finished = cleaned["started_at"], cleaned["finished_at"]
    for name in ("started_at", "finished_at", "covers_until"):
        if cleaned[name] > now + read.SLACK:
            errors.append(
                FieldError(f"/{name}", "in_the_future", "This has not happened yet. Check the clock.")
            )
    if finished < started:
        errors.append(FieldError("/finished_at", "before_start", "It cannot finish before it starts."))
    elif finished - started > LONGEST:
        errors.append(FieldError("/started_at", "too_long", "No backup takes longer than a month."))
    if cleaned["covers_until"] > finished:
        errors.append(
            FieldError("/covers_until", "after_finish", "Its data cannot be newer than the backup itself.")
        )
    retention = cleaned.get("retention_until")
    if retention is not None and retention <= finished:
        errors.append(FieldError("/retention_until", "before_finish", "It must be kept beyond its finish."))
    if errors:
        raise InvalidInput(errors)


def _known(asset: Asset, cleaned: Mapping[str, Any]) -> Backup | None:
    """Return the backup that was sent already under this name. Raises `Conflict` where it says otherwise."""
    name = cleaned.get("external_id", "")
    known = Backup.objects.filter(asset=asset, external_id=name).first() if name else None
    if known is None:
        return None
    told = {field: getattr(known, field) for field in cleaned if field != "note"}
    if any(told[field] != value for field, value in cleaned.items() if field != "note"):
        raise Conflict(
            f"A backup with the external id “{name}” was reported already, and it says otherwise."
            " What was reported stays: send this one under another id.",
            code="told_otherwise",
        )
    known.asset = asset
    return known


def _told(backup: Backup, asset: Asset, *, actor: Actor, now: datetime) -> None:
    audit_record(
        actor=actor,
        now=now,
        action="backup.recorded",
        object_kind="asset",
        object_key=asset.key,
        data={
            "backup": backup.pk,
            "kind": backup.kind,
            "result": backup.result,
            "size": backup.size_bytes,
            "checksum": backup.checksum,
        },
    )
    tell(
        "backup.recorded",
        asset,
        record=(KIND, str(backup.pk)),
        at=backup.finished_at,
        facts={**asset_facts(asset), **backup_facts(backup)},
        summary=f"{backup.get_kind_display()} backup of {asset.slug} {backup.result}",
        digest=backup.checksum.removeprefix("sha256:"),
        actor=actor,
        now=now,
    )
    outbox_put(
        now=now,
        topic=f"compliance.backup.{backup.result}",
        key=asset.key,
        payload={"asset": asset.key, "backup": backup.pk, "at": backup.finished_at.isoformat()},
    )
