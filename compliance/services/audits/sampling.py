"""Freezing populations, drawing samples, and what became of each item."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from compliance.auditing.sampling import METHOD, MOST_ITEMS, drawn, is_seed, packed, unpacked
from compliance.auditing.states import TAKEN_IN
from compliance.auditing.tables import ITEM_RESULTS
from compliance.models import ControlTest, Population, Sample, SampleItem
from compliance.selectors.audits.populations import KINDS, keys_of
from compliance.services.audits import cleaning
from compliance.services.audits.cleaning import cleaned
from compliance.services.audits.scene import audit_locked, case_of, record, require_under_way
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.versions import require_version
from opsportal.core.writes import write

MOST_KEYS = 2_000_000
_ITEM: dict[str, cleaning.Cleaner] = {
    "result": cleaning.word("result", ITEM_RESULTS),
    "note": cleaning.text("note"),
    "evidence": cleaning.references("evidence"),
}


def population_freeze(*, actor: Actor, now: datetime, audit: int, kind: str) -> Population:
    """Freeze the list of all `kind` (a key of `KINDS`) in the audit's period and services; return it.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, and `Conflict` outside of fieldwork and for more than
    two million keys.
    """
    if kind not in KINDS:
        raise InvalidInput.of("kind", "unknown", f"Must be one of: {', '.join(KINDS)}.")
    with write(actor=actor, now=now):
        about = audit_locked(audit, actor=actor)
        require(actor, "audit.work", case_of(about))
        require_under_way(about, *TAKEN_IN["freeze"])
        keys = keys_of(kind, about.begins, about.ends, about.service_slugs)
        if len(keys) > MOST_KEYS:
            raise Conflict(
                f"More than {MOST_KEYS:,} rows: shorten the period or name services.", code="too_many"
            )
        content, digest = packed(keys)
        row = Population(
            audit=about,
            kind=kind,
            query={
                "kind": kind,
                "from": about.begins.isoformat(),
                "until": about.ends.isoformat(),
                "services": list(about.service_slugs),
            },
            count=len(keys),
            sha256=digest,
            content=content,
            frozen_by_id=UUID(actor.id),
            frozen_at=now,
        )
        row.save(force_insert=True)
        data = {"population": row.pk, "kind": kind, "count": row.count, "sha256": digest}
        record("population", about.key, "frozen", actor=actor, now=now, data=data)
        return row


def population_keys(row: Population) -> list[str]:
    """Return the frozen list. Raises `Conflict` (`not_intact`) where it is not what was frozen."""
    keys, digest = unpacked(bytes(row.content))
    if digest != row.sha256 or len(keys) != row.count:
        raise Conflict("This list is not the one that was frozen.", code="not_intact")
    return keys


def seed_made(now: datetime) -> str:
    """Return a new seed, of the day (UTC) and what nobody can foresee."""
    return f"{now.astimezone(UTC):%Y%m%d}-{secrets.token_hex(8)}"


def sample_draw(
    *,
    actor: Actor,
    now: datetime,
    population: int,
    size: int,
    seed: str = "",
    test: int | None = None,
) -> Sample:
    """Draw `size` keys of a frozen population and return the sample, with an item for each key.

    `seed` is recorded (8 to 64 letters, digits, `._-`); one is made where it is empty. The same population,
    seed and size draw the same keys, now and later, here and elsewhere. Raises `InvalidInput` (a size
    beyond 5,000 or below 1, a poor seed), `NotFound`, `Forbidden` and `Conflict` (`sample_stands`: drawn
    already, perhaps by somebody at this moment; `audit_state`).
    """
    chosen = seed or seed_made(now)
    if not is_seed(chosen):
        raise InvalidInput.of("seed", "not_a_seed", "Use 8 to 64 letters, digits, dots, hyphens.")
    if not 1 <= size <= MOST_ITEMS:
        raise InvalidInput.of("size", "out_of_range", f"Must be from 1 to {MOST_ITEMS:,}.")
    with write(actor=actor, now=now):
        row = Population.objects.filter(pk=population).first()
        if row is None:
            raise NotFound("There is no such population.")
        about = audit_locked(row.audit_id, actor=actor)
        require(actor, "audit.work", case_of(about))
        require_under_way(about, *TAKEN_IN["draw"])
        tested = ControlTest.objects.filter(pk=test, audit=about).first() if test else None
        if test and tested is None:
            raise InvalidInput.of("test", "unknown", "There is no such test in this audit.")
        if row.samples.filter(seed=chosen, size=size).exists():
            raise Conflict(
                "This sample stands already: look at it, or draw another one by another seed.",
                code="sample_stands",
            )
        keys = drawn(population_keys(row), seed=chosen, size=size)
        sample = Sample(
            population=row,
            test=tested,
            seed=chosen,
            size=size,
            method=METHOD,
            keys=keys,
            drawn_by_id=UUID(actor.id),
            drawn_at=now,
        )
        sample.save(force_insert=True)
        for position, key in enumerate(keys, 1):
            SampleItem(sample=sample, position=position, subject_key=key).save(force_insert=True)
        data = {"sample": sample.pk, "population": row.pk, "seed": chosen, "size": len(keys)}
        record("sample", about.key, "drawn", actor=actor, now=now, data=data)
        return sample


def item_record(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> SampleItem:
    """Record the `result` of an item with `note` and `evidence` (keys and addresses), and return it.

    An exception needs a note. Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `Conflict`.
    """
    values = cleaned(fields, _ITEM, ("result",))
    if values["result"] == "exception" and not values.get("note"):
        raise InvalidInput.of("note", "required", "Say what is wrong with it.")
    with write(actor=actor, now=now):
        found = SampleItem.objects.filter(pk=pk).select_related("sample__population").first()
        if found is None:
            raise NotFound("There is no such item.")
        about = audit_locked(found.sample.population.audit_id, actor=actor)
        require(actor, "audit.work", case_of(about))
        row = SampleItem.objects.select_for_update(of=("self",)).get(pk=pk)
        require_version(row, version)
        require_under_way(about, *TAKEN_IN["item"])
        for name, value in values.items():
            setattr(row, name, value)
        row.tested_by_id, row.tested_at = UUID(actor.id), now
        row.version += 1
        row.save()
        data = {"item": row.pk, "sample": row.sample_id, "subject": row.subject_key, "result": row.result}
        record("sample_item", about.key, "recorded", actor=actor, now=now, data=data)
        return row
