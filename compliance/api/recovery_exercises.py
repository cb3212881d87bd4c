"""The API of exercises."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.recovery_assets import IF_MATCH, PAGING
from compliance.api.recovery_trial_bodies import (
    ExerciseBody,
    ExerciseCompleteBody,
    ExerciseDetailOut,
    ExercisePage,
    ExercisePatch,
    ProcedureTickBody,
    TrialAbortBody,
    TrialVersionBody,
    exercise_out,
    procedure_step_out,
)
from compliance.recovery.states import EXERCISE
from compliance.recovery.words import EXERCISE_KINDS, keys
from compliance.selectors.recovery import (
    exercise_by_key,
    exercises_loaded,
)
from compliance.services.recovery import exercises as exercising
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


def _exercise(key: str, *, status: int = 200) -> Response:
    exercise = exercise_by_key(key)
    steps = [procedure_step_out(step) for step in exercise.steps.all()]
    document = {**exercise_out(exercise), "steps": steps}
    return Response(document, status=status, headers={"ETag": f'"{exercise.version}"'})


class ExerciseList(ApiView):
    """Exercises."""

    area = "compliance"

    @extend_schema(
        operation_id="exercises_list",
        parameters=[
            OpenApiParameter("kind", str, enum=list(keys(EXERCISE_KINDS))),
            OpenApiParameter("state", str, enum=list(EXERCISE.states)),
            OpenApiParameter("service", str, description="Only those with this service (a slug)."),
            OpenApiParameter("ordering", str, enum=sorted(ORDER)),
            *PAGING,
        ],
        responses=ExercisePage,
    )
    def get(self, request: Request) -> Response:
        """List exercises of any kind, the newest first."""
        query = Query(request, {"kind", "state", "service"})
        rows = exercises_loaded()
        if kind := query.choice("kind", keys(EXERCISE_KINDS)):
            rows = rows.filter(kind=kind)
        if state := query.choice("state", EXERCISE.states):
            rows = rows.filter(state=state)
        if service := query.text("service"):
            rows = rows.filter(concerned__service__slug=service)
        return self.page(rows, exercise_out, ordering=ORDER, default="-id")

    @extend_schema(operation_id="exercises_plan", request=ExerciseBody, responses={201: ExerciseDetailOut})
    def post(self, request: Request) -> Response:
        """Plan an exercise."""
        Query(request, paged=False)
        fields = read_body(request, ExerciseBody)
        exercise = exercising.exercise_plan(actor=self.actor, now=edge_now(), fields=fields)
        response = _exercise(exercise.key, status=201)
        response["Location"] = f"/api/v1/exercises/{exercise.key}/"
        return response


class ExerciseDetail(ApiView):
    """One exercise."""

    area = "compliance"

    @extend_schema(operation_id="exercises_retrieve", responses=ExerciseDetailOut)
    def get(self, request: Request, key: str) -> Response:
        """Show an exercise with its playbook."""
        Query(request, paged=False)
        return _exercise(key)

    @extend_schema(
        operation_id="exercises_edit",
        parameters=[IF_MATCH],
        request=ExercisePatch,
        responses=ExerciseDetailOut,
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change the plan of an exercise that has not begun."""
        Query(request, paged=False)
        body = read_body(request, ExercisePatch, partial=True)
        version = expected_version(request, body)
        pk = exercise_by_key(key).pk
        exercising.exercise_edit(actor=self.actor, now=edge_now(), pk=pk, fields=body, version=version)
        return _exercise(key)


class ExerciseStart(ApiView):
    """Beginning an exercise."""

    area = "compliance"

    @extend_schema(
        operation_id="exercises_start",
        parameters=[IF_MATCH],
        request=TrialVersionBody,
        responses=ExerciseDetailOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """Begin an exercise; whoever begins it leads it."""
        Query(request, paged=False)
        version = expected_version(request, read_body(request, TrialVersionBody))
        pk = exercise_by_key(key).pk
        exercising.exercise_start(actor=self.actor, now=edge_now(), pk=pk, version=version)
        return _exercise(key)


class ExerciseTick(ApiView):
    """Ticking off steps of a playbook."""

    area = "compliance"

    @extend_schema(
        operation_id="exercises_tick",
        parameters=[VERB],
        request=ProcedureTickBody,
        responses=ExerciseDetailOut,
    )
    def post(self, request: Request, key: str, number: str, verb: str) -> Response:
        """Tick off a step: do, skip, fail, or reopen it."""
        Query(request, paged=False)
        body = read_body(request, ProcedureTickBody)
        pk = exercise_by_key(key).pk
        exercising.exercise_step(
            actor=self.actor, now=edge_now(), pk=pk, number=int(number), verb=verb, **body
        )
        return _exercise(key)


class ExerciseComplete(ApiView):
    """Ending an exercise."""

    area = "compliance"

    @extend_schema(
        operation_id="exercises_complete",
        parameters=[IF_MATCH],
        request=ExerciseCompleteBody,
        responses=ExerciseDetailOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """End an exercise with its outcome and what was found."""
        Query(request, paged=False)
        body = read_body(request, ExerciseCompleteBody)
        version = expected_version(request, body)
        pk = exercise_by_key(key).pk
        exercising.exercise_complete(actor=self.actor, now=edge_now(), pk=pk, fields=body, version=version)
        return _exercise(key)


class ExerciseAbort(ApiView):
    """Ending an exercise without a result."""

    area = "compliance"

    @extend_schema(
        operation_id="exercises_abort",
        parameters=[IF_MATCH],
        request=TrialAbortBody,
        responses=ExerciseDetailOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """End an exercise that proved nothing, with the reason."""
        Query(request, paged=False)
        body = read_body(request, TrialAbortBody)
        version = expected_version(request, body)
        pk = exercise_by_key(key).pk
        exercising.exercise_abort(
            actor=self.actor, now=edge_now(), pk=pk, reason=body["reason"], version=version
        )
        return _exercise(key)
