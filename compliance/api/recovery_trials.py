"""The API of restore tests."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.recovery_assets import IF_MATCH, PAGING, asset_named
from compliance.api.recovery_trial_bodies import (
    ProcedureTickBody,
    RestoreTestBody,
    RestoreTestDetailOut,
    RestoreTestFinishBody,
    RestoreTestPage,
    RestoreTestPatch,
    RestoreTestStartBody,
    TrialAbortBody,
    TrialVersionBody,
    procedure_step_out,
    restore_test_out,
)
from compliance.recovery.ladder import LEVELS
from compliance.recovery.states import RESTORE_TEST
from compliance.selectors.recovery import (
    restore_test_by_key,
    tests_loaded,
)
from compliance.services.recovery import restore_tests as testing
from compliance.services.recovery.steps import VERBS
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now

ORDER = {
    "-id": ("-id",),
    "id": ("id",),
    "-updated_at": ("-updated_at", "-id"),
    "updated_at": ("updated_at", "id"),
}
VERB = OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(VERBS))


def _test(key: str, *, status: int = 200) -> Response:
    test = restore_test_by_key(key)
    document = {**restore_test_out(test), "steps": [procedure_step_out(step) for step in test.steps.all()]}
    return Response(document, status=status, headers={"ETag": f'"{test.version}"'})


class RestoreTestList(ApiView):
    """Restore tests."""

    area = "compliance"

    @extend_schema(
        operation_id="restore_tests_list",
        parameters=[
            OpenApiParameter("asset", str, description="Slug or key of an asset."),
            OpenApiParameter("state", str, enum=list(RESTORE_TEST.states)),
            OpenApiParameter("level", str, enum=list(LEVELS)),
            OpenApiParameter("ordering", str, enum=sorted(ORDER)),
            *PAGING,
        ],
        responses=RestoreTestPage,
    )
    def get(self, request: Request) -> Response:
        """List restore tests, the newest first."""
        query = Query(request, {"asset", "state", "level"})
        rows = tests_loaded()
        if name := query.text("asset"):
            rows = rows.filter(asset=asset_named(name, field="asset"))
        if state := query.choice("state", RESTORE_TEST.states):
            rows = rows.filter(state=state)
        if level := query.choice("level", LEVELS):
            rows = rows.filter(level=level)
        return self.page(rows, restore_test_out, ordering=ORDER, default="-id")

    @extend_schema(
        operation_id="restore_tests_plan", request=RestoreTestBody, responses={201: RestoreTestDetailOut}
    )
    def post(self, request: Request) -> Response:
        """Plan a restore test, or report one that is over, with its `result`."""
        Query(request, paged=False)
        plan = read_body(request, RestoreTestBody)
        asset = asset_named(plan.pop("asset"), field="asset")
        result = plan.pop("result", None)
        now = edge_now()
        if result is None:
            test = testing.restore_test_plan(actor=self.actor, now=now, asset=asset.pk, fields=plan)
        else:
            test = testing.restore_test_record(
                actor=self.actor, now=now, asset=asset.pk, plan=plan, result=result
            )
        response = _test(test.key, status=201)
        response["Location"] = f"/api/v1/restore-tests/{test.key}/"
        return response


class RestoreTestDetail(ApiView):
    """One restore test."""

    area = "compliance"

    @extend_schema(operation_id="restore_tests_retrieve", responses=RestoreTestDetailOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a restore test with its steps."""
        Query(request, paged=False)
        return _test(key)

    @extend_schema(
        operation_id="restore_tests_edit",
        parameters=[IF_MATCH],
        request=RestoreTestPatch,
        responses=RestoreTestDetailOut,
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change the plan of a test that has not begun."""
        Query(request, paged=False)
        body = read_body(request, RestoreTestPatch, partial=True)
        version = expected_version(request, body)
        pk = restore_test_by_key(key).pk
        testing.restore_test_edit(actor=self.actor, now=edge_now(), pk=pk, fields=body, version=version)
        return _test(key)


class RestoreTestStart(ApiView):
    """Beginning a restore test."""

    area = "compliance"

    @extend_schema(
        operation_id="restore_tests_start",
        parameters=[IF_MATCH],
        request=RestoreTestStartBody,
        responses=RestoreTestDetailOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """Begin a planned test; the clock of the recovery time runs."""
        Query(request, paged=False)
        body = read_body(request, RestoreTestStartBody)
        version = expected_version(request, body)
        pk = restore_test_by_key(key).pk
        testing.restore_test_start(actor=self.actor, now=edge_now(), pk=pk, version=version, **body)
        return _test(key)


class RestoreTestTick(ApiView):
    """Ticking off steps of a restore test."""

    area = "compliance"

    @extend_schema(
        operation_id="restore_tests_tick",
        parameters=[VERB],
        request=ProcedureTickBody,
        responses=RestoreTestDetailOut,
    )
    def post(self, request: Request, key: str, number: str, verb: str) -> Response:
        """Tick off a step: do, skip, fail, or reopen it."""
        Query(request, paged=False)
        body = read_body(request, ProcedureTickBody)
        pk = restore_test_by_key(key).pk
        testing.restore_test_step(
            actor=self.actor, now=edge_now(), pk=pk, number=int(number), verb=verb, **body
        )
        return _test(key)


class RestoreTestFinish(ApiView):
    """Ending a restore test."""

    area = "compliance"

    @extend_schema(
        operation_id="restore_tests_finish",
        parameters=[IF_MATCH],
        request=RestoreTestFinishBody,
        responses=RestoreTestDetailOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """End a test with the rung that it really reached."""
        Query(request, paged=False)
        body = read_body(request, RestoreTestFinishBody)
        version = expected_version(request, body)
        pk = restore_test_by_key(key).pk
        testing.restore_test_finish(actor=self.actor, now=edge_now(), pk=pk, fields=body, version=version)
        return _test(key)


class RestoreTestAbort(ApiView):
    """Ending a restore test without a result."""

    area = "compliance"

    @extend_schema(
        operation_id="restore_tests_abort",
        parameters=[IF_MATCH],
        request=TrialAbortBody,
        responses=RestoreTestDetailOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """End a test that proved nothing, with the reason."""
        Query(request, paged=False)
        body = read_body(request, TrialAbortBody)
        version = expected_version(request, body)
        pk = restore_test_by_key(key).pk
        testing.restore_test_abort(
            actor=self.actor, now=edge_now(), pk=pk, reason=body["reason"], version=version
        )
        return _test(key)


class RestoreTestWitness(ApiView):
    """Witnessing a restore test."""

    area = "compliance"

    @extend_schema(
        operation_id="restore_tests_witness",
        parameters=[IF_MATCH],
        request=TrialVersionBody,
        responses=RestoreTestDetailOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """Keep that you have watched it; it must be somebody else's work."""
        Query(request, paged=False)
        version = expected_version(request, read_body(request, TrialVersionBody))
        pk = restore_test_by_key(key).pk
        testing.restore_test_witness(actor=self.actor, now=edge_now(), pk=pk, version=version)
        return _test(key)
