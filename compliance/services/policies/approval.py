"""The round of approval of a policy: who decides, the votes, and what they come to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from compliance.facts.policies import policy_facts
from compliance.models import Policy
from compliance.policing.states import POLICY
from compliance.selectors.policies import policy_by_key
from compliance.services.policies.telling import written_down
from opsportal.accounts.models import Role
from opsportal.approvals.outcome import Decision
from opsportal.approvals.selectors import role_holders
from opsportal.approvals.services import (
    RoundResult,
    approval_open,
    approval_recount,
    approval_void,
    approval_vote,
)
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Reason, RuleRefused, Stale
from opsportal.core.writes import write
from opsportal.obligations.terms import Subject
from opsportal.standards import engine
from opsportal.standards.engine import Demanded, StageDemand
from opsportal.standards.rules import Rule, Source, Stage, Standard
from opsportal.standards.selectors import active_standard_or_none

KIND = "policy"
POINT = "policy.submit"
OWN_RULE = "portal.policy-approval"
QUORUM = 2


def round_open(policy: Policy, *, excluded: Collection[str], actor: Actor, now: datetime) -> None:
    """Open the round of approval of the newest version of a locked policy, by the standard in force.

    Raises `RuleRefused`, also where nobody may vote.
    """
    round_void(policy, actor=actor, now=now)
    standard = active_standard_or_none()
    facts = policy_facts(kind=policy.kind, audience=policy.audience_kind, number=policy.latest)
    stages: tuple[StageDemand, ...] = ()
    if standard is not None:
        decision = engine.decide(standard, POINT, facts)
        if decision.reasons:
            raise RuleRefused(decision.reasons)
        stages = engine.stages(standard, POINT, facts)
    policy.standard_hash = standard.content_hash if standard else ""
    opened = approval_open(
        actor=actor,
        now=now,
        subject=Subject(KIND, round_key(policy), policy.title),
        revision=policy.latest,
        content_hash=policy.content_hash,
        standard_hash=policy.standard_hash,
        stages=stages or (_own_stage(standard, excluded, now),),
        excluded=excluded,
    )
    if opened.request.state == "approved":
        policy.state = POLICY.move(policy.state, "approve")


def round_void(policy: Policy, *, actor: Actor, now: datetime) -> None:
    """Let no round of approval of the newest version count any more, unless it stands in force by it."""
    if policy.latest != policy.published:
        approval_void(actor=actor, now=now, subject_kind=KIND, subject_key=round_key(policy))


def round_key(policy: Policy) -> str:
    """Return the key of the round of approval of the newest version, `POL-3.2`: each version has its own."""
    return f"{policy.key}.{policy.latest}"


def policy_vote(
    *,
    actor: Actor,
    now: datetime,
    key: str,
    decision: Decision,
    content_hash: str,
    comment: object = "",
    on_behalf_of: str = "",
) -> Policy:
    """Cast a vote on the submitted version and return the policy, moved on where the vote decides it.

    `content_hash` is of what the voter read. Raises `NotFound`, `Forbidden`, `Stale`, `Conflict` and
    `InvalidInput`, as `approval_vote`.
    """
    with write(actor=actor, now=now):
        policy = _locked(key)
        require(actor, "policy.vote")
        if content_hash != policy.content_hash:
            raise Stale("This policy was edited after you read it. Read it again, then vote.")
        if policy.state != "in_review":
            raise Conflict("Voting on this policy is over.", code="voting_closed")
        result = approval_vote(
            actor=actor,
            now=now,
            subject_kind=KIND,
            subject_key=round_key(policy),
            decision=decision,
            content_hash=content_hash,
            comment=comment,
            on_behalf_of=on_behalf_of,
        )
        _take(policy, result, actor=actor, now=now)
        return policy


def policy_recount(*, actor: Actor, now: datetime, key: str) -> Policy:
    """Count the open round anew, after people left a board; return the policy, moved where that decides."""
    with write(actor=actor, now=now):
        policy = _locked(key)
        result = approval_recount(actor=actor, now=now, subject_kind=KIND, subject_key=round_key(policy))
        if result is not None and policy.state == "in_review":
            _take(policy, result, actor=actor, now=now)
        return policy


def _take(policy: Policy, result: RoundResult, *, actor: Actor, now: datetime) -> None:
    if result.request.state == "open":
        return
    is_approved = result.request.state == "approved"
    policy.state = POLICY.move(policy.state, "approve" if is_approved else "reject")
    policy.version += 1
    policy.updated_at = now
    policy.save()
    written_down(policy, "approved" if is_approved else "rejected", actor=actor, now=now)


def _locked(key: str) -> Policy:
    found = policy_by_key(key)
    return Policy.objects.select_for_update(of=("self",)).select_related("owner").get(pk=found.pk)


def _own_stage(standard: Standard | None, excluded: Collection[str], now: datetime) -> StageDemand:
    """Return the stage for where the standard names nobody: two members of boards, one where there is one."""
    boards = tuple(Role.objects.filter(kind=Role.Kind.BOARD).order_by("slug").values_list("slug", flat=True))
    people = role_holders(boards, now.astimezone(UTC).date())
    may_vote = {str(pk) for pk in people.values_list("pk", flat=True)} - set(excluded)
    if not boards or not may_vote:
        detail = "No member of a board may vote on it. Have an administrator give somebody else a board role."
        raise RuleRefused([Reason("nobody_may_vote", OWN_RULE, detail)])
    stage = Stage("board", "Members of boards", 1, boards, min(QUORUM, len(may_vote)))
    source = Source(standard.document if standard else "", "", 0, "")
    rule = Rule(
        OWN_RULE, "gate", "Policies are approved by members of boards", (POINT,), None, stage, source, (), ""
    )
    return Demanded(rule, stage)
