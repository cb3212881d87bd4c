"""Writing down what must be recoverable."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from compliance.models import Asset
from compliance.permissions.recovery import AssetCase
from compliance.recovery.states import ASSET
from compliance.recovery.words import ASSET_KINDS, DATA_TYPES, TIERS
from compliance.selectors.recovery import asset_by_pk
from compliance.services.recovery import fields as read
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.text import clean_slug, clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.outbox.services import outbox_put

KIND = "asset"
CLEANERS = {
    "name": read.text("name", read.MAX_NAME, required=True),
    "kind": read.one_of("kind", ASSET_KINDS),
    "data_type": read.one_of("data_type", DATA_TYPES),
    "service": read.service,
    "tier": read.one_of("tier", TIERS, blank=True),
    "team": read.team,
    "owner": read.person("owner"),
    "record_class": read.record_class,
    "kept_for": read.span,
    "place": read.text("place", read.MAX_PLACE),
    "description": read.text("description", read.MAX_TEXT, lines=True),
}
COLUMNS = {"tier": "own_tier", "team": "owner_team"}


def asset_create(*, actor: Actor, now: datetime, slug: object, fields: Mapping[str, Any]) -> Asset:
    """Write down an asset and return it.

    `fields` are those of `CLEANERS`; `name`, `kind`, `data_type` and `team` are needed, a `service` or a
    `tier` too, and `owner` (id or address) where no person writes it. Raises `InvalidInput` (also for a slug
    that is taken) and `Forbidden`.
    """
    with write(actor=actor, now=now):
        name = clean_slug(slug, field="slug")
        cleaned = read.cleaned(fields, CLEANERS)
        read.need(cleaned, "name", "kind", "data_type", "team")
        owner_id = cleaned["owner"].pk if "owner" in cleaned else (actor.id if actor.is_user else None)
        if owner_id is None:
            raise InvalidInput.of(
                "owner", "required", "Say who answers for it: that person owes its backups."
            )
        require(actor, "asset.write", AssetCase(cleaned["team"].slug, "", now))
        asset = Asset(slug=name, owner_id=owner_id, created_at=now, updated_at=now)
        _fill(asset, cleaned)
        _insert(asset)
        _record(asset, "created", actor=actor, now=now)
        return asset


def asset_edit(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> Asset:
    """Change an asset and return it. The team that it is given to must be one of the actor's own too.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, and `IllegalMove` for a retired one.
    """
    with write(actor=actor, now=now):
        asset = asset_locked(pk)
        require(actor, "asset.write", case_of(asset, now))
        require_version(asset, version)
        cleaned = read.cleaned(fields, CLEANERS)
        asset.state = ASSET.move(asset.state, "edit")
        if "team" in cleaned and cleaned["team"].pk != asset.owner_team_id:
            require(actor, "asset.write", AssetCase(cleaned["team"].slug, "", now))
        _fill(asset, cleaned)
        _save(asset, now)
        _record(asset, "edited", actor=actor, now=now)
        return asset


def asset_retire(
    *, actor: Actor, now: datetime, pk: int, reason: object = "", version: int | None = None
) -> Asset:
    """Take an asset out of use, with the reason, and return it: nothing is owed for it any more.

    Its records stay. Raises as `asset_edit`.
    """
    said = clean_text(reason, field="reason", max_length=read.MAX_NOTE, required=True)
    with write(actor=actor, now=now, reason=said):
        return _moved(pk, "retire", "retired", actor=actor, now=now, version=version)


def asset_reinstate(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> Asset:
    """Take a retired asset into use again, and return it. Raises as `asset_edit`."""
    with write(actor=actor, now=now):
        return _moved(pk, "reinstate", "reinstated", actor=actor, now=now, version=version)


def asset_locked(pk: int) -> Asset:
    """Lock an asset and return it with service, team and owner. Raises `NotFound`."""
    if not Asset.objects.select_for_update().filter(pk=pk).exists():
        raise NotFound("There is no such asset.")
    return asset_by_pk(pk)


def case_of(asset: Asset, now: datetime) -> AssetCase:
    """Return what permissions ask of an asset at `now` (aware UTC)."""
    return AssetCase(asset.owner_team.slug, str(asset.owner_id), now)


def _moved(pk: int, verb: str, event: str, *, actor: Actor, now: datetime, version: int | None) -> Asset:
    asset = asset_locked(pk)
    require(actor, "asset.write", case_of(asset, now))
    require_version(asset, version)
    asset.state = ASSET.move(asset.state, verb)
    _save(asset, now)
    _record(asset, event, actor=actor, now=now)
    return asset


def _fill(asset: Asset, cleaned: Mapping[str, Any]) -> None:
    for field, value in cleaned.items():
        setattr(asset, COLUMNS.get(field, field), value)
    if not asset.own_tier and asset.service is None:
        raise InvalidInput.of("tier", "required", "Name its tier, or the service whose tier counts.")


def _insert(asset: Asset) -> None:
    taken = InvalidInput.of("slug", "taken", "There is an asset with this short name already.")
    if Asset.objects.filter(slug=asset.slug).exists():
        raise taken
    try:
        with transaction.atomic():
            asset.save(force_insert=True)
    except IntegrityError:  # somebody else took it between the look and the save
        raise taken from None


def _save(asset: Asset, now: datetime) -> None:
    asset.version += 1
    asset.updated_at = now
    asset.save()


def _record(asset: Asset, event: str, *, actor: Actor, now: datetime) -> None:
    audit_record(
        actor=actor,
        now=now,
        action=f"asset.{event}",
        object_kind=KIND,
        object_key=asset.key,
        data={"slug": asset.slug, "tier": asset.tier, "state": asset.state},
    )
    outbox_put(
        now=now,
        topic=f"compliance.asset.{event}",
        key=asset.key,
        payload={"asset": asset.key, "state": asset.state, "actor": str(actor), "at": now.isoformat()},
    )
