"""The API of filters of the list of changes that people keep, for themselves or with a team."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.changes import IF_MATCH
from changes.api.changes_out import PersonOut
from changes.models import Change, SavedFilter
from changes.selectors.filters import ORDERS, STATE_GROUPS, filters_for, list_filter
from changes.services.filters import MAX_NAME, filter_change, filter_remove, filter_save
from changes.states import CHANGE
from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import (
    Body,
    Flag,
    Moment,
    Text,
    WholeNumber,
    expected_version,
    read_body,
    utc,
)
from opsportal.api.views import ApiView
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import NotFound

SLUG = 60
QUERY = 3_000
URL = 2_000
STATES = [*CHANGE.states, *STATE_GROUPS]
ORDERINGS = {**both_ways("name", "id", word="name"), **both_ways("saved_at", "id", word="saved_at")}


class ChangeFilterFields(Body):
    """What is filtered by: what is empty or left out does not narrow it down."""

    team = Text(max_length=SLUG, required=False, help_text="Slug: with whom it is shared. Empty: nobody.")
    state = serializers.ChoiceField(STATES, required=False, allow_blank=True)
    type = serializers.ChoiceField(Change.Type.choices, required=False, allow_blank=True)
    service = Text(max_length=SLUG, required=False)
    q = Text(max_length=200, required=False)
    mine = Flag(required=False, help_text="Only what whoever looks has to do with.")
    order = serializers.ChoiceField(list(ORDERS), required=False)


class ChangeFilterBody(ChangeFilterFields):
    """A filter under a name."""

    name = Text(max_length=MAX_NAME, blank=False)


class ChangeFilterPatch(ChangeFilterFields):
    """What of a filter is to be different."""

    name = Text(max_length=MAX_NAME, blank=False, required=False)
    version = WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


class ChangeFilterOut(Body):
    """A filter of one's own, or one that is shared with a team that one is in."""

    id = WholeNumber()
    name = Text(max_length=MAX_NAME)
    owner = PersonOut()
    team = Text(max_length=SLUG, help_text="Empty: shared with nobody.")
    state = serializers.ChoiceField(STATES, allow_blank=True)
    type = serializers.ChoiceField(Change.Type.choices, allow_blank=True)
    service = Text(max_length=SLUG)
    q = Text(max_length=200)
    mine = Flag()
    order = serializers.ChoiceField(list(ORDERS))
    query = Text(max_length=QUERY, help_text="What stands behind `/changes/?` on the page.")
    saved_at = Moment()
    version = WholeNumber()


class ChangeFilterPage(Body):
    """One page of filters."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = ChangeFilterOut(many=True)


class FilterList(ApiView):
    """Filters that people keep."""

    area = "changes"

    @extend_schema(
        operation_id="change_filters_list",
        parameters=[
            OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
            OpenApiParameter("page_size", int, description="1 to 200"),
            OpenApiParameter("cursor", str),
        ],
        responses=ChangeFilterPage,
    )
    def get(self, request: Request) -> Response:
        """List the caller's own filters, and those shared with their teams."""
        Query(request)
        saved = ("saved_at",)
        return self.page(_seen(self.actor), _out, ordering=ORDERINGS, default="name", changed=saved)

    @extend_schema(
        operation_id="change_filters_save", request=ChangeFilterBody, responses={201: ChangeFilterOut}
    )
    def post(self, request: Request) -> Response:
        """Keep a filter under a name. Only people can."""
        Query(request, paged=False)
        body = read_body(request, ChangeFilterBody)
        row = filter_save(
            actor=self.actor,
            now=edge_now(),
            name=body.pop("name"),
            team=body.pop("team", ""),
            query=_query(body),
            only_new=True,
        )
        response = _answer(self.actor, row.pk, status=201)
        response["Location"] = f"/api/v1/change-filters/{row.pk}/"
        return response


class FilterDetail(ApiView):
    """One filter."""

    area = "changes"

    @extend_schema(operation_id="change_filters_retrieve", responses=ChangeFilterOut)
    def get(self, request: Request, number: str) -> Response:
        """Show a filter."""
        Query(request, paged=False)
        return _answer(self.actor, int(number))

    @extend_schema(
        operation_id="change_filters_change",
        parameters=[IF_MATCH],
        request=ChangeFilterPatch,
        responses=ChangeFilterOut,
    )
    def patch(self, request: Request, number: str) -> Response:
        """Change what is given of a filter of one's own."""
        Query(request, paged=False)
        body = read_body(request, ChangeFilterPatch)
        version = expected_version(request, body)
        pk = _one(self.actor, int(number)).pk
        about = {name: body.pop(name) for name in ("name", "team") if name in body}
        filter_change(actor=self.actor, now=edge_now(), pk=pk, version=version, parts=_query(body), **about)
        return _answer(self.actor, pk)

    @extend_schema(operation_id="change_filters_remove", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, number: str) -> Response:
        """Remove a filter of one's own."""
        Query(request, paged=False)
        version = expected_version(request, {})
        filter_remove(actor=self.actor, now=edge_now(), pk=_one(self.actor, int(number)).pk, version=version)
        return Response(status=204)


def _query(body: dict[str, Any]) -> dict[str, str]:
    """Return the given fields as the page's query names them."""
    return {name: ("1" if value else "") if name == "mine" else value for name, value in body.items()}


def _seen(actor: Actor) -> Any:
    return filters_for(actor, edge_now().date()).select_related("owner")


def _one(actor: Actor, pk: int) -> SavedFilter:
    row: SavedFilter | None = _seen(actor).filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such filter.")
    return row


def _answer(actor: Actor, pk: int, *, status: int = 200) -> Response:
    row = _one(actor, pk)
    return Response(_out(row), status=status, headers={"ETag": f'"{row.version}"'})


def _out(row: SavedFilter) -> dict[str, Any]:
    wanted = list_filter(dict(parse_qsl(row.query)))
    return {
        "id": row.pk,
        "name": row.name,
        "owner": {"id": str(row.owner_id), "name": row.owner.display_name},
        "team": row.team.slug if row.team else "",
        "state": wanted.state,
        "type": wanted.type,
        "service": wanted.service,
        "q": wanted.text,
        "mine": wanted.mine,
        "order": wanted.order,
        "query": row.query,
        "saved_at": utc(row.saved_at),
        "version": row.version,
    }
