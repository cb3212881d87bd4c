"""The API of the register of documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.controls import IF_MATCH, PAGING, answer
from compliance.api.policies_bodies import (
    ComplianceNoteBody,
    ComplianceReasonBody,
    DocumentBody,
    DocumentOut,
    DocumentPage,
    DocumentPatch,
    document_out,
)
from compliance.models import Document, DocumentLink
from compliance.policing.states import DOCUMENT
from compliance.policing.words import DOCUMENT_KINDS
from compliance.selectors.policies import ORDERINGS, document_by_key, documents_loaded
from compliance.services.policies.documents import (
    document_edit,
    document_register,
    document_reinstate,
    document_retire,
    document_review,
)
from opsportal.api.query import Query
from opsportal.api.serializers import Body, expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now

F = TypeVar("F", bound=Callable[..., Any])


def _document(key: str, *, status: int = 200) -> Response:
    document = document_by_key(key)
    place = f"/api/v1/documents/{document.key}/" if status == 201 else ""
    return answer(document_out(document), document.version, status=status, place=place)


class DocumentList(ApiView):
    """The register of documents."""

    area = "compliance"

    @extend_schema(
        operation_id="documents_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(DOCUMENT.states)),
            OpenApiParameter("kind", str, enum=[kind for kind, _ in DOCUMENT_KINDS]),
            OpenApiParameter("service", str, description="Only about this service (a slug)."),
            OpenApiParameter("link", str, enum=DocumentLink.State.values),
            OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
            *PAGING,
        ],
        responses=DocumentPage,
    )
    def get(self, request: Request) -> Response:
        """List registered documents by title."""
        query = Query(request, {"state", "kind", "service", "link"})
        rows = documents_loaded()
        if state := query.choice("state", DOCUMENT.states):
            rows = rows.filter(state=state)
        if kind := query.choice("kind", dict(DOCUMENT_KINDS)):
            rows = rows.filter(kind=kind)
        if service := query.text("service"):
            rows = rows.filter(service__slug=service)
        if link := query.choice("link", DocumentLink.State.values):
            rows = rows.filter(link__state=link)
        return self.page(rows, document_out, ordering=ORDERINGS, default="title")

    @extend_schema(operation_id="documents_register", request=DocumentBody, responses={201: DocumentOut})
    def post(self, request: Request) -> Response:
        """Take a document into the register."""
        Query(request, paged=False)
        fields = read_body(request, DocumentBody)
        made = document_register(actor=self.actor, now=edge_now(), fields=fields)
        return _document(made.key, status=201)


class DocumentDetail(ApiView):
    """One document."""

    area = "compliance"

    @extend_schema(operation_id="documents_retrieve", responses=DocumentOut)
    def get(self, request: Request, key: str) -> Response:
        """Show what the register says of a document."""
        Query(request, paged=False)
        return _document(key)

    @extend_schema(
        operation_id="documents_edit", parameters=[IF_MATCH], request=DocumentPatch, responses=DocumentOut
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change what the register says of a document."""
        Query(request, paged=False)
        fields = read_body(request, DocumentPatch, partial=True)
        version = expected_version(request, fields)
        document_edit(actor=self.actor, now=edge_now(), key=key, fields=fields, version=version)
        return _document(key)


class _Step(ApiView):
    """One step of a document's life. `move` is the service that takes it."""

    area = "compliance"
    body: ClassVar[type[Body]] = ComplianceReasonBody
    move: ClassVar[Callable[..., Document]]

    def take(self, request: Request, key: str) -> Response:
        Query(request, paged=False)
        fields = read_body(request, self.body)
        version = expected_version(request, fields)
        self.move(actor=self.actor, now=edge_now(), key=key, version=version, **fields)
        return _document(key)


def _step_schema(verb: str, body: type[Body] = ComplianceReasonBody) -> Callable[[F], F]:
    return extend_schema(
        operation_id=f"documents_{verb}", parameters=[IF_MATCH], request=body, responses=DocumentOut
    )


class DocumentReview(_Step):
    body = ComplianceNoteBody
    move = staticmethod(document_review)

    @_step_schema("review", ComplianceNoteBody)
    def post(self, request: Request, key: str) -> Response:
        """Keep that a person found that the document holds."""
        return self.take(request, key)


class DocumentRetire(_Step):
    move = staticmethod(document_retire)

    @_step_schema("retire")
    def post(self, request: Request, key: str) -> Response:
        """Keep it as one that nobody goes by any more."""
        return self.take(request, key)


class DocumentReinstate(_Step):
    move = staticmethod(document_reinstate)

    @_step_schema("reinstate")
    def post(self, request: Request, key: str) -> Response:
        """Take it into use again."""
        return self.take(request, key)
