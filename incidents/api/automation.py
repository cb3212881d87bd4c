"""The API of automated response: what was done by itself, its outcome, its end; which webhook does what."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.alerts_receiving import answered, body_of, secret_of
from incidents.models import AutomatedResponse, Incident, ResponseTarget
from incidents.selectors.response import incident_seen
from incidents.services.automation.steering import response_outcome, response_stop, response_target_set
from incidents.services.automation.tokens import PREFIX
from incidents.states import RESPONSE
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput, NotFound, Unauthenticated
from opsportal.core.keys import number_of

SLUG = 60


class ResponseMoveOut(Body):
    """What an automated response did."""

    kind = Text(max_length=12)
    action = Text(max_length=SLUG)
    detail = Text(max_length=300)
    at = Moment()


class ResponseOut(Body):
    """What a trigger of the standard has set off."""

    id = WholeNumber()
    trigger = Text(max_length=SLUG)
    title = Text(max_length=200)
    state = serializers.ChoiceField(list(RESPONSE.states))
    actions = serializers.ListField(child=Text(max_length=SLUG))
    step = WholeNumber(help_text="The action that is next or under way, from 0.")
    failures = WholeNumber()
    opened_at = Moment()
    deadline_at = Moment(allow_null=True)
    ended_at = Moment(allow_null=True)
    moves = ResponseMoveOut(many=True)


class ResponsesOut(Body):
    """The automated responses of an incident, oldest first."""

    results = ResponseOut(many=True)


class OutcomeBody(Body):
    """What came of an action."""

    outcome = serializers.ChoiceField(["succeeded", "failed"])
    detail = Text(max_length=300, required=False)


class NotedOut(Body):
    """It is noted."""

    status = Text(max_length=20)


class ResponseTargetBody(Body):
    """Which signed webhook does an action; an empty `target` takes it away, an empty `service` means all."""

    action = Text(max_length=SLUG, blank=False)
    service = Text(max_length=SLUG, required=False)
    target = Text(max_length=SLUG, required=False, help_text="The slug of a channel target of kind webhook.")


class ResponseTargetsOut(Body):
    """Which webhook does what."""

    results = ResponseTargetBody(many=True)


class ResponseList(ApiView):
    """What was done by itself."""

    area = "incidents"

    @extend_schema(operation_id="incidents_responses", responses=ResponsesOut)
    def get(self, request: Request, key: str) -> Response:
        """List what was done by itself in an incident, each step of it."""
        Query(request, paged=False)
        rows = _seen(self, key).responses.order_by("pk").prefetch_related("log")
        return Response({"results": [response_out(row) for row in rows]})


class ResponseStop(ApiView):
    """Stopping what is done by itself."""

    area = "incidents"

    @extend_schema(operation_id="incidents_responses_stop", request=None, responses=ResponseOut)
    def post(self, request: Request, key: str, pk: int) -> Response:
        """Let nothing more of it be done. What was handed over is not undone."""
        Query(request, paged=False)
        if not _seen(self, key).responses.filter(pk=pk).exists():
            raise NotFound("There is no such automated response.")
        return Response(response_out(response_stop(actor=self.actor, now=edge_now(), pk=int(pk))))


class ResponseOutcome(ApiView):
    """Where a receiver tells what came of an action."""

    area = "incidents"
    http_method_names = ["post", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Take an outcome in by the token of its action, which no account has."""
        if request.method != "POST":
            return super().dispatch(request, *args, **kwargs)
        now = edge_now()
        return answered(request, now, lambda: _noted(request, now))

    @extend_schema(
        operation_id="automated_responses_outcome", request=OutcomeBody, responses=NotedOut, auth=[]
    )
    def post(self, request: Request) -> Response:
        """Tell what came of an action, with the token that it was handed over with as bearer token."""
        raise NotImplementedError  # `dispatch` answers


class ResponseTargets(ApiView):
    """Which webhook does what."""

    area = "oncall"

    @extend_schema(operation_id="response_targets_list", responses=ResponseTargetsOut)
    def get(self, request: Request) -> Response:
        """List which signed webhook does which action."""
        Query(request, paged=False)
        rows = ResponseTarget.objects.select_related("service", "target").order_by("action", "pk")
        found = [
            {
                "action": row.action,
                "service": row.service.slug if row.service else "",
                "target": row.target.slug,
            }
            for row in rows
        ]
        return Response({"results": found})

    @extend_schema(operation_id="response_targets_set", request=ResponseTargetBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """Say which signed webhook does an action."""
        Query(request, paged=False)
        body = read_body(request, ResponseTargetBody)
        response_target_set(
            actor=self.actor,
            now=edge_now(),
            action=body["action"],
            target=body.get("target", ""),
            service=body.get("service", ""),
        )
        return Response(status=204)


def response_out(row: AutomatedResponse) -> dict[str, Any]:
    """Return what the API says of a response."""
    return {
        "id": row.pk,
        "trigger": row.trigger,
        "title": row.title,
        "state": row.state,
        "actions": [one["id"] for one in row.plan["actions"]],
        "step": row.step,
        "failures": row.failures,
        "opened_at": utc(row.opened_at),
        "deadline_at": utc(row.deadline_at),
        "ended_at": utc(row.ended_at),
        "moves": [
            {"kind": one.kind, "action": one.action, "detail": one.detail, "at": utc(one.at)}
            for one in sorted(row.log.all(), key=lambda move: move.number)
        ],
    }


def _seen(view: ApiView, key: str) -> Incident:
    return incident_seen(view.actor, number_of(key, "INC") or 0, edge_now())


def _noted(request: HttpRequest, now: datetime) -> JsonResponse:
    token = secret_of(request)
    if not token.startswith(PREFIX):
        raise Unauthenticated("Send the token that the action came with, as bearer token.")
    try:
        body = json.loads(body_of(request))
    except (ValueError, RecursionError):
        raise InvalidInput.of("", "malformed", "The body is not JSON.") from None
    if not isinstance(body, dict) or body.get("outcome") not in {"succeeded", "failed"}:
        raise InvalidInput.of("outcome", "unknown", "Must be succeeded or failed.")
    response_outcome(now=now, token=token, outcome=body["outcome"], detail=body.get("detail", ""))
    return JsonResponse({"status": "noted"})
