"""The API of the catalogue: services, environments, dependencies."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from opsportal.accounts.models import Team
from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.catalog import selectors
from opsportal.catalog.api.serializers import (
    DependencyBody,
    DependencyOut,
    DependencyPage,
    EnvironmentBody,
    EnvironmentOut,
    EnvironmentPage,
    EnvironmentPatch,
    ServiceBody,
    ServiceMoveBody,
    ServiceOut,
    ServicePage,
    ServicePatch,
    dependency_out,
    environment_out,
    service_out,
)
from opsportal.catalog.models import Dependency, Environment, Service
from opsportal.catalog.services import (
    dependency_add,
    dependency_remove,
    environment_create,
    environment_update,
    service_create,
    service_reinstate,
    service_retire,
    service_update,
)
from opsportal.catalog.states import SERVICE
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput

SERVICE_ORDERINGS = {
    **both_ways("name", "id", word="name"),
    **both_ways("slug", word="slug"),
    **both_ways("updated_at", "id", word="updated_at"),
}
ENVIRONMENT_ORDERINGS = {
    **both_ways("rank", "slug", word="rank"),
    **both_ways("slug", word="slug"),
    **both_ways("updated_at", "id", word="updated_at"),
}
DEPENDENCY_ORDERINGS = both_ways("id", word="id")

PAGES = [OpenApiParameter("page_size", int, description="1 to 200"), OpenApiParameter("cursor", str)]


def _ordering(words: dict[str, tuple[str, ...]]) -> OpenApiParameter:
    return OpenApiParameter("ordering", str, enum=sorted(words))


class ServiceList(ApiView):
    """Services."""

    area = "catalog"

    @extend_schema(
        operation_id="services_list",
        parameters=[
            OpenApiParameter("tier", str, enum=Service.Tier.values),
            OpenApiParameter("data_classification", str, enum=Service.DataClassification.values),
            OpenApiParameter("owner_team", str, description="Slug of a team."),
            OpenApiParameter("state", str, enum=list(SERVICE.states)),
            OpenApiParameter("search", str, description="Part of a slug or name."),
            _ordering(SERVICE_ORDERINGS),
            *PAGES,
        ],
        responses=ServicePage,
    )
    def get(self, request: Request) -> Response:
        """List services by name, retired ones too."""
        query = Query(request, {"tier", "data_classification", "owner_team", "state", "search"})
        rows = selectors.services()
        if tier := query.choice("tier", Service.Tier.values):
            rows = rows.filter(tier=tier)
        if classification := query.choice("data_classification", Service.DataClassification.values):
            rows = rows.filter(data_classification=classification)
        if state := query.choice("state", SERVICE.states):
            rows = rows.filter(state=state)
        if team := query.text("owner_team"):
            rows = rows.filter(owner_team=_team(team))
        if text := query.text("search"):
            rows = rows.filter(selectors.matching(text))
        return self.page(rows, service_out, ordering=SERVICE_ORDERINGS, default="name")

    @extend_schema(request=ServiceBody, responses={201: ServiceOut})
    def post(self, request: Request) -> Response:
        """Add a service."""
        Query(request, paged=False)
        service = service_create(actor=self.actor, now=edge_now(), **read_body(request, ServiceBody))
        return _service_answer(service, status=201)


class ServiceDetail(ApiView):
    """One service."""

    area = "catalog"

    @extend_schema(responses=ServiceOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show one service. Its ETag is its version."""
        Query(request, paged=False)
        return _service_answer(selectors.service_by_slug(slug))

    @extend_schema(request=ServicePatch, responses=ServiceOut)
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is given. If-Match (or `version`) refuses the change where the service moved on."""
        Query(request, paged=False)
        body = read_body(request, ServicePatch, partial=True)
        version = expected_version(request, body)
        return _service_answer(
            service_update(actor=self.actor, now=edge_now(), slug=slug, version=version, **body)
        )


class ServiceRetire(ApiView):
    """Taking a service out of use."""

    area = "catalog"

    @extend_schema(request=ServiceMoveBody, responses=ServiceOut)
    def post(self, request: Request, slug: str) -> Response:
        """Retire a service. Refused while a service in use has a hard dependency on it."""
        Query(request, paged=False)
        return _service_answer(service_retire(actor=self.actor, now=edge_now(), slug=slug, **_move(request)))


class ServiceReinstate(ApiView):
    """Putting a service back into use."""

    area = "catalog"

    @extend_schema(request=ServiceMoveBody, responses=ServiceOut)
    def post(self, request: Request, slug: str) -> Response:
        """Reinstate a retired service."""
        Query(request, paged=False)
        return _service_answer(
            service_reinstate(actor=self.actor, now=edge_now(), slug=slug, **_move(request))
        )


class EnvironmentList(ApiView):
    """Environments."""

    area = "catalog"

    @extend_schema(
        operation_id="environments_list",
        parameters=[
            OpenApiParameter("kind", str, enum=Environment.Kind.values),
            _ordering(ENVIRONMENT_ORDERINGS),
            *PAGES,
        ],
        responses=EnvironmentPage,
    )
    def get(self, request: Request) -> Response:
        """List environments in order of promotion."""
        query = Query(request, {"kind"})
        rows = Environment.objects.all()
        if kind := query.choice("kind", Environment.Kind.values):
            rows = rows.filter(kind=kind)
        return self.page(rows, environment_out, ordering=ENVIRONMENT_ORDERINGS, default="rank")

    @extend_schema(request=EnvironmentBody, responses={201: EnvironmentOut})
    def post(self, request: Request) -> Response:
        """Add an environment."""
        Query(request, paged=False)
        body = read_body(request, EnvironmentBody)
        return _environment_answer(environment_create(actor=self.actor, now=edge_now(), **body), status=201)


class EnvironmentDetail(ApiView):
    """One environment."""

    area = "catalog"

    @extend_schema(responses=EnvironmentOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show one environment. Its ETag is its version."""
        Query(request, paged=False)
        return _environment_answer(selectors.environment_by_slug(slug))

    @extend_schema(request=EnvironmentPatch, responses=EnvironmentOut)
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is given. If-Match (or `version`) refuses the change where it moved on."""
        Query(request, paged=False)
        body = read_body(request, EnvironmentPatch, partial=True)
        version = expected_version(request, body)
        return _environment_answer(
            environment_update(actor=self.actor, now=edge_now(), slug=slug, version=version, **body)
        )


class DependencyList(ApiView):
    """Dependencies between services."""

    area = "catalog"

    @extend_schema(
        operation_id="dependencies_list",
        parameters=[
            OpenApiParameter("service", str, description="Slug of the one that leans on others."),
            OpenApiParameter("depends_on", str, description="Slug of the one that others lean on."),
            OpenApiParameter("kind", str, enum=Dependency.Kind.values),
            _ordering(DEPENDENCY_ORDERINGS),
            *PAGES,
        ],
        responses=DependencyPage,
    )
    def get(self, request: Request) -> Response:
        """List dependencies."""
        query = Query(request, {"service", "depends_on", "kind"})
        rows = Dependency.objects.select_related("service", "depends_on")
        for name in ("service", "depends_on"):
            if slug := query.text(name):
                rows = rows.filter(**{name: _service(slug, name)})
        if kind := query.choice("kind", Dependency.Kind.values):
            rows = rows.filter(kind=kind)
        return self.page(rows, dependency_out, ordering=DEPENDENCY_ORDERINGS, default="id")

    @extend_schema(request=DependencyBody, responses={201: DependencyOut})
    def post(self, request: Request) -> Response:
        """Add a dependency. Hard ones may not run in a circle (409 `cycle`)."""
        Query(request, paged=False)
        body = read_body(request, DependencyBody)
        return Response(dependency_out(dependency_add(actor=self.actor, now=edge_now(), **body)), status=201)


class DependencyDetail(ApiView):
    """One dependency."""

    area = "catalog"

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Remove a dependency."""
        Query(request, paged=False)
        dependency_remove(actor=self.actor, now=edge_now(), dependency_id=int(pk))
        return Response(status=204)


def _team(slug: str) -> Team:
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        raise InvalidInput.of("owner_team", "unknown_team", "There is no such team.")
    return team


def _service(slug: str, field: str) -> Service:
    service = Service.objects.filter(slug=slug).first()
    if service is None:
        raise InvalidInput.of(field, "unknown_service", "There is no such service.")
    return service


def _move(request: Request) -> dict[str, Any]:
    body = read_body(request, ServiceMoveBody)
    return {"version": expected_version(request, body), **body}


def _service_answer(service: Service, *, status: int = 200) -> Response:
    return Response(service_out(service), status=status, headers={"ETag": f'"{service.version}"'})


def _environment_answer(environment: Environment, *, status: int = 200) -> Response:
    return Response(environment_out(environment), status=status, headers={"ETag": f'"{environment.version}"'})
