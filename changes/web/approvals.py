"""Rounds of approval as a page shows them: stages, quorums, votes, and where the reader may vote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from opsportal.accounts.models import User
from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Recusal, Vote
from opsportal.approvals.selectors import Progress, progress_of_all
from opsportal.core.actor import Actor


@dataclass(frozen=True, slots=True)
class Paper:
    """A stage in which the reader may vote, and whose seats they may fill there, their own first."""

    stage: ApprovalStage
    seats: tuple[User, ...]
    reader: str

    @property
    def in_place_of(self) -> User | None:
        """The one for whom the reader votes here, where there is no other way to vote."""
        only = len(self.seats) == 1 and str(self.seats[0].pk) != self.reader
        return self.seats[0] if only else None

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The seats to choose from, (id, words); empty where there is nothing to choose."""
        if len(self.seats) < 2:
            return []
        return [
            (
                str(one.pk),
                "Your own vote" if str(one.pk) == self.reader else f"For {one.display_name}, who is away",
            )
            for one in self.seats
        ]


@dataclass(frozen=True, slots=True)
class Round:
    """One round of approval and how far each stage has come."""

    request: ApprovalRequest
    stages: tuple[Progress, ...]
    votable: tuple[Paper, ...] = ()
    why_not: str = ""

    @property
    def recusals(self) -> list[Recusal]:
        """Who stated a conflict of interest; they are prefetched."""
        return list(self.request.recusals.all())

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
    kept_out = not actor.is_user or actor.id in request.excluded_people
    papers = [] if kept_out else [Paper(one.stage, one.seats_of(actor.id), actor.id) for one in stages]
    votable = tuple(paper for paper in papers if paper.stage.state == "open" and paper.seats)
    return Round(request, tuple(stages), votable, "" if votable else _why_not(request, stages, actor))


def rounds_of(requests: Iterable[ApprovalRequest], actor: Actor, now: datetime) -> list[Round]:
    """Return the rounds in their order, with the stages in which `actor` may vote at `now`.

    Their stages and votes are prefetched.
    """
    rows = list(requests)
    progress = progress_of_all(rows, now)
    return [round_of(request, progress[request.pk], actor) for request in rows]


def _why_not(request: ApprovalRequest, stages: Sequence[Progress], actor: Actor) -> str:
    """Return why a reader who might expect a vote in an open round has none; "" where nobody would."""
    if request.state != "open":
        return ""
    if any(str(one.person_id) == actor.id for one in request.recusals.all()):
        return "You stated a conflict of interest: others decide it."
    if actor.id in request.excluded_people:
        return "You requested it, wrote in it or carry it out: somebody else has to decide it."
    for one in stages:
        for vote in one.votes:
            if str(vote.voter_id) == actor.id:
                return f"You have voted in “{one.stage.title}”; nobody votes twice on the same thing."
            if str(vote.on_behalf_of_id) == actor.id:
                return f"Your deputy has voted in your place in “{one.stage.title}”; each seat has one vote."
    return ""
