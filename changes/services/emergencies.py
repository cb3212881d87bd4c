"""What every emergency owes afterwards, and changes that are opened after the fact.

The standard says what is owed; where it is silent, the portal does, so that nothing that ran ahead of its
approval is left without a review and a decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from changes.models import Change, ChangeTarget
from changes.services.content import content_of
from changes.services.events import happened, record, stages_opened
from changes.services.fields import Target
from changes.services.rounds import open_round
from changes.services.scene import KIND, Scene
from changes.states import CHANGE, RETROSPECTIVE
from opsportal.accounts.models import User
from opsportal.approvals.services import Opened
from opsportal.core.actor import Actor
from opsportal.core.writes import write
from opsportal.obligations.selectors import about
from opsportal.obligations.services import obligation_open
from opsportal.obligations.terms import Owner

REVIEW_RULE = "portal.emergency-review"
DECISION_RULE = "portal.emergency-decision"
REVIEW_WITHIN = timedelta(hours=24)
DECISION_WITHIN = timedelta(hours=48)
_ENDS = {
    "implemented": (("complete", "implemented"),),
    "failed": (("fail", "failed"),),
    "rolled_back": (("fail", "failed"), ("roll_back", "rolled_back")),
}


@dataclass(frozen=True, slots=True)
class Unplanned:
    """What happened, or is happening, without an approved change.

    `requester` answers for it; `others` took part, and may not decide on it either. `because` names what
    it was opened for (`BG-3`, `DEP-77`). `outcome` and `ended` are known where it is over.
    """

    requester: User
    title: str
    description: str
    justification: str
    because: str
    targets: tuple[Target, ...]
    began: datetime
    others: tuple[User, ...] = ()
    outcome: str = ""
    ended: datetime | None = None


def change_open_in_retrospect(*, actor: Actor, now: datetime, unplanned: Unplanned) -> Change:
    """Open an emergency change for what runs already, with its approval open, and return it.

    It is implementing, or over where the outcome is known; the active standard says who decides, and the
    review is owed within 24 h. Raises `RuleRefused` where nobody may decide it.
    """
    with write(actor=actor, now=now):
        scene = _drafted(unplanned, actor=actor, now=now)
        change = scene.change
        facts = scene.facts(now)
        change.state = CHANGE.move(change.state, "submit")
        change.standard_hash = scene.standard.content_hash
        change.submitted_at = now
        change.submissions += 1
        opened = open_round(scene, facts, actor=actor, now=now)
        scene.save(now)
        happened(scene, actor=actor, now=now, event="submitted", data={"standard_hash": change.standard_hash})
        change.state = CHANGE.move(change.state, "start")
        change.retrospective_state = RETROSPECTIVE.move(change.retrospective_state, "start")
        change.started_at = unplanned.began
        scene.save(now)
        stages_opened(scene, opened.opened, actor=actor, now=now)
        happened(scene, actor=actor, now=now, event="started", data={"retrospective": "open"})
        _decided_or_owed(scene, opened, actor=actor, now=now)
        _ended(scene, unplanned, actor=actor, now=now)
        review_owed(scene, actor=actor, now=now)
        return change


def review_owed(scene: Scene, *, actor: Actor, now: datetime) -> None:
    """Let somebody owe the review of an emergency within 24 h, where nobody owes it by the standard.

    What the portal opened after the fact is reviewed that soon whatever the standard gives.
    """
    due = now + REVIEW_WITHIN
    owed = [row for row in about(KIND, scene.key) if row.is_owed and "change.reviewed" in row.met_by]
    if any(row.due_at <= due or not scene.change.opened_for for row in owed):
        return
    obligation_open(
        actor=actor,
        now=now,
        rule=REVIEW_RULE,
        standard_hash=scene.change.standard_hash,
        subject=scene.subject,
        occurrence=scene.round,
        what="Write the review of the emergency",
        owner=scene.people()["requester"],
        due_at=due,
        remind=(REVIEW_WITHIN / 6,),
        met_by=("change.reviewed",),
        blocks=("change.close",),
    )


def _drafted(unplanned: Unplanned, *, actor: Actor, now: datetime) -> Scene:
    people = (unplanned.requester, *unplanned.others)
    change = Change(
        type=Change.Type.EMERGENCY,
        title=unplanned.title[:200],
        description=unplanned.description,
        justification=unplanned.justification,
        risk=Change.Risk.HIGH,
        requester=unplanned.requester,
        author_ids=[str(person.pk) for person in people],
        state=CHANGE.initial,
        opened_for=unplanned.because,
        created_at=now,
        updated_at=now,
    )
    targets = [
        ChangeTarget(change=change, service=service, environment=environment)
        for service, environment in unplanned.targets
    ]
    change.content_hash = content_of(change, targets).hash
    change.save(force_insert=True)
    for target in targets:
        target.change = change  # now that it has a key
        target.save(force_insert=True)
    scene = Scene(change, tuple(targets))
    record(scene, actor=actor, now=now, action="created", data={"because": unplanned.because})
    return scene


def _decided_or_owed(scene: Scene, opened: Opened, *, actor: Actor, now: datetime) -> None:
    """Take the approval of a standard that asks nobody; else make sure that somebody owes the decision."""
    if opened.request.state == "approved":
        scene.change.retrospective_state = RETROSPECTIVE.move("open", "approve")
        scene.change.decided_at = now
        scene.save(now)
        happened(scene, actor=actor, now=now, event="retrospective_approved")
        return
    decisions = {"change.stage_decided", "change.retrospective_approved"}
    if any(decisions & {*row.met_by} for row in about(KIND, scene.key).filter(ended_at__isnull=True)):
        return
    roles = dict.fromkeys(slug for stage in opened.opened for slug in stage.role_slugs)
    obligation_open(
        actor=actor,
        now=now,
        rule=DECISION_RULE,
        standard_hash=scene.change.standard_hash,
        subject=scene.subject,
        occurrence=scene.round,
        what="Approve or reject the emergency in retrospect",
        owner=Owner.role(*roles, services=scene.subject.services, teams=scene.subject.teams),
        due_at=now + DECISION_WITHIN,
        remind=(DECISION_WITHIN / 2, DECISION_WITHIN / 12),
        met_by=("change.retrospective_approved", "change.retrospective_rejected"),
        blocks=("change.close",),
    )


def _ended(scene: Scene, unplanned: Unplanned, *, actor: Actor, now: datetime) -> None:
    steps: Iterable[tuple[str, str]] = _ENDS.get(unplanned.outcome, ())
    change = scene.change
    for verb, event in steps:
        change.state = CHANGE.move(change.state, verb)
        change.outcome = change.state
        change.finished_at = unplanned.ended or now
        scene.save(now)
        happened(scene, actor=actor, now=now, event=event)
