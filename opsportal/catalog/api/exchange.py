"""The API of providers, and of the catalogue as one document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, expected_version, read_body, utc
from opsportal.api.views import ApiView
from opsportal.catalog import selectors
from opsportal.catalog.api.serializers import NAME, SLUG, Link, ServiceMoveBody
from opsportal.catalog.models import Provider, Service
from opsportal.catalog.services import (
    catalog_import,
    catalog_preview,
    provider_create,
    provider_move,
    provider_update,
)
from opsportal.catalog.services.imports import CHANGED, NEW, REFUSED, SAME, Plan
from opsportal.catalog.services.links import MAX_URL
from opsportal.catalog.services.providers import MAX_CONTACT
from opsportal.catalog.services.records import MAX_DESCRIPTION
from opsportal.catalog.sheet import MAX_ROWS, checked, rows_of
from opsportal.catalog.states import PROVIDER
from opsportal.core.clock import edge_now
from opsportal.core.errors import FieldError, InvalidInput

ORDERINGS = {
    **both_ways("name", "id", word="name"),
    **both_ways("updated_at", "id", word="updated_at"),
}
OUTCOMES: tuple[tuple[str, str], ...] = (
    (NEW, "New"),
    (CHANGED, "Changed"),
    (SAME, "Same"),
    (REFUSED, "Refused"),
)


class ProviderPatch(Body):
    """What of a provider may change. The slug never does."""

    name = Text(max_length=NAME, blank=False)
    description = Text(max_length=MAX_DESCRIPTION, lines=True, required=False)
    owner_team = Text(max_length=SLUG, blank=False, help_text="Slug of the team that answers for it.")
    status_url = Text(max_length=MAX_URL, required=False)
    contact = Text(max_length=MAX_CONTACT, required=False)
    key_expires_on = serializers.DateField(
        required=False, allow_null=True, help_text="Last good day (UTC) of the key or contract."
    )
    used_by = serializers.ListField(
        child=Text(max_length=SLUG), required=False, max_length=500, help_text="Slugs of services."
    )
    version = WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


class ProviderBody(Body):
    """A new provider."""

    slug = Text(max_length=SLUG, blank=False, help_text="Lower-case letters, digits, hyphens; never changes.")
    name = Text(max_length=NAME, blank=False)
    description = Text(max_length=MAX_DESCRIPTION, lines=True, required=False)
    owner_team = Text(max_length=SLUG, blank=False, help_text="Slug of the team that answers for it.")
    status_url = Text(max_length=MAX_URL, required=False)
    contact = Text(max_length=MAX_CONTACT, required=False)
    key_expires_on = serializers.DateField(required=False, allow_null=True)
    used_by = serializers.ListField(child=Text(max_length=SLUG), required=False, max_length=500)


class ProviderOut(Body):
    """An external provider."""

    slug = Text(max_length=SLUG)
    name = Text(max_length=NAME)
    description = Text(max_length=MAX_DESCRIPTION)
    owner_team = Text(max_length=SLUG)
    status_url = Text(max_length=MAX_URL)
    contact = Text(max_length=MAX_CONTACT)
    key_expires_on = serializers.DateField(allow_null=True)
    used_by = serializers.ListField(child=Text(max_length=SLUG))
    state = serializers.ChoiceField(PROVIDER.choices)
    created_at = Moment()
    updated_at = Moment()
    version = WholeNumber()


class ProviderPage(Body):
    """One page of providers."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = ProviderOut(many=True)


class CatalogEntry(Body):
    """One service of a catalogue document. A field that is left out stays as it is."""

    slug = Text(max_length=SLUG, blank=False)
    name = Text(max_length=NAME, required=False)
    description = Text(max_length=MAX_DESCRIPTION, lines=True, required=False)
    tier = serializers.ChoiceField(Service.Tier.choices, required=False)
    data_classification = serializers.ChoiceField(Service.DataClassification.choices, required=False)
    owner_team = Text(max_length=SLUG, required=False)
    links = Link(many=True, required=False)
    depends_on = serializers.DictField(
        child=Text(max_length=10), required=False, help_text="Slug of a service → hard or soft."
    )


class CatalogBody(Body):
    """A catalogue to import; with `preview` nothing is written."""

    services = CatalogEntry(many=True, help_text=f"At most {MAX_ROWS}.")
    preview = serializers.BooleanField(required=False, help_text="Only tell what would be done.")


class CatalogDocument(Body):
    """All services, as an import takes them."""

    services = CatalogEntry(many=True)


class PlannedOut(Body):
    """What an import does with one service."""

    slug = Text(max_length=SLUG)
    what = serializers.ChoiceField(OUTCOMES)
    fields = serializers.ListField(child=Text(max_length=60))  # type: ignore[assignment]
    errors = serializers.ListField(child=Text(max_length=500))  # type: ignore[assignment]


class PlanOut(Body):
    """What an import does, or in a preview would do. In a preview wrong rows are told here."""

    preview = serializers.BooleanField()
    new = WholeNumber()
    changed = WholeNumber()
    same = WholeNumber()
    refused = WholeNumber()
    services = PlannedOut(many=True)


class CatalogExchange(ApiView):
    """The catalogue as one document."""

    area = "catalog"

    @extend_schema(operation_id="catalog_export", responses=CatalogDocument)
    def get(self, request: Request) -> Response:
        """Export all services with what they depend on, as an import takes them."""
        Query(request, paged=False)
        return Response({"services": selectors.entries()})

    @extend_schema(operation_id="catalog_import", request=CatalogBody, responses={200: PlanOut})
    def post(self, request: Request) -> Response:
        """Import services, all of them or none; with `preview`, only tell what would be done."""
        Query(request, paged=False)
        try:
            body = read_body(request, CatalogBody)
        except InvalidInput as refusal:
            raise InvalidInput([*refusal.errors, *self._also_wrong(request, refusal)]) from None
        rows = checked(rows_of(body["services"]))
        preview = bool(body.get("preview"))
        carry_out = catalog_preview if preview else catalog_import
        return Response(_plan_out(carry_out(actor=self.actor, now=edge_now(), rows=rows), preview=preview))

    def _also_wrong(self, request: Request, refusal: InvalidInput) -> list[FieldError]:
        """Return what is wrong with the content of a document whose shape was refused: all is told."""
        document = request.data
        try:
            rows = checked(rows_of(document.get("services") if isinstance(document, Mapping) else None))
        except InvalidInput:
            return []
        told = [one.pointer for one in refusal.errors]
        plan = catalog_preview(actor=self.actor, now=edge_now(), rows=rows)
        return [one for one in plan.errors if not any(_same_place(one.pointer, other) for other in told)]


class ProviderList(ApiView):
    """External providers."""

    area = "catalog"

    @extend_schema(
        operation_id="providers_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(PROVIDER.states)),
            OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
            OpenApiParameter("page_size", int, description="1 to 200"),
            OpenApiParameter("cursor", str),
        ],
        responses=ProviderPage,
    )
    def get(self, request: Request) -> Response:
        """List providers by name."""
        query = Query(request, {"state"})
        rows = selectors.providers().prefetch_related("uses__service")
        if state := query.choice("state", PROVIDER.states):
            rows = rows.filter(state=state)
        return self.page(rows, provider_out, ordering=ORDERINGS, default="name")

    @extend_schema(request=ProviderBody, responses={201: ProviderOut})
    def post(self, request: Request) -> Response:
        """Add a provider."""
        Query(request, paged=False)
        body = read_body(request, ProviderBody)
        return _answer(provider_create(actor=self.actor, now=edge_now(), **body), status=201)


class ProviderDetail(ApiView):
    """One external provider."""

    area = "catalog"

    @extend_schema(responses=ProviderOut)
    def get(self, request: Request, slug: str) -> Response:
        """Show one provider. Its ETag is its version."""
        Query(request, paged=False)
        return _answer(selectors.provider_by_slug(slug))

    @extend_schema(request=ProviderPatch, responses=ProviderOut)
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is given. If-Match (or `version`) refuses the change where it moved on."""
        Query(request, paged=False)
        body = read_body(request, ProviderPatch, partial=True)
        version = expected_version(request, body)
        return _answer(provider_update(actor=self.actor, now=edge_now(), slug=slug, version=version, **body))


class ProviderMove(ApiView):
    """Taking a provider out of use, or back into it."""

    area = "catalog"

    @extend_schema(operation_id="providers_move", request=ServiceMoveBody, responses=ProviderOut)
    def post(self, request: Request, slug: str, verb: str) -> Response:
        """Retire or reinstate a provider."""
        Query(request, paged=False)
        body = read_body(request, ServiceMoveBody)
        moved = {"version": expected_version(request, body), **body}
        return _answer(provider_move(actor=self.actor, now=edge_now(), slug=slug, verb=verb, **moved))


def provider_out(provider: Provider) -> dict[str, Any]:
    """Return what the API says of a provider; reads its owner team and the services that use it."""
    return {
        "slug": provider.slug,
        "name": provider.name,
        "description": provider.description,
        "owner_team": provider.owner_team.slug,
        "status_url": provider.status_url,
        "contact": provider.contact,
        "key_expires_on": provider.key_expires_on and provider.key_expires_on.isoformat(),
        "used_by": sorted(use.service.slug for use in provider.uses.all()),
        "state": provider.state,
        "created_at": utc(provider.created_at),
        "updated_at": utc(provider.updated_at),
        "version": provider.version,
    }


def _same_place(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _plan_out(plan: Plan, *, preview: bool) -> dict[str, Any]:
    return {
        "preview": preview,
        **{word: plan.count(word) for word in (NEW, CHANGED, SAME, REFUSED)},
        "services": [
            {
                "slug": line.slug,
                "what": line.outcome,
                "fields": [one.field for one in line.differences],
                "errors": [f"{one.pointer}: {one.detail}" for one in line.errors],
            }
            for line in plan.lines
        ],
    }


def _answer(provider: Provider, *, status: int = 200) -> Response:
    return Response(provider_out(provider), status=status, headers={"ETag": f'"{provider.version}"'})
