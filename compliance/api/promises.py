"""The API of objectives, cost budgets, capacity plans and sources of figures."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api import promises_bodies as bodies
from compliance.measuring.states import PULL, STANDING
from compliance.models import CapacityPlan, CostBudget, Objective, PullSource
from compliance.selectors.measures.thresholds import prometheus_rules
from compliance.services.measures import promises, sources
from incidents.api.runbooks import IF_MATCH, PAGING
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of

BY_ID = {"id": ("id",), "-id": ("-id",)}
STATE = OpenApiParameter("state", str, enum=list(STANDING.states))


def _objective(key: str) -> int:
    number = number_of(key, "SLO")
    if number is None:
        raise NotFound("There is no such objective.")
    return number


class PrometheusRules(ApiView):
    """Alert rules."""

    area = "measurements"

    @extend_schema(
        operation_id="measurements_prometheus_rules",
        responses={(200, "application/yaml"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> HttpResponse:
        """Give the thresholds of the standard and the burn rates of objectives as Prometheus rules."""
        Query(request, paged=False)
        return HttpResponse(
            prometheus_rules(),
            content_type="application/yaml; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="opsportal-rules.yml"'},
        )


class ObjectiveList(ApiView):
    """Objectives."""

    area = "measurements"

    @extend_schema(
        operation_id="slos_list",
        parameters=[STATE, OpenApiParameter("ordering", str, enum=sorted(BY_ID)), *PAGING],
        responses=bodies.ObjectivePage,
    )
    def get(self, request: Request) -> Response:
        """List service level objectives."""
        query = Query(request, {"state"})
        rows = Objective.objects.select_related("service")
        if state := query.choice("state", STANDING.states):
            rows = rows.filter(state=state)
        return self.page(rows, bodies.objective_out, ordering=BY_ID, default="id")

    @extend_schema(
        operation_id="slos_create", request=bodies.ObjectiveBody, responses={201: bodies.ObjectiveOut}
    )
    def post(self, request: Request) -> Response:
        """Make an objective."""
        Query(request, paged=False)
        fields = read_body(request, bodies.ObjectiveBody)
        fields.pop("version", None)
        made = promises.objective_create(actor=self.actor, now=edge_now(), fields=fields)
        return Response(bodies.objective_out(made), status=201, headers={"ETag": f'"{made.version}"'})


class ObjectiveDetail(ApiView):
    """One of them."""

    area = "measurements"

    @extend_schema(operation_id="slos_retrieve", responses=bodies.ObjectiveOut)
    def get(self, request: Request, key: str) -> Response:
        """Show an objective."""
        Query(request, paged=False)
        row = Objective.objects.select_related("service").filter(pk=_objective(key)).first()
        if row is None:
            raise NotFound("There is no such objective.")
        return Response(bodies.objective_out(row), headers={"ETag": f'"{row.version}"'})

    @extend_schema(
        operation_id="slos_edit",
        parameters=[IF_MATCH],
        request=bodies.ObjectivePatch,
        responses=bodies.ObjectiveOut,
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change an objective that is active."""
        Query(request, paged=False)
        fields = read_body(request, bodies.ObjectivePatch, partial=True)
        version = expected_version(request, fields)
        row = promises.objective_edit(
            actor=self.actor, now=edge_now(), pk=_objective(key), fields=fields, version=version
        )
        return Response(bodies.objective_out(row), headers={"ETag": f'"{row.version}"'})


class ObjectiveRetire(ApiView):
    """Retiring."""

    area = "measurements"

    @extend_schema(
        operation_id="slos_retire",
        parameters=[IF_MATCH],
        request=bodies.PromiseVersionBody,
        responses=bodies.ObjectiveOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """Let an objective hold no longer."""
        Query(request, paged=False)
        version = expected_version(request, read_body(request, bodies.PromiseVersionBody))
        row = promises.objective_retire(actor=self.actor, now=edge_now(), pk=_objective(key), version=version)
        return Response(bodies.objective_out(row), headers={"ETag": f'"{row.version}"'})


class CostBudgetList(ApiView):
    """Cost budgets."""

    area = "measurements"

    @extend_schema(
        operation_id="cost_budgets_list",
        parameters=[STATE, OpenApiParameter("ordering", str, enum=sorted(BY_ID)), *PAGING],
        responses=bodies.CostBudgetPage,
    )
    def get(self, request: Request) -> Response:
        """List cost budgets."""
        query = Query(request, {"state"})
        rows = CostBudget.objects.select_related("service")
        if state := query.choice("state", STANDING.states):
            rows = rows.filter(state=state)
        return self.page(rows, bodies.cost_budget_out, ordering=BY_ID, default="id")

    @extend_schema(
        operation_id="cost_budgets_create",
        request=bodies.CostBudgetBody,
        responses={201: bodies.CostBudgetOut},
    )
    def post(self, request: Request) -> Response:
        """Make a cost budget."""
        Query(request, paged=False)
        fields = read_body(request, bodies.CostBudgetBody)
        fields.pop("version", None)
        made = promises.cost_budget_create(actor=self.actor, now=edge_now(), fields=fields)
        return Response(bodies.cost_budget_out(made), status=201, headers={"ETag": f'"{made.version}"'})


class CostBudgetDetail(ApiView):
    """One of them."""

    area = "measurements"

    @extend_schema(operation_id="cost_budgets_retrieve", responses=bodies.CostBudgetOut)
    def get(self, request: Request, pk: int) -> Response:
        """Show a cost budget."""
        Query(request, paged=False)
        row = CostBudget.objects.select_related("service").filter(pk=pk).first()
        if row is None:
            raise NotFound("There is no such cost budget.")
        return Response(bodies.cost_budget_out(row), headers={"ETag": f'"{row.version}"'})

    @extend_schema(
        operation_id="cost_budgets_edit",
        parameters=[IF_MATCH],
        request=bodies.CostBudgetPatch,
        responses=bodies.CostBudgetOut,
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change a cost budget that is active."""
        Query(request, paged=False)
        fields = read_body(request, bodies.CostBudgetPatch, partial=True)
        version = expected_version(request, fields)
        row = promises.cost_budget_edit(
            actor=self.actor, now=edge_now(), pk=pk, fields=fields, version=version
        )
        return Response(bodies.cost_budget_out(row), headers={"ETag": f'"{row.version}"'})


class CostBudgetRetire(ApiView):
    """Retiring."""

    area = "measurements"

    @extend_schema(
        operation_id="cost_budgets_retire",
        parameters=[IF_MATCH],
        request=bodies.PromiseVersionBody,
        responses=bodies.CostBudgetOut,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Let a cost budget hold no longer."""
        Query(request, paged=False)
        version = expected_version(request, read_body(request, bodies.PromiseVersionBody))
        row = promises.cost_budget_retire(actor=self.actor, now=edge_now(), pk=pk, version=version)
        return Response(bodies.cost_budget_out(row), headers={"ETag": f'"{row.version}"'})


class CapacityPlanList(ApiView):
    """Capacity plans."""

    area = "measurements"

    @extend_schema(
        operation_id="capacity_plans_list",
        parameters=[STATE, OpenApiParameter("ordering", str, enum=sorted(BY_ID)), *PAGING],
        responses=bodies.CapacityPlanPage,
    )
    def get(self, request: Request) -> Response:
        """List capacity plans."""
        query = Query(request, {"state"})
        rows = CapacityPlan.objects.select_related("service")
        if state := query.choice("state", STANDING.states):
            rows = rows.filter(state=state)
        return self.page(rows, bodies.capacity_plan_out, ordering=BY_ID, default="id")

    @extend_schema(
        operation_id="capacity_plans_create",
        request=bodies.CapacityPlanBody,
        responses={201: bodies.CapacityPlanOut},
    )
    def post(self, request: Request) -> Response:
        """Make a capacity plan."""
        Query(request, paged=False)
        fields = read_body(request, bodies.CapacityPlanBody)
        fields.pop("version", None)
        made = promises.capacity_plan_create(actor=self.actor, now=edge_now(), fields=fields)
        return Response(bodies.capacity_plan_out(made), status=201, headers={"ETag": f'"{made.version}"'})


class CapacityPlanDetail(ApiView):
    """One of them."""

    area = "measurements"

    @extend_schema(operation_id="capacity_plans_retrieve", responses=bodies.CapacityPlanOut)
    def get(self, request: Request, pk: int) -> Response:
        """Show a capacity plan."""
        Query(request, paged=False)
        row = CapacityPlan.objects.select_related("service").filter(pk=pk).first()
        if row is None:
            raise NotFound("There is no such capacity plan.")
        return Response(bodies.capacity_plan_out(row), headers={"ETag": f'"{row.version}"'})

    @extend_schema(
        operation_id="capacity_plans_edit",
        parameters=[IF_MATCH],
        request=bodies.CapacityPlanPatch,
        responses=bodies.CapacityPlanOut,
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change a capacity plan that is active."""
        Query(request, paged=False)
        fields = read_body(request, bodies.CapacityPlanPatch, partial=True)
        version = expected_version(request, fields)
        row = promises.capacity_plan_edit(
            actor=self.actor, now=edge_now(), pk=pk, fields=fields, version=version
        )
        return Response(bodies.capacity_plan_out(row), headers={"ETag": f'"{row.version}"'})


class CapacityPlanRetire(ApiView):
    """Retiring."""

    area = "measurements"

    @extend_schema(
        operation_id="capacity_plans_retire",
        parameters=[IF_MATCH],
        request=bodies.PromiseVersionBody,
        responses=bodies.CapacityPlanOut,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Let a capacity plan hold no longer."""
        Query(request, paged=False)
        version = expected_version(request, read_body(request, bodies.PromiseVersionBody))
        row = promises.capacity_plan_retire(actor=self.actor, now=edge_now(), pk=pk, version=version)
        return Response(bodies.capacity_plan_out(row), headers={"ETag": f'"{row.version}"'})


class SourceList(ApiView):
    """Sources."""

    area = "measurements"

    @extend_schema(
        operation_id="measurement_sources_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(PULL.states)),
            OpenApiParameter("ordering", str, enum=sorted(BY_ID)),
            *PAGING,
        ],
        responses=bodies.PullSourcePage,
    )
    def get(self, request: Request) -> Response:
        """List servers that are asked for figures."""
        query = Query(request, {"state"})
        rows = PullSource.objects.select_related("service")
        if state := query.choice("state", PULL.states):
            rows = rows.filter(state=state)
        return self.page(rows, bodies.source_out, ordering=BY_ID, default="id")

    @extend_schema(
        operation_id="measurement_sources_create",
        request=bodies.PullSourceBody,
        responses={201: bodies.PullSourceOut},
    )
    def post(self, request: Request) -> Response:
        """Make a source."""
        Query(request, paged=False)
        fields = read_body(request, bodies.PullSourceBody)
        fields.pop("version", None)
        made = sources.source_create(actor=self.actor, now=edge_now(), fields=fields)
        return Response(bodies.source_out(made), status=201, headers={"ETag": f'"{made.version}"'})


class SourceDetail(ApiView):
    """One of them."""

    area = "measurements"

    @extend_schema(operation_id="measurement_sources_retrieve", responses=bodies.PullSourceOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show a source."""
        Query(request, paged=False)
        row = PullSource.objects.select_related("service").filter(slug=slug).first()
        if row is None:
            raise NotFound("There is no such source.")
        return Response(bodies.source_out(row), headers={"ETag": f'"{row.version}"'})

    @extend_schema(
        operation_id="measurement_sources_edit",
        parameters=[IF_MATCH],
        request=bodies.PullSourcePatch,
        responses=bodies.PullSourceOut,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change a source that is active."""
        Query(request, paged=False)
        fields = read_body(request, bodies.PullSourcePatch, partial=True)
        version = expected_version(request, fields)
        row = sources.source_edit(actor=self.actor, now=edge_now(), slug=slug, fields=fields, version=version)
        return Response(bodies.source_out(row), headers={"ETag": f'"{row.version}"'})


class SourceMove(ApiView):
    """Pausing and resuming."""

    area = "measurements"

    @extend_schema(
        operation_id="measurement_sources_move",
        parameters=[IF_MATCH, OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=["pause", "resume"])],
        request=bodies.PromiseVersionBody,
        responses=bodies.PullSourceOut,
    )
    def post(self, request: Request, slug: str, verb: str) -> Response:
        """Pause a source, or resume it."""
        Query(request, paged=False)
        version = expected_version(request, read_body(request, bodies.PromiseVersionBody))
        row = sources.source_move(actor=self.actor, now=edge_now(), slug=slug, verb=verb, version=version)
        return Response(bodies.source_out(row), headers={"ETag": f'"{row.version}"'})
