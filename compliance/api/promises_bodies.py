"""What goes in and out about objectives, cost budgets, capacity plans and sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from compliance.measuring.states import PULL, STANDING
from compliance.models import CapacityPlan, CostBudget, Objective, PullSource
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, utc

SLUG = 60


@extend_schema_field({"oneOf": [{"type": "number"}, {"type": "string", "maxLength": 40}]})
class NumberText(serializers.Field):  # type: ignore[type-arg]
    """A decimal number: as a JSON number, or as text where it must stay exact."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, str | int | float):
            raise serializers.ValidationError("Must be a number.", code="not_a_number")
        return data

    def to_representation(self, value: Any) -> Any:
        return str(value)


class ObjectivePatch(Body):
    """What is to be different about an objective."""

    title = Text(max_length=120, required=False)
    service = Text(max_length=SLUG, required=False, help_text="Slug; empty: the organisation.")
    component = Text(max_length=SLUG, required=False)
    figure = Text(max_length=SLUG, required=False, help_text="Of a share, e.g. availability.")
    objective = NumberText(required=False, help_text="Percent, below 100.")
    window = Text(max_length=20, required=False, help_text="30d, 30.42d, month, quarter, year …")
    version = WholeNumber(required=False, min_value=1)


class ObjectiveBody(ObjectivePatch):
    """A new objective."""

    title = Text(max_length=120)
    figure = Text(max_length=SLUG)
    objective = NumberText(help_text="Percent, below 100.")


class CostBudgetPatch(Body):
    """What is to be different about a budget."""

    component = Text(max_length=SLUG, required=False)
    service = Text(max_length=SLUG, required=False)
    figure = Text(max_length=SLUG, required=False, help_text="cost, where it is missing.")
    budget = NumberText(required=False)
    alert_at = NumberText(required=False)
    critical_at = NumberText(required=False)
    since = Text(max_length=10, required=False, help_text="The first month, e.g. 2026-11.")
    until = Text(max_length=10, required=False, allow_null=True, help_text="The last month, e.g. 2027-10.")
    version = WholeNumber(required=False, min_value=1)


class CostBudgetBody(CostBudgetPatch):
    """A new budget."""

    component = Text(max_length=SLUG)
    budget = NumberText()
    alert_at = NumberText()
    critical_at = NumberText()
    since = Text(max_length=10, help_text="The first month, e.g. 2026-11.")


class CapacityPlanPatch(Body):
    """What is to be different about a plan."""

    title = Text(max_length=120, required=False)
    service = Text(max_length=SLUG, required=False)
    component = Text(max_length=SLUG, required=False)
    figure = Text(max_length=SLUG, required=False)
    start = Text(max_length=10, required=False, help_text="The month that month 1 is, e.g. 2026-11.")
    points = serializers.DictField(
        child=NumberText(), required=False, help_text='Month to the value at its end: {"1": 10, "3": 50}.'
    )
    trigger = NumberText(required=False, allow_null=True, help_text="At this value something is scaled.")
    trigger_text = Text(max_length=300, required=False)
    version = WholeNumber(required=False, min_value=1)


class CapacityPlanBody(CapacityPlanPatch):
    """A new plan."""

    title = Text(max_length=120)
    figure = Text(max_length=SLUG)
    start = Text(max_length=10)
    points = serializers.DictField(child=NumberText())


class PullSourcePatch(Body):
    """What is to be different about a source."""

    title = Text(max_length=120, required=False)
    base_url = Text(max_length=300, required=False)
    query = Text(max_length=2_000, lines=True, required=False, help_text="PromQL.")
    figure = Text(max_length=SLUG, required=False)
    unit = Text(max_length=20, required=False, help_text="Of the answer; that of the figure where missing.")
    service = Text(max_length=SLUG, required=False)
    service_label = Text(max_length=SLUG, required=False, help_text="The label that names the service.")
    component_label = Text(max_length=SLUG, required=False)
    step = WholeNumber(required=False, min_value=15, max_value=86_400, help_text="Seconds.")
    token = Text(max_length=2_000, required=False, help_text="A bearer token; never shown again.")
    version = WholeNumber(required=False, min_value=1)


class PullSourceBody(PullSourcePatch):
    """A new source."""

    slug = Text(max_length=SLUG)
    title = Text(max_length=120)
    base_url = Text(max_length=300)
    query = Text(max_length=2_000, lines=True)
    figure = Text(max_length=SLUG)
    step = WholeNumber(min_value=15, max_value=86_400)


class PromiseVersionBody(Body):
    """The version that was read; or If-Match."""

    version = WholeNumber(required=False, min_value=1)


class ObjectiveOut(Body):
    """An objective, and where it stands."""

    key = Text(max_length=30)
    title = Text(max_length=120)
    service = Text(max_length=SLUG)
    component = Text(max_length=SLUG)
    figure = Text(max_length=SLUG)
    objective = serializers.FloatField()
    window = Text(max_length=20)
    state = serializers.ChoiceField(STANDING.choices)
    updated_at = Moment()
    version = WholeNumber()


class CostBudgetOut(Body):
    """A budget."""

    id = WholeNumber()
    component = Text(max_length=SLUG)
    service = Text(max_length=SLUG)
    figure = Text(max_length=SLUG)
    budget = Text(max_length=20)
    alert_at = Text(max_length=20)
    critical_at = Text(max_length=20)
    since = Text(max_length=7)
    until = Text(max_length=7)
    state = serializers.ChoiceField(STANDING.choices)
    updated_at = Moment()
    version = WholeNumber()


class CapacityPlanOut(Body):
    """A plan."""

    id = WholeNumber()
    title = Text(max_length=120)
    service = Text(max_length=SLUG)
    component = Text(max_length=SLUG)
    figure = Text(max_length=SLUG)
    start = Text(max_length=7)
    points = serializers.DictField(child=Text(max_length=30))
    trigger = Text(max_length=30, allow_null=True)
    trigger_text = Text(max_length=300)
    state = serializers.ChoiceField(STANDING.choices)
    updated_at = Moment()
    version = WholeNumber()


class PullSourceOut(Body):
    """A source and what came of it last. Its token is shown to nobody."""

    slug = Text(max_length=SLUG)
    title = Text(max_length=120)
    base_url = Text(max_length=300)
    query = Text(max_length=2_000)
    figure = Text(max_length=SLUG)
    unit = Text(max_length=20)
    service = Text(max_length=SLUG)
    service_label = Text(max_length=SLUG)
    component_label = Text(max_length=SLUG)
    step = WholeNumber()
    state = serializers.ChoiceField(PULL.choices)
    fetched_until = Moment(allow_null=True)
    pulled_at = Moment(allow_null=True)
    failures = WholeNumber()
    error = Text(max_length=300)
    updated_at = Moment()
    version = WholeNumber()


def _page(name: str, row: type[Body]) -> type[Body]:
    fields: Mapping[str, Any] = {
        "next": Text(max_length=2_000, allow_null=True),
        "previous": Text(max_length=2_000, allow_null=True),
        "results": row(many=True),
    }
    return type(name, (Body,), {**fields, "__doc__": "A page of them."})


ObjectivePage = _page("ObjectivePage", ObjectiveOut)
CostBudgetPage = _page("CostBudgetPage", CostBudgetOut)
CapacityPlanPage = _page("CapacityPlanPage", CapacityPlanOut)
PullSourcePage = _page("PullSourcePage", PullSourceOut)


def objective_out(row: Objective) -> dict[str, Any]:
    """Return an objective as it is answered."""
    return {
        "key": row.key,
        "title": row.title,
        "service": row.service.slug if row.service else "",
        "component": row.component,
        "figure": row.figure,
        "objective": float(row.objective),
        "window": row.window,
        "state": row.state,
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def cost_budget_out(row: CostBudget) -> dict[str, Any]:
    """Return a budget as it is answered."""
    return {
        "id": row.pk,
        "component": row.component,
        "service": row.service.slug if row.service else "",
        "figure": row.figure,
        "budget": str(row.budget),
        "alert_at": str(row.alert_at),
        "critical_at": str(row.critical_at),
        "since": f"{row.since:%Y-%m}",
        "until": f"{row.until:%Y-%m}" if row.until else "",
        "state": row.state,
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def capacity_plan_out(row: CapacityPlan) -> dict[str, Any]:
    """Return a plan as it is answered."""
    return {
        "id": row.pk,
        "title": row.title,
        "service": row.service.slug if row.service else "",
        "component": row.component,
        "figure": row.figure,
        "start": f"{row.start:%Y-%m}",
        "points": row.points,
        "trigger": None if row.trigger is None else f"{row.trigger.normalize():f}",
        "trigger_text": row.trigger_text,
        "state": row.state,
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def source_out(row: PullSource) -> dict[str, Any]:
    """Return a source as it is answered."""
    return {
        "slug": row.slug,
        "title": row.title,
        "base_url": row.base_url,
        "query": row.query,
        "figure": row.figure,
        "unit": row.unit,
        "service": row.service.slug if row.service else "",
        "service_label": row.service_label,
        "component_label": row.component_label,
        "step": row.step,
        "state": row.state,
        "fetched_until": utc(row.fetched_until),
        "pulled_at": utc(row.pulled_at),
        "failures": row.failures,
        "error": row.error,
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }
