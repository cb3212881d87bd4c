"""Rounds of approval as a page shows them: stages, quorums, votes, and where the reader may vote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Vote
from opsportal.approvals.selectors import Progress, progress_of_all
from opsportal.core.actor import Actor


@dataclass(frozen=True, slots=True)
class Round:
    """One round of approval and how far each stage has come."""

    request: ApprovalRequest
    stages: tuple[Progress, ...]
    votable: tuple[ApprovalStage, ...] = ()
    why_not: str = ""

    @property
    def waiting_for(self) -> list[str]:
        """The titles of the stages that are open."""
        return [progress.stage.title for progress in self.stages if progress.stage.state == "open"]

    @property
    def votes(self) -> Iterator[Vote]:
        for progress in self.stages:
            yield from progress.votes

    @property
    def words(self) -> str:
        """The state of the round in words."""
        return {
            "open": "Under way",
            "approved": "Approved",
            "rejected": "Rejected",
            "void": "Void: the content moved on, or it was taken back",
        }[self.request.state]


def round_of(request: ApprovalRequest, stages: Sequence[Progress], actor: Actor) -> Round:
    """Return a round with the stages in which `actor` may vote, as far as `stages` know who still may."""
    votable = tuple(
        progress.stage
        for progress in stages
        if actor.is_user
        and progress.stage.state == "open"
        and actor.id in {str(person.pk) for person in progress.waiting_for}
    )
    return Round(request, tuple(stages), votable, "" if votable else _why_not(request, stages, actor))


def rounds_of(requests: Iterable[ApprovalRequest], actor: Actor, on: date) -> list[Round]:
    """Return the rounds in their order, with the stages in which `actor` may vote on that day.

    Their stages and votes are prefetched.
    """
    rows = list(requests)
    progress = progress_of_all(rows, on)
    return [round_of(request, progress[request.pk], actor) for request in rows]


def _why_not(request: ApprovalRequest, stages: Sequence[Progress], actor: Actor) -> str:
    """Return why a reader who might expect a vote in an open round has none; "" where nobody would."""
    if request.state != "open":
        return ""
    if actor.id in request.excluded_people:
        return "You requested it, wrote in it or carry it out: somebody else has to decide it."
    voted = [one.stage.title for one in stages for vote in one.votes if str(vote.voter_id) == actor.id]
    return f"You have voted in “{voted[0]}”; nobody votes twice on the same thing." if voted else ""
