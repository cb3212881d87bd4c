"""What votes amount to: quorums, stages in order, and whether enough people are left to decide. Pure.

The rules, for every stage:

- `any` needs one yes, `all` a yes of everybody who may vote, `majority` more than half of them, a number
  that many. "May vote" are those who voted and those who still may; whoever is kept out by the separation
  of duties does not count.
- An abstention is a vote, and never a yes.
- A seat is what somebody who may vote has: they fill it, or who stands in for them while they are away.
  Each seat has one vote, and each person casts one. Whoever gives theirs to somebody else's seat leaves
  their own one empty: it still counts in what "all" and "majority" ask for.
- One reject ends it; where the standard says `counts`, a reject is only a yes that will not come.
- A quorum that the votes cast have put out of reach is a rejection. As long as nobody has voted, a stage
  waits: somebody who may vote can still be appointed.
- Stages of one order are open at once; the next order opens when all of them are approved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

Quorum = Literal["any", "all", "majority"] | int
Reject = Literal["ends", "counts"]


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    ABSTAIN = "abstain"


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes of one stage, and how many people still may vote in it."""

    approvals: int = 0
    rejections: int = 0
    abstentions: int = 0
    remaining: int = 0
    lent: int = 0
    """Seats that stay empty, because who has them filled somebody else's."""

    @classmethod
    def of(cls, decisions: Iterable[str], *, remaining: int, lent: int = 0) -> Tally:
        """Return the tally of these votes, in whatever order they were cast."""
        votes = list(decisions)
        return cls(
            votes.count(Decision.APPROVE),
            votes.count(Decision.REJECT),
            votes.count(Decision.ABSTAIN),
            remaining,
            lent,
        )

    @property
    def cast(self) -> int:
        return self.approvals + self.rejections + self.abstentions

    @property
    def eligible(self) -> int:
        return self.cast + self.remaining + self.lent


@dataclass(frozen=True, slots=True)
class Seating:
    """Whose seats in a stage are still to be filled, and whose stay empty; both by id."""

    free: frozenset[str]
    lent: frozenset[str]

    @classmethod
    def of(cls, holders: Iterable[str], cast: Iterable[tuple[str, str]]) -> Seating:
        """Return the seating of those who may vote, after votes that are (who voted, whose seat)."""
        votes = list(cast)
        filled = {seat for _, seat in votes}
        voters = {voter for voter, _ in votes}
        left = frozenset(holders) - filled
        return cls(left - voters, left & voters)


@dataclass(frozen=True, slots=True)
class Ballot:
    """One stage as it stands: its place, what it asks for, its state and its votes."""

    order: int
    quorum: Quorum
    reject: Reject
    state: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state of the request, and that of each stage, in the order in which they were given."""

    request: str
    stages: tuple[str, ...]


def needed(quorum: Quorum, eligible: int) -> int:
    """Return how many yes votes the quorum asks for among so many who may vote; at least one."""
    match quorum:
        case "any":
            return 1
        case "all":
            return max(1, eligible)
        case "majority":
            return eligible // 2 + 1
        case _:
            return max(1, quorum)


def decide(quorum: Quorum, reject: Reject, tally: Tally) -> str:
    """Return `approved`, `rejected` or `open` for a stage with these votes."""
    if reject == "ends" and tally.rejections:
        return "rejected"
    yes = needed(quorum, tally.eligible)
    if tally.approvals >= yes:
        return "approved"
    out_of_reach = tally.approvals + tally.remaining < yes
    return "rejected" if tally.cast and out_of_reach else "open"


def outcome(stages: Sequence[Ballot]) -> Outcome:
    """Return the states that follow from the votes. What is decided already stays so.

    No stage at all is an approval: the standard asks for none.
    """
    judged = [_judge(stage) for stage in stages]
    if any(stage.state == "rejected" for stage in judged):
        return Outcome(
            "rejected", tuple("void" if s.state in {"open", "waiting"} else s.state for s in judged)
        )
    undecided = [stage.order for stage in judged if stage.state in {"open", "waiting"}]
    if not undecided:
        return Outcome("approved", tuple(stage.state for stage in judged))
    turn = min(undecided)
    return Outcome(
        "open", tuple("open" if s.state == "waiting" and s.order == turn else s.state for s in judged)
    )


def _judge(stage: Ballot) -> Ballot:
    if stage.state != "open":
        return stage
    return replace(stage, state=decide(stage.quorum, stage.reject, stage.tally))


@dataclass(frozen=True, slots=True)
class Seats:
    """How many yes votes a stage needs at least, and from whom they may come.

    `shared` where a vote in another stage does not use a person up.
    """

    people: frozenset[str]
    quorum: Quorum
    shared: bool = False

    @property
    def least(self) -> int:
        # What "all" and "majority" mean depends on who is left when the stage opens: one at least.
        return self.quorum if isinstance(self.quorum, int) else 1


def unfillable(stages: Sequence[Seats]) -> int | None:
    """Return the index of the first stage that cannot be decided by these people, or None.

    One person has one vote, so the same single holder of two roles cannot fill two stages, unless the
    standard lets one vote count in several.
    """
    taken: dict[str, int] = {}
    for index, stage in enumerate(stages):
        if stage.shared:
            if len(stage.people) < stage.least:
                return index
            continue
        for _ in range(stage.least):
            if not _seat(index, stages, taken, set()):
                return index
    return None


def _seat(index: int, stages: Sequence[Seats], taken: dict[str, int], tried: set[str]) -> bool:
    """Find one more person for a stage, moving others to other stages where that makes room."""
    for person in sorted(stages[index].people):
        if person in tried:
            continue
        tried.add(person)
        if person not in taken or (taken[person] != index and _seat(taken[person], stages, taken, tried)):
            taken[person] = index
            return True
    return False
