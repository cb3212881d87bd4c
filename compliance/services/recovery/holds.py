"""Legal holds: what nobody deletes for now, whatever a rule allows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from compliance.models import Asset, LegalHold
from compliance.recovery.keeping import Held
from compliance.recovery.states import HOLD
from compliance.selectors.recovery import holds_loaded
from compliance.services.recovery import fields as read
from compliance.services.recovery.record_classes import RecordClass
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

KIND = "legal_hold"


def _asset(value: object) -> Asset | None:
    found = Asset.objects.filter(slug=value).first() if isinstance(value, str) and value else None
    if value not in ("", None) and found is None:
        raise InvalidInput.of("asset", "unknown", "There is no such asset.")
    return found


CLEANERS = {
    "records": read.record_class,
    "asset": _asset,
    "since": read.moment("since", optional=True),
    "until": read.moment("until", optional=True),
    "reason": read.text("reason", read.MAX_TEXT, required=True, lines=True),
}


def hold_place(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> LegalHold:
    """Place a legal hold and return it.

    `fields` are `records` (a class, `""` for all), `asset` (only what is of it), `since`, `until`, `reason`.
    It holds from this moment, also against a purge that is typed at the same time. Raises `InvalidInput`
    and `Forbidden`.
    """
    with write(actor=actor, now=now):
        require(actor, "hold.write")
        cleaned = read.cleaned(fields, CLEANERS)
        read.need(cleaned, "reason")
        since, until = cleaned.get("since"), cleaned.get("until")
        if since is not None and until is not None and until <= since:
            raise InvalidInput.of("until", "before_start", "It must end after it begins.")
        hold = LegalHold(placed_by_id=actor.id, placed_at=now, **cleaned)
        hold.save(force_insert=True)
        _record(hold, "placed", actor=actor, now=now)
        return hold


def hold_lift(
    *, actor: Actor, now: datetime, pk: int, reason: object = "", version: int | None = None
) -> LegalHold:
    """Lift a legal hold, with the reason, and return it.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, and `IllegalMove` for one that is lifted.
    """
    said = clean_text(reason, field="reason", max_length=read.MAX_NOTE, required=True)
    with write(actor=actor, now=now, reason=said):
        if not LegalHold.objects.select_for_update().filter(pk=pk).exists():
            raise NotFound("There is no such legal hold.")
        hold = holds_loaded().get(pk=pk)
        require(actor, "hold.write")
        require_version(hold, version)
        hold.state = HOLD.move(hold.state, "lift")
        hold.lifted_by_id, hold.lifted_at, hold.lifted_reason = actor.id, now, said
        hold.version += 1
        hold.save()
        _record(hold, "lifted", actor=actor, now=now)
        return hold


def holds_over(found: RecordClass, *, lock: bool = False) -> list[Held]:
    """Return the holds that stand over a whole class of records.

    One of an asset does not, where the class knows of which asset its records are (`spared_by`), nor where it
    names no class and this one has nothing of any asset. `lock` makes a purge wait for whoever lifts one of
    them at this moment.
    """
    of_assets = [] if found.asset else [found.slug]
    rows = _standing(found, lock=lock).filter(Q(asset=None) | Q(records__in=of_assets))
    return [Held(hold.key, hold.since, hold.until) for hold in rows]


def spans_kept() -> list[tuple[datetime | None, datetime | None]]:
    """Return from when until when (None is open) a hold over all records, of whatever asset, keeps them."""
    rows = LegalHold.objects.filter(state="placed", records="", asset=None)
    return list(rows.values_list("since", "until"))


def spared_by(found: RecordClass, *, lock: bool = False) -> Q | None:
    """Return which records of a class are kept by holds of their asset, None for none. `lock` as above."""
    if not found.asset:
        return None
    spared = Q()
    for hold in _standing(found, lock=lock).filter(asset__isnull=False):
        one = Q(**{found.asset: hold.asset_id})
        one &= Q(**{f"{found.made}__gte": hold.since}) if hold.since else Q()
        one &= Q(**{f"{found.made}__lt": hold.until}) if hold.until else Q()
        spared |= one
    return spared or None


def _standing(found: RecordClass, *, lock: bool) -> QuerySet[LegalHold]:
    rows = LegalHold.objects.filter(state="placed", records__in=["", found.slug]).order_by("id")
    return rows.select_for_update(of=("self",)) if lock else rows


def _record(hold: LegalHold, event: str, *, actor: Actor, now: datetime) -> None:
    audit_record(
        actor=actor,
        now=now,
        action=f"hold.{event}",
        object_kind=KIND,
        object_key=hold.key,
        data={"records": hold.records, "asset": hold.asset.key if hold.asset else ""},
    )
