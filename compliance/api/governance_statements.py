"""The API of declarations and of the readiness of services."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.governance_parts import KEY, PROSE, choices, ordering, page_of
from compliance.governing.declarations import EVERY
from compliance.governing.kinds import READINESS, STANDING, STATED
from compliance.governing.readiness import Standing
from compliance.judging import STATUS_WORDS
from compliance.models import Declaration
from compliance.selectors.declarations import Asked, asked
from compliance.selectors.proofs import Proof, proofs_of
from compliance.selectors.readiness import services_to_judge, signs_of_all
from compliance.services.governance.statements import declaration_make, readiness_state
from incidents.api.runbooks import PAGING
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, read_body, utc
from opsportal.api.views import ApiView
from opsportal.catalog.models import Service
from opsportal.core.clock import edge_now
from opsportal.core.errors import NotFound

DECLARATION_ORDERINGS: dict[str, tuple[str, ...]] = {
    "-declared_at": ("-declared_at", "-id"),
    "declared_at": ("declared_at", "id"),
}
READINESS_ORDERINGS: dict[str, tuple[str, ...]] = {"name": ("name", "id"), "-name": ("-name", "-id")}


class DeclarationBody(Body):
    """What somebody declares, under which rule."""

    rule = Text(max_length=120, blank=False)
    subject = Text(max_length=100, required=False, help_text="The slug of a service, where it is of each.")
    text = Text(max_length=PROSE, lines=True, blank=False)
    evidence = Text(max_length=500, required=False, help_text="An address, or a key such as AUD-3.")
    valid_until = Moment(required=False)


class DeclarationOut(Body):
    """A declaration."""

    key = Text(max_length=KEY)
    rule = Text(max_length=120)
    name = Text(max_length=120)
    standard_hash = Text(max_length=64)
    subject_kind = Text(max_length=40)
    subject_key = Text(max_length=100)
    text = Text(max_length=PROSE)
    evidence = Text(max_length=500)
    digest = Text(
        max_length=64, help_text="SHA-256 of its file, or of the evidence that it names; else empty."
    )
    declared_by = Text(max_length=64)
    declared_at = Moment()
    valid_until = Moment(allow_null=True)


class DeclarationAskedOut(Body):
    """Something that the standard in force asks to be declared, and where it stands."""

    rule = Text(max_length=120)
    name = Text(max_length=120)
    title = Text(max_length=200)
    every = choices({word: word for word in EVERY})
    subject_kind = Text(max_length=40)
    subject_key = Text(max_length=100)
    deliverer = Text(max_length=200)
    status = serializers.ChoiceField(list(STATUS_WORDS.items()))
    because = Text(max_length=500)
    due_at = Moment()
    last = Text(max_length=KEY, allow_null=True)


class DeclarationsAskedOut(Body):
    """All of them, the most pressing first."""

    results = DeclarationAskedOut(many=True)


class ReadinessBody(Body):
    """What is so of one item of a service."""

    item = choices(READINESS)
    status = choices(STATED)
    text = Text(max_length=2_000, lines=True, blank=False)
    evidence = Text(max_length=500, required=False)
    valid_until = Moment(required=False, help_text="Missing: in 180 days.")


class ReadinessItemOut(Body):
    """Where one item stands, and why."""

    item = choices(READINESS)
    status = choices(STANDING)
    because = Text(max_length=2_500)
    at = Moment(allow_null=True)
    stated = Text(max_length=5, help_text="Whether somebody stated it, or the portal saw it.")
    valid_until = Moment(allow_null=True)


class ReadinessOut(Body):
    """How ready a service is."""

    service = Text(max_length=60)
    items = ReadinessItemOut(many=True)


DeclarationPage = page_of(DeclarationOut)
ReadinessPage = page_of(ReadinessOut)


def declaration_out(row: Declaration, proof: Proof) -> dict[str, Any]:
    """Return what the API says of a declaration and of what proves it."""
    return {
        "key": row.key,
        "rule": row.rule_id,
        "name": row.name,
        "standard_hash": row.standard_hash,
        "subject_kind": row.subject_kind,
        "subject_key": row.subject_key,
        "text": row.text,
        "evidence": row.evidence,
        "digest": proof.file.file.sha256 if proof.file else proof.digest,
        "declared_by": str(row.declared_by_id),
        "declared_at": utc(row.declared_at),
        "valid_until": utc(row.valid_until),
    }


def asked_out(one: Asked) -> dict[str, Any]:
    """Return what the API says of what is asked to be declared."""
    return {
        "rule": one.rule,
        "name": one.name,
        "title": one.title,
        "every": one.every,
        "subject_kind": one.subject.kind,
        "subject_key": one.subject.key,
        "deliverer": one.deliverer,
        "status": one.due.status,
        "because": one.due.because,
        "due_at": utc(one.due.due_at),
        "last": one.last.key if one.last else None,
    }


def readiness_out(service: Service, standings: dict[str, Standing]) -> dict[str, Any]:
    """Return what the API says of the readiness of a service."""
    return {
        "service": service.slug,
        "items": [
            {
                "item": one.item,
                "status": one.status,
                "because": one.because,
                "at": utc(one.at),
                "stated": "true" if one.stated else "false",
                "valid_until": utc(one.valid_until),
            }
            for one in standings.values()
        ],
    }


def _service(slug: str, now: datetime, *, status: int = 200) -> Response:
    service = services_to_judge().filter(slug=slug).first()
    if service is None:
        raise NotFound("There is no such service in use.")
    return Response(readiness_out(service, signs_of_all([service], now)[service.pk]), status=status)


class DeclarationList(ApiView):
    """Declarations."""

    area = "compliance"

    @extend_schema(
        operation_id="declarations_list",
        parameters=[
            OpenApiParameter("rule", str, description="The id of a rule."),
            ordering(DECLARATION_ORDERINGS),
            *PAGING,
        ],
        responses=DeclarationPage,
    )
    def get(self, request: Request) -> Response:
        """List what was declared, newest first."""
        query = Query(request, {"rule"})
        rows = Declaration.objects.all()
        if rule := query.text("rule", max_length=120):
            rows = rows.filter(rule_id=rule)
        page = self.page(
            rows,
            lambda row: {"row": row},
            ordering=DECLARATION_ORDERINGS,
            default="-declared_at",
            changed=("declared_at",),
        )
        found = [one["row"] for one in page.data["results"]]
        proofs = proofs_of(found)
        page.data["results"] = [declaration_out(row, proofs[row.pk]) for row in found]
        return page

    @extend_schema(operation_id="declarations_make", request=DeclarationBody, responses={201: DeclarationOut})
    def post(self, request: Request) -> Response:
        """Declare what a rule of the standard in force asks."""
        Query(request, paged=False)
        made = declaration_make(actor=self.actor, now=edge_now(), fields=read_body(request, DeclarationBody))
        return Response(declaration_out(made, proofs_of([made])[made.pk]), status=201)


class DeclarationsAsked(ApiView):
    """What is asked to be declared."""

    area = "compliance"

    @extend_schema(operation_id="declarations_asked", responses=DeclarationsAskedOut)
    def get(self, request: Request) -> Response:
        """List what the standard in force asks to be declared, and where each stands."""
        Query(request, paged=False)
        return Response({"results": [asked_out(one) for one in asked(edge_now())]})


class ReadinessList(ApiView):
    """The readiness of services."""

    area = "compliance"

    @extend_schema(
        operation_id="readiness_list",
        parameters=[ordering(READINESS_ORDERINGS), *PAGING],
        responses=ReadinessPage,
    )
    def get(self, request: Request) -> Response:
        """List how ready each service is."""
        Query(request)
        found: dict[int, dict[str, Standing]] = {}
        page = self.page(
            services_to_judge(),
            lambda service: {"service": service},
            ordering=READINESS_ORDERINGS,
            default="name",
        )
        services = [one["service"] for one in page.data["results"]]
        found = signs_of_all(services, edge_now())
        page.data["results"] = [readiness_out(service, found[service.pk]) for service in services]
        return page


class ReadinessDetail(ApiView):
    """The readiness of one service."""

    area = "compliance"

    @extend_schema(operation_id="readiness_retrieve", responses=ReadinessOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show how ready a service is, item by item, with why."""
        Query(request, paged=False)
        return _service(slug, edge_now())

    @extend_schema(operation_id="readiness_state", request=ReadinessBody, responses={201: ReadinessOut})
    def post(self, request: Request, slug: str) -> Response:
        """State whether an item holds."""
        Query(request, paged=False)
        now = edge_now()
        body = read_body(request, ReadinessBody)
        readiness_state(actor=self.actor, now=now, service=slug, fields=body)
        return _service(slug, now, status=201)
