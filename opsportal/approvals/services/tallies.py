"""What the votes of the open stages come to, as roles are held now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from opsportal.approvals.models import ApprovalStage, Vote
from opsportal.approvals.outcome import Seating, Tally
from opsportal.approvals.selectors import eligible_ids


def tallies_of(stages: Sequence[ApprovalStage], votes: Sequence[Vote], now: datetime) -> dict[int, Tally]:
    """Return the tally of each open stage of a round by its primary key. One query for each.

    Seats are those of today's holders (a day of UTC) who are not kept out. A vote uses its caster and its
    seat up in all stages of one hat, so that no person and no seat counts twice.
    """
    today = now.astimezone(UTC).date()
    return {stage.pk: _tally(stage, votes, today) for stage in stages if stage.state == "open"}


def _tally(stage: ApprovalStage, votes: Sequence[Vote], today: date) -> Tally:
    holders = (str(pk) for pk in eligible_ids(stage, today))
    cast = [(str(vote.voter_id), str(vote.seat_id)) for vote in votes if vote.hat == stage.hat]
    seating = Seating.of(holders, cast)
    return Tally.of(
        [vote.decision for vote in votes if vote.stage_id == stage.pk],
        remaining=len(seating.free),
        lent=len(seating.lent),
    )
