"""The API of runs of runbooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.runbooks import IF_MATCH, PAGING
from incidents.api.runbooks_bodies import (
    RunBody,
    RunDetailOut,
    RunEndBody,
    RunPage,
    TickBody,
    run_out,
    run_step_out,
)
from incidents.models import RunbookRun
from incidents.selectors.runbooks import run_seen, runbook_by_slug, runs_seen
from incidents.services.runbooks.running import STEP_ACTIONS, run_abandon, run_complete, run_start, run_step
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now


def _answer(actor: Actor, pk: int, *, status: int = 200) -> Response:
    run = run_seen(actor, edge_now(), pk)
    document = {**run_out(run), "steps": [run_step_out(step) for step in run.steps.all()]}
    return Response(document, status=status, headers={"ETag": f'"{run.version}"'})


class RunList(ApiView):
    """Runs of one runbook."""

    area = "incidents"

    @extend_schema(
        operation_id="runbooks_runs",
        parameters=[OpenApiParameter("ordering", str, enum=["-id", "id"]), *PAGING],
        responses=RunPage,
    )
    def get(self, request: Request, slug: str) -> Response:
        """List who followed the runbook, newest first."""
        Query(request)
        rows = runs_seen(self.actor, edge_now()).filter(runbook=runbook_by_slug(slug))
        return self.page(rows, run_out, ordering={"-id": ("-id",), "id": ("id",)}, default="-id")

    @extend_schema(operation_id="runbooks_start", request=RunBody, responses={201: RunDetailOut})
    def post(self, request: Request, slug: str) -> Response:
        """Begin to follow the published version."""
        Query(request, paged=False)
        body = read_body(request, RunBody)
        run = run_start(actor=self.actor, now=edge_now(), slug=slug, **body)
        response = _answer(self.actor, run.pk, status=201)
        response["Location"] = f"/api/v1/runbooks/runs/{run.pk}/"
        return response


class RunDetail(ApiView):
    """One run."""

    area = "incidents"

    @extend_schema(operation_id="runbook_runs_retrieve", responses=RunDetailOut)
    def get(self, request: Request, pk: str) -> Response:
        """Show a run with its steps."""
        Query(request, paged=False)
        return _answer(self.actor, int(pk))


class RunTick(ApiView):
    """Ticking off."""

    area = "incidents"

    @extend_schema(
        operation_id="runbook_runs_tick",
        parameters=[OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(STEP_ACTIONS))],
        request=TickBody,
        responses=RunDetailOut,
    )
    def post(self, request: Request, pk: str, number: str, verb: str) -> Response:
        """Tick off a step: do, skip, fail, or reopen it."""
        Query(request, paged=False)
        body = read_body(request, TickBody)
        run_step(actor=self.actor, now=edge_now(), pk=int(pk), number=int(number), verb=verb, **body)
        return _answer(self.actor, int(pk))


class _End(ApiView):
    """An end of a run. `move` is the service that ends it."""

    area = "incidents"
    move: ClassVar[Callable[..., RunbookRun]]

    def take(self, request: Request, pk: str) -> Response:
        Query(request, paged=False)
        body = read_body(request, RunEndBody)
        version = expected_version(request, body)
        self.move(actor=self.actor, now=edge_now(), pk=int(pk), version=version, **body)
        return _answer(self.actor, int(pk))


class RunComplete(_End):
    move = staticmethod(run_complete)

    @extend_schema(
        operation_id="runbook_runs_complete",
        parameters=[IF_MATCH],
        request=RunEndBody,
        responses=RunDetailOut,
    )
    def post(self, request: Request, pk: str) -> Response:
        """End a run whose steps are all ticked off."""
        return self.take(request, pk)


class RunAbandon(_End):
    move = staticmethod(run_abandon)

    @extend_schema(
        operation_id="runbook_runs_abandon",
        parameters=[IF_MATCH],
        request=RunEndBody,
        responses=RunDetailOut,
    )
    def post(self, request: Request, pk: str) -> Response:
        """End a run that is not finished, with the reason."""
        return self.take(request, pk)
