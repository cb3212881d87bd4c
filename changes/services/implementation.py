"""Carrying a change out: start, complete, fail, roll back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from changes.models import Change
from changes.services.activation import activation_reasons
from changes.services.condition_duties import condition_reasons
from changes.services.emergencies import review_owed
from changes.services.events import happened
from changes.services.freezing import freezes_met, record_passed
from changes.services.reasons import clean_reason, refuse
from changes.services.scene import KIND, Scene, scene_locked
from changes.services.windows import start_reasons
from changes.states import CHANGE, RETROSPECTIVE
from opsportal.approvals.models import ApprovalRequest
from opsportal.approvals.selectors import approved_alone, live_request
from opsportal.approvals.services import approval_exclude
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, Reason
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.obligations.services import obligation_open
from opsportal.standards import engine

POINT = "change.start"
APPROVAL_RULE = "portal.approval"
ROLLED_BACK_RULE = "portal.rolled-back-later"
ROLLED_BACK_WITHIN = timedelta(hours=48)


def change_start(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    version: int | None = None,
    at: tuple[str, str] | None = None,
) -> Change:
    """Start the implementation and return the change.

    An approved or scheduled change starts inside its window, where it has one. One in review starts
    ahead of its approval only where the standard permits it for this change; the votes go on, and the
    approval is then owed in retrospect. `at` is the place (slugs of service and environment) at which a
    pipeline starts: freezes elsewhere do not hold it up. Raises `RuleRefused` with every reason of window,
    approval and its conditions, freezes and standard, `Conflict` with code `held`, `Forbidden` (also for its
    only approver), `NotFound`, `Stale` and `IllegalMove`.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, "start", now)
        require_version(change, version)
        state, early = CHANGE.move(change.state, "start"), change.state == "in_review"
        request = live_request(KIND, scene.key)
        if change.held_at is not None:
            raise Conflict("This change is held. Have it released before you start it.", code="held")
        _refuse_only_approver(actor, request)
        decision = engine.decide(scene.standard, POINT, scene.facts(now))
        met = freezes_met(scene, actor=actor, now=now, period=(now, now), at=at)
        refuse(
            [
                *_approval_reasons(scene, request, now),
                *condition_reasons(scene.key),
                *start_reasons(change.window_start, change.window_end, now),
                *met.reasons,
                *decision.reasons,
            ]
        )
        change.state = state
        change.started_at = now
        if actor.is_user:
            change.started_by_id = UUID(actor.id)
        if early:
            _run_ahead(scene, actor=actor, now=now)
        scene.save(now)
        record_passed(scene, met, actor=actor, now=now, step="start")
        happened(
            scene, actor=actor, now=now, event="started", data={"retrospective": change.retrospective_state}
        )
        return change


def change_complete(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> Change:
    """Report that the implementation is done and return the change.

    Raises `NotFound`, `Forbidden`, `Stale`, `IllegalMove`, and `RuleRefused` where the standard that it
    names is not put in force yet.
    """
    return _end(actor, now, pk, version, verb="complete", event="implemented", reason="")


def change_fail(
    *, actor: Actor, now: datetime, pk: int, reason: object = "", version: int | None = None
) -> Change:
    """Report that the implementation failed and return the change.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    return _end(actor, now, pk, version, verb="fail", event="failed", reason=clean_reason(reason))


def change_roll_back(
    *, actor: Actor, now: datetime, pk: int, reason: object = "", version: int | None = None
) -> Change:
    """Report that a failed change was rolled back and return the change.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    return _end(actor, now, pk, version, verb="roll_back", event="rolled_back", reason=clean_reason(reason))


def change_rolled_back_later(*, actor: Actor, now: datetime, pk: int, deployment: str) -> Change:
    """Note that what a change had brought was taken back after its implementation, and return it.

    Its state stays what it is. The first time, somebody owes the review of that. `deployment` is the key
    of the deployment that was rolled back. Raises `NotFound` and `Forbidden`.
    """
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, "roll_back", now)
        if change.rolled_back_later_at is not None:
            return change
        change.rolled_back_later_at = now
        scene.save(now)
        happened(scene, actor=actor, now=now, event="rolled_back_later", data={"deployment": deployment})
        obligation_open(
            actor=actor,
            now=now,
            rule=ROLLED_BACK_RULE,
            standard_hash=change.standard_hash,
            subject=scene.subject,
            occurrence=scene.round,
            what="Say in the review why it was rolled back after all",
            owner=scene.people()["requester"],
            due_at=now + ROLLED_BACK_WITHIN,
            remind=(ROLLED_BACK_WITHIN / 2, ROLLED_BACK_WITHIN / 12),
            met_by=("change.reviewed",),
            blocks=("change.close",),
        )
        return change


def _end(
    actor: Actor, now: datetime, pk: int, version: int | None, *, verb: str, event: str, reason: str
) -> Change:
    with write(actor=actor, now=now, reason=reason):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, verb, now)
        require_version(change, version)
        change.state = CHANGE.move(change.state, verb)
        if verb == "complete":
            refuse(activation_reasons(change))
        change.outcome = change.state
        change.finished_at = now
        scene.save(now)
        happened(scene, actor=actor, now=now, event=event)
        if change.type == Change.Type.EMERGENCY and event != "rolled_back":
            review_owed(scene, actor=actor, now=now)
        return change


def _refuse_only_approver(actor: Actor, request: ApprovalRequest | None) -> None:
    if request is not None and approved_alone(request, actor.id):
        raise Forbidden("You are the only one who approved this change: somebody else has to carry it out.")


def _approval_reasons(scene: Scene, request: ApprovalRequest | None, now: datetime) -> Iterator[Reason]:
    change = scene.change
    if change.state == "in_review":
        permitted = engine.permits(scene.standard, POINT, scene.facts(now))
        if not any(one.demand.permit == "start_before_approval" for one in permitted):
            yield Reason(
                "approval_missing",
                APPROVAL_RULE,
                f"The standard does not let a change of type {change.type} start ahead of its approval."
                " Wait for the votes.",
            )
    elif request is None or request.state != "approved":
        yield Reason(
            "approval_missing", APPROVAL_RULE, "There is no approval of it on record. Submit it again."
        )
    elif request.content_hash != change.content_hash:
        yield Reason(
            "content_changed", APPROVAL_RULE, "It is not what was approved. Revise it and submit it again."
        )


def _run_ahead(scene: Scene, *, actor: Actor, now: datetime) -> None:
    change = scene.change
    change.retrospective_state = RETROSPECTIVE.move(change.retrospective_state, "start")
    if actor.is_user:
        # Whoever carries it out does not decide afterwards whether that was right.
        approval_exclude(actor=actor, now=now, subject_kind=KIND, subject_key=scene.key, person=actor.id)
