"""Deciding in a meeting: each member casts their own vote, by the services that take votes anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from changes.models import Meeting, MeetingDecision
from changes.models.changes import PREFIX as CHANGE_PREFIX
from changes.selectors.meetings import agenda_of
from changes.services.meeting_agenda import meeting_present
from changes.services.meetings import meeting_locked, meeting_touched, record, refuse_ahead
from changes.services.templates import template_vote
from changes.services.votes import change_vote
from changes.states import MEETING
from opsportal.approvals.models import Vote
from opsportal.approvals.outcome import Decision
from opsportal.audit.canonical import JSON
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput
from opsportal.core.keys import number_of
from opsportal.core.writes import write


def meeting_decide(
    *,
    actor: Actor,
    now: datetime,
    pk: int,
    key: str,
    decision: Decision,
    content_hash: str,
    kind: str = "change",
    comment: object = "",
    stage: str = "",
    on_behalf_of: str = "",
    conditions: Sequence[object] = (),
) -> MeetingDecision:
    """Cast the actor's own vote on something of the agenda, put it into the minutes, and return it.

    `kind` is "change" or "template", `key` the key of the one or the slug of the other; the rest is that
    of `change_vote`. Whoever votes is noted as present. Raises `NotFound`, `Forbidden`, `IllegalMove`,
    `Conflict` with code `not_begun` or `not_on_agenda`, and whatever the vote itself is refused for.
    """
    with write(actor=actor, now=now):
        require(actor, "meeting.decide")
        meeting = meeting_locked(pk)
        MEETING.move(meeting.state, "decide")
        refuse_ahead(meeting, now)
        _refuse_off_agenda(meeting, kind, key)
        if kind == "template":
            if conditions:
                raise InvalidInput.of(
                    "conditions", "not_here", "A template is approved as it is; reject it with what it lacks."
                )
            template_vote(
                actor=actor,
                now=now,
                slug=key,
                decision=decision,
                content_hash=content_hash,
                comment=str(comment or ""),
                stage=stage,
                on_behalf_of=on_behalf_of,
            )
        else:
            change_vote(
                actor=actor,
                now=now,
                pk=number_of(key, CHANGE_PREFIX) or 0,
                decision=decision,
                content_hash=content_hash,
                comment=comment,
                stage=stage,
                on_behalf_of=on_behalf_of,
                conditions=conditions,
            )
        return _kept(meeting, kind, key, actor=actor, now=now)


def _refuse_off_agenda(meeting: Meeting, kind: str, key: str) -> None:
    if (kind, key) not in {matter.subject for matter in agenda_of(meeting)}:
        raise Conflict(
            f"{key} is not on the agenda of {meeting.key}. Put it there first, or vote on its page.",
            code="not_on_agenda",
        )


def _kept(meeting: Meeting, kind: str, key: str, *, actor: Actor, now: datetime) -> MeetingDecision:
    person = UUID(actor.id)
    # The one that was cast just now: nobody else can cast one of theirs while the subject is locked.
    vote = (
        Vote.objects.filter(request__subject_kind=kind, request__subject_key=key, voter_id=person)
        .select_related("stage")
        .latest("id")
    )
    row = MeetingDecision(meeting=meeting, vote=vote)
    row.save(force_insert=True)
    meeting_present(meeting, person, now=now)
    meeting_touched(meeting, now)
    data: dict[str, JSON] = {
        "about": key,
        "vote": vote.pk,
        "stage": vote.stage.stage_id,
        "decision": vote.decision,
    }
    record(meeting, "decided", actor=actor, now=now, data=data)
    return row
