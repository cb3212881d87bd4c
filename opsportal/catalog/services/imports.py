"""The catalogue from a file: first what would happen, then that. Nothing is ever removed but dependencies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from opsportal.catalog.models import Dependency
from opsportal.catalog.selectors import entries
from opsportal.catalog.services.dependencies import dependency_add, dependency_remove
from opsportal.catalog.services.services import service_create, service_update
from opsportal.catalog.sheet import Row
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, InvalidInput, Refusal, Stale
from opsportal.core.writes import write

NEW, CHANGED, SAME, REFUSED = "new", "changed", "same", "refused"
_NEEDED = ("name", "tier", "data_classification", "owner_team")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that becomes another, both as words."""

    field: str
    before: str
    after: str


@dataclass
class Line:
    """What becomes of one row: `outcome` is new, changed, same or refused."""

    row: Row
    outcome: str = SAME
    differences: tuple[Difference, ...] = ()
    errors: list[FieldError] = field(default_factory=list)

    @property
    def slug(self) -> str:
        return self.row.slug


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import does. `fingerprint` is of all of it: the same plan, or something has moved since."""

    lines: tuple[Line, ...]

    @property
    def errors(self) -> list[FieldError]:
        return [error for line in self.lines for error in line.errors]

    @property
    def fingerprint(self) -> str:
        told = [
            [line.slug, line.outcome, [(one.field, one.before, one.after) for one in line.differences]]
            for line in self.lines
        ]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def count(self, outcome: str) -> int:
        """Return how many rows come out so."""
        return sum(line.outcome == outcome for line in self.lines)


def catalog_preview(*, actor: Actor, now: datetime, rows: Iterable[Row]) -> Plan:
    """Return what `catalog_import` would do, wrong rows too. It is done and taken back, so nothing stays."""
    with write(actor=actor, now=now), transaction.atomic():
        plan = _carry_out(actor, now, list(rows))
        transaction.set_rollback(True)
    return plan


def catalog_import(*, actor: Actor, now: datetime, rows: Iterable[Row], fingerprint: str = "") -> Plan:
    """Add and change services and what they depend on, all of the rows or none, and return what was done.

    A field that a row does not give stays as it is; `depends_on`, where given, becomes exactly that.
    Services that stand in no row are left alone. `fingerprint` is of the plan that somebody has seen.
    Raises `InvalidInput` with a pointer for each wrong row, `Stale` where the plan is another one now,
    and `Forbidden` as a row's own error.
    """
    with write(actor=actor, now=now):
        plan = _carry_out(actor, now, list(rows))
        if plan.errors:
            raise InvalidInput(plan.errors)
        if fingerprint and fingerprint != plan.fingerprint:
            raise Stale("The catalogue has changed since you saw this preview. Look at it again.")
        return plan


def _carry_out(actor: Actor, now: datetime, rows: list[Row]) -> Plan:
    before = {entry["slug"]: entry for entry in entries([row.slug for row in rows])}
    lines = [Line(row) for row in rows]
    for line in lines:
        _guarded(line, lambda line=line: _store(actor, now, line, before.get(line.slug)))
    # Dependencies may name services of later rows, so all services come first; what goes, before what comes.
    wanting = [line for line in lines if not line.errors and "depends_on" in line.row.values]
    for step in (_drop_dependencies, _add_dependencies):
        for line in wanting:
            _guarded(line, lambda line=line, step=step: step(actor, now, line))
    after = {entry["slug"]: entry for entry in entries([row.slug for row in rows])}
    for line in lines:
        _tell(line, before.get(line.slug), after.get(line.slug))
    return Plan(tuple(lines))


def _guarded(line: Line, step: Any) -> None:
    """Do a step of a row in a savepoint of its own, and note its refusal."""
    try:
        with transaction.atomic():
            step()
    except InvalidInput as refusal:
        where = line.row.pointer
        line.errors += [FieldError(f"{where}{one.pointer}", one.code, one.detail) for one in refusal.errors]
    except Refusal as refusal:
        line.errors.append(FieldError(line.row.pointer, refusal.code, refusal.detail))


def _store(actor: Actor, now: datetime, line: Line, there: Mapping[str, Any] | None) -> None:
    values = {name: value for name, value in line.row.values.items() if name != "depends_on"}
    if there is not None:
        service_update(actor=actor, now=now, slug=line.slug, **values)
        return
    missing = [name for name in _NEEDED if not values.get(name)]
    if missing:
        words = "It is not in the catalogue yet, so this is needed."
        raise InvalidInput([FieldError(f"/{name}", "required", words) for name in missing])
    service_create(actor=actor, now=now, slug=line.slug, **values)


def _drop_dependencies(actor: Actor, now: datetime, line: Line) -> None:
    wanted: Mapping[str, str] = line.row.values["depends_on"]
    for row in Dependency.objects.filter(service__slug=line.slug).select_related("depends_on"):
        if wanted.get(row.depends_on.slug) != row.kind:
            dependency_remove(actor=actor, now=now, dependency_id=row.pk)


def _add_dependencies(actor: Actor, now: datetime, line: Line) -> None:
    standing = Dependency.objects.filter(service__slug=line.slug)
    there = set(standing.values_list("depends_on__slug", flat=True))
    for slug, kind in line.row.values["depends_on"].items():
        if slug not in there:
            dependency_add(actor=actor, now=now, service=line.slug, depends_on=slug, kind=kind)


def _tell(line: Line, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
    if line.errors:
        line.outcome = REFUSED
    elif before is None:
        line.outcome = NEW
    elif after is not None and before != after:
        line.outcome = CHANGED
        line.differences = tuple(
            Difference(name, _words(before[name]), _words(after[name]))
            for name in after
            if before[name] != after[name]
        )


def _words(value: object) -> str:
    match value:
        case dict():
            return ", ".join(f"{slug} ({kind})" for slug, kind in sorted(value.items()))
        case list():
            return ", ".join(f"{link['title']} {link['url']}" for link in value)
        case _:
            return str(value)
