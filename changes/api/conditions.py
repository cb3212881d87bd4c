"""The API of conditions: what a yes was tied to, and how it is met."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.approvals_out import ConditionOut, ConditionPage, condition_out
from changes.api.changes_bodies import DoneBody, EmptyBody, NeededRemarkBody, RemarkBody
from changes.selectors import change_by_key
from changes.services.conditions import (
    change_condition_confirm,
    change_condition_do,
    change_condition_return,
    change_condition_withdraw,
)
from opsportal.api.query import Query
from opsportal.api.serializers import Body, read_body
from opsportal.api.views import ApiView
from opsportal.approvals.selectors import conditions_about
from opsportal.core.clock import edge_now

KIND = "change"


class ChangeConditions(ApiView):
    """The conditions of the approval of a change."""

    area = "changes"

    @extend_schema(operation_id="changes_conditions", responses=ConditionPage)
    def get(self, request: Request, key: str) -> Response:
        """Show every condition that a yes was tied to, also of earlier rounds, oldest first."""
        Query(request, paged=False)
        rows = conditions_about(KIND, change_by_key(key).key)
        return Response({"next": None, "previous": None, "results": [condition_out(row) for row in rows]})


class ConditionVerb(ApiView):
    """One step on a condition. `service` takes it, with what the body holds as keywords."""

    area = "changes"
    body: ClassVar[type[Body]] = EmptyBody
    service: ClassVar[Callable[..., object]]

    def post(self, request: Request, key: str, number: str) -> Response:
        """Take the step and show the condition."""
        Query(request, paged=False)
        given: dict[str, Any] = read_body(request, self.body)
        change = change_by_key(key)
        self.service(actor=self.actor, now=edge_now(), pk=change.pk, number=int(number), **given)
        return Response(condition_out(conditions_about(KIND, change.key).get(pk=int(number))))


def _step(verb: str, words: str, service: Callable[..., object], body: type[Body]) -> type[ConditionVerb]:
    parts = {"body": body, "service": staticmethod(service), "__doc__": words}
    view = type(f"Condition{verb.title()}", (ConditionVerb,), parts)
    schema = extend_schema(
        operation_id=f"changes_condition_{verb}", description=words, request=body, responses=ConditionOut
    )
    documented: type[ConditionVerb] = extend_schema_view(post=schema)(view)
    return documented


CONDITION_VERBS: dict[str, type[ConditionVerb]] = {
    "done": _step(
        "done",
        "Say that a condition is met, and what shows it. Only whoever carries the change out can.",
        change_condition_do,
        DoneBody,
    ),
    "confirm": _step(
        "confirm",
        "Confirm that it is met. Only its voter can, or somebody else who may vote in its stage.",
        change_condition_confirm,
        EmptyBody,
    ),
    "return": _step(
        "return",
        "Send it back, with the reason: it is not met yet.",
        change_condition_return,
        NeededRemarkBody,
    ),
    "withdraw": _step("withdraw", "Withdraw it. Only its voter can.", change_condition_withdraw, RemarkBody),
}
"""The endpoint of each step, by its place in the path."""
