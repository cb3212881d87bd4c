"""What governance registers: meetings that rules count, its tick, and audit actions."""

from __future__ import annotations

from datetime import timedelta

from changes.selectors.meetings import meeting_by_key
from compliance.services.governance.records import ORGANISATION, counted
from opsportal.audit.actions import register_all
from opsportal.core.actor import Actor
from opsportal.outbox.ticks import expect
from opsportal.outbox.topics import Message, on

MEETINGS = Actor.system("compliance.meetings")


def on_meeting_held(message: Message) -> None:
    """Let rules count that a board has met, once its minutes are closed; shown by the meeting."""
    meeting = meeting_by_key(str(message.payload["key"]))
    counted(
        "meeting.held",
        subject=ORGANISATION,
        record=("meeting", meeting.key),
        facts={
            "meeting.board": meeting.board.slug,
            "meeting.matters": meeting.items.count(),
            "meeting.decisions": meeting.decisions.count(),
            "meeting.present": meeting.presences.filter(presence="present").count(),
        },
        at=meeting.starts_at,
        actor=MEETINGS,
        now=message.now,
        summary=meeting.title,
    )


def register() -> None:
    """Register topics, ticks and audit actions of this area."""
    on("changes.meeting.held", "compliance.meeting_held", on_meeting_held)
    expect(
        "compliance.governance",
        every=timedelta(minutes=5),
        without_it="accepted risks stay accepted when their time is over, and addresses of persons are kept",
    )
    register_all(
        {
            "access_review.opened": "opened the access review",
            "access_review.completed": "completed the access review",
            "access_review.cancelled": "cancelled the access review",
            "access_holding.confirmed": "confirmed what somebody holds",
            "access_holding.revoked": "took away what somebody held",
            "access_holding.ended": "noted that a holding was over by itself",
            "access_holding.assigned": "gave a holding to another reviewer",
            "decision.recorded": "recorded the decision",
            "decision.corrected": "corrected the record of the decision",
            "checklist.defined": "made the checklist",
            "checklist.edited": "changed the checklist",
            "checklist.retired": "retired the checklist",
            "checklist.restored": "took the checklist into use again",
            "checklist.started": "began the checklist",
            "checklist.answered": "answered items of the checklist",
            "checklist.signed": "signed the checklist",
            "training_topic.defined": "made the topic of training",
            "training_topic.edited": "changed the topic of training",
            "training.planned": "planned the training",
            "training.edited": "changed the training",
            "training.held": "held the training",
            "training.cancelled": "cancelled the training",
            "training.attended": "recorded who was at the training",
            "scan.recorded": "recorded the scan",
            "vulnerability.found": "found the vulnerability",
            "vulnerability.fixed": "fixed the vulnerability",
            "vulnerability.verified": "verified that the vulnerability is gone",
            "vulnerability.reopened": "opened the vulnerability again",
            "vulnerability.accepted": "accepted the risk of the vulnerability",
            "vulnerability.dismissed": "found that the vulnerability is none",
            "person_request.received": "took in the request",
            "person_request.identified": "checked who asks",
            "person_request.extended": "extended the deadline",
            "person_request.erased": "had the person's data erased",
            "person_request.answered": "answered the request",
            "person_request.refused": "refused the request",
            "person_request.withdrawn": "noted that the request is withdrawn",
            "person_request.forgotten": "forgot how to reach the person",
            "improvement_phase.planned": "planned the phase",
            "improvement_phase.edited": "changed the phase",
            "improvement_item.opened": "planned the improvement",
            "improvement_item.edited": "changed the improvement",
            "improvement_item.started": "began with the improvement",
            "improvement_item.done": "finished the improvement",
            "improvement_item.dropped": "dropped the improvement",
            "improvement_item.reopened": "opened the improvement again",
            "maturity.assessed": "assessed the maturity of operations",
            "declaration.made": "declared it",
            "readiness.stated": "stated how ready the service is",
        }
    )
