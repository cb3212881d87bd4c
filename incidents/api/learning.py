"""The API of postmortems and action items."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.learning_bodies import (
    ActionBody,
    ActionOut,
    ActionPage,
    ActionPatch,
    ActionStepBody,
    PostmortemBody,
    PostmortemDetailOut,
    PostmortemPage,
    PostmortemPatch,
    PostmortemReturnBody,
    PostmortemStepBody,
    PostmortemWaiverBody,
    action_out,
    postmortem_detail_out,
    postmortem_out,
)
from incidents.api.runbooks import IF_MATCH, PAGING
from incidents.learning.states import ACTION, POSTMORTEM
from incidents.models.learning import ACTION_PREFIX, POSTMORTEM_PREFIX
from incidents.models.response import PREFIX
from incidents.selectors.learning import (
    ACTION_ORDERINGS,
    POSTMORTEM_ORDERINGS,
    action_seen,
    actions_seen,
    postmortem_seen,
    postmortems_seen,
)
from incidents.services.learning.actions import action_edit, action_move, action_open
from incidents.services.learning.postmortems import (
    postmortem_correct,
    postmortem_edit,
    postmortem_publish,
    postmortem_return,
    postmortem_start,
    postmortem_submit,
    postmortem_waive,
)
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.keys import number_of

_MOVES = {"submit": postmortem_submit, "publish": postmortem_publish, "correct": postmortem_correct}
STEPS = (*_MOVES, "return")
VERBS = ("start", "finish", "verify", "reopen", "drop")


def _number(key: str, prefix: str) -> int:
    number = number_of(key, prefix)
    if number is None:
        raise NotFound("There is nothing of this key.")
    return number


def _answer(actor: Actor, pk: int, *, status: int = 200) -> Response:
    row = postmortem_seen(actor, edge_now(), pk)
    headers = {"ETag": f'"{row.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/postmortems/{row.key}/"
    return Response(postmortem_detail_out(row), status=status, headers=headers)


class PostmortemList(ApiView):
    """Postmortems."""

    area = "incidents"

    @extend_schema(
        operation_id="postmortems_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(POSTMORTEM.states)),
            OpenApiParameter("incident", str, description="The key of an incident."),
            OpenApiParameter("ordering", str, enum=sorted(POSTMORTEM_ORDERINGS)),
            *PAGING,
        ],
        responses=PostmortemPage,
    )
    def get(self, request: Request) -> Response:
        """List postmortems, newest first."""
        query = Query(request, {"state", "incident"})
        rows = postmortems_seen(self.actor, edge_now())
        if state := query.choice("state", POSTMORTEM.states):
            rows = rows.filter(state=state)
        if incident := query.text("incident"):
            number = number_of(incident, PREFIX)
            if number is None:
                raise InvalidInput.of("incident", "not_a_key", "Must be the key of an incident, e.g. INC-9.")
            rows = rows.filter(incident=number)
        return self.page(rows, postmortem_out, ordering=POSTMORTEM_ORDERINGS, default="-created_at")

    @extend_schema(
        operation_id="postmortems_start", request=PostmortemBody, responses={201: PostmortemDetailOut}
    )
    def post(self, request: Request) -> Response:
        """Begin the postmortem of an incident, filled with what the incident knows."""
        Query(request, paged=False)
        body = read_body(request, PostmortemBody)
        made = postmortem_start(actor=self.actor, now=edge_now(), **body)
        return _answer(self.actor, made.pk, status=201)


class PostmortemWaiver(ApiView):
    """Waiving."""

    area = "incidents"

    @extend_schema(
        operation_id="postmortems_waive", request=PostmortemWaiverBody, responses={201: PostmortemDetailOut}
    )
    def post(self, request: Request) -> Response:
        """Let an incident go without a postmortem."""
        Query(request, paged=False)
        body = read_body(request, PostmortemWaiverBody)
        made = postmortem_waive(actor=self.actor, now=edge_now(), **body)
        return _answer(self.actor, made.pk, status=201)


class PostmortemDetail(ApiView):
    """One postmortem."""

    area = "incidents"

    @extend_schema(operation_id="postmortems_retrieve", responses=PostmortemDetailOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a postmortem, its action items, and what was published of it."""
        Query(request, paged=False)
        return _answer(self.actor, _number(key, POSTMORTEM_PREFIX))

    @extend_schema(
        operation_id="postmortems_edit",
        parameters=[IF_MATCH],
        request=PostmortemPatch,
        responses=PostmortemDetailOut,
    )
    def patch(self, request: Request, key: str) -> Response:
        """Write parts of a draft."""
        Query(request, paged=False)
        pk = _number(key, POSTMORTEM_PREFIX)
        body = read_body(request, PostmortemPatch, partial=True)
        version = expected_version(request, body)
        postmortem_edit(actor=self.actor, now=edge_now(), pk=pk, fields=body, version=version)
        return _answer(self.actor, pk)


class PostmortemReturn(ApiView):
    """Giving back."""

    area = "incidents"

    @extend_schema(
        operation_id="postmortems_return",
        parameters=[IF_MATCH],
        request=PostmortemReturnBody,
        responses=PostmortemDetailOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """Give it back to its author, with what is missing."""
        Query(request, paged=False)
        pk = _number(key, POSTMORTEM_PREFIX)
        body = read_body(request, PostmortemReturnBody)
        version = expected_version(request, body)
        postmortem_return(actor=self.actor, now=edge_now(), pk=pk, version=version, **body)
        return _answer(self.actor, pk)


class PostmortemStep(ApiView):
    """Steps that say nothing more."""

    area = "incidents"

    @extend_schema(
        operation_id="postmortems_step",
        parameters=[IF_MATCH, OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(_MOVES))],
        request=PostmortemStepBody,
        responses=PostmortemDetailOut,
    )
    def post(self, request: Request, key: str, verb: str) -> Response:
        """Submit it for review, publish it with its timeline frozen, or open it again for a correction."""
        Query(request, paged=False)
        pk = _number(key, POSTMORTEM_PREFIX)
        body = read_body(request, PostmortemStepBody)
        version = expected_version(request, body)
        _MOVES[verb](actor=self.actor, now=edge_now(), pk=pk, version=version)
        return _answer(self.actor, pk)


def _action(actor: Actor, pk: int, *, status: int = 200) -> Response:
    item = action_seen(actor, edge_now(), pk)
    headers = {"ETag": f'"{item.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/action-items/{item.key}/"
    return Response(action_out(item), status=status, headers=headers)


class ActionList(ApiView):
    """Action items."""

    area = "incidents"

    @extend_schema(
        operation_id="action_items_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(ACTION.states)),
            OpenApiParameter("postmortem", str, description="The key of a postmortem."),
            OpenApiParameter("ordering", str, enum=sorted(ACTION_ORDERINGS)),
            *PAGING,
        ],
        responses=ActionPage,
    )
    def get(self, request: Request) -> Response:
        """List action items, the longest due first."""
        query = Query(request, {"state", "postmortem"})
        rows = actions_seen(self.actor, edge_now())
        if state := query.choice("state", ACTION.states):
            rows = rows.filter(state=state)
        if postmortem := query.text("postmortem"):
            number = number_of(postmortem, POSTMORTEM_PREFIX)
            if number is None:
                raise InvalidInput.of(
                    "postmortem", "not_a_key", "Must be the key of a postmortem, e.g. PM-4."
                )
            rows = rows.filter(postmortem=number)
        return self.page(rows, action_out, ordering=ACTION_ORDERINGS, default="due_at")

    @extend_schema(operation_id="action_items_open", request=ActionBody, responses={201: ActionOut})
    def post(self, request: Request) -> Response:
        """Open an action item of a postmortem."""
        Query(request, paged=False)
        fields = read_body(request, ActionBody)
        made = action_open(
            actor=self.actor, now=edge_now(), postmortem=fields.pop("postmortem"), fields=fields
        )
        return _action(self.actor, made.pk, status=201)


class ActionDetail(ApiView):
    """One action item."""

    area = "incidents"

    @extend_schema(operation_id="action_items_retrieve", responses=ActionOut)
    def get(self, request: Request, key: str) -> Response:
        """Show an action item."""
        Query(request, paged=False)
        return _action(self.actor, _number(key, ACTION_PREFIX))

    @extend_schema(
        operation_id="action_items_edit", parameters=[IF_MATCH], request=ActionPatch, responses=ActionOut
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change an action item that is not done yet."""
        Query(request, paged=False)
        pk = _number(key, ACTION_PREFIX)
        body = read_body(request, ActionPatch, partial=True)
        version = expected_version(request, body)
        action_edit(actor=self.actor, now=edge_now(), pk=pk, fields=body, version=version)
        return _action(self.actor, pk)


class ActionStep(ApiView):
    """Steps of an action item."""

    area = "incidents"

    @extend_schema(
        operation_id="action_items_step",
        parameters=[IF_MATCH, OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(VERBS))],
        request=ActionStepBody,
        responses=ActionOut,
    )
    def post(self, request: Request, key: str, verb: str) -> Response:
        """Start, finish, verify, reopen or drop it; somebody else than who did it verifies it."""
        Query(request, paged=False)
        pk = _number(key, ACTION_PREFIX)
        body = read_body(request, ActionStepBody)
        version = expected_version(request, body)
        action_move(actor=self.actor, now=edge_now(), pk=pk, verb=verb, version=version, **body)
        return _action(self.actor, pk)
