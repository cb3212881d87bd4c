"""The API of what audits want of people: evidence requests, and corrective actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.audits import IF_MATCH, OVERDUE, OWNER, PAGING, narrowed
from compliance.api.audits_owed_bodies import (
    CorrectiveActionBody,
    CorrectiveActionOut,
    CorrectiveActionPage,
    CorrectiveActionStepBody,
    EvidenceAnswerBody,
    EvidenceAnswerForm,
    EvidenceFilePage,
    EvidenceRequestBody,
    EvidenceRequestOut,
    EvidenceRequestPage,
    EvidenceStepBody,
    action_out,
    file_out,
    request_out,
)
from compliance.api.audits_owed_forms import answer_of
from compliance.auditing.states import ACTION, REQUEST
from compliance.auditing.tables import REQUEST_KINDS
from compliance.models.audits.findings import ACTION_PREFIX, FINDING_PREFIX, REQUEST_PREFIX
from compliance.models.audits.plan import AUDIT_PREFIX
from compliance.selectors.audits.seen import (
    action_seen,
    actions_seen,
    audits_seen,
    findings_seen,
    request_seen,
    requests_seen,
)
from compliance.services.audits.actions import MOVES as ACTION_MOVES
from compliance.services.audits.actions import action_move, action_open
from compliance.services.audits.requests import (
    KIND,
    request_answer,
    request_move,
    request_open,
)
from compliance.services.audits.requests import MOVES as REQUEST_MOVES
from opsportal.api.parsers import StrictJSONParser
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.keys import number_of
from opsportal.files.selectors import attachment_of, attachments_of
from opsportal.files.web.serving import attachment_response

REQUEST_VERBS, ACTION_VERBS = REQUEST_MOVES, ACTION_MOVES


def _orderings(begun: str) -> dict[str, tuple[str, ...]]:
    """Return the words of `?ordering=` of a list whose rows began at `begun`, in the order of their ids."""
    return {
        f"-{begun}": ("-id",),
        begun: ("id",),
        "due_at": ("due_at", "id"),
        "updated_at": ("updated_at", "id"),
    }


REQUEST_ORDERINGS = _orderings("asked_at")
ACTION_ORDERINGS = _orderings("opened_at")
_AUDIT = OpenApiParameter("audit", str, description="The key of an audit.")


def _wanted(key: str, prefix: str, field: str) -> int:
    number = number_of(key, prefix)
    if number is None:
        raise InvalidInput.of(field, "not_a_key", f"Must be a key, e.g. {prefix}-3.")
    return number


@dataclass(frozen=True, slots=True)
class Owed:
    """What people owe an audit: its place in the API, who sees which, what is told, how they are narrowed.

    `choices` are parameters with the words that they take; `keys` are parameters that take a key, with the
    column that it narrows and the prefix of the key.
    """

    place: str
    prefix: str
    seen: Callable[[Actor], QuerySet[Any]]
    out: Callable[[Any], Mapping[str, Any]]
    orderings: Mapping[str, tuple[str, ...]]
    default: str
    choices: Mapping[str, tuple[str, ...]]
    keys: Mapping[str, tuple[str, str]]


class OwedView(ApiView):
    """What the endpoints of both have in common."""

    area = "compliance"
    owed: ClassVar[Owed]

    def listed(self, request: Request) -> Response:
        """Return one page of what the caller sees, narrowed by whose, overdue, since when, words and keys."""
        owed = self.owed
        query = Query(request, {*owed.choices, *owed.keys, "owner", "overdue"})
        rows = narrowed(owed.seen(self.actor), query, person="owner", unsettled=("open",))
        for name, words in owed.choices.items():
            if value := query.choice(name, words):
                rows = rows.filter(**{name: value})
        for name, (column, prefix) in owed.keys.items():
            if key := query.text(name):
                rows = rows.filter(**{column: _wanted(key, prefix, name)})
        return self.page(rows, owed.out, ordering=owed.orderings, default=owed.default)

    def number(self, key: str) -> int:
        """Return the number of the key in the path. Raises `NotFound`."""
        number = number_of(key, self.owed.prefix)
        if number is None:
            raise NotFound("There is nothing of this key.")
        return number

    def told(self, row: Any, *, status: int = 200) -> Response:
        """Return one of them, with its version, and its place where it is new."""
        headers = {"ETag": f'"{row.version}"'}
        if status == 201:
            headers["Location"] = f"/api/v1/{self.owed.place}/{row.key}/"
        return Response(self.owed.out(row), status=status, headers=headers)


class EvidenceRequestView(OwedView):
    """Evidence requests."""

    owed = Owed(
        place="evidence-requests",
        prefix=REQUEST_PREFIX,
        seen=requests_seen,
        out=request_out,
        orderings=REQUEST_ORDERINGS,
        default="-asked_at",
        choices={"state": tuple(REQUEST.states), "kind": tuple(REQUEST_KINDS)},
        keys={"audit": ("audit", AUDIT_PREFIX)},
    )


class CorrectiveActionView(OwedView):
    """Corrective actions."""

    owed = Owed(
        place="corrective-actions",
        prefix=ACTION_PREFIX,
        seen=actions_seen,
        out=action_out,
        orderings=ACTION_ORDERINGS,
        default="-opened_at",
        choices={"state": tuple(ACTION.states)},
        keys={"audit": ("finding__audit", AUDIT_PREFIX), "finding": ("finding", FINDING_PREFIX)},
    )


class EvidenceRequestList(EvidenceRequestView):
    """Evidence requests."""

    @extend_schema(
        operation_id="evidence_requests_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(REQUEST.states)),
            OpenApiParameter("kind", str, enum=list(REQUEST_KINDS)),
            _AUDIT,
            OWNER,
            OVERDUE,
            OpenApiParameter("ordering", str, enum=sorted(REQUEST_ORDERINGS)),
            *PAGING,
        ],
        responses=EvidenceRequestPage,
    )
    def get(self, request: Request) -> Response:
        """List evidence requests, newest first: one's own, those of one's audits, or all for auditors."""
        return self.listed(request)

    @extend_schema(
        operation_id="evidence_requests_open",
        request=EvidenceRequestBody,
        responses={201: EvidenceRequestOut},
    )
    def post(self, request: Request) -> Response:
        """Ask somebody for evidence, in an audit in fieldwork on whose team one works."""
        Query(request, paged=False)
        fields = read_body(request, EvidenceRequestBody)
        number = _wanted(fields.pop("audit"), AUDIT_PREFIX, "audit")
        if not audits_seen(self.actor).filter(pk=number).exists():
            raise InvalidInput.of("audit", "unknown", "There is no such audit.")
        made = request_open(actor=self.actor, now=edge_now(), audit=number, fields=fields)
        return self.told(made, status=201)


class EvidenceRequestDetail(EvidenceRequestView):
    """One evidence request."""

    @extend_schema(operation_id="evidence_requests_retrieve", responses=EvidenceRequestOut)
    def get(self, request: Request, key: str) -> Response:
        """Show an evidence request and its answer."""
        Query(request, paged=False)
        return self.told(request_seen(self.actor, self.number(key)))


class EvidenceRequestAnswer(EvidenceRequestView):
    """Answers to evidence requests."""

    parser_classes = [StrictJSONParser, MultiPartParser]

    @extend_schema(
        operation_id="evidence_requests_answer",
        parameters=[IF_MATCH],
        request={"application/json": EvidenceAnswerBody, "multipart/form-data": EvidenceAnswerForm},
        responses=EvidenceRequestOut,
    )
    def post(self, request: Request, key: str) -> Response:
        """Hand in the answer, as the person who is asked; as a form, with files."""
        Query(request, paged=False)
        body, files = answer_of(request)
        row = request_answer(
            actor=self.actor,
            now=edge_now(),
            pk=self.number(key),
            answer=body["answer"],
            links=body.get("links", []),
            files=files,
            note=body.get("note", ""),
            version=expected_version(request, body),
        )
        return self.told(row)


class EvidenceRequestFiles(EvidenceRequestView):
    """The files of an answer."""

    @extend_schema(operation_id="evidence_requests_files", responses=EvidenceFilePage)
    def get(self, request: Request, key: str) -> Response:
        """List the files of an answer, the oldest first."""
        Query(request, paged=False)
        row = request_seen(self.actor, self.number(key))
        found = [file_out(one, row.key) for one in attachments_of(KIND, row.key)]
        return Response({"next": None, "previous": None, "results": found})


class EvidenceRequestFile(EvidenceRequestView):
    """One file of an answer."""

    gives = ("*/*",)

    @extend_schema(
        operation_id="evidence_requests_file",
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            410: OpenApiResponse(description="Its bytes are not what was uploaded."),
        },
    )
    def get(self, request: Request, key: str, attachment: str) -> FileResponse:
        """Download a file of an answer, after its bytes were found to be those that were uploaded."""
        Query(request, paged=False)
        row = request_seen(self.actor, self.number(key))
        return attachment_response(attachment_of(KIND, row.key, UUID(attachment)), now=edge_now())


class EvidenceRequestStep(EvidenceRequestView):
    """Steps of evidence requests."""

    @extend_schema(
        operation_id="evidence_requests_step",
        parameters=[
            IF_MATCH,
            OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(REQUEST_VERBS)),
        ],
        request=EvidenceStepBody,
        responses=EvidenceRequestOut,
    )
    def post(self, request: Request, key: str, verb: str) -> Response:
        """Accept the answer, send it back with a remark, or cancel the request: the audit's team."""
        Query(request, paged=False)
        body = read_body(request, EvidenceStepBody)
        row = request_move(
            actor=self.actor,
            now=edge_now(),
            pk=self.number(key),
            verb=verb,
            remark=body.get("remark", ""),
            due_at=body.get("due_at"),
            version=expected_version(request, body),
        )
        return self.told(row)


class CorrectiveActionList(CorrectiveActionView):
    """Corrective actions."""

    @extend_schema(
        operation_id="corrective_actions_list",
        parameters=[
            OpenApiParameter("state", str, enum=list(ACTION.states)),
            _AUDIT,
            OpenApiParameter("finding", str, description="The key of a finding."),
            OWNER,
            OVERDUE,
            OpenApiParameter("ordering", str, enum=sorted(ACTION_ORDERINGS)),
            *PAGING,
        ],
        responses=CorrectiveActionPage,
    )
    def get(self, request: Request) -> Response:
        """List corrective actions, newest first: one's own, those of one's audits, or all for auditors."""
        return self.listed(request)

    @extend_schema(
        operation_id="corrective_actions_open",
        request=CorrectiveActionBody,
        responses={201: CorrectiveActionOut},
    )
    def post(self, request: Request) -> Response:
        """Say what is done about an accepted finding, as its owner or a member of the audit's team."""
        Query(request, paged=False)
        fields = read_body(request, CorrectiveActionBody)
        number = _wanted(fields.pop("finding"), FINDING_PREFIX, "finding")
        if not findings_seen(self.actor).filter(pk=number).exists():
            raise InvalidInput.of("finding", "unknown", "There is no such finding.")
        made = action_open(actor=self.actor, now=edge_now(), finding=number, fields=fields)
        return self.told(made, status=201)


class CorrectiveActionDetail(CorrectiveActionView):
    """One corrective action."""

    @extend_schema(operation_id="corrective_actions_retrieve", responses=CorrectiveActionOut)
    def get(self, request: Request, key: str) -> Response:
        """Show a corrective action."""
        Query(request, paged=False)
        return self.told(action_seen(self.actor, self.number(key)))


class CorrectiveActionStep(CorrectiveActionView):
    """Steps of corrective actions."""

    @extend_schema(
        operation_id="corrective_actions_step",
        parameters=[
            IF_MATCH,
            OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(ACTION_VERBS)),
        ],
        request=CorrectiveActionStepBody,
        responses=CorrectiveActionOut,
    )
    def post(self, request: Request, key: str, verb: str) -> Response:
        """Report it as done or drop it (its owner); verify it after a re-test or send it back (the team)."""
        Query(request, paged=False)
        body = read_body(request, CorrectiveActionStepBody)
        row = action_move(
            actor=self.actor,
            now=edge_now(),
            pk=self.number(key),
            verb=verb,
            text=body["text"],
            version=expected_version(request, body),
        )
        return self.told(row)
