"""The API of the status page: components and notices."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.models.statuspage import StatusComponent, StatusNotice
from incidents.public_status import IMPACT_WORDS, MACHINES, NOTICE_STATES, NOTICE_WORDS
from incidents.selectors.statuspage import notice_data, notice_numbered, notices_loaded
from incidents.services.statuspage import notice_open, notice_update
from incidents.services.statuspage.notices import MAX_TEXT
from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, expected_version, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now

ORDERINGS = {**both_ways("id", word="id"), **both_ways("starts_at", "id", word="starts_at")}
LINK = 2_000
KINDS = [(one, one) for one in MACHINES]
STATES = list(NOTICE_WORDS.items())
IMPACT_CHOICES = list(IMPACT_WORDS.items())
PAGES = [OpenApiParameter("page_size", int, description="1 to 200"), OpenApiParameter("cursor", str)]
IMPACTS = "How each component (by its slug) stands."


class NoticeFields(Body):
    """What both a new notice and a further word take."""

    title = Text(max_length=200, blank=False, help_text="For outsiders.")
    text = Text(max_length=MAX_TEXT, blank=False, help_text="What to say.")
    impacts = serializers.DictField(
        child=serializers.ChoiceField(IMPACT_CHOICES), allow_empty=False, help_text=IMPACTS
    )
    starts_at = Moment(required=False, help_text="Now, where it is left out.")
    ends_at = Moment(required=False, help_text="Needed of maintenance.")


class NoticeBody(NoticeFields):
    """A new notice."""

    kind = serializers.ChoiceField(KINDS)
    state = serializers.ChoiceField(STATES, required=False)


class NoticeWord(NoticeFields):
    """A further word; what is left out stays as it is."""

    state = serializers.ChoiceField(STATES)
    title = Text(max_length=200, blank=False, required=False)
    impacts = serializers.DictField(
        child=serializers.ChoiceField(IMPACT_CHOICES), allow_empty=False, required=False
    )
    version = WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


class UpdateOut(Body):
    """One word to the public."""

    at = serializers.DateTimeField()
    state = serializers.ChoiceField(STATES)
    words = serializers.CharField()
    text = serializers.CharField()


class NoticeOut(Body):
    """A notice with all that was said, the newest word first."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(KINDS)
    title = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    tells_of = serializers.CharField(help_text="The key of what it tells of; empty for one written by hand.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()
    url = serializers.CharField()
    components = serializers.DictField(child=serializers.ChoiceField(IMPACT_CHOICES))
    updates = UpdateOut(many=True)


class NoticePage(Body):
    """A page of notices."""

    next = Text(max_length=LINK, allow_null=True)
    previous = Text(max_length=LINK, allow_null=True)
    results = NoticeOut(many=True)


class ComponentOut(Body):
    """A component."""

    slug = serializers.CharField()
    name = serializers.CharField()
    group = serializers.CharField()
    service = Text(max_length=LINK, allow_null=True)
    state = serializers.CharField()
    version = serializers.IntegerField()


class ComponentPage(Body):
    """A page of components."""

    next = Text(max_length=LINK, allow_null=True)
    previous = Text(max_length=LINK, allow_null=True)
    results = ComponentOut(many=True)


class ComponentList(ApiView):
    """Components of the status page."""

    area = "incidents"

    @extend_schema(operation_id="status_components_list", parameters=PAGES, responses=ComponentPage)
    def get(self, request: Request) -> Response:
        """List the components of the status page, retired ones too."""
        Query(request)
        rows = StatusComponent.objects.select_related("service")
        return self.page(rows, component_out, ordering=both_ways("id", word="id"), default="id")


class NoticeList(ApiView):
    """Notices of the status page."""

    area = "incidents"

    @extend_schema(
        operation_id="status_notices_list",
        parameters=[
            OpenApiParameter("kind", str, enum=list(MACHINES)),
            OpenApiParameter("state", str, enum=list(NOTICE_STATES)),
            OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
            *PAGES,
        ],
        responses=NoticePage,
    )
    def get(self, request: Request) -> Response:
        """List notices of the status page."""
        query = Query(request, {"kind", "state"})
        rows = notices_loaded()
        if kind := query.choice("kind", MACHINES):
            rows = rows.filter(kind=kind)
        if state := query.choice("state", NOTICE_STATES):
            rows = rows.filter(state=state)
        return self.page(rows, notice_out, ordering=ORDERINGS, default="-id")

    @extend_schema(request=NoticeBody, responses={201: NoticeOut})
    def post(self, request: Request) -> Response:
        """Tell the public of something new."""
        Query(request, paged=False)
        body = read_body(request, NoticeBody)
        return _notice(notice_open(actor=self.actor, now=edge_now(), **body), status=201)


class NoticeDetail(ApiView):
    """One notice."""

    area = "incidents"

    @extend_schema(responses=NoticeOut)
    def get(self, request: Request, pk: str) -> Response:
        """Show a notice. Its ETag is its version."""
        Query(request, paged=False)
        return _notice(notice_numbered(int(pk)))


class NoticeUpdates(ApiView):
    """The words of one notice."""

    area = "incidents"

    @extend_schema(request=NoticeWord, responses=NoticeOut)
    def post(self, request: Request, pk: str) -> Response:
        """Say a further word to the public."""
        Query(request, paged=False)
        body = read_body(request, NoticeWord)
        version = expected_version(request, body)
        return _notice(notice_update(actor=self.actor, now=edge_now(), pk=int(pk), version=version, **body))


def component_out(component: StatusComponent) -> dict[str, Any]:
    """Return a component as the API has it."""
    return {
        "slug": component.slug,
        "name": component.name,
        "group": component.group,
        "service": component.service.slug if component.service else None,
        "state": component.state,
        "version": component.version,
    }


def notice_out(notice: StatusNotice) -> dict[str, Any]:
    """Return a notice as the API has it."""
    told = notice_data(notice)
    return {
        **told,
        "tells_of": notice.source,
        "updated_at": utc(notice.updated_at),
        "version": notice.version,
    }


def _notice(notice: StatusNotice, status: int = 200) -> Response:
    shown = notice_numbered(notice.pk)
    return Response(notice_out(shown), status=status, headers={"ETag": f'"{shown.version}"'})
