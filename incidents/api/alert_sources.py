"""The API of integrations, routes and heartbeat checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.alert_sources_bodies import (
    HeartbeatBody,
    HeartbeatOut,
    HeartbeatPage,
    IntegrationBody,
    IntegrationOut,
    IntegrationPage,
    PingOut,
    RouteBody,
    RouteOut,
    RoutePage,
    VersionedHeartbeat,
    VersionedIntegration,
    VersionedRoute,
    check_out,
    integration_out,
    route_out,
)
from incidents.api.alerts_receiving import answered
from incidents.models import AlertRoute
from incidents.selectors.alerts import (
    SOURCE_ORDERINGS,
    check_named,
    checks,
    integration_named,
    integrations,
    route_named,
    routes,
)
from incidents.services.alerts import heartbeats
from incidents.services.alerts import integrations as sources
from incidents.services.alerts import routes as routing
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now

IF_MATCH = OpenApiParameter("If-Match", str, location="header", description='The version, e.g. "3".')
PAGED = [
    OpenApiParameter("ordering", str, enum=sorted(SOURCE_ORDERINGS)),
    OpenApiParameter("page_size", int, description="1 to 200"),
    OpenApiParameter("cursor", str),
]


def _answer(out: Mapping[str, Any], *, status: int = 200) -> Response:
    response = Response(out, status=status, headers={"ETag": f'"{out["version"]}"'})
    if "token" in out:
        response["Cache-Control"] = "no-store"
    return response


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in {"slug", "kind", "version"}}


class IntegrationList(ApiView):
    """Integrations."""

    area = "alerts"

    @extend_schema(operation_id="integrations_list", parameters=PAGED, responses=IntegrationPage)
    def get(self, request: Request) -> Response:
        """List integrations, by name."""
        Query(request)
        return self.page(integrations(), integration_out, ordering=SOURCE_ORDERINGS, default="name")

    @extend_schema(
        operation_id="integrations_create", request=IntegrationBody, responses={201: IntegrationOut}
    )
    def post(self, request: Request) -> Response:
        """Make an integration. Its token is in the answer, and nowhere else ever again."""
        Query(request, paged=False)
        body = read_body(request, IntegrationBody)
        made, token = sources.integration_create(
            actor=self.actor, now=edge_now(), slug=body["slug"], kind=body["kind"], fields=_given(body)
        )
        return _answer(integration_out(made, token=token), status=201)


class IntegrationDetail(ApiView):
    """One integration."""

    area = "alerts"

    @extend_schema(operation_id="integrations_retrieve", responses=IntegrationOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show an integration."""
        Query(request, paged=False)
        return _answer(integration_out(integration_named(slug)))

    @extend_schema(
        operation_id="integrations_update",
        parameters=[IF_MATCH],
        request=VersionedIntegration,
        responses=IntegrationOut,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change an integration."""
        Query(request, paged=False)
        body = read_body(request, VersionedIntegration)
        version = expected_version(request, body)
        changed = sources.integration_update(
            actor=self.actor, now=edge_now(), slug=slug, fields=_given(body), version=version
        )
        return _answer(integration_out(changed))


class RouteList(ApiView):
    """Routes."""

    area = "alerts"

    @extend_schema(operation_id="alert_routes_list", parameters=PAGED, responses=RoutePage)
    def get(self, request: Request) -> Response:
        """List routes. Those in use are asked in the order of their `position`."""
        Query(request)
        return self.page(routes(), route_out, ordering=SOURCE_ORDERINGS, default="name")

    @extend_schema(operation_id="alert_routes_create", request=RouteBody, responses={201: RouteOut})
    def post(self, request: Request) -> Response:
        """Make a route, the last in order."""
        Query(request, paged=False)
        body = read_body(request, RouteBody)
        made = routing.route_create(actor=self.actor, now=edge_now(), slug=body["slug"], fields=_given(body))
        return _answer(route_out(made), status=201)


class RouteDetail(ApiView):
    """One route."""

    area = "alerts"

    @extend_schema(operation_id="alert_routes_retrieve", responses=RouteOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show a route."""
        Query(request, paged=False)
        return _answer(route_out(route_named(slug)))

    @extend_schema(
        operation_id="alert_routes_update", parameters=[IF_MATCH], request=VersionedRoute, responses=RouteOut
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change a route. What is on its way already stays as it is."""
        Query(request, paged=False)
        body = read_body(request, VersionedRoute)
        version = expected_version(request, body)
        changed = routing.route_update(
            actor=self.actor, now=edge_now(), slug=slug, fields=_given(body), version=version
        )
        return _answer(route_out(changed))


class CheckList(ApiView):
    """Heartbeat checks."""

    area = "alerts"

    @extend_schema(operation_id="heartbeats_list", parameters=PAGED, responses=HeartbeatPage)
    def get(self, request: Request) -> Response:
        """List heartbeat checks, by name."""
        Query(request)
        return self.page(checks(), check_out, ordering=SOURCE_ORDERINGS, default="name")

    @extend_schema(operation_id="heartbeats_create", request=HeartbeatBody, responses={201: HeartbeatOut})
    def post(self, request: Request) -> Response:
        """Make a heartbeat check. Its token is in the answer, and nowhere else ever again."""
        Query(request, paged=False)
        body = read_body(request, HeartbeatBody)
        made, token = heartbeats.check_create(
            actor=self.actor, now=edge_now(), slug=body["slug"], fields=_given(body)
        )
        return _answer(check_out(made, token=token), status=201)


class CheckDetail(ApiView):
    """One heartbeat check."""

    area = "alerts"

    @extend_schema(operation_id="heartbeats_retrieve", responses=HeartbeatOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show a heartbeat check."""
        Query(request, paged=False)
        return _answer(check_out(check_named(slug)))

    @extend_schema(
        operation_id="heartbeats_update",
        parameters=[IF_MATCH],
        request=VersionedHeartbeat,
        responses=HeartbeatOut,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change a heartbeat check."""
        Query(request, paged=False)
        body = read_body(request, VersionedHeartbeat)
        version = expected_version(request, body)
        changed = heartbeats.check_update(
            actor=self.actor, now=edge_now(), slug=slug, fields=_given(body), version=version
        )
        return _answer(check_out(changed))


class Ping(ApiView):
    """A ping of a heartbeat check, by its token."""

    area = "alerts"
    http_method_names = ["get", "post", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Note a ping: the token in the path is enough."""
        if request.method not in {"GET", "POST", "HEAD"}:
            return super().dispatch(request, *args, **kwargs)
        now = edge_now()

        def receive() -> JsonResponse:
            check = heartbeats.check_ping(now=now, secret=str(kwargs["token"]))
            return JsonResponse({"status": "ok", "state": check.state})

        return answered(request, now, receive)

    @extend_schema(operation_id="heartbeats_ping", responses=PingOut)
    def get(self, request: Request, token: str) -> None:
        """Note a ping."""

    @extend_schema(operation_id="heartbeats_ping_post", request=None, responses=PingOut)
    def post(self, request: Request, token: str) -> None:
        """Note a ping. A body is ignored."""


class Step(ApiView):
    """One step of an integration, a route or a heartbeat check."""

    area = "alerts"
    take: ClassVar[Callable[..., Any]]
    out: ClassVar[Callable[..., dict[str, Any]]]

    def post(self, request: Request, slug: str) -> Response:
        """Take the step and show what it was taken on."""
        Query(request, paged=False)
        taken = type(self).take(actor=self.actor, now=edge_now(), slug=slug)
        made, token = taken if isinstance(taken, tuple) else (taken, "")
        show = type(self).out
        return _answer(show(made, token=token) if token else show(made))


def _step(name: str, words: str, take: Callable[..., Any], out: Callable[..., Any], body: Any) -> type[Step]:
    view = type(
        f"Step_{name}", (Step,), {"take": staticmethod(take), "out": staticmethod(out), "__doc__": words}
    )
    schema = extend_schema(operation_id=name, description=words, request=None, responses=body)
    documented: type[Step] = extend_schema_view(post=schema)(view)
    return documented


def _up(**given: Any) -> AlertRoute:
    return routing.route_move(up=True, **given)


def _down(**given: Any) -> AlertRoute:
    return routing.route_move(up=False, **given)


INTEGRATION_STEPS = {
    "tokens": _step(
        "integrations_token",
        "Make a further token. Two are good at a time: the older of two ends.",
        sources.integration_token_make,
        integration_out,
        IntegrationOut,
    ),
    "switch-off": _step(
        "integrations_switch_off",
        "Take nothing more from it.",
        sources.integration_switch_off,
        integration_out,
        IntegrationOut,
    ),
    "switch-on": _step(
        "integrations_switch_on",
        "Take alerts from it again.",
        sources.integration_switch_on,
        integration_out,
        IntegrationOut,
    ),
}
ROUTE_STEPS = {
    "up": _step("alert_routes_up", "Ask it one place earlier.", _up, route_out, RouteOut),
    "down": _step("alert_routes_down", "Ask it one place later.", _down, route_out, RouteOut),
    "retire": _step("alert_routes_retire", "Take it out of use.", routing.route_retire, route_out, RouteOut),
    "reinstate": _step(
        "alert_routes_reinstate", "Put it in use again.", routing.route_reinstate, route_out, RouteOut
    ),
}
CHECK_STEPS = {
    "tokens": _step(
        "heartbeats_token",
        "Give it another token. The one before it stops working.",
        heartbeats.check_token_make,
        check_out,
        HeartbeatOut,
    ),
    "pause": _step(
        "heartbeats_pause", "Miss nothing of it.", heartbeats.check_pause, check_out, HeartbeatOut
    ),
    "resume": _step(
        "heartbeats_resume",
        "Expect pings again.",
        heartbeats.check_resume,
        check_out,
        HeartbeatOut,
    ),
}
