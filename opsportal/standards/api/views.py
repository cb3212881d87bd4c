"""The API of standards: what is stored, what is active, rule by rule."""

from __future__ import annotations

from datetime import date

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.standards.api.serializers import (
    DifferencesOut,
    ProposeBody,
    ProposedOut,
    ReviewBody,
    StandardOut,
    StandardPage,
    differences_out,
    proposed_out,
    row_out,
    standard_out,
)
from opsportal.standards.comparison import compare
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import (
    active_standard_or_none,
    in_force,
    in_force_or_none,
    lines_of,
    standard_by_hash,
    standard_named,
    versions,
)
from opsportal.standards.services import standard_propose, standard_review, standard_store
from opsportal.standards.shelf import other_by_default

ORDERINGS = both_ways("stored_at", "id", word="stored_at")


class StandardList(ApiView):
    """Standards."""

    area = "standards"

    @extend_schema(
        operation_id="standards_list",
        parameters=[
            OpenApiParameter("name", str, description="Only versions of this standard."),
            OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
            OpenApiParameter("page_size", int),
            OpenApiParameter("cursor", str),
        ],
        responses=StandardPage,
    )
    def get(self, request: Request) -> Response:
        """List the stored versions of standards, newest first."""
        query = Query(request, {"name"})
        rows = versions()
        if name := query.text("name"):
            rows = rows.filter(name=name)
        active = active_standard_or_none()
        active_hash = active.content_hash if active else ""
        stored = ("stored_at",)
        page = self.page(
            rows, lambda row: {"row": row}, ordering=ORDERINGS, default="-stored_at", changed=stored
        )
        lines = lines_of((item["row"] for item in page.data["results"]), today())
        page.data["results"] = [row_out(line, active_hash) for line in lines]
        return page

    @extend_schema(operation_id="standards_propose", request=ProposeBody, responses={201: ProposedOut})
    def post(self, request: Request) -> Response:
        """Check and store a pack, so that a change can name it. Only administrators can.

        Each fault of the pack is an error; its pointer is `/<id of the rule>/<field>`, `/pack/<field>`
        outside of rules.
        """
        Query(request, paged=False)
        body, now = read_body(request, ProposeBody), edge_now()
        if ("source" in body) == ("name" in body):
            raise InvalidInput.of("source", "one_of_two", "Give either the source or a name.")
        row = (
            standard_store(actor=self.actor, now=now, source=body["source"].encode())
            if "source" in body
            else standard_propose(actor=self.actor, now=now, name=body["name"])
        )
        standard = standard_by_hash(row.content_hash)
        found = in_force_or_none()
        is_active = found is not None and found.standard == standard
        since = found.since if found and is_active else None
        return Response(
            {**proposed_out(standard, now.date()), "active": is_active, "active_since": utc(since)},
            status=201,
            headers={"Location": f"/api/v1/standards/{row.content_hash}/"},
        )


class ActiveStandard(ApiView):
    """The active standard."""

    area = "standards"

    @extend_schema(responses=StandardOut)
    def get(self, request: Request) -> Response:
        """Show the active standard with all its rules."""
        Query(request, paged=False)
        return _active_one()


class StandardReview(ApiView):
    """The review of the active standard."""

    area = "standards"

    @extend_schema(operation_id="standards_review", request=ReviewBody, responses={201: StandardOut})
    def post(self, request: Request) -> Response:
        """Record that the active standard was reviewed today, and the day of its next review.

        Administrators and holders of the role that the standard names can.
        """
        Query(request, paged=False)
        standard_review(actor=self.actor, now=edge_now(), **read_body(request, ReviewBody))
        return _active_one(status=201)


def today() -> date:
    """Return the present day of UTC."""
    return edge_now().date()


def _active_one(status: int = 200) -> Response:
    now_in_force = in_force()
    return Response(
        {
            **standard_out(now_in_force.standard, today()),
            "active": True,
            "active_since": utc(now_in_force.since),
        },
        status=status,
        headers={"ETag": f'"{now_in_force.standard.content_hash}"'},
    )


class StandardDetail(ApiView):
    """One stored version of a standard."""

    area = "standards"

    @extend_schema(responses=StandardOut)
    def get(self, request: Request, content_hash: str) -> Response:
        """Show a standard by its hash, such as the one that a change was submitted under."""
        Query(request, paged=False)
        standard = standard_by_hash(content_hash)
        now_in_force = in_force_or_none()
        is_active = now_in_force is not None and now_in_force.standard == standard
        since = now_in_force.since if now_in_force and is_active else None
        return Response(
            {**standard_out(standard, today()), "active": is_active, "active_since": utc(since)},
            headers={"ETag": f'"{content_hash}"'},
        )


class StandardDifferences(ApiView):
    """What a standard does differently."""

    area = "standards"

    @extend_schema(
        operation_id="standards_differences",
        parameters=[
            OpenApiParameter(
                "with",
                str,
                description="Name or hash of the other one; else its base, or the one in force.",
            )
        ],
        responses=DifferencesOut,
    )
    def get(self, request: Request, reference: str) -> Response:
        """Show what a standard (by name or hash) has other than its base, rule by rule, with the reasons."""
        other = Query(request, {"with"}, paged=False).text("with")
        own = standard_named(reference)
        base = _other(other) if other else other_by_default(own)
        return Response(differences_out(own, compare(base, own) if base else None))


def _other(reference: str) -> Standard:
    try:
        return standard_named(reference)
    except NotFound:
        raise InvalidInput.of("with", "unknown", "No standard of this name or hash is stored.") from None
