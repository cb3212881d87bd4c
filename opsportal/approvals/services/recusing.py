"""A stated conflict of interest: who states one decides nothing in that round any more."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from opsportal.approvals.models import Recusal, Vote
from opsportal.approvals.models.recusals import MAX_REASON
from opsportal.approvals.selectors import seats_for
from opsportal.approvals.services.recounting import RoundResult, recount_locked
from opsportal.approvals.services.rows import live_locked
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden
from opsportal.core.text import clean_text
from opsportal.core.writes import write
from opsportal.obligations.terms import joined


def approval_recuse(
    *, actor: Actor, now: datetime, subject_kind: str, subject_key: str, reason: object
) -> RoundResult:
    """Keep the actor out of the live round of a subject by their own word, and count its stages anew.

    Their seat counts no more, neither for them nor for who stands in for them, so that a quorum may be
    reached by it, or come out of reach. A vote that is cast stands: it has to be stated before. Raises
    `Forbidden` for who could not vote anyway, `InvalidInput`, and `Conflict` with code `voting_closed`,
    `already_recused` or `already_voted`.
    """
    with write(actor=actor, now=now):
        request = live_locked(subject_kind, subject_key)
        text = clean_text(reason, field="reason", max_length=MAX_REASON, required=True)
        if not actor.is_user:
            raise Forbidden("Only people vote, so only people state a conflict of interest.")
        if request.state != "open":
            raise Conflict("Voting on this is over.", code="voting_closed")
        person = UUID(actor.id)
        if Recusal.objects.filter(request=request, person_id=person).exists():
            raise Conflict("You have stated a conflict of interest already.", code="already_recused")
        if actor.id in request.excluded_people:
            raise Forbidden("You are kept out of this vote already: you requested, wrote or carry it out.")
        votes = list(Vote.objects.filter(request=request))
        if any(person in {vote.voter_id, vote.on_behalf_of_id} for vote in votes):
            raise Conflict(
                "Your vote is cast and stands: a conflict of interest is stated before voting. Have it taken"
                " back and submitted again, so that it is voted on anew without you.",
                code="already_voted",
            )
        stages = [
            stage for stage in request.stages.order_by("position") if stage.state in {"open", "waiting"}
        ]
        if not seats_for(stages, person, now):
            raise Forbidden("You have no vote on this, so there is nothing to keep you out of.")
        Recusal.objects.create(request=request, person_id=person, reason=text, stated_at=now)
        request.excluded = joined(sorted({*request.excluded_people, actor.id}))
        request.save()
        result = recount_locked(request, now)
        audit_record(
            actor=actor,
            now=now,
            action="approval.recused",
            object_kind=subject_kind,
            object_key=subject_key,
            data={"request": request.pk, "state": request.state},
        )
        return result
