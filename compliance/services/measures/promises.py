"""Objectives, cost budgets and capacity plans: made, changed, and retired when they hold no longer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from compliance.measuring.costs import CostLimits
from compliance.measuring.states import STANDING
from compliance.models import CapacityPlan, CostBudget, Objective
from compliance.services.measures import fields as read
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import FieldError, InvalidInput, NotFound
from opsportal.core.versions import require_version
from opsportal.core.writes import write

Promise = TypeVar("Promise", Objective, CostBudget, CapacityPlan)
_MOST_MONEY = Decimal(10) ** 11
_MOST = Decimal(10) ** 13

OBJECTIVE_FIELDS: Mapping[str, read.Cleaner] = {
    "title": read.text("title", 120, required=True),
    "service": read.service,
    "component": read.component,
    "figure": read.share_figure,
    "objective": read.decimal("objective", least=Decimal(0), most=Decimal(100), places=6),
    "window": read.window,
}
COST_FIELDS: Mapping[str, read.Cleaner] = {
    "component": read.needed_component,
    "service": read.service,
    "figure": read.figure,
    **{
        name: read.decimal(name, least=Decimal(0), most=_MOST_MONEY, places=2)
        for name in ("budget", "alert_at", "critical_at")
    },
    "since": read.first_of_month("since"),
    "until": read.optional(read.first_of_month("until")),
}
CAPACITY_FIELDS: Mapping[str, read.Cleaner] = {
    "title": read.text("title", 120, required=True),
    "service": read.service,
    "component": read.component,
    "figure": read.figure,
    "start": read.first_of_month("start"),
    "points": read.projection,
    "trigger": read.optional(read.decimal("trigger", least=Decimal(-1), most=_MOST, places=6)),
    "trigger_text": read.text("trigger_text", 300),
}
_NEEDED = {
    Objective: ("title", "figure", "objective"),
    CostBudget: ("component", "budget", "alert_at", "critical_at", "since"),
    CapacityPlan: ("title", "figure", "start", "points"),
}
_KINDS = {Objective: "objective", CostBudget: "cost_budget", CapacityPlan: "capacity_plan"}
_CLEANERS = {Objective: OBJECTIVE_FIELDS, CostBudget: COST_FIELDS, CapacityPlan: CAPACITY_FIELDS}


def objective_create(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> Objective:
    """Make a service level objective and return it.

    `fields`: title, figure (of a share), objective (percent, below 100), and service (slug), component,
    window (`30d` where it is missing). Raises `Forbidden`, `InvalidInput`.
    """
    return _create(Objective, actor, now, fields)


def objective_edit(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> Objective:
    """Change an active objective. Raises as `objective_create`, `NotFound`, `Stale`, `IllegalMove`."""
    return _edit(Objective, pk, fields, actor=actor, now=now, version=version)


def objective_retire(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> Objective:
    """Let an objective hold no longer. Raises `Forbidden`, `NotFound`, `Stale`, `IllegalMove`."""
    return _retire(Objective, pk, actor=actor, now=now, version=version)


def cost_budget_create(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> CostBudget:
    """Make the monthly budget of a component and return it.

    `fields`: component, budget, alert_at, critical_at (in the unit of its figure, rising), since (month),
    and service (slug), figure (`cost`), until (month). Raises `Forbidden`, `InvalidInput`.
    """
    return _create(CostBudget, actor, now, fields)


def cost_budget_edit(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> CostBudget:
    """Change a budget that is active. Raises as `cost_budget_create`, `NotFound`, `Stale`, `IllegalMove`."""
    return _edit(CostBudget, pk, fields, actor=actor, now=now, version=version)


def cost_budget_retire(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> CostBudget:
    """Let a budget hold no longer. Raises `Forbidden`, `NotFound`, `Stale`, `IllegalMove`."""
    return _retire(CostBudget, pk, actor=actor, now=now, version=version)


def capacity_plan_create(*, actor: Actor, now: datetime, fields: Mapping[str, Any]) -> CapacityPlan:
    """Make a capacity plan and return it.

    `fields`: title, figure, start (month), points (month from 1 on: value at its end), and service (slug),
    component, trigger (value at which something is scaled), trigger_text. Raises `Forbidden`, `InvalidInput`.
    """
    return _create(CapacityPlan, actor, now, fields)


def capacity_plan_edit(
    *, actor: Actor, now: datetime, pk: int, fields: Mapping[str, Any], version: int | None = None
) -> CapacityPlan:
    """Change a plan that is active. Raises as `capacity_plan_create`, `NotFound`, `Stale`, `IllegalMove`."""
    return _edit(CapacityPlan, pk, fields, actor=actor, now=now, version=version)


def capacity_plan_retire(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> CapacityPlan:
    """Let a plan hold no longer. Raises `Forbidden`, `NotFound`, `Stale`, `IllegalMove`."""
    return _retire(CapacityPlan, pk, actor=actor, now=now, version=version)


def _create(model: type[Promise], actor: Actor, now: datetime, fields: Mapping[str, Any]) -> Promise:
    with write(actor=actor, now=now):
        require(actor, f"{_KINDS[model]}.manage")
        missing = [name for name in _NEEDED[model] if name not in fields]
        if missing:
            raise InvalidInput(FieldError(f"/{name}", "required", "This is needed.") for name in missing)
        cleaned = read.clean(fields, _CLEANERS[model])
        row = model(**cleaned, created_at=now, updated_at=now)
        _save(row, actor, now, "created")
        return row


def _edit(
    model: type[Promise],
    pk: int,
    fields: Mapping[str, Any],
    *,
    actor: Actor,
    now: datetime,
    version: int | None,
) -> Promise:
    with write(actor=actor, now=now):
        row = _locked(model, pk)
        require(actor, f"{_KINDS[model]}.manage")
        require_version(row, version)
        row.state = STANDING.move(row.state, "edit")
        for name, value in read.clean(fields, _CLEANERS[model]).items():
            setattr(row, name, value)
        row.version += 1
        row.updated_at = now
        _save(row, actor, now, "edited")
        return row


def _retire(model: type[Promise], pk: int, *, actor: Actor, now: datetime, version: int | None) -> Promise:
    with write(actor=actor, now=now):
        row = _locked(model, pk)
        require(actor, f"{_KINDS[model]}.manage")
        require_version(row, version)
        row.state = STANDING.move(row.state, "retire")
        row.version += 1
        row.updated_at = now
        _save(row, actor, now, "retired")
        return row


def _locked(model: type[Promise], pk: int) -> Promise:
    row = model._default_manager.select_for_update().filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such target.")
    return row


def _save(row: Objective | CostBudget | CapacityPlan, actor: Actor, now: datetime, event: str) -> None:
    if isinstance(row, CostBudget):
        limits = CostLimits(row.budget, row.alert_at, row.critical_at)
        if problem := limits.problem():
            raise InvalidInput.of("alert_at", "not_rising", problem)
        if row.until is not None and row.until < row.since:
            raise InvalidInput.of("until", "before_since", "Must not lie before its first month.")
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise InvalidInput.of(
            "figure", "exists", "There is an active objective of this figure, service, component and window."
        ) from None
    kind = _KINDS[type(row)]
    audit_record(
        actor=actor,
        now=now,
        action=f"{kind}.{event}",
        object_kind=kind,
        object_key=row.key if isinstance(row, Objective) else str(row.pk),
        data={"version": row.version, "figure": row.figure, "state": row.state},
    )
