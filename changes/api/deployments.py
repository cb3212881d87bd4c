"""The API of deployments: what a CI pipeline registers, reads and reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.deployments_out import (
    DeploymentOut,
    DeploymentPage,
    RegisteredOut,
    RegistrationBody,
    ReportBody,
    ReportPage,
    ToldOut,
    deployment_out,
    registered_out,
    report_out,
    retry_after,
    told_out,
)
from changes.models import Change, Deployment
from changes.models.changes import PREFIX as CHANGE_PREFIX
from changes.selectors import DEPLOYMENT_ORDERINGS, DeploymentFilter, deployment_by_key, deployment_list
from changes.services.deployment_events import deployment_report
from changes.services.deployments import Decided, deployment_decide, deployment_register
from changes.states import DEPLOYMENT
from opsportal.api.query import Query, parse_moment
from opsportal.api.views import ApiView
from opsportal.catalog.selectors import environments_named, services_named
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput
from opsportal.core.keys import number_of

NAMES = frozenset({"service", "environment", "change", "version", "decision", "state", "registration"})
FILTERS = [
    OpenApiParameter("service", str, description="Slug of a service."),
    OpenApiParameter("environment", str, description="Slug of an environment."),
    OpenApiParameter("change", str, description="Key of a change; `none`: those without a change."),
    OpenApiParameter("version", str),
    OpenApiParameter("decision", str, enum=Deployment.Decision.values),
    OpenApiParameter("state", str, enum=list(DEPLOYMENT.states)),
    OpenApiParameter("registration", str, enum=Deployment.Registration.values),
    OpenApiParameter("ordering", str, enum=sorted(DEPLOYMENT_ORDERINGS)),
    OpenApiParameter("page_size", int, description="1 to 200"),
    OpenApiParameter("cursor", str),
]
ENFORCE = OpenApiParameter(
    "enforce",
    bool,
    description="With 1, the same body comes with status 409 unless the decision is `allowed`, so that"
    " `curl -f` stops. The deployment is registered all the same.",
)
EVENTS_IN_ORDER = {"received_at": ("received_at", "id"), "-received_at": ("-received_at", "-id")}


class DeploymentList(ApiView):
    """Deployments."""

    area = "deployments"

    @extend_schema(operation_id="deployments_list", parameters=FILTERS, responses=DeploymentPage)
    def get(self, request: Request) -> Response:
        """List deployments, newest first, each with the answer that was stored last."""
        query = Query(request, NAMES)
        wanted = DeploymentFilter(
            service=_known(query, "service"),
            environment=_known(query, "environment"),
            change=_change(query),
            without_change=query.text("change") == "none",
            registration=query.choice("registration", Deployment.Registration.values),
            version=query.text("version"),
            decision=query.choice("decision", Deployment.Decision.values),
            state=query.choice("state", DEPLOYMENT.states),
        )
        return self.page(
            deployment_list(wanted),
            deployment_out,
            ordering=DEPLOYMENT_ORDERINGS,
            default="-registered_at",
        )

    @extend_schema(
        operation_id="deployments_register",
        parameters=[ENFORCE],
        request=RegistrationBody,
        responses={201: RegisteredOut, 409: RegisteredOut},
    )
    def post(self, request: Request) -> Response:
        """Register a deployment and get the gate's answer. One that is not allowed is recorded, too."""
        enforce = Query(request, {"enforce"}, paged=False).flag("enforce")
        body = _with_moments(body_of(request), ("started_at", "finished_at"))
        now = edge_now()
        decided = deployment_register(actor=self.actor, now=now, body=body)
        row = decided.deployment
        response = Response(
            registered_out(row, service=body["service"].strip(), environment=body["environment"].strip()),
            status=409 if enforce and row.decision != Deployment.Decision.ALLOWED else 201,
        )
        response["Location"] = f"/api/v1/deployments/{row.key}/"
        return _with_retry(response, decided, now)


class DeploymentDetail(ApiView):
    """One deployment."""

    area = "deployments"

    @extend_schema(operation_id="deployments_retrieve", responses=DeploymentOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a deployment. A pending one is decided anew, and says in `Retry-After` when to ask again."""
        Query(request, paged=False)
        now = edge_now()
        decided = deployment_decide(now=now, deployment=deployment_by_key(key))
        return _with_retry(Response(deployment_out(decided.deployment)), decided, now)


class DeploymentEvents(ApiView):
    """What is reported of a deployment."""

    area = "deployments"

    @extend_schema(
        operation_id="deployments_events",
        parameters=[
            OpenApiParameter("ordering", str, enum=sorted(EVENTS_IN_ORDER)),
            OpenApiParameter("page_size", int, description="1 to 200"),
            OpenApiParameter("cursor", str),
        ],
        responses=ReportPage,
    )
    def get(self, request: Request, key: str) -> Response:
        """List what was reported of a deployment, and what was answered."""
        Query(request)
        rows = deployment_by_key(key).events.all()
        return self.page(
            rows, report_out, ordering=EVENTS_IN_ORDER, default="received_at", changed=("received_at",)
        )

    @extend_schema(operation_id="deployments_report", request=ReportBody, responses=ToldOut)
    def post(self, request: Request, key: str) -> Response:
        """Report an event and be told to continue, to hold or to roll back."""
        Query(request, paged=False)
        body = _with_moments(body_of(request), ("at",))
        number = deployment_by_key(key).pk
        return Response(
            told_out(deployment_report(actor=self.actor, now=edge_now(), number=number, body=body))
        )


def body_of(request: Request) -> Mapping[str, Any]:
    """Return the body, a JSON object. Raises `InvalidInput`."""
    body = request.data
    if not isinstance(body, Mapping):
        raise InvalidInput.of("", "not_an_object", "The body must be a JSON object.")
    return body


def _with_moments(body: Mapping[str, Any], names: Iterable[str]) -> Mapping[str, Any]:
    """Return the body with these of its times read. Raises `InvalidInput`."""
    given = {name: parse_moment(body[name], field=name) for name in names if body.get(name) is not None}
    return {**body, **given}


def _with_retry(response: Response, decided: Decided, now: datetime) -> Response:
    if decided.answer is not None and decided.deployment.decision == Deployment.Decision.PENDING:
        response["Retry-After"] = str(retry_after(decided.answer, now))
    return response


def _known(query: Query, name: str) -> int | None:
    slug = query.text(name)
    if not slug:
        return None
    found = services_named([slug]) if name == "service" else environments_named([slug])
    if slug not in found:
        raise InvalidInput.of(name, "unknown", f"There is no such {name}.")
    return found[slug].pk


def _change(query: Query) -> int | None:
    key = query.text("change")
    if key == "none":
        return None
    number = number_of(key, CHANGE_PREFIX)
    if key and not (number and Change.objects.filter(pk=number).exists()):
        raise InvalidInput.of("change", "unknown", "There is no such change.")
    return number
