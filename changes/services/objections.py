"""What a board objects to in retrospect: answered by those who did it, and settled by the board.

A review alone settles nothing. Those who objected say whether the answer is enough; else only an
administrator lets it be, by waiving what is owed, with a reason that stays on record.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from changes.models import Change
from changes.services.events import happened
from changes.services.fields import MAX_TEXT
from changes.services.reasons import clean_reason
from changes.services.rounds import answer_owed
from changes.services.scene import KIND, Scene, scene_locked
from changes.states import CHANGE, OVER, RETROSPECTIVE
from opsportal.approvals.models import ApprovalStage
from opsportal.approvals.selectors import eligible, live_request
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, IllegalMove, InvalidInput
from opsportal.core.text import clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.obligations.services import obligation_open
from opsportal.obligations.terms import Owner

SETTLE_RULE = "portal.objection"
SETTLE_WITHIN = timedelta(hours=48)


def change_answer(
    *, actor: Actor, now: datetime, pk: int, answer: object, version: int | None = None
) -> Change:
    """Answer what a board objected to in retrospect, and return the change: the board decides next.

    The implementation is over, and unless it was rolled back its review is written. Raises
    `InvalidInput`, `NotFound`, `Forbidden`, `Stale`, and `IllegalMove` where nothing is to be answered.
    """
    text = clean_text(answer, field="answer", max_length=MAX_TEXT, required=True)
    with write(actor=actor, now=now):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, "answer", now)
        require_version(change, version)
        state = RETROSPECTIVE.move(change.retrospective_state, "answer")
        if change.state not in OVER:
            raise IllegalMove(
                "An objection is answered when the implementation is over;"
                f" this change is {CHANGE.names[change.state].lower()}."
            )
        undone = change.outcome == Change.Outcome.ROLLED_BACK or change.rolled_back_later_at is not None
        if not undone and not change.review:
            raise InvalidInput.of(
                "review", "required", "Write the review first: what stays in place is reviewed."
            )
        change.retrospective_state = state
        change.objection_answer = text
        scene.save(now)
        happened(scene, actor=actor, now=now, event="objection_answered")
        _decision_owed(scene, actor=actor, now=now)
        return change


def change_accept_answer(
    *, actor: Actor, now: datetime, pk: int, reason: object = "", version: int | None = None
) -> Change:
    """Accept the answer to an objection, as one of those who objected, and return the change.

    Raises `InvalidInput`, `NotFound`, `Forbidden`, `Stale` and `IllegalMove`.
    """
    text = clean_reason(reason)
    return _settle(actor, now, pk, version, verb="accept", event="objection_accepted", reason=text)


def change_uphold_objection(
    *, actor: Actor, now: datetime, pk: int, reason: object, version: int | None = None
) -> Change:
    """Say why the answer to an objection is not enough, and return the change: another one is owed.

    Raises as `change_accept_answer`.
    """
    text = clean_reason(reason, required=True)
    return _settle(actor, now, pk, version, verb="uphold", event="objection_upheld", reason=text)


def judges(actor: Actor, change: Change, now: datetime) -> bool:
    """Return whether `actor` may settle the objection: a holder of the rejecting stage's role today who
    neither requested, wrote nor carried it out. At most three queries."""
    if not actor.is_user:
        return False
    today = now.astimezone(UTC).date()
    return any(eligible(stage, today).filter(pk=actor.id).exists() for stage in _rejecting(change))


def _settle(
    actor: Actor, now: datetime, pk: int, version: int | None, *, verb: str, event: str, reason: str
) -> Change:
    with write(actor=actor, now=now, reason=reason):
        scene = scene_locked(pk)
        change = scene.change
        scene.require(actor, "settle", now)
        require_version(change, version)
        state = RETROSPECTIVE.move(change.retrospective_state, verb)
        if not judges(actor, change, now):
            raise Forbidden(
                "Only those who may vote in the stage that rejected it settle this: not whoever requested,"
                " wrote or carried it out."
            )
        change.retrospective_state = state
        scene.save(now)
        happened(scene, actor=actor, now=now, event=event)
        if verb == "uphold":
            answer_owed(scene, actor=actor, now=now)
        return change


def _decision_owed(scene: Scene, *, actor: Actor, now: datetime) -> None:
    roles = dict.fromkeys(slug for stage in _rejecting(scene.change) for slug in stage.role_slugs)
    subject = scene.subject
    obligation_open(
        actor=actor,
        now=now,
        rule=SETTLE_RULE,
        standard_hash=scene.change.standard_hash,
        subject=subject,
        occurrence=f"{scene.round}.v{scene.change.version}",
        what="Say whether the answer to the objection is enough",
        owner=Owner.role(*roles, services=subject.services, teams=subject.teams),
        due_at=now + SETTLE_WITHIN,
        remind=(SETTLE_WITHIN / 2, SETTLE_WITHIN / 12),
        met_by=("change.objection_accepted", "change.objection_upheld"),
        blocks=("change.close",),
    )


def _rejecting(change: Change) -> list[ApprovalStage]:
    request = live_request(KIND, change.key)
    if request is None:
        return []
    return list(request.stages.filter(state="rejected").select_related("request"))
