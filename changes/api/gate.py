"""The API of the gate: asking without registering."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.deployments_out import GateOut, gate_out, retry_after
from changes.gate import Decision
from changes.services.deployment_fields import MAX_NAMES, clean_question
from changes.services.gate import gate_ask
from opsportal.api.query import Query
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.errors import InvalidInput

TEXTS = ("service", "environment", "version", "change", "commit", "artifact_digest", "policy_hash")
NAMES = frozenset({*TEXTS, "check"})
PARAMETERS = [
    *(OpenApiParameter(name, str, required=name in ("service", "environment")) for name in TEXTS),
    OpenApiParameter(
        "check",
        str,
        many=True,
        description="A result as `tests:passed`; may be repeated. One that is missing is `evidence_missing`.",
    ),
]


class Gate(ApiView):
    """The gate."""

    area = "gate"
    reads_only = True

    @extend_schema(operation_id="gate_ask", parameters=PARAMETERS, responses=GateOut)
    def get(self, request: Request) -> Response:
        """Ask what a registration would be answered now. Nothing is written."""
        query = Query(request, NAMES, paged=False, repeated={"check"})
        asked: dict[str, Any] = {name: request.query_params.get(name) or None for name in TEXTS}
        asked["checks"] = dict(_checks(query))
        now = edge_now()
        answer = gate_ask(actor=self.actor, now=now, asked=clean_question(asked))
        response = Response(gate_out(answer))
        if answer.decision is Decision.PENDING:
            response["Retry-After"] = str(retry_after(answer, now))
        return response


def _checks(query: Query) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for text in query.texts("check", most=MAX_NAMES):
        name, colon, result = text.partition(":")
        if not colon or name in seen:
            raise InvalidInput.of("check", "invalid", "Give each check once, as name:result.")
        seen.add(name)
        yield name, result
