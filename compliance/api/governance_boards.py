"""The API of the register of decisions."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.governance_parts import KEY, PERSON, PROSE, SHORT, number, ordering, page_of
from compliance.models import BoardDecision, BoardDecisionText
from compliance.models.governance.boards import DECISION_PREFIX
from compliance.selectors.boards import DECISION_ORDERINGS, decision_seen, decisions_loaded
from compliance.services.governance.boards import decision_correct, decision_record
from incidents.api.runbooks import PAGING
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, read_body, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now


class DecisionWords(Body):
    """What was decided."""

    question = Text(max_length=SHORT, blank=False, required=False)
    options = Text(max_length=PROSE, lines=True, required=False)
    outcome = Text(max_length=PROSE, lines=True, blank=False, required=False)
    reasons = Text(max_length=PROSE, lines=True, required=False)
    participants = serializers.ListField(
        child=Text(max_length=PERSON), required=False, help_text="Ids or e-mail addresses of people."
    )
    links = serializers.ListField(
        child=Text(max_length=500), required=False, help_text="Addresses, or keys such as CHG-1042."
    )


class DecisionBody(DecisionWords):
    """A decision of a board."""

    board = Text(max_length=60, blank=False, help_text="The slug of its role.")
    question = Text(max_length=SHORT, blank=False)
    outcome = Text(max_length=PROSE, lines=True, blank=False)
    decided_on = Text(max_length=10, required=False, help_text="A day; missing: today.")
    supersedes = Text(max_length=KEY, required=False, help_text="The older decision whose place it takes.")


class DecisionCorrectionBody(DecisionWords):
    """Other words for it, and why."""

    reason = Text(max_length=1_000, lines=True, blank=False)


class DecisionTextOut(DecisionWords):
    """The words of a decision, as they were written down at one time."""

    number = WholeNumber()
    correction = Text(max_length=1_000)
    written_at = Moment()


class DecisionOut(Body):
    """A decision, with all its words, newest last."""

    key = Text(max_length=KEY)
    board = Text(max_length=60)
    decided_on = Text(max_length=10)
    supersedes = Text(max_length=KEY, allow_null=True)
    superseded_by = Text(max_length=KEY, allow_null=True)
    recorded_at = Moment()
    texts = DecisionTextOut(many=True)


DecisionPage = page_of(DecisionOut)


def text_out(text: BoardDecisionText) -> dict[str, Any]:
    """Return what the API says of the words of a decision."""
    return {
        "number": text.number,
        "question": text.question,
        "options": text.options,
        "outcome": text.outcome,
        "reasons": text.reasons,
        "participants": text.participants,
        "links": text.links,
        "correction": text.correction,
        "written_at": utc(text.written_at),
    }


def decision_out(row: BoardDecision) -> dict[str, Any]:
    """Return what the API says of a decision."""
    newer = getattr(row, "superseded_by", None)
    return {
        "key": row.key,
        "board": row.board,
        "decided_on": row.decided_on.isoformat(),
        "supersedes": row.supersedes.key if row.supersedes else None,
        "superseded_by": newer.key if newer else None,
        "recorded_at": utc(row.recorded_at),
        "texts": [text_out(text) for text in sorted(row.texts.all(), key=lambda one: one.number)],
    }


class DecisionList(ApiView):
    """Decisions of boards."""

    area = "compliance"

    @extend_schema(
        operation_id="decisions_list",
        parameters=[
            OpenApiParameter("board", str, description="The slug of its role."),
            ordering(DECISION_ORDERINGS),
            *PAGING,
        ],
        responses=DecisionPage,
    )
    def get(self, request: Request) -> Response:
        """List what boards decided, newest first."""
        query = Query(request, {"board"})
        rows = decisions_loaded()
        if board := query.text("board", max_length=60):
            rows = rows.filter(board=board)
        return self.page(
            rows, decision_out, ordering=DECISION_ORDERINGS, default="-decided_on", changed=("recorded_at",)
        )

    @extend_schema(operation_id="decisions_record", request=DecisionBody, responses={201: DecisionOut})
    def post(self, request: Request) -> Response:
        """Record what a board decided."""
        Query(request, paged=False)
        made = decision_record(actor=self.actor, now=edge_now(), fields=read_body(request, DecisionBody))
        headers = {"Location": f"/api/v1/decisions/{made.key}/"}
        return Response(decision_out(decision_seen(made.pk)), status=201, headers=headers)


class DecisionDetail(ApiView):
    """One decision."""

    area = "compliance"

    @extend_schema(operation_id="decisions_retrieve", responses=DecisionOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a decision, and every version of its words."""
        Query(request, paged=False)
        return Response(decision_out(decision_seen(number(key, DECISION_PREFIX))))


class DecisionCorrection(ApiView):
    """A correction."""

    area = "compliance"

    @extend_schema(
        operation_id="decisions_correct", request=DecisionCorrectionBody, responses={201: DecisionOut}
    )
    def post(self, request: Request, key: str) -> Response:
        """Write its words down anew, beside the older ones."""
        Query(request, paged=False)
        pk = number(key, DECISION_PREFIX)
        body = read_body(request, DecisionCorrectionBody)
        reason = body.pop("reason")
        decision_correct(actor=self.actor, now=edge_now(), pk=pk, fields=body, reason=reason)
        return Response(decision_out(decision_seen(pk)), status=201)
