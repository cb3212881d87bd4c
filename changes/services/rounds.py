"""Rounds of approval of a change: opened at submission, let go when the content moves on, and their end."""

from __future__ import annotations

from datetime import datetime, timedelta

from changes.services.condition_duties import duty_end
from changes.services.events import happened, round_of, stages_decided, stages_dropped, stages_opened
from changes.services.scene import KIND, Scene
from changes.states import CHANGE, RETROSPECTIVE
from opsportal.approvals.models import ApprovalStage, Vote
from opsportal.approvals.services import Opened, RoundResult, approval_open, approval_void, conditions_void
from opsportal.core.actor import Actor
from opsportal.obligations.services import obligation_excuse, obligation_open
from opsportal.standards import engine
from opsportal.standards.rules import Owe
from opsportal.standards.vocabulary import Facts

RETROSPECTIVE_RULE = "portal.retrospective-reject"
RETROSPECTIVE_DEADLINE = timedelta(hours=24)
DECISIONS = frozenset(
    {
        "change.stage_decided",
        "change.approved",
        "change.rejected",
        "change.retrospective_approved",
        "change.retrospective_rejected",
    }
)
"""The events that a vote brings about."""


def open_round(scene: Scene, facts: Facts, *, actor: Actor, now: datetime) -> Opened:
    """Open the stages that the standard asks for at submission. Raises `RuleRefused` as `approval_open`."""
    change = scene.change
    return approval_open(
        actor=actor,
        now=now,
        subject=scene.subject,
        revision=change.revision,
        content_hash=change.content_hash,
        standard_hash=change.standard_hash,
        stages=engine.stages(scene.standard, "change.submit", facts),
        excluded=scene.separated,
    )


def let_go(scene: Scene, *, actor: Actor, now: datetime) -> None:
    """End the live round of approval: its votes count no more, and nobody owes one."""
    voided = approval_void(actor=actor, now=now, subject_kind=KIND, subject_key=scene.key)
    if voided is not None:
        stages_dropped(scene, voided.dropped, actor=actor, now=now)
        for condition in voided.conditions:
            duty_end(scene, condition, actor=actor, now=now, outcome="void")


def take_result(scene: Scene, result: RoundResult, *, actor: Actor, now: datetime) -> None:
    """Move the change to where a vote or a recount has put its approval, and say what follows."""
    change, state = scene.change, result.request.state
    if state == "open":
        stages_decided(scene, result.decided, actor=actor, now=now)
        stages_opened(scene, result.opened, actor=actor, now=now)
        return
    verb = "approve" if state == "approved" else "reject"
    in_retrospect = change.retrospective_state == "open"
    if in_retrospect:
        change.retrospective_state = RETROSPECTIVE.move(change.retrospective_state, verb)
    else:
        change.state = CHANGE.move(change.state, verb)
    change.decided_at = now
    scene.save(now)
    stages_decided(scene, result.decided, actor=actor, now=now)
    stages_dropped(scene, result.dropped, actor=actor, now=now)
    if verb == "reject":
        for condition in conditions_void(result.request):
            duty_end(scene, condition, actor=actor, now=now, outcome="void")
    if not in_retrospect:
        happened(scene, actor=actor, now=now, event=state)
    elif verb == "approve":
        happened(scene, actor=actor, now=now, event="retrospective_approved")
    else:
        _rejected_in_retrospect(scene, actor=actor, now=now)


def excuse_voter(scene: Scene, vote: Vote, stage: ApprovalStage, *, actor: Actor, now: datetime) -> None:
    """Let whoever has voted in `stage` be reminded no more of deciding it, nor of what its roles decide.

    So is the member in whose place they voted.
    """
    owners = {"stage", *(f"role:{slug}" for slug in stage.role_slugs)}
    rules = [
        rule.id
        for rule in scene.standard.rules
        if isinstance(rule.demand, Owe) and rule.demand.owner in owners and DECISIONS & {*rule.demand.met_by}
    ]
    for person in dict.fromkeys((vote.voter_id, vote.seat_id)):
        for occurrence in (round_of(scene, stage), scene.round):
            obligation_excuse(
                actor=actor,
                now=now,
                subject_kind=KIND,
                subject_key=scene.key,
                person=str(person),
                rule_ids=rules,
                occurrence=occurrence,
            )


def excuse_from_round(scene: Scene, person: str, *, actor: Actor, now: datetime) -> None:
    """Let a person (an id) who may decide nothing in this round any more be reminded of none of it."""
    rules = [rule.id for rule in scene.standard.rules if isinstance(rule.demand, Owe)]
    stages = ApprovalStage.objects.filter(
        request__subject_kind=KIND, request__subject_key=scene.key, state="open"
    )
    for stage in stages:
        obligation_excuse(
            actor=actor,
            now=now,
            subject_kind=KIND,
            subject_key=scene.key,
            person=person,
            rule_ids=rules,
            occurrence=round_of(scene, stage),
        )


def approved_without_stages(scene: Scene, *, actor: Actor, now: datetime) -> None:
    """Move a change for which the standard asks nobody from review to approved at once."""
    change = scene.change
    change.state = CHANGE.move(change.state, "approve")
    change.decided_at = now
    scene.save(now)
    happened(scene, actor=actor, now=now, event="approved")


def _rejected_in_retrospect(scene: Scene, *, actor: Actor, now: datetime) -> None:
    happened(scene, actor=actor, now=now, event="retrospective_rejected")
    answer_owed(scene, actor=actor, now=now)


def answer_owed(scene: Scene, *, actor: Actor, now: datetime) -> None:
    """Let the requester owe an answer to what was objected: that is never simply closed.

    Whatever the standard says about it comes on top.
    """
    obligation_open(
        actor=actor,
        now=now,
        rule=RETROSPECTIVE_RULE,
        standard_hash=scene.change.standard_hash,
        subject=scene.subject,
        occurrence=f"{scene.round}.v{scene.change.version}",
        what="Answer the board's objection: roll the change back, or say why not",
        owner=scene.people()["requester"],
        due_at=now + RETROSPECTIVE_DEADLINE,
        remind=(RETROSPECTIVE_DEADLINE / 6,),
        met_by=("change.objection_answered",),
        void_by=(),
        blocks=("change.close",),
    )
