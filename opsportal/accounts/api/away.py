"""The API of absences and deputies: one's own, and anybody's for administrators, as on their page."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from opsportal.accounts.api.bodies import (
    AbsenceBody,
    AbsenceOut,
    AbsencePage,
    AbsencePatch,
    DeputyshipBody,
    DeputyshipOut,
    DeputyshipPage,
    DeputyshipPatch,
    EndBody,
    absence_out,
    deputy_out,
)
from opsportal.accounts.models import Absence, Deputyship, User
from opsportal.accounts.services import (
    absence_change,
    absence_end,
    absence_record,
    clean_colleague,
    deputy_change,
    deputy_end,
    deputy_name,
)
from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.access import may, require
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput, NotFound

AREA = "oncall"
NAMES = frozenset({"person", "state"})
STATES = ("current", "over", "all")
ORDERINGS = both_ways("starts_at", "id", word="start")
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The version that was read."
)
FILTERS = [
    OpenApiParameter("person", str, description="Id or address; the caller if absent. For administrators."),
    OpenApiParameter("state", str, enum=STATES, description="`current`, now or ahead, if absent."),
    OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
    OpenApiParameter("page_size", int, description="1 to 200"),
    OpenApiParameter("cursor", str),
]


def _person(actor: Actor, name: str, given: str) -> User:
    """Return whom it is about. Raises `InvalidInput`, and `Forbidden` unless the caller may see theirs."""
    if not actor.is_user:
        require(actor, "absence.set")
    person = clean_colleague(name, given or actor.id)
    if person is None:
        raise InvalidInput.of(name, "required", "Name somebody.")
    require(actor, "absence.set", person)
    return person


def _wanted(query: Query) -> Q:
    now, state = edge_now(), query.choice("state", STATES) or "current"
    if state == "all":
        return Q()
    over = Q(ends_at__isnull=False, ends_at__lte=now)
    return over if state == "over" else ~over


def _absences() -> QuerySet[Absence]:
    return Absence.objects.select_related("person")


def _deputies() -> QuerySet[Deputyship]:
    return Deputyship.objects.select_related("principal", "deputy", "role")


def _absence_seen(actor: Actor, number: str) -> Absence:
    found = _absences().filter(pk=int(number)).first()
    if found is None or not may(actor, "absence.set", found.person):
        raise NotFound("There is no such absence.")
    return found


def _deputy_seen(actor: Actor, number: str) -> Deputyship:
    found = _deputies().filter(pk=int(number)).first()
    is_theirs = found is not None and (
        may(actor, "absence.set", found.principal) or may(actor, "absence.set", found.deputy)
    )
    if found is None or not is_theirs:
        raise NotFound("There is no such deputyship.")
    return found


def _answer(row: Absence | Deputyship, *, status: int = 200) -> Response:
    document = absence_out(row) if isinstance(row, Absence) else deputy_out(row)
    return Response(document, status=status, headers={"ETag": f'"{row.version}"'})


class AbsenceList(ApiView):
    """When people are away."""

    area = AREA

    @extend_schema(operation_id="absences_list", parameters=FILTERS, responses=AbsencePage)
    def get(self, request: Request) -> Response:
        """List one's own absences, those that are now or ahead first of all. Only people can."""
        query = Query(request, NAMES)
        person = _person(self.actor, "person", query.text("person", max_length=254))
        rows = _absences().filter(_wanted(query), person=person)
        return self.page(rows, absence_out, ordering=ORDERINGS, default="start")

    @extend_schema(operation_id="absences_record", request=AbsenceBody, responses={201: AbsenceOut})
    def post(self, request: Request) -> Response:
        """Say from when to when one is away. Only people can."""
        Query(request, paged=False)
        body = read_body(request, AbsenceBody)
        person = _person(self.actor, "person", body.pop("person", ""))
        absence = absence_record(actor=self.actor, now=edge_now(), person_id=person.pk, **body)
        response = _answer(_absences().get(pk=absence.pk), status=201)
        response["Location"] = f"/api/v1/absences/{absence.pk}/"
        return response


class AbsenceDetail(ApiView):
    """One absence."""

    area = AREA

    @extend_schema(operation_id="absences_retrieve", responses=AbsenceOut)
    def get(self, request: Request, number: str) -> Response:
        """Show an absence of one's own."""
        Query(request, paged=False)
        return _answer(_absence_seen(self.actor, number))

    @extend_schema(
        operation_id="absences_change", parameters=[IF_MATCH], request=AbsencePatch, responses=AbsenceOut
    )
    def patch(self, request: Request, number: str) -> Response:
        """Move it, or change its reason. Who stands in for it does so in its new time."""
        Query(request, paged=False)
        body = read_body(request, AbsencePatch)
        version = expected_version(request, body)
        pk = _absence_seen(self.actor, number).pk
        absence_change(actor=self.actor, now=edge_now(), absence_id=pk, version=version, **body)
        return _answer(_absences().get(pk=pk))


class AbsenceEnd(ApiView):
    """Being back."""

    area = AREA

    @extend_schema(operation_id="absences_end", parameters=[IF_MATCH], request=EndBody, responses={204: None})
    def post(self, request: Request, number: str) -> Response:
        """End it now, and what was delegated for it. One that has not begun goes."""
        Query(request, paged=False)
        version = expected_version(request, read_body(request, EndBody))
        pk = _absence_seen(self.actor, number).pk
        absence_end(actor=self.actor, now=edge_now(), absence_id=pk, version=version)
        return Response(status=204)


class DeputyList(ApiView):
    """Who stands in for whom."""

    area = AREA

    @extend_schema(operation_id="deputies_list", parameters=FILTERS, responses=DeputyshipPage)
    def get(self, request: Request) -> Response:
        """List who stands in for one, and for whom one stands in. Only people can."""
        query = Query(request, NAMES)
        person = _person(self.actor, "person", query.text("person", max_length=254))
        rows = _deputies().filter(Q(principal=person) | Q(deputy=person), _wanted(query))
        return self.page(rows, deputy_out, ordering=ORDERINGS, default="start")

    @extend_schema(operation_id="deputies_name", request=DeputyshipBody, responses={201: DeputyshipOut})
    def post(self, request: Request) -> Response:
        """Name who stands in while one is away. Only people can, and nobody names themselves."""
        Query(request, paged=False)
        body = read_body(request, DeputyshipBody)
        principal = _person(self.actor, "principal", body.pop("principal", ""))
        deputy = clean_colleague("deputy", body.pop("deputy"))
        if deputy is None:
            raise InvalidInput.of("deputy", "required", "Choose who stands in.")
        row = deputy_name(
            actor=self.actor,
            now=edge_now(),
            principal_id=principal.pk,
            deputy_id=deputy.pk,
            absence_id=body.pop("absence", None),
            **body,
        )
        response = _answer(_deputies().get(pk=row.pk), status=201)
        response["Location"] = f"/api/v1/deputies/{row.pk}/"
        return response


class DeputyDetail(ApiView):
    """One deputyship."""

    area = AREA

    @extend_schema(operation_id="deputies_retrieve", responses=DeputyshipOut)
    def get(self, request: Request, number: str) -> Response:
        """Show who stands in for one, or for whom one stands in."""
        Query(request, paged=False)
        return _answer(_deputy_seen(self.actor, number))

    @extend_schema(
        operation_id="deputies_change",
        parameters=[IF_MATCH],
        request=DeputyshipPatch,
        responses=DeputyshipOut,
    )
    def patch(self, request: Request, number: str) -> Response:
        """Say until when a standing deputy is one. Of one absence, it ends with that."""
        Query(request, paged=False)
        body: dict[str, Any] = read_body(request, DeputyshipPatch)
        version = expected_version(request, body)
        pk = _deputy_seen(self.actor, number).pk
        deputy_change(actor=self.actor, now=edge_now(), deputyship_id=pk, version=version, **body)
        return _answer(_deputies().get(pk=pk))


class DeputyEnd(ApiView):
    """Standing in no more."""

    area = AREA

    @extend_schema(operation_id="deputies_end", parameters=[IF_MATCH], request=EndBody, responses={204: None})
    def post(self, request: Request, number: str) -> Response:
        """End it now; the deputy can too. One that has not begun goes."""
        Query(request, paged=False)
        version = expected_version(request, read_body(request, EndBody))
        pk = _deputy_seen(self.actor, number).pk
        deputy_end(actor=self.actor, now=edge_now(), deputyship_id=pk, version=version)
        return Response(status=204)
