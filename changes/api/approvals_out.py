"""What goes out about rounds of approval: stages, quorums, votes, and who is kept out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from changes.api.changes_out import HASH, LONG, SLUG, URL, PersonOut, person_out
from changes.services.comments import MAX_COMMENT
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, utc
from opsportal.approvals.models import ApprovalRequest, Condition, Vote
from opsportal.approvals.models.conditions import MAX_CONDITION
from opsportal.approvals.models.recusals import MAX_REASON
from opsportal.approvals.selectors import Progress
from opsportal.approvals.states import CONDITION, REQUEST, STAGE


class VoteOut(Body):
    """A vote. It is never changed."""

    voter = PersonOut()
    on_behalf_of = PersonOut(allow_null=True, help_text="The member who was away and whose seat it took.")
    decision = serializers.ChoiceField(Vote.Choice.choices)
    comment = Text(max_length=MAX_COMMENT)
    content_hash = Text(max_length=HASH)
    cast_at = Moment()


class DeputyOut(Body):
    """Who may vote now in the place of a member who is away."""

    deputy = PersonOut()
    principal = PersonOut()


class StageOut(Body):
    """One stage: who decides it, how far it has come, and the rule that asks for it."""

    id = Text(max_length=SLUG)
    title = Text(max_length=200)
    order = WholeNumber()
    roles = serializers.ListField(child=Text(max_length=SLUG))
    quorum = Text(max_length=10)
    reject = serializers.ChoiceField(["ends", "counts"])
    state = serializers.ChoiceField(STAGE.choices)
    needed = WholeNumber(help_text="The yes votes that the quorum asks for.")
    approvals = WholeNumber()
    rejections = WholeNumber()
    abstentions = WholeNumber()
    waiting_for = PersonOut(many=True, help_text="Whose seats in it are still free.")
    deputies = DeputyOut(many=True, help_text="Who may fill such a seat now, while its member is away.")
    rule = Text(max_length=120)
    quote = Text(max_length=LONG)
    votes = VoteOut(many=True)


class RecusalOut(Body):
    """Somebody who has stated a conflict of interest, and decides nothing in this round."""

    person = PersonOut()
    reason = Text(max_length=MAX_REASON)
    stated_at = Moment()


class ApprovalOut(Body):
    """One round of approval."""

    revision = WholeNumber()
    state = serializers.ChoiceField(REQUEST.choices)
    content_hash = Text(max_length=HASH)
    standard = Text(max_length=HASH)
    opened_at = Moment()
    decided_at = Moment(allow_null=True)
    stages = StageOut(many=True)
    recusals = RecusalOut(many=True)


class ApprovalPage(Body):
    """The rounds of approval, newest first, the 50 last ones."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = ApprovalOut(many=True)


class ConditionOut(Body):
    """What a yes was tied to."""

    id = WholeNumber()
    text = Text(max_length=MAX_CONDITION)
    state = serializers.ChoiceField(CONDITION.choices)
    stage = Text(max_length=SLUG)
    revision = WholeNumber()
    set_by = PersonOut()
    evidence = Text(max_length=LONG)
    done_by = PersonOut(allow_null=True)
    done_at = Moment(allow_null=True)
    remark = Text(max_length=LONG, help_text="Why it was sent back or withdrawn.")
    settled_by = PersonOut(allow_null=True, help_text="Who confirmed or withdrew it.")
    settled_at = Moment(allow_null=True)


class ConditionPage(Body):
    """All conditions of all rounds, oldest first."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = ConditionOut(many=True)


def condition_out(condition: Condition) -> dict[str, Any]:
    """Return what the API says of a condition from `conditions_about`."""
    return {
        "id": condition.pk,
        "text": condition.text,
        "state": condition.state,
        "stage": condition.stage.stage_id,
        "revision": condition.request.revision,
        "set_by": person_out(condition.vote.voter),
        "evidence": condition.evidence,
        "done_by": person_out(condition.done_by),
        "done_at": utc(condition.done_at),
        "remark": condition.remark,
        "settled_by": person_out(condition.settled_by),
        "settled_at": utc(condition.settled_at),
    }


def approval_out(request: ApprovalRequest, stages: Iterable[Progress]) -> dict[str, Any]:
    """Return what the API says of one round of approval."""
    return {
        "revision": request.revision,
        "state": request.state,
        "content_hash": request.content_hash,
        "standard": request.standard_hash,
        "opened_at": utc(request.opened_at),
        "decided_at": utc(request.decided_at),
        "stages": [stage_out(progress) for progress in stages],
        "recusals": [
            {"person": person_out(one.person), "reason": one.reason, "stated_at": utc(one.stated_at)}
            for one in request.recusals.all()
        ],
    }


def stage_out(progress: Progress) -> dict[str, Any]:
    """Return what the API says of one stage and how far it has come."""
    stage, tally = progress.stage, progress.tally
    return {
        "id": stage.stage_id,
        "title": stage.title,
        "order": stage.order,
        "roles": list(stage.role_slugs),
        "quorum": stage.quorum,
        "reject": stage.reject,
        "state": stage.state,
        "needed": progress.needed,
        "approvals": tally.approvals,
        "rejections": tally.rejections,
        "abstentions": tally.abstentions,
        "waiting_for": [person_out(person) for person in progress.waiting_for],
        "deputies": [
            {"deputy": person_out(one.deputy), "principal": person_out(one.principal)}
            for one in progress.deputies
        ],
        "rule": stage.rule,
        "quote": stage.source.get("quote", ""),
        "votes": [vote_out(vote) for vote in progress.votes],
    }


def vote_out(vote: Vote) -> dict[str, Any]:
    """Return what the API says of a vote with its people."""
    return {
        "voter": person_out(vote.voter),
        "on_behalf_of": person_out(vote.on_behalf_of),
        "decision": vote.decision,
        "comment": vote.comment,
        "content_hash": vote.content_hash,
        "cast_at": utc(vote.cast_at),
    }
