"""The catalogue from a file: first what would happen, then that. Nothing is ever removed but dependencies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from opsportal.catalog.models import Dependency, Service
from opsportal.catalog.selectors import entries
from opsportal.catalog.services.dependencies import dependency_add, dependency_remove
from opsportal.catalog.services.services import service_create, service_update
from opsportal.catalog.sheet import Row
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, InvalidInput, Stale
from opsportal.core.faults import Faults
from opsportal.core.writes import row_guarded, write

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
    faults: Faults = field(default_factory=Faults)
    stored: bool = False

    @property
    def errors(self) -> list[FieldError]:
        """Return every fault once, those of the row's shape first: a field is told of as one of them."""
        shape = [fault.pointer for fault in self.row.faults]
        found = [one for one in self.faults.errors if one.pointer not in shape]
        return list(dict.fromkeys([*self.row.faults, *found]))

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


def catalog_import(
    *,
    actor: Actor,
    now: datetime,
    rows: Iterable[Row],
    fingerprint: str = "",
    faults: Faults | None = None,
) -> Plan:
    """Add and change services and what they depend on, all of the rows or none, and return what was done.

    A field that a row does not give stays as it is; `depends_on`, where given, becomes exactly that.
    Services that stand in no row are left alone. `fingerprint` is of the plan that somebody has seen.
    Raises `InvalidInput` with every fault of every row, `Stale` where the plan is another one now, and
    `Forbidden` as a row's own error. With `faults` those are noted there and the rest is done: the caller
    has more to look at, and takes all of it back.
    """
    with write(actor=actor, now=now):
        plan = _carry_out(actor, now, list(rows))
        noted = Faults() if faults is None else faults
        noted.errors += plan.errors
        if faults is None:
            noted.refuse()
        if fingerprint and fingerprint != plan.fingerprint:
            raise Stale("The catalogue has changed since you saw this preview. Look at it again.")
        return plan


def _carry_out(actor: Actor, now: datetime, rows: list[Row]) -> Plan:
    before = {entry["slug"]: entry for entry in entries([row.slug for row in rows])}
    lines = [Line(row) for row in rows]
    readable = [line for line in lines if line.row.is_read]
    for line in readable:
        with row_guarded(line.row.pointer, line.faults):
            _store(actor, now, line, before.get(line.slug))
    # Dependencies may name services of later rows, so all services come first; what goes, before what comes.
    wanting = [line for line in readable if "depends_on" in line.row.values]
    named = {slug for line in wanting for slug in line.row.values["depends_on"]}
    stored = set(Service.objects.filter(slug__in=named).values_list("slug", flat=True))
    known = stored | {line.slug for line in readable}
    for line in wanting:
        _look_at_dependencies(line, known)
    for line in wanting:
        if line.stored:
            with row_guarded(line.row.pointer, line.faults):
                _drop_dependencies(actor, now, line)
    for line in wanting:
        if line.stored:
            _add_dependencies(actor, now, line, stored)
    after = {entry["slug"]: entry for entry in entries([row.slug for row in rows])}
    for line in lines:
        _tell(line, before.get(line.slug), after.get(line.slug))
    return Plan(tuple(lines))


def _store(actor: Actor, now: datetime, line: Line, there: Mapping[str, Any] | None) -> None:
    values = {name: value for name, value in line.row.values.items() if name != "depends_on"}
    if there is not None:
        service_update(actor=actor, now=now, slug=line.slug, **values)
    else:
        _create(actor, now, line.slug, values)
    line.stored = True


def _create(actor: Actor, now: datetime, slug: str, values: Mapping[str, Any]) -> None:
    missing = [f"/{name}" for name in _NEEDED if not values.get(name)]
    words = "It is not in the catalogue yet, so this is needed."
    errors = [FieldError(pointer, "required", words) for pointer in missing]
    try:
        service_create(actor=actor, now=now, slug=slug, **(dict.fromkeys(_NEEDED, "") | dict(values)))
    except InvalidInput as refusal:
        raise InvalidInput(
            [*errors, *(one for one in refusal.errors if one.pointer not in missing)]
        ) from None


def _look_at_dependencies(line: Line, known: Collection[str]) -> None:
    """Note what is wrong with the dependencies that a row names, whatever becomes of the rest of it."""
    kinds = Dependency.Kind.values
    for slug, kind in line.row.values["depends_on"].items():
        wrong = [("itself", "A service does not depend on itself.")] if slug == line.slug else []
        if slug not in known:
            wrong.append(("unknown", f"There is no service “{slug[:60]}”."))
        if kind not in kinds:
            wrong.append(("unknown", f"“{slug[:60]}”: the kind must be one of: {', '.join(kinds)}."))
        where = f"{line.row.pointer}/depends_on"
        line.faults.errors += [FieldError(where, code, detail) for code, detail in wrong]


def _drop_dependencies(actor: Actor, now: datetime, line: Line) -> None:
    wanted: Mapping[str, str] = line.row.values["depends_on"]
    for row in Dependency.objects.filter(service__slug=line.slug).select_related("depends_on"):
        if wanted.get(row.depends_on.slug) != row.kind:
            dependency_remove(actor=actor, now=now, dependency_id=row.pk)


def _add_dependencies(actor: Actor, now: datetime, line: Line, stored: Collection[str]) -> None:
    """Add those that are not there yet. What a wrong row would have stored is not missed a second time."""
    standing = Dependency.objects.filter(service__slug=line.slug)
    there = set(standing.values_list("depends_on__slug", flat=True))
    for slug, kind in line.row.values["depends_on"].items():
        if slug in stored and slug not in there and slug != line.slug and kind in Dependency.Kind.values:
            with row_guarded(line.row.pointer, line.faults):
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
