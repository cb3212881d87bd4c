"""The API of objectives, cost budgets, capacity plans and sources of figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
from opsportal.api.serializers import Body, expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import NotFound
from opsportal.core.keys import number_of

BY_ID = {"id": ("id",), "-id": ("-id",)}
STATE = OpenApiParameter("state", str, enum=list(STANDING.states))


class PrometheusRules(ApiView):
    """Alert rules."""

    area = "measurements"
    gives = ("application/yaml", "application/x-yaml", "text/yaml")

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


@dataclass(frozen=True, slots=True)
class Kind:
    """What sets one kind of promise apart: its name in operations and in words, its bodies, its services."""

    operation: str
    one: str
    many: str
    model: type[Objective | CostBudget | CapacityPlan]
    number: Callable[[str], int | None]
    body: type[Body]
    patch: type[Body]
    out: type[Body]
    page: type[Body]
    shown: Callable[[Any], dict[str, Any]]
    create: Callable[..., Any]
    edit: Callable[..., Any]
    retire: Callable[..., Any]

    def pk_of(self, key: str) -> int:
        """Return the number that a key names. Raises `NotFound`."""
        number = self.number(key)
        if number is None:
            raise NotFound(f"There is no such {self.one}.")
        return number

    def answer(self, row: Any, *, status: int = 200) -> Response:
        """Return one of them with its version."""
        return Response(self.shown(row), status=status, headers={"ETag": f'"{row.version}"'})


def _views(kind: Kind) -> tuple[type[ApiView], type[ApiView], type[ApiView]]:
    """Return the views of a kind: all of them, one, and letting one hold no longer."""
    an = "an" if kind.one[0] in "aeiou" else "a"

    class PromiseList(ApiView):
        area = "measurements"

        @extend_schema(
            operation_id=f"{kind.operation}_list",
            description=f"List {kind.many}.",
            parameters=[STATE, OpenApiParameter("ordering", str, enum=sorted(BY_ID)), *PAGING],
            responses=kind.page,
        )
        def get(self, request: Request) -> Response:
            query = Query(request, {"state"})
            rows = kind.model._default_manager.select_related("service")
            if state := query.choice("state", STANDING.states):
                rows = rows.filter(state=state)
            return self.page(rows, kind.shown, ordering=BY_ID, default="id")

        @extend_schema(
            operation_id=f"{kind.operation}_create",
            description=f"Make {an} {kind.one}.",
            request=kind.body,
            responses={201: kind.out},
        )
        def post(self, request: Request) -> Response:
            Query(request, paged=False)
            fields = read_body(request, kind.body)
            fields.pop("version", None)
            return kind.answer(kind.create(actor=self.actor, now=edge_now(), fields=fields), status=201)

    class PromiseDetail(ApiView):
        area = "measurements"

        @extend_schema(
            operation_id=f"{kind.operation}_retrieve",
            description=f"Show {an} {kind.one}.",
            responses=kind.out,
        )
        def get(self, request: Request, key: str) -> Response:
            Query(request, paged=False)
            row = kind.model._default_manager.select_related("service").filter(pk=kind.pk_of(key)).first()
            if row is None:
                raise NotFound(f"There is no such {kind.one}.")
            return kind.answer(row)

        @extend_schema(
            operation_id=f"{kind.operation}_edit",
            description=f"Change {an} {kind.one} that is active.",
            parameters=[IF_MATCH],
            request=kind.patch,
            responses=kind.out,
        )
        def patch(self, request: Request, key: str) -> Response:
            Query(request, paged=False)
            fields = read_body(request, kind.patch, partial=True)
            version = expected_version(request, fields)
            pk = kind.pk_of(key)
            return kind.answer(
                kind.edit(actor=self.actor, now=edge_now(), pk=pk, fields=fields, version=version)
            )

    class PromiseRetire(ApiView):
        area = "measurements"

        @extend_schema(
            operation_id=f"{kind.operation}_retire",
            description=f"Let {an} {kind.one} hold no longer.",
            parameters=[IF_MATCH],
            request=bodies.PromiseVersionBody,
            responses=kind.out,
        )
        def post(self, request: Request, key: str) -> Response:
            Query(request, paged=False)
            version = expected_version(request, read_body(request, bodies.PromiseVersionBody))
            pk = kind.pk_of(key)
            return kind.answer(kind.retire(actor=self.actor, now=edge_now(), pk=pk, version=version))

    return PromiseList, PromiseDetail, PromiseRetire


ObjectiveList, ObjectiveDetail, ObjectiveRetire = _views(
    Kind(
        "slos",
        "objective",
        "service level objectives",
        Objective,
        lambda key: number_of(key, "SLO"),
        bodies.ObjectiveBody,
        bodies.ObjectivePatch,
        bodies.ObjectiveOut,
        bodies.ObjectivePage,
        bodies.objective_out,
        promises.objective_create,
        promises.objective_edit,
        promises.objective_retire,
    )
)
CostBudgetList, CostBudgetDetail, CostBudgetRetire = _views(
    Kind(
        "cost_budgets",
        "cost budget",
        "cost budgets",
        CostBudget,
        int,
        bodies.CostBudgetBody,
        bodies.CostBudgetPatch,
        bodies.CostBudgetOut,
        bodies.CostBudgetPage,
        bodies.cost_budget_out,
        promises.cost_budget_create,
        promises.cost_budget_edit,
        promises.cost_budget_retire,
    )
)
CapacityPlanList, CapacityPlanDetail, CapacityPlanRetire = _views(
    Kind(
        "capacity_plans",
        "capacity plan",
        "capacity plans",
        CapacityPlan,
        int,
        bodies.CapacityPlanBody,
        bodies.CapacityPlanPatch,
        bodies.CapacityPlanOut,
        bodies.CapacityPlanPage,
        bodies.capacity_plan_out,
        promises.capacity_plan_create,
        promises.capacity_plan_edit,
        promises.capacity_plan_retire,
    )
)


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
