"""The steps of a change: one small endpoint each. Parse, make one call, show the change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.changes import IF_MATCH, answer
from changes.api.changes_bodies import (
    AnswerBody,
    ApproveBody,
    AttestBody,
    CloseBody,
    MoveBody,
    NeededReasonBody,
    ReasonBody,
    RecuseBody,
    VoteBody,
    attestations_of,
)
from changes.api.changes_out import ChangeDetailOut
from changes.models import Change
from changes.selectors import change_by_key
from changes.services.activation import change_activate_standard
from changes.services.closing import change_attest, change_cancel, change_close
from changes.services.holding import change_hold, change_release
from changes.services.implementation import change_complete, change_fail, change_roll_back, change_start
from changes.services.objections import change_accept_answer, change_answer, change_uphold_objection
from changes.services.recounting import change_recuse
from changes.services.schedule import change_schedule
from changes.services.submission import change_submit, change_withdraw
from changes.services.votes import change_vote
from opsportal.api.query import Query
from opsportal.api.serializers import Body, expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.approvals.outcome import Decision
from opsportal.core.clock import edge_now

Given = dict[str, Any]


class ChangeVerb(ApiView):
    """One step of a change: `service` takes it, with what `keywords` makes of the change and the body."""

    area = "changes"
    body: ClassVar[type[Body]]
    service: ClassVar[Callable[..., object]]
    keywords: ClassVar[Callable[..., Given]]

    def post(self, request: Request, key: str) -> Response:
        """Take the step and show the change."""
        Query(request, paged=False)
        body = read_body(request, self.body)
        change = change_by_key(key)
        given = self.keywords(request, change, body)
        self.service(actor=self.actor, now=edge_now(), pk=change.pk, **given)
        return answer(change, self.actor)


def _endpoint(
    verb: str,
    words: str,
    service: Callable[..., object],
    body: type[Body],
    keywords: Callable[[Request, Change, Given], Given],
    *,
    locks: bool,
) -> type[ChangeVerb]:
    """Return the endpoint of one step. `locks`: it takes the version that was read."""
    parts = {
        "body": body,
        "service": staticmethod(service),
        "keywords": staticmethod(keywords),
        "__doc__": words,
    }
    view = type(f"Change{verb.title().replace('_', '')}", (ChangeVerb,), parts)
    schema = extend_schema(
        operation_id=f"changes_{verb}",
        description=words,
        parameters=[IF_MATCH] if locks else [],
        request=body,
        responses=ChangeDetailOut,
    )
    documented: type[ChangeVerb] = extend_schema_view(post=schema)(view)
    return documented


def _move(
    verb: str, words: str, service: Callable[..., object], body: type[Body] = MoveBody
) -> type[ChangeVerb]:
    return _endpoint(verb, words, service, body, _versioned, locks=True)


def _vote(verb: str, words: str, decision: Decision, body: type[Body] = VoteBody) -> type[ChangeVerb]:
    def keywords(request: Request, change: Change, given: Given) -> Given:
        seen = given.get("content_hash") or change.content_hash
        return {**given, "decision": decision, "content_hash": seen}

    return _endpoint(verb, words, change_vote, body, keywords, locks=False)


def _versioned(request: Request, change: Change, given: Given) -> Given:
    version = expected_version(request, given)
    if "attestations" in given:
        given = {**given, "attestations": attestations_of(given)}
    return {**given, "version": version}


VERBS: dict[str, type[ChangeVerb]] = {
    "submit": _move(
        "submit", "Submit a draft for approval, under the standard that is active now.", change_submit
    ),
    "withdraw": _move(
        "withdraw",
        "Take it back from review, approval or schedule: a draft again, votes void.",
        change_withdraw,
        ReasonBody,
    ),
    "approve": _vote(
        "approve",
        "Vote yes to exactly the content that was seen. Only people can.",
        Decision.APPROVE,
        ApproveBody,
    ),
    "reject": _vote("reject", "Vote no. Only people can.", Decision.REJECT),
    "abstain": _vote(
        "abstain",
        "Vote, but neither yes nor no; it never counts as yes. Only people can.",
        Decision.ABSTAIN,
    ),
    "recuse": _endpoint(
        "recuse",
        "State a conflict of interest, before voting: others decide then, and the votes are counted anew."
        " Only people can.",
        change_recuse,
        RecuseBody,
        lambda request, change, given: given,
        locks=False,
    ),
    "schedule": _move("schedule", "Fix an approved change to its window.", change_schedule),
    "start": _move(
        "start",
        "Start the implementation; ahead of its approval only where the standard permits it.",
        change_start,
    ),
    "activate-standard": _move(
        "activate_standard",
        "Put in force the standard that it names, while it is carried out, as it was approved.",
        change_activate_standard,
    ),
    "complete": _move("complete", "Report that the implementation is done.", change_complete),
    "fail": _move("fail", "Report that the implementation failed.", change_fail, ReasonBody),
    "roll-back": _move(
        "roll_back", "Report that a failed change was rolled back.", change_roll_back, ReasonBody
    ),
    "attest": _move(
        "attest",
        "State that a duty which the standard demands before closing is done.",
        change_attest,
        AttestBody,
    ),
    "close": _move(
        "close",
        "Close a change, with its review, lessons learned and attestations where they are missing.",
        change_close,
        CloseBody,
    ),
    "answer": _move("answer", "Answer what a board objected to in retrospect.", change_answer, AnswerBody),
    "accept": _move(
        "accept",
        "Accept the answer to an objection, as one of those who objected. Only people can.",
        change_accept_answer,
        ReasonBody,
    ),
    "uphold": _move(
        "uphold",
        "Say why the answer to an objection is not enough, as one of those who objected. Only people can.",
        change_uphold_objection,
        NeededReasonBody,
    ),
    "cancel": _move("cancel", "Cancel a change that is not under way yet.", change_cancel, NeededReasonBody),
    "hold": _move(
        "hold",
        "Hold a change: it cannot start, and the gate lets nothing of it pass.",
        change_hold,
        NeededReasonBody,
    ),
    "release": _move("release", "Release a held change.", change_release, ReasonBody),
}
"""The endpoint of each step, by its place in the path."""
