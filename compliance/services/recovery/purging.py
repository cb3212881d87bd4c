"""Deleting what need not be kept any more: by the owner of the database, in bites, with a tombstone for each.

Each bite is one transaction: rules and holds are asked under lock, the guard of the table is lifted for that
long, rows go, the tombstone with their number and hash stands. Killed in between, what is done is done and
told, and the next run goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import Error, connection
from django.db.models import Min, Q

from compliance.models import LegalHold, Purge
from compliance.recovery.keeping import Keep, may_go_before, objections
from compliance.services.core import happened
from compliance.services.recovery.holds import holds_over, spared_by
from compliance.services.recovery.record_classes import BY_SLUG, RecordClass
from compliance.services.recovery.telling import ORGANISATION
from opsportal.audit.models import AppendOnly
from opsportal.audit.services import audit_record
from opsportal.audit.triggers import deletion_allowed
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound, Reason, RuleRefused
from opsportal.core.faultpoints import reached
from opsportal.core.text import clean_text
from opsportal.core.writes import write
from opsportal.standards import engine
from opsportal.standards.selectors import active_standard_or_none
from opsportal.standards.standing import Retain

POINT = "retention.purge"
MAX_REASON = 500


@dataclass(frozen=True)
class Plan:
    """What a purge would do: `rows` go, the oldest made at `oldest`; where `reasons` stand, none goes."""

    records: RecordClass
    before: datetime
    reasons: tuple[Reason, ...]
    spared: Q | None = None

    @cached_property
    def rows(self) -> int:
        """How many would go; they are counted when this is asked first."""
        return 0 if self.reasons else self.records.before(self.before, self.spared).count()

    @cached_property
    def oldest(self) -> datetime | None:
        """When the oldest that would go was made (aware UTC)."""
        if not self.rows:
            return None
        if not self.records.used_by:
            return self.records.oldest()
        rows = self.records.before(self.before, self.spared)
        found: datetime | None = rows.aggregate(oldest=Min(self.records.made))["oldest"]
        return found


def keeps_for(records: str) -> tuple[list[Keep], str]:
    """Return what the standard in force says about keeping a class of records, and the standard's hash."""
    standard = active_standard_or_none()
    if standard is None:
        return [], ""
    keeps = [
        Keep(found.rule_id, found.demand.keep, found.demand.then)
        for found in engine.standing(standard, POINT, {})
        if isinstance(found.demand, Retain) and found.demand.records == records
    ]
    return keeps, standard.content_hash


def purge_plan(*, now: datetime, records: str, before: datetime | None = None) -> Plan:
    """Return what deleting records of a class would do at `now`: of all that may go, or before `before`.

    A class of which nothing is ever deleted has that as its reason. Raises `NotFound` for a class that the
    portal does not keep.
    """
    found = _known(records)
    limit = before or may_go(records, now) or now
    reasons = (
        [Reason("never_deleted", "", found.kept_because)]
        if found.kept_because
        else _reasons(found, limit, now)
    )
    return Plan(found, limit, tuple(reasons), spared_by(found))


def may_go(records: str, now: datetime) -> datetime | None:
    """Return the instant before which records of a class may be deleted at `now`, None for none of them."""
    keeps, _ = keeps_for(records)
    return may_go_before(now, keeps, holds_over(_known(records)))


def purge_bite(
    *, actor: Actor, now: datetime, records: str, before: datetime, reason: object = "", most: int = 0
) -> Purge | None:
    """Delete up to `most` records of a class made before `before`; return the tombstone, None without any.

    Without `most` as many as are good for one transaction.
    Raises `NotFound`, `InvalidInput`, `Forbidden`, `Conflict` (`never_deleted`, `not_the_owner`), and
    `RuleRefused` with every rule and hold that stands against it; then nothing is deleted.
    """
    said = clean_text(reason, field="reason", max_length=MAX_REASON, required=True)
    found = _class(records)
    if before > now:
        raise InvalidInput.of("before", "in_the_future", "Only what was made before now can be deleted.")
    with write(actor=actor, now=now, reason=said):
        require(actor, "records.purge")
        _hold_off_holds()
        if reasons := _reasons(found, before, now, lock=True):
            raise RuleRefused(reasons)
        rows = found.next_rows(before, most or found.bite, spared_by(found, lock=True))
        if not rows:
            return None
        _delete(found, [row[_pk(found)] for row in rows])
        found.is_gone(rows)
        tombstone = _tombstone(found, rows, before, said, actor=actor, now=now)
        reached("purge.before_commit")
        return tombstone


def _known(records: str) -> RecordClass:
    found = BY_SLUG.get(records)
    if found is None:
        raise NotFound(f"The portal keeps no records of this class. Its own are: {', '.join(BY_SLUG)}.")
    return found


def _class(records: str) -> RecordClass:
    found = _known(records)
    if found.kept_because:
        raise Conflict(f"{found.title}: {found.kept_because}", code="never_deleted")
    return found


def _reasons(found: RecordClass, before: datetime, now: datetime, *, lock: bool = False) -> list[Reason]:
    keeps, _ = keeps_for(found.slug)
    reasons = [
        Reason(one.code, one.source, one.detail)
        for one in objections(before=before, now=now, keeps=keeps, holds=holds_over(found, lock=lock))
    ]
    if not keeps:
        reasons.append(
            Reason("no_rule", "", "No rule of the standard says how long these are kept, so they are kept.")
        )
    return reasons


def _hold_off_holds() -> None:
    """Let no legal hold be placed until this transaction ends. On SQLite nobody else writes meanwhile."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {connection.ops.quote_name(LegalHold._meta.db_table)} IN SHARE MODE")


def _delete(found: RecordClass, keys: list[Any]) -> None:
    table = connection.ops.quote_name(found.model._meta.db_table)
    column = connection.ops.quote_name(_pk(found))
    try:
        with _guard_lifted(found), connection.cursor() as cursor:
            for start in range(0, len(keys), 500):
                chunk = keys[start : start + 500]
                marks = ", ".join(["%s"] * len(chunk))
                cursor.execute(f"DELETE FROM {table} WHERE {column} IN ({marks})", chunk)  # noqa: S608
    except Error as error:
        if "must be owner" in str(error) or "permission denied" in str(error):
            raise Conflict(
                "Only the owner of the database's tables deletes. Run this command as that role.",
                code="not_the_owner",
            ) from None
        raise


def _guard_lifted(found: RecordClass) -> AbstractContextManager[None]:
    return deletion_allowed(connection, found.model) if issubclass(found.model, AppendOnly) else nullcontext()


def _pk(found: RecordClass) -> str:
    return str(found.model._meta.pk.column)


def _tombstone(
    found: RecordClass,
    rows: Sequence[Mapping[str, Any]],
    before: datetime,
    reason: str,
    *,
    actor: Actor,
    now: datetime,
) -> Purge:
    keeps, standard_hash = keeps_for(found.slug)
    made = [row[found.made] for row in rows]
    numbers = [row[_pk(found)] for row in rows if isinstance(row[_pk(found)], int)]
    tombstone = Purge(
        records=found.slug,
        before=before,
        rows=len(rows),
        first_id=min(numbers, default=0),
        last_id=max(numbers, default=0),
        oldest_at=min(made),
        newest_at=max(made),
        digest=rows_digest(rows),
        rules=[keep.rule for keep in keeps],
        standard_hash=standard_hash,
        reason=reason,
        actor_kind=actor.kind.value,
        actor_id=actor.id,
        at=now,
    )
    tombstone.save(force_insert=True)
    audit_record(
        actor=actor,
        now=now,
        action="records.purged",
        object_kind="records",
        object_key=found.slug,
        data={
            "rows": tombstone.rows,
            "first": tombstone.first_id,
            "last": tombstone.last_id,
            "digest": tombstone.digest,
            "before": before.isoformat(),
            "rules": list(tombstone.rules),
        },
    )
    happened(
        actor=actor,
        now=now,
        event="retention.purged",
        subject=ORGANISATION,
        record=("purge", str(tombstone.pk)),
        at=now,
        facts={"retention.records": found.slug, "retention.rows": len(rows)},
        owner=None,
        summary=f"{len(rows)} records deleted: {found.title}",
        digest=tombstone.digest,
    )
    return tombstone


def rows_digest(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the SHA-256 (hex) of rows: each as JSON with sorted names on a line of its own."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, sort_keys=True, default=_plain, ensure_ascii=False).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no plain form")
