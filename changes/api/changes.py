"""The API of changes: lists, drafts, revisions, and what belongs to one change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.approvals_out import ApprovalPage, approval_out
from changes.api.changes_bodies import REVIEW_FIELDS, ChangeBody, ChangePatch, service_fields
from changes.api.changes_out import (
    ChangeDetailOut,
    ChangePage,
    ConflictPage,
    HistoryPage,
    change_out,
    conflict_out,
    detail_out,
    freeze_out,
    happenings_out,
)
from changes.models import Change
from changes.panels import next_step_of
from changes.selectors import (
    ORDERINGS,
    ChangeFilter,
    Place,
    change_by_key,
    change_list,
    conflicts_of,
    timeline,
)
from changes.services.closing import change_review
from changes.services.drafts import change_create, change_revise
from changes.services.seen_facts import FactsAt
from changes.states import CHANGE
from opsportal.accounts.models import User
from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.approvals.selectors import progress_of_all, requests_about
from opsportal.catalog.selectors import environments_named, services_named
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput
from opsportal.obligations.api.serializers import ObligationPage, obligation_out
from opsportal.obligations.selectors import about, lines_of

KIND = "change"
ROUNDS = 50
OWED_ORDERINGS = both_ways("due_at", "id", word="due_at")
FILTERS = [
    OpenApiParameter("state", str, enum=list(CHANGE.states), many=True, description="May be repeated."),
    OpenApiParameter("type", str, enum=Change.Type.values),
    OpenApiParameter("service", str, description="Slug of a service that it names."),
    OpenApiParameter("environment", str, description="Slug of an environment that it names."),
    OpenApiParameter("requester", str, description="Id of a person, or `me`."),
    OpenApiParameter(
        "search",
        str,
        description="Words of texts and comments, each from its beginning; a phrase in quotes; a key.",
    ),
    OpenApiParameter(
        "ordering",
        str,
        enum=sorted(ORDERINGS),
        description="By `window_start`, changes without a window are left out.",
    ),
    OpenApiParameter("page_size", int, description="1 to 200"),
    OpenApiParameter("cursor", str),
]
NAMES = frozenset({"state", "type", "service", "environment", "requester", "search"})
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description='The version that was read: `"3"`.'
)


def answer(change: Change, actor: Actor, *, status: int = 200) -> Response:
    """Return the answer that shows one change as it stands, to the one who asks."""
    shown = change_by_key(change.key)
    step = next_step_of(shown, shown.targets.all(), actor=actor, now=edge_now())
    return Response(detail_out(shown, step), status=status, headers={"ETag": f'"{shown.version}"'})


class ChangeList(ApiView):
    """Changes."""

    area = "changes"

    @extend_schema(operation_id="changes_list", parameters=FILTERS, responses=ChangePage)
    def get(self, request: Request) -> Response:
        """List changes, those that were changed last first."""
        query = Query(request, NAMES, repeated={"state"})
        wanted = ChangeFilter(
            states=_states(query),
            type=query.choice("type", Change.Type.values),
            service=_known(query, "service"),
            environment=_known(query, "environment"),
            requester=_requester(query, self.actor),
            text=query.text("search"),
            with_window=query.text("ordering") in {"window_start", "-window_start"},
        )
        rows = change_list(wanted)
        return self.page(rows, change_out, ordering=ORDERINGS, default="-updated_at")

    @extend_schema(operation_id="changes_create", request=ChangeBody, responses={201: ChangeDetailOut})
    def post(self, request: Request) -> Response:
        """Make a draft. A service account names the person who requests it, or a template."""
        Query(request, paged=False)
        fields = service_fields(read_body(request, ChangeBody))
        requester = fields.pop("requester", "")
        change = change_create(actor=self.actor, now=edge_now(), fields=fields, requester=requester)
        response = answer(change, self.actor, status=201)
        response["Location"] = f"/api/v1/changes/{change.key}/"
        return response


class ChangeDetail(ApiView):
    """One change."""

    area = "changes"

    @extend_schema(operation_id="changes_retrieve", responses=ChangeDetailOut)
    def get(self, request: Request, key: str) -> Response:
        """Show one change, what happens next with it, and the steps that the caller may take."""
        Query(request, paged=False)
        return answer(change_by_key(key), self.actor)

    @extend_schema(
        operation_id="changes_revise", parameters=[IF_MATCH], request=ChangePatch, responses=ChangeDetailOut
    )
    def patch(self, request: Request, key: str) -> Response:
        """Revise a change. In review, approved, scheduled or rejected it becomes a draft: votes are void."""
        Query(request, paged=False)
        body = read_body(request, ChangePatch, partial=True)
        version = expected_version(request, body)
        pk, actor, now = change_by_key(key).pk, self.actor, edge_now()
        if REVIEW_FIELDS & set(body):
            _refuse_beside_review(body)
            change = change_review(actor=actor, now=now, pk=pk, version=version, **body)
        else:
            change = change_revise(actor=actor, now=now, pk=pk, fields=service_fields(body), version=version)
        return answer(change, actor)


class ChangeApprovals(ApiView):
    """The rounds of approval of a change."""

    area = "changes"

    @extend_schema(operation_id="changes_approvals", responses=ApprovalPage)
    def get(self, request: Request, key: str) -> Response:
        """Show stages, quorums and votes of each round, newest first."""
        Query(request, paged=False)
        change = change_by_key(key)
        rounds = list(requests_about(KIND, change.key)[:ROUNDS])
        progress = progress_of_all(rounds, edge_now())
        return _whole([approval_out(one, progress[one.pk]) for one in rounds])


class ChangeConflicts(ApiView):
    """What gets in the way of a change."""

    area = "changes"

    @extend_schema(operation_id="changes_conflicts", responses=ConflictPage)
    def get(self, request: Request, key: str) -> Response:
        """Show the changes at the same time, in the same place or where one leans on the other; and freezes.

        `freezes` are those over what is still to come of its window, until it has begun; without a window,
        those in force now.
        """
        Query(request, paged=False)
        change = change_by_key(key)
        found = [conflict_out(one) for one in conflicts_of(change)]
        freezes = FactsAt(edge_now()).freezes(change, list(change.targets.all()))
        return Response(
            {
                "next": None,
                "previous": None,
                "results": found,
                "freezes": [freeze_out(one) for one in freezes],
            }
        )


class ChangeHistory(ApiView):
    """What happened to a change."""

    area = "changes"

    @extend_schema(
        operation_id="changes_history", parameters=[OpenApiParameter("cursor", str)], responses=HistoryPage
    )
    def get(self, request: Request, key: str) -> Response:
        """Show what happened, newest first: steps, votes, comments, deployments and their reports."""
        cursor = Query(request, {"cursor"}, paged=False).text("cursor")
        change = change_by_key(key)
        page, older = timeline(change, before=Place.of_cursor(cursor) if cursor else None)
        address = request.build_absolute_uri(request.path)
        return Response(
            {
                "next": f"{address}?cursor={older.as_cursor()}" if older else None,
                "previous": None,
                "results": happenings_out(page),
            }
        )


class ChangeObligations(ApiView):
    """What is owed about a change."""

    area = "changes"

    @extend_schema(
        operation_id="changes_obligations",
        parameters=[
            OpenApiParameter("ordering", str, enum=sorted(OWED_ORDERINGS)),
            OpenApiParameter("page_size", int),
            OpenApiParameter("cursor", str),
        ],
        responses=ObligationPage,
    )
    def get(self, request: Request, key: str) -> Response:
        """List what is and was owed, the longest due first."""
        Query(request)
        rows = about(KIND, change_by_key(key).key)
        page = self.page(rows, lambda row: {"row": row}, ordering=OWED_ORDERINGS, default="due_at")
        lines = lines_of((item["row"] for item in page.data["results"]), edge_now())
        page.data["results"] = [obligation_out(line) for line in lines]
        return page


def _whole(results: list[dict[str, Any]]) -> Response:
    return Response({"next": None, "previous": None, "results": results})


def _states(query: Query) -> tuple[str, ...]:
    states = query.texts("state")
    if unknown := [state for state in states if state not in CHANGE.states]:
        known = ", ".join(CHANGE.states)
        raise InvalidInput.of("state", "unknown", f"There is no state “{unknown[0]}”; known are: {known}.")
    return tuple(dict.fromkeys(states))


def _known(query: Query, name: str) -> str:
    slug = query.text(name)
    look = services_named if name == "service" else environments_named
    if slug and slug not in look([slug]):
        raise InvalidInput.of(name, "unknown", f"There is no such {name}.")
    return slug


def _requester(query: Query, actor: Actor) -> UUID | None:
    text = query.text("requester")
    if not text:
        return None
    if text == "me":
        if not actor.is_user:
            raise InvalidInput.of("requester", "not_a_person", "A service account requests nothing itself.")
        return UUID(actor.id)
    try:
        person = UUID(text)
    except ValueError:
        person = None
    if person is None or not User.objects.filter(pk=person).exists():
        raise InvalidInput.of("requester", "unknown", "There is no such person.")
    return person


def _refuse_beside_review(body: dict[str, Any]) -> None:
    if beside := sorted(set(body) - REVIEW_FIELDS):
        raise InvalidInput.of(
            beside[0], "not_with_review", "Nothing else is changed with the review: send that by itself."
        )
