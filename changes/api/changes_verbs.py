"""The steps of a change: one small endpoint each. Parse, make one call, show the change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from changes.api.changes import IF_MATCH, answer
from changes.api.changes_bodies import (
    ApproveBody,
    AttestBody,
    CloseBody,
    CommentBody,
    MoveBody,
    NeededReasonBody,
    ReasonBody,
    VoteBody,
    attestations_of,
)
from changes.api.changes_out import ChangeDetailOut, CommentOut, comment_out
from changes.selectors import change_by_key
from changes.services.closing import change_attest, change_cancel, change_close
from changes.services.comments import change_comment
from changes.services.holding import change_hold, change_release
from changes.services.implementation import change_complete, change_fail, change_roll_back, change_start
from changes.services.schedule import change_schedule
from changes.services.submission import change_submit, change_withdraw
from changes.services.votes import change_vote
from opsportal.api.query import Query
from opsportal.api.serializers import Body, expected_version, read_body
from opsportal.api.views import ApiView
from opsportal.approvals.outcome import Decision
from opsportal.core.clock import edge_now

V = TypeVar("V", bound=type[ApiView])


class ChangeVerb(ApiView):
    """One step of a change. `move` is the service that takes it, with what the body holds as keywords."""

    area = "changes"
    body: ClassVar[type[Body]] = MoveBody
    move: ClassVar[Callable[..., object]]

    def post(self, request: Request, key: str) -> Response:
        """Take the step and show the change."""
        Query(request, paged=False)
        body = read_body(request, self.body)
        version = expected_version(request, body)
        change = change_by_key(key)
        self.move(actor=self.actor, now=edge_now(), pk=change.pk, version=version, **self.keywords(body))
        return answer(change, self.actor)

    def keywords(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the service's keywords out of a validated body."""
        return body


def _step(verb: str, words: str) -> Callable[[V], V]:
    def documented(view: V) -> V:
        schema = extend_schema(
            operation_id=f"changes_{verb}",
            description=words,
            parameters=[IF_MATCH],
            request=view.body,  # type: ignore[attr-defined]  # a ChangeVerb
            responses=ChangeDetailOut,
        )
        decorated: V = extend_schema_view(post=schema)(view)
        return decorated

    return documented


@_step("submit", "Submit a draft for approval, under the standard that is active now.")
class ChangeSubmit(ChangeVerb):
    move = staticmethod(change_submit)


@_step("withdraw", "Take it back from review, approval or schedule: a draft again, votes void.")
class ChangeWithdraw(ChangeVerb):
    body = ReasonBody
    move = staticmethod(change_withdraw)


@_step("schedule", "Fix an approved change to its window.")
class ChangeSchedule(ChangeVerb):
    move = staticmethod(change_schedule)


@_step("start", "Start the implementation; ahead of its approval only where the standard permits it.")
class ChangeStart(ChangeVerb):
    move = staticmethod(change_start)


@_step("complete", "Report that the implementation is done.")
class ChangeComplete(ChangeVerb):
    move = staticmethod(change_complete)


@_step("fail", "Report that the implementation failed.")
class ChangeFail(ChangeVerb):
    body = ReasonBody
    move = staticmethod(change_fail)


@_step("roll_back", "Report that a failed change was rolled back.")
class ChangeRollBack(ChangeVerb):
    body = ReasonBody
    move = staticmethod(change_roll_back)


@_step("cancel", "Cancel a change that is not under way yet.")
class ChangeCancel(ChangeVerb):
    body = NeededReasonBody
    move = staticmethod(change_cancel)


@_step("hold", "Hold a change: it cannot start, and the gate lets nothing of it pass.")
class ChangeHold(ChangeVerb):
    body = NeededReasonBody
    move = staticmethod(change_hold)


@_step("release", "Release a held change.")
class ChangeRelease(ChangeVerb):
    body = ReasonBody
    move = staticmethod(change_release)


@_step("close", "Close a change, with its review, lessons learned and attestations where they are missing.")
class ChangeClose(ChangeVerb):
    body = CloseBody
    move = staticmethod(change_close)

    def keywords(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "attestations": attestations_of(body)}


@_step("attest", "State that a duty which the standard demands before closing is done.")
class ChangeAttest(ChangeVerb):
    body = AttestBody
    move = staticmethod(change_attest)


class _Vote(ApiView):
    """A vote on a change. `decision` is what the endpoint stands for."""

    area = "changes"
    body: ClassVar[type[Body]] = VoteBody
    decision: ClassVar[Decision]

    def post(self, request: Request, key: str) -> Response:
        """Cast the vote and show the change."""
        Query(request, paged=False)
        body = read_body(request, self.body)
        change = change_by_key(key)
        change_vote(
            actor=self.actor,
            now=edge_now(),
            pk=change.pk,
            decision=self.decision,
            content_hash=body.get("content_hash") or change.content_hash,
            comment=body.get("comment", ""),
            stage=body.get("stage", ""),
        )
        return answer(change, self.actor)


@_step("approve", "Vote yes to exactly the content that was seen. Only people can.")
class ChangeApprove(_Vote):
    body = ApproveBody
    decision = Decision.APPROVE


@_step("reject", "Vote no. Only people can.")
class ChangeReject(_Vote):
    decision = Decision.REJECT


@_step("abstain", "Vote, but neither yes nor no; it never counts as yes. Only people can.")
class ChangeAbstain(_Vote):
    decision = Decision.ABSTAIN


class ChangeCommentView(ApiView):
    """Comments on a change."""

    area = "changes"

    @extend_schema(operation_id="changes_comment", request=CommentBody, responses={201: CommentOut})
    def post(self, request: Request, key: str) -> Response:
        """Add a remark, or a question to the requester. Only people can."""
        Query(request, paged=False)
        body = read_body(request, CommentBody)
        comment = change_comment(actor=self.actor, now=edge_now(), pk=change_by_key(key).pk, **body)
        return Response(comment_out(comment), status=201)
