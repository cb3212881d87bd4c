"""The API of access reviews."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.governance_parts import (
    KEY,
    PERSON,
    PROSE,
    SHORT,
    VERSION_HELP,
    choices,
    number,
    ordering,
    page_of,
)
from compliance.governing.kinds import HOLDINGS, MOVES
from compliance.governing.states import ACCESS_REVIEW, HOLDING
from compliance.models import AccessHolding, AccessMove, AccessReview
from compliance.models.governance.access import ACCESS_REVIEW_PREFIX
from compliance.selectors.access import REVIEW_ORDERINGS, review_seen
from compliance.services.governance.access import (
    access_holding_assign,
    access_holding_decide,
    access_review_end,
    access_review_open,
)
from compliance.services.governance.fields import person
from incidents.api.runbooks import IF_MATCH, PAGING
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, expected_version, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now

HOLDING_ORDERINGS: dict[str, tuple[str, ...]] = {"number": ("number", "id"), "-number": ("-number", "-id")}
VERDICTS = ("confirm", "revoke")


class AccessReviewBody(Body):
    """A new review of everything that anybody holds."""

    due_at = Moment(required=False, help_text="Missing: in 14 days.")
    note = Text(max_length=1_000, lines=True, required=False)


class AccessVerdictBody(Body):
    """Why; needed where it is taken away."""

    reason = Text(max_length=1_000, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1, help_text=VERSION_HELP)


class AccessReviewerBody(Body):
    """Who decides instead."""

    reviewer = Text(
        max_length=PERSON, blank=False, help_text="Id or e-mail address of a person, not of the holder."
    )


class AccessMoveOut(Body):
    """Somebody joined, moved or left."""

    kind = choices(MOVES)
    person = Text(max_length=64)
    what = Text(max_length=SHORT)
    at = Moment()


class AccessReviewOut(Body):
    """An access review. People stand by their opaque id."""

    key = Text(max_length=KEY)
    state = choices(dict(ACCESS_REVIEW.names))
    note = Text(max_length=PROSE)
    since = Moment(allow_null=True)
    list_hash = Text(max_length=64, help_text="SHA-256 of the list as it was frozen.")
    due_at = Moment()
    opened_at = Moment()
    opened_by = Text(max_length=64)
    ended_at = Moment(allow_null=True)
    moves = AccessMoveOut(many=True)
    updated_at = Moment()
    version = WholeNumber()


class AccessHoldingOut(Body):
    """One line of a review."""

    number = WholeNumber()
    kind = choices(HOLDINGS)
    person = Text(max_length=64, allow_null=True)
    service_account = Text(max_length=64, allow_null=True)
    what = Text(max_length=400)
    scope = Text(max_length=80)
    reviewer = Text(max_length=64, allow_null=True)
    state = choices(dict(HOLDING.names))
    reason = Text(max_length=1_000)
    decided_by = Text(max_length=64, allow_null=True)
    decided_at = Moment(allow_null=True)
    version = WholeNumber()


AccessReviewPage = page_of(AccessReviewOut)
AccessHoldingPage = page_of(AccessHoldingOut)


def move_out(move: AccessMove) -> dict[str, Any]:
    """Return what the API says of who joined, moved or left."""
    return {"kind": move.kind, "person": str(move.person_id), "what": move.what, "at": utc(move.at)}


def review_out(row: AccessReview) -> dict[str, Any]:
    """Return what the API says of a review."""
    return {
        "key": row.key,
        "state": row.state,
        "note": row.note,
        "since": utc(row.since),
        "list_hash": row.list_hash,
        "due_at": utc(row.due_at),
        "opened_at": utc(row.opened_at),
        "opened_by": str(row.opened_by_id),
        "ended_at": utc(row.ended_at),
        "moves": [move_out(move) for move in row.moves.all()],
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def holding_out(row: AccessHolding) -> dict[str, Any]:
    """Return what the API says of a line."""
    return {
        "number": row.number,
        "kind": row.kind,
        "person": str(row.person_id) if row.person_id else None,
        "service_account": row.account.slug if row.account else None,
        "what": row.what,
        "scope": row.scope,
        "reviewer": str(row.reviewer_id) if row.reviewer_id else None,
        "state": row.state,
        "reason": row.reason,
        "decided_by": str(row.decided_by_id) if row.decided_by_id else None,
        "decided_at": utc(row.decided_at),
        "version": row.version,
    }


def _answer(pk: int, *, status: int = 200) -> Response:
    row = review_seen(pk)
    headers = {"ETag": f'"{row.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/access-reviews/{row.key}/"
    return Response(review_out(row), status=status, headers=headers)


class AccessReviewList(ApiView):
    """Access reviews."""

    area = "compliance"

    @extend_schema(
        operation_id="access_reviews_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(ACCESS_REVIEW.states)),
            ordering(REVIEW_ORDERINGS),
            *PAGING,
        ],
        responses=AccessReviewPage,
    )
    def get(self, request: Request) -> Response:
        """List access reviews, newest first."""
        query = Query(request, {"state"})
        rows = AccessReview.objects.prefetch_related("moves")
        if state := query.choice("state", ACCESS_REVIEW.states):
            rows = rows.filter(state=state)
        return self.page(rows, review_out, ordering=REVIEW_ORDERINGS, default="-opened_at")

    @extend_schema(
        operation_id="access_reviews_open", request=AccessReviewBody, responses={201: AccessReviewOut}
    )
    def post(self, request: Request) -> Response:
        """Freeze a list of everything that anybody holds, to be decided line by line."""
        Query(request, paged=False)
        body = read_body(request, AccessReviewBody)
        made = access_review_open(actor=self.actor, now=edge_now(), **body)
        return _answer(made.pk, status=201)


class AccessReviewDetail(ApiView):
    """One access review."""

    area = "compliance"

    @extend_schema(operation_id="access_reviews_retrieve", responses=AccessReviewOut)
    def get(self, request: Request, key: str) -> Response:
        """Show an access review, and who joined, moved or left since the one before."""
        Query(request, paged=False)
        return _answer(number(key, ACCESS_REVIEW_PREFIX))


class AccessReviewEnd(ApiView):
    """The end of an access review."""

    area = "compliance"

    @extend_schema(
        operation_id="access_reviews_end",
        parameters=[
            IF_MATCH,
            OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=["complete", "cancel"]),
        ],
        request=AccessVerdictBody,
        responses=AccessReviewOut,
    )
    def post(self, request: Request, key: str, verb: str) -> Response:
        """Complete it when every line is decided, or cancel it with a reason."""
        Query(request, paged=False)
        body = read_body(request, AccessVerdictBody)
        version = expected_version(request, body)
        pk = number(key, ACCESS_REVIEW_PREFIX)
        access_review_end(actor=self.actor, now=edge_now(), pk=pk, verb=verb, version=version, **body)
        return _answer(pk)


class AccessHoldingList(ApiView):
    """The lines of an access review."""

    area = "compliance"

    @extend_schema(
        operation_id="access_holdings_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(HOLDING.states)),
            OpenApiParameter("kind", str, enum=list(HOLDINGS)),
            ordering(HOLDING_ORDERINGS),
            *PAGING,
        ],
        responses=AccessHoldingPage,
    )
    def get(self, request: Request, key: str) -> Response:
        """List what was held when the review was opened, and what was decided of it."""
        query = Query(request, {"state", "kind"})
        rows = review_seen(number(key, ACCESS_REVIEW_PREFIX)).holdings.select_related("account")
        if state := query.choice("state", HOLDING.states):
            rows = rows.filter(state=state)
        if kind := query.choice("kind", tuple(HOLDINGS)):
            rows = rows.filter(kind=kind)
        return self.page(rows, holding_out, ordering=HOLDING_ORDERINGS, default="number")


class AccessHoldingVerdict(ApiView):
    """A verdict."""

    area = "compliance"

    @extend_schema(
        operation_id="access_holdings_decide",
        parameters=[
            IF_MATCH,
            OpenApiParameter("line", int, OpenApiParameter.PATH),
            OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(VERDICTS)),
        ],
        request=AccessVerdictBody,
        responses=AccessHoldingOut,
    )
    def post(self, request: Request, key: str, line: str, verb: str) -> Response:
        """Confirm a line, or take away what it names; never by who holds it."""
        Query(request, paged=False)
        body = read_body(request, AccessVerdictBody)
        version = expected_version(request, body)
        row = access_holding_decide(
            actor=self.actor,
            now=edge_now(),
            review=number(key, ACCESS_REVIEW_PREFIX),
            number=int(line),
            verdict=verb,
            version=version,
            **body,
        )
        return Response(holding_out(row), headers={"ETag": f'"{row.version}"'})


class AccessHoldingReviewer(ApiView):
    """Another reviewer."""

    area = "compliance"

    @extend_schema(
        operation_id="access_holdings_assign",
        parameters=[OpenApiParameter("line", int, OpenApiParameter.PATH)],
        request=AccessReviewerBody,
        responses=AccessHoldingOut,
    )
    def post(self, request: Request, key: str, line: str) -> Response:
        """Let somebody else decide a line; never its holder."""
        Query(request, paged=False)
        row = access_holding_assign(
            actor=self.actor,
            now=edge_now(),
            review=number(key, ACCESS_REVIEW_PREFIX),
            number=int(line),
            reviewer=person("reviewer")(read_body(request, AccessReviewerBody)["reviewer"]),
        )
        return Response(holding_out(row), headers={"ETag": f'"{row.version}"'})
