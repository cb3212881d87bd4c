"""What votes amount to."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.approvals.outcome import (
    Ballot,
    Decision,
    Outcome,
    Quorum,
    Reject,
    Seating,
    Seats,
    Tally,
    decide,
    needed,
    outcome,
    unfillable,
)

NAMED: list[Quorum] = ["any", "all", "majority"]
QUORUMS: st.SearchStrategy[Quorum] = st.sampled_from([*NAMED, *range(1, 10)])
REJECTS: st.SearchStrategy[Reject] = st.sampled_from(["ends", "counts"])
VOTES = st.lists(st.sampled_from([decision.value for decision in Decision]), max_size=9)
COUNTS = st.integers(0, 9)


@pytest.mark.parametrize(
    ("quorum", "eligible", "yes"),
    [
        ("any", 5, 1),
        ("any", 0, 1),
        ("all", 5, 5),
        ("all", 0, 1),
        ("majority", 1, 1),
        ("majority", 2, 2),
        ("majority", 3, 2),
        ("majority", 4, 3),
        ("majority", 5, 3),
        (2, 5, 2),
        (7, 5, 7),
    ],
)
def test_each_quorum_asks_for_so_many_yes_votes(quorum: Quorum, eligible: int, yes: int) -> None:
    assert needed(quorum, eligible) == yes


@pytest.mark.parametrize(
    ("quorum", "reject", "votes", "remaining", "state"),
    [
        ("any", "ends", "", 3, "open"),
        ("any", "ends", "a", 2, "approved"),
        ("any", "ends", "-", 2, "open"),
        ("any", "ends", "--", 0, "rejected"),
        ("any", "ends", "r", 2, "rejected"),
        ("any", "counts", "r", 2, "open"),
        ("any", "counts", "rr", 1, "open"),
        ("any", "counts", "ra", 0, "approved"),
        ("any", "counts", "rr", 0, "rejected"),
        ("all", "ends", "aa", 1, "open"),
        ("all", "ends", "aaa", 0, "approved"),
        ("all", "ends", "aa-", 0, "rejected"),
        ("all", "ends", "-", 2, "rejected"),
        ("all", "counts", "r", 2, "rejected"),
        ("majority", "ends", "a", 2, "open"),
        ("majority", "ends", "aa", 1, "approved"),
        ("majority", "ends", "-a", 1, "open"),
        ("majority", "ends", "--", 1, "rejected"),
        ("majority", "counts", "ra", 1, "open"),
        ("majority", "counts", "rr", 1, "rejected"),
        (3, "ends", "aa", 3, "open"),
        (3, "ends", "aaa", 2, "approved"),
        (3, "counts", "arr", 1, "rejected"),
        # Nobody has voted: it waits, even where today nobody could decide it.
        (3, "ends", "", 1, "open"),
        ("all", "ends", "", 0, "open"),
    ],
)
def test_a_stage_is_decided_as_its_quorum_says(
    quorum: Quorum, reject: Reject, votes: str, remaining: int, state: str
) -> None:
    words = {"a": "approve", "r": "reject", "-": "abstain"}
    assert decide(quorum, reject, Tally.of([words[vote] for vote in votes], remaining=remaining)) == state


@given(VOTES, COUNTS, QUORUMS, REJECTS, st.randoms(use_true_random=False))
def test_the_order_of_votes_within_a_stage_does_not_matter(
    votes: list[str], remaining: int, quorum: Quorum, reject: Reject, random: object
) -> None:
    shuffled = list(votes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(quorum, reject, Tally.of(shuffled, remaining=remaining)) == decide(
        quorum, reject, Tally.of(votes, remaining=remaining)
    )


@given(VOTES, COUNTS, QUORUMS, REJECTS)
def test_an_abstention_never_counts_as_yes(
    votes: list[str], remaining: int, quorum: Quorum, reject: Reject
) -> None:
    without_yes = ["abstain" if vote == "approve" else vote for vote in votes]
    assert decide(quorum, reject, Tally.of(without_yes, remaining=remaining)) != "approved"


@given(VOTES, COUNTS, QUORUMS)
def test_one_reject_ends_it_unless_it_only_counts(votes: list[str], remaining: int, quorum: Quorum) -> None:
    assert decide(quorum, "ends", Tally.of([*votes, "reject"], remaining=remaining)) == "rejected"


@given(VOTES, COUNTS, QUORUMS, REJECTS)
def test_approved_means_that_the_quorum_is_reached(
    votes: list[str], remaining: int, quorum: Quorum, reject: Reject
) -> None:
    tally = Tally.of(votes, remaining=remaining)
    if decide(quorum, reject, tally) == "approved":
        assert tally.approvals >= needed(quorum, tally.eligible)


@given(VOTES, COUNTS, QUORUMS, REJECTS)
def test_with_votes_cast_and_nobody_left_it_is_decided(
    votes: list[str], remaining: int, quorum: Quorum, reject: Reject
) -> None:
    tally = Tally.of([*votes, "approve"], remaining=0)
    assert decide(quorum, reject, tally) in {"approved", "rejected"}


@given(VOTES, st.integers(1, 9), QUORUMS, REJECTS)
def test_open_means_that_those_who_are_left_can_still_approve_it(
    votes: list[str], remaining: int, quorum: Quorum, reject: Reject
) -> None:
    tally = Tally.of(votes, remaining=remaining)
    if tally.cast and decide(quorum, reject, tally) == "open":
        rest = Tally.of([*votes, *["approve"] * remaining], remaining=0)
        assert decide(quorum, reject, rest) == "approved"


def _stage(order: int, state: str = "waiting", **tally: int) -> Ballot:
    return Ballot(order, "any", "ends", state, Tally(**tally))


def test_no_stage_at_all_is_an_approval() -> None:
    assert outcome([]) == Outcome("approved", ())


def test_only_the_first_order_opens() -> None:
    assert outcome([_stage(1), _stage(2), _stage(3)]) == Outcome("open", ("open", "waiting", "waiting"))


def test_stages_of_one_order_are_open_at_once() -> None:
    assert outcome([_stage(1), _stage(1), _stage(2)]) == Outcome("open", ("open", "open", "waiting"))


def test_the_next_order_opens_when_all_of_the_one_before_are_approved() -> None:
    one_of_two = [_stage(1, "open", approvals=1), _stage(1, "open", remaining=2), _stage(2)]
    assert outcome(one_of_two) == Outcome("open", ("approved", "open", "waiting"))
    both = [_stage(1, "approved"), _stage(1, "open", approvals=1), _stage(2)]
    assert outcome(both) == Outcome("open", ("approved", "approved", "open"))


def test_the_last_approval_approves_the_request() -> None:
    stages = [_stage(1, "approved"), _stage(2, "open", approvals=1)]
    assert outcome(stages) == Outcome("approved", ("approved", "approved"))


def test_one_rejected_stage_rejects_the_request_and_ends_the_others() -> None:
    stages = [_stage(1, "approved"), _stage(2, "open", rejections=1), _stage(2, "open"), _stage(3)]
    assert outcome(stages) == Outcome("rejected", ("approved", "rejected", "void", "void"))


def test_a_stage_that_is_decided_stays_so_whoever_leaves_the_board() -> None:
    decided = Ballot(1, "all", "ends", "approved", Tally(approvals=1, remaining=4))
    assert outcome([decided, _stage(2)]) == Outcome("open", ("approved", "open"))


STAGES = st.lists(
    st.builds(
        Ballot,
        st.integers(1, 3),
        QUORUMS,
        REJECTS,
        st.just("open"),
        st.builds(Tally, COUNTS, COUNTS, COUNTS, COUNTS),
    ),
    max_size=5,
)


@given(STAGES)
def test_approved_is_what_every_stage_has_approved(stages: list[Ballot]) -> None:
    reached = outcome(stages)
    assert (reached.request == "approved") == all(state == "approved" for state in reached.stages)
    assert (reached.request == "rejected") == ("rejected" in reached.stages)


@given(STAGES)
def test_what_was_reached_once_stays_when_it_is_asked_again(stages: list[Ballot]) -> None:
    reached = outcome(stages)
    again = outcome(
        [replace(stage, state=state) for stage, state in zip(stages, reached.stages, strict=True)]
    )
    assert again == reached


def test_no_stage_is_ever_open_ahead_of_one_of_a_lower_order() -> None:
    states = ["waiting", "open", "approved"]
    for first, second in itertools.product(states, states):
        reached = outcome([_stage(1, first, remaining=1), _stage(2, second, remaining=1)])
        if second == "waiting" and reached.stages[1] == "open":
            assert reached.stages[0] == "approved"


def _seats(people: str, quorum: Quorum = "any", *, shared: bool = False) -> Seats:
    return Seats(frozenset(people), quorum, shared)


@pytest.mark.parametrize(
    ("stages", "short"),
    [
        ([], None),
        ([_seats("")], 0),
        ([_seats("a"), _seats("b")], None),
        ([_seats("a"), _seats("a")], 1),
        ([_seats("ab"), _seats("a")], None),
        ([_seats("ab"), _seats("ab"), _seats("ab")], 2),
        ([_seats("abc", 2), _seats("a")], None),
        ([_seats("ab", 2), _seats("a")], 1),
        ([_seats("ab", 3)], 0),
        ([_seats("a"), _seats("a", shared=True)], None),
        ([_seats("a"), _seats("", shared=True)], 1),
        ([_seats("ab"), _seats("bc"), _seats("a")], None),
    ],
)
def test_stages_that_too_few_people_can_fill_are_found(stages: list[Seats], short: int | None) -> None:
    assert unfillable(stages) == short


PEOPLE = st.frozensets(st.sampled_from("abcde"), max_size=5)


@given(st.lists(PEOPLE, max_size=4))
def test_stages_can_be_filled_exactly_when_everyone_can_be_given_one_seat(
    people: list[frozenset[str]],
) -> None:
    fits = any(len(set(choice)) == len(choice) for choice in itertools.product(*people))
    assert (unfillable([Seats(who, "any") for who in people]) is None) == fits


MEMBERS = st.frozensets(st.sampled_from("abcde"), max_size=5)


@st.composite
def _cast(draw: st.DrawFn, members: frozenset[str]) -> list[tuple[str, str]]:
    """Votes as the portal lets them be cast: no voter twice, no seat twice, no seat of one who has voted."""
    votes: list[tuple[str, str]] = []
    for voter in draw(st.permutations(sorted({*members, "x", "y"}))):
        taken = {one for vote in votes for one in vote}
        free = sorted(members - taken) if voter not in taken else []
        seat = draw(st.sampled_from(["", *free]))
        if seat and voter not in {seat for _, seat in votes}:
            votes.append((voter, seat))
    return votes


@given(st.data(), MEMBERS)
def test_deputies_neither_add_seats_nor_lower_what_all_and_majority_ask_for(
    data: st.DataObject, members: frozenset[str]
) -> None:
    votes = data.draw(_cast(members))
    seating = Seating.of(members, votes)
    tally = Tally.of(["approve" for _ in votes], remaining=len(seating.free), lent=len(seating.lent))
    assert tally.eligible == len(members)
    assert seating.free.isdisjoint(seating.lent)
    assert seating.free.isdisjoint({one for vote in votes for one in vote})
    assert needed("all", tally.eligible) == max(1, len(members))


@given(st.data(), MEMBERS, QUORUMS)
def test_what_is_out_of_reach_stays_so_whoever_votes_next(
    data: st.DataObject, members: frozenset[str], quorum: Quorum
) -> None:
    votes = data.draw(_cast(members))
    states = []
    for count in range(len(votes) + 1):
        seating = Seating.of(members, votes[:count])
        tally = Tally.of(["approve"] * count, remaining=len(seating.free), lent=len(seating.lent))
        states.append(decide(quorum, "ends", tally))
    decided = [state for state in states if state != "open"]
    assert len(set(decided)) <= 1
    assert states == ["open"] * (len(states) - len(decided)) + decided
