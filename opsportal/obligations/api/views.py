"""The API of obligations: what is owed, and waiving it."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from opsportal.api.pagination import both_ways
from opsportal.api.query import Query
from opsportal.api.serializers import expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput
from opsportal.core.registry import seen_only
from opsportal.obligations.api.serializers import ObligationOut, ObligationPage, WaiveBody, obligation_out
from opsportal.obligations.models import Obligation
from opsportal.obligations.selectors import lines_of, obligation_seen, owned_by
from opsportal.obligations.services import obligation_waive
from opsportal.obligations.states import OBLIGATION

ORDERINGS = {**both_ways("due_at", "id", word="due_at"), **both_ways("updated_at", "id", word="updated_at")}
FILTERS = [
    OpenApiParameter("owner", str, enum=["me"], description="`me`: what I owe, also by roles that I hold."),
    OpenApiParameter("state", str, enum=list(OBLIGATION.states)),
    OpenApiParameter("owed", bool, description="Only what is still owed; a breached one is until it is met."),
    OpenApiParameter("subject", str, description="The key of what it is about, e.g. `CHG-1042`."),
    OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
    OpenApiParameter("page_size", int),
    OpenApiParameter("cursor", str),
]


class ObligationList(ApiView):
    """Obligations."""

    area = "compliance"

    @extend_schema(operation_id="obligations_list", parameters=FILTERS, responses=ObligationPage)
    def get(self, request: Request) -> Response:
        """List obligations, the longest due first."""
        query = Query(request, {"owner", "state", "owed", "subject"})
        now = edge_now()
        rows = _of_owner(query.choice("owner", {"me"}), self.actor)
        if state := query.choice("state", OBLIGATION.states):
            rows = rows.filter(state=state)
        if query.flag("owed"):
            rows = rows.filter(ended_at__isnull=True)
        if key := query.text("subject"):
            rows = rows.filter(subject_key=key.upper())
        page = self.page(rows, lambda row: {"row": row}, ordering=ORDERINGS, default="due_at")
        lines = lines_of((item["row"] for item in page.data["results"]), now)
        page.data["results"] = [obligation_out(line) for line in lines]
        return page


class ObligationDetail(ApiView):
    """One obligation."""

    area = "compliance"

    @extend_schema(responses=ObligationOut)
    def get(self, request: Request, pk: int) -> Response:
        """Show one obligation."""
        Query(request, paged=False)
        return _answer(obligation_seen(self.actor, pk, edge_now()))


class ObligationWaive(ApiView):
    """Waiving an obligation."""

    area = "compliance"

    @extend_schema(request=WaiveBody, responses=ObligationOut)
    def post(self, request: Request, pk: int) -> Response:
        """Waive what is owed, with a reason. Only for people to whose role it climbs, and administrators."""
        Query(request, paged=False)
        body = read_body(request, WaiveBody)
        version = expected_version(request, body)
        obligation_seen(self.actor, pk, edge_now())
        row = obligation_waive(
            actor=self.actor, now=edge_now(), pk=pk, reason=body["reason"], version=version
        )
        return _answer(row)


def _of_owner(owner: str, actor: Actor) -> QuerySet[Obligation]:
    if not owner:
        return seen_only(Obligation.objects.all(), actor, edge_now())
    if not actor.is_user:
        raise InvalidInput.of("owner", "not_a_person", "A service account owes nothing; leave owner out.")
    return owned_by(actor.id, edge_now())


def _answer(row: Obligation) -> Response:
    (line,) = lines_of([row], edge_now())
    return Response(obligation_out(line), headers={"ETag": f'"{row.version}"'})
