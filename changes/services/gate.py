"""Reads what the gate decides by: two statements, however much there is in the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from changes.facts import asks_calendar, calendar_facts, change_facts
from changes.gate import Candidate, GateAnswer, GateInput, Glass, Place, Template, decide
from changes.models import Change, ChangeTarget, ChangeTemplate
from changes.models.break_glass import PREFIX as GLASS_PREFIX
from changes.models.changes import PREFIX
from changes.services.content import content_of
from changes.services.deployment_fields import Asked
from changes.services.gate_rows import change_rows, context_rows
from opsportal.calendar.almanac import Almanac, FreezeSpan
from opsportal.calendar.selectors import almanac_of, freezes_of
from opsportal.catalog.models import Environment, Service
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, InvalidInput, Unavailable
from opsportal.core.keys import format_key, number_of
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import NONE_ACTIVE, standard_by_hash
from opsportal.standards.vocabulary import Value

COMMON_CHECKS = frozenset(
    {"backup", "code_review", "disposability", "preflight", "security_scan", "staging", "tests"}
)
"""What any pipeline may report, whichever pack is active: adopting another shipped one breaks no pipeline."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The gate's input, and the rows that its names stand for."""

    question: GateInput
    service_id: int
    environment_id: int

    @property
    def answer(self) -> GateAnswer:
        return decide(self.question)


def gate_ask(*, actor: Actor, now: datetime, asked: Asked) -> GateAnswer:
    """Return what a registration would be answered now; nothing is written. Two statements.

    Raises `InvalidInput` with a pointer for an unknown service, environment, change or check,
    `Forbidden`, and `Unavailable` where no standard is active.
    """
    require(actor, "gate.ask")
    return read(asked, now=now).answer


def read(
    asked: Asked,
    *,
    now: datetime,
    lock: bool = False,
    again: bool = False,
    late: bool = False,
    bound_hash: str = "",
) -> Reading:
    """Read what the gate needs. Two statements: the names with the active standard, and the changes.

    With `lock` (in a transaction) the changes stay as they are until it ends. `again`: a registered
    deployment is decided anew; `asked.change` is then the change that it belongs to, `bound_hash` the
    hash that it was registered with, and no template is looked for. `late`: it has happened already, so that
    neither a template nor a break-glass counts. Raises as `gate_ask`.
    """
    context = _Context(context_rows(asked, now, with_templates=not asked.change and not again and not late))
    number = number_of(asked.change, PREFIX)
    no_such_change = FieldError("/change", "unknown", "There is no such change.")
    _refuse([*context.errors(), *([no_such_change] if asked.change and not number else [])])
    changes = change_rows(asked, number, lock=lock)
    _refuse([no_such_change] if number and not changes else [])
    standard = context.standard
    candidates = tuple(_candidate(change, asked, now, context) for change in changes)
    if not again:
        _refuse(_unknown_checks(asked.release.checks, standard, candidates))
    question = GateInput(
        now=now,
        place=context.place,
        release=replace(asked.release, succeeded_in=context.succeeded_in),
        standard=standard,
        named=candidates[0].key if number else "",
        candidates=candidates,
        templates=context.templates(now),
        bound_hash=bound_hash,
        freezes=context.freezes(now),
        glass=None if late else context.glass(now),
    )
    return Reading(question, context.service_id, context.environment_id)


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise InvalidInput(errors)


def _unknown_checks(
    checks: Mapping[str, str], standard: Standard, candidates: tuple[Candidate, ...]
) -> list[FieldError]:
    standards = [standard, *(one.standard for one in candidates if one.standard)]
    known = COMMON_CHECKS | {check.id for one in standards for check in one.checks}
    words = ", ".join(sorted(known))
    return [
        FieldError(f"/checks/{name}", "unknown", f"The standard knows no such check; known are: {words}.")
        for name in sorted(set(checks) - known)
    ]


@dataclass(frozen=True)
class _Context:
    rows: Mapping[str, list[tuple[Any, ...]]]

    def errors(self) -> list[FieldError]:
        return [
            FieldError(f"/{kind}", "unknown", f"There is no such {kind}.")
            for kind in ("service", "environment")
            if kind not in self.rows
        ]

    @property
    def service_id(self) -> int:
        return int(self.rows["service"][0][0])

    @property
    def environment_id(self) -> int:
        return int(self.rows["environment"][0][0])

    @property
    def place(self) -> Place:
        _, service, tier, data, state, *_ = self.rows["service"][0]
        _, environment, kind, *_ = self.rows["environment"][0]
        return Place(service, tier, data, environment, kind, retired=state == "retired")

    @property
    def standard(self) -> Standard:
        active = self.rows["service"][0][5]
        if not active:
            raise Unavailable(NONE_ACTIVE)
        return standard_by_hash(active)

    @property
    def succeeded_in(self) -> tuple[str, ...]:
        return tuple(sorted(str(row[1]) for row in self.rows.get("succeeded", ())))

    def freezes(self, now: datetime) -> tuple[FreezeSpan, ...]:
        """The freezes that are in force here now."""
        here = [self.place.in_calendar]
        return Almanac(freezes=freezes_of(self.rows)).freezes_over(here, now, now)

    @cached_property
    def almanac(self) -> Almanac:
        return almanac_of(self.rows)

    def facts(self, change: Change, targets: Sequence[ChangeTarget], now: datetime) -> dict[str, Value]:
        """Return the facts of a change. What the calendar says of it is worked out where a standard asks."""
        facts = change_facts(change, targets, now=now)
        standards = [self.standard]
        if change.standard_hash:
            standards.append(standard_by_hash(change.standard_hash))
        if asks_calendar(standards):
            facts |= calendar_facts(change, targets, self.almanac, now=now)
        return facts

    def templates(self, now: datetime) -> tuple[Template, ...]:
        return tuple(self._template(row, now) for row in self.rows.get("template", ()))

    def glass(self, now: datetime) -> Glass | None:
        """Return the break-glass that is in force here at `now`, the one that lasts longest of several."""
        found = (
            Glass(int(row[0]), format_key(GLASS_PREFIX, int(row[0])), int(row[1]), _instant(row[2]))
            for row in self.rows.get("glass", ())
        )
        return max(
            (one for one in found if now < one.ends_at), key=lambda one: (one.ends_at, one.id), default=None
        )

    def _template(self, row: tuple[Any, ...], now: datetime) -> Template:
        number, slug, title, description, plan, rollback_plan, risk, content_hash, *_ = row
        template = ChangeTemplate(pk=number, slug=slug, state="approved", content_hash=content_hash)
        change = Change(
            type=Change.Type.STANDARD,
            title=title,
            description=description,
            plan=plan,
            rollback_plan=rollback_plan,
            risk=risk,
            template=template,
            template_hash=content_hash,
        )
        place = self.place
        target = _target(
            place.service, place.tier, place.data_classification, place.environment, place.environment_kind
        )
        return Template(number, slug, self.facts(change, [target], now))


def _instant(text: str) -> datetime:
    """Return the instant that the database wrote as text: SQLite leaves the zone out, which is UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _candidate(change: Any, asked: Asked, now: datetime, context: _Context) -> Candidate:
    targets = list(_targets(change.places))
    here = (asked.service, asked.environment)
    return Candidate(
        id=change.pk,
        key=format_key(PREFIX, change.pk),
        state=change.state,
        type=change.type,
        retrospective=change.retrospective_state,
        held=change.held_at is not None,
        window_start=change.window_start,
        window_end=change.window_end,
        # Made anew from the content: a row that was edited past the portal is not what was approved.
        content_hash=content_of(change, targets).hash,
        approved_hash=change.approved_hash or "",
        names_place=here in {(target.service.slug, target.environment.slug) for target in targets},
        done_here=change.done_here,
        from_template=change.template_id is not None,
        opened_for=change.opened_for,
        standard=standard_by_hash(change.standard_hash) if change.standard_hash else None,
        approved_stages=change.approved_stages,
        open_conditions=change.open_conditions,
        facts=context.facts(change, targets, now),
    )


def _targets(places: list[list[str]] | None) -> Iterator[ChangeTarget]:
    for place in places or ():
        yield _target(*place)


def _target(service: str, tier: str, data_classification: str, environment: str, kind: str) -> ChangeTarget:
    return ChangeTarget(
        service=Service(slug=service, tier=tier, data_classification=data_classification),
        environment=Environment(slug=environment, kind=kind),
    )
