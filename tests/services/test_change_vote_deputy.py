"""Votes in the place of a member who is away: one vote for each seat, one for each person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from changes.models import Change
from changes.services.implementation import change_start
from opsportal.accounts.models import User
from opsportal.accounts.services import absence_end, deputy_name, user_update
from opsportal.approvals.models import Vote
from opsportal.approvals.selectors import live_requests, open_stages_for, people_asked, progress_of
from opsportal.audit.selectors import entries_about, entry_data
from opsportal.core.errors import Conflict, Forbidden, InvalidInput
from opsportal.obligations.models import Obligation
from opsportal.obligations.selectors import debtors, holders_among, owed_by
from tests.changing import BOARD, DECIDE, Cast, activate, make_cast, stage, submitted, vote
from tests.makers import NOW, ROOT, away, grant, join, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def cast() -> Cast:
    cast = make_cast()
    activate(BOARD, DECIDE, version="2")
    return cast


@pytest.fixture
def dan() -> User:
    return make_user(name="Dan")


def board_stage(change: Change) -> tuple[int, int, list[str], list[str]]:
    """Return (yes, needed, whose seats are free, who may fill one for them)."""
    (board,) = progress_of(live_requests("change", [change.key])[change.key], NOW)
    free, deputies = board.waiting_for, board.deputies
    return (
        board.tally.approvals,
        board.needed,
        [one.full_name for one in free],
        [f"{one.deputy.full_name} for {one.principal.full_name}" for one in deputies],
    )


def test_a_deputy_fills_the_seat_and_it_is_on_record_for_whom(cast: Cast, dan: User) -> None:
    ada, bea, _ = cast.board
    away(ada, dan)
    change = submitted(cast)
    assert board_stage(change) == (0, 2, ["Ada", "Bea", "Cem"], ["Dan for Ada"])
    vote(change, dan)
    row = Vote.objects.get()
    assert (row.voter, row.on_behalf_of) == (dan, ada)
    voted = entries_about("change", change.key).get(action="approval.voted")
    assert (voted.actor_id, entry_data(voted)["on_behalf_of"]) == (str(dan.pk), str(ada.pk))
    assert board_stage(change) == (1, 2, ["Bea", "Cem"], [])
    assert vote(change, bea).state == "approved"


def test_the_quorum_counts_seats_so_that_an_absence_lowers_it_not(cast: Cast) -> None:
    activate(stage("board", "board", '"all"'), version="3")
    ada, bea, cem = cast.board
    away(ada)
    change = submitted(cast)
    vote(change, bea)
    assert vote(change, cem).state == "in_review"
    assert board_stage(change) == (2, 3, ["Ada"], [])
    assert vote(change, ada).state == "approved"


@pytest.mark.parametrize("first", ["deputy", "member"])
def test_s2_member_and_deputy_have_one_vote_together(cast: Cast, dan: User, first: str) -> None:
    ada = cast.board[0]
    away(ada, dan)
    change = submitted(cast)
    one, two = (dan, ada) if first == "deputy" else (ada, dan)
    vote(change, one)
    with refused(Conflict, "already_voted"):
        vote(change, two, content_hash=change.content_hash)


def test_two_deputies_of_one_member_have_one_vote_together(cast: Cast, dan: User) -> None:
    ada, eve = cast.board[0], make_user()
    away(ada, dan)
    deputy_name(actor=ada.actor, now=NOW, principal_id=ada.pk, deputy_id=eve.pk)
    change = submitted(cast)
    vote(change, dan)
    with refused(Conflict, "already_voted"):
        vote(change, eve, content_hash=change.content_hash)


def test_s2_a_deputy_of_two_members_has_one_vote_and_says_for_whom(cast: Cast, dan: User) -> None:
    ada, bea, _ = cast.board
    away(ada, dan)
    away(bea, dan)
    change = submitted(cast)
    with refused(InvalidInput, "ambiguous"):
        vote(change, dan, content_hash=change.content_hash)
    vote(change, dan, on_behalf_of=str(bea.pk))
    with refused(Conflict, "already_voted"):
        vote(change, dan, content_hash=change.content_hash, on_behalf_of=str(ada.pk))
    assert board_stage(change) == (1, 2, ["Ada", "Cem"], [])


def test_s2_a_member_who_stands_in_for_another_votes_once_for_themselves_unless_they_say_so(
    cast: Cast,
) -> None:
    ada, bea, _ = cast.board
    away(ada, bea)
    change = submitted(cast)
    vote(change, bea)
    assert Vote.objects.get().on_behalf_of is None
    with refused(Conflict, "already_voted"):
        vote(change, bea, content_hash=change.content_hash, on_behalf_of=str(ada.pk))


def test_a_member_who_lends_their_vote_leaves_their_seat_empty_and_the_quorum_as_it_was(cast: Cast) -> None:
    ada, bea, cem = cast.board
    away(ada, bea)
    change = submitted(cast)
    vote(change, bea, on_behalf_of=str(ada.pk))
    assert board_stage(change) == (1, 2, ["Cem"], [])
    assert vote(change, cem).state == "approved"


def test_a_yes_for_somebody_else_is_refused_where_it_would_put_the_quorum_out_of_reach(cast: Cast) -> None:
    activate(stage("board", "board", '"all"'), version="3")
    ada, bea, _ = cast.board
    away(ada, bea)
    change = submitted(cast)
    with refused(Conflict, "own_seat_first"):
        vote(change, bea, content_hash=change.content_hash, on_behalf_of=str(ada.pk))
    assert vote(change, bea).state == "in_review"


# --- who may not -------------------------------------------------------------------------------------


def test_s7_nobody_votes_by_proxy_before_the_absence_nor_from_the_instant_of_its_end(
    cast: Cast, dan: User
) -> None:
    ada = cast.board[0]
    absence = away(ada, dan, days=2)
    change = submitted(cast)
    for moment in (NOW - DAY, NOW + 2 * DAY):
        with refused(Forbidden):
            vote(change, dan, now=moment, content_hash=change.content_hash)
    absence_end(actor=ada.actor, now=NOW + DAY, absence_id=absence.pk)
    with refused(Forbidden):
        vote(change, dan, now=NOW + DAY, content_hash=change.content_hash)
    with refused(Forbidden):
        vote(change, cast.bystander, content_hash=change.content_hash, on_behalf_of=str(ada.pk))


def test_s1_a_deputy_of_the_requester_cannot_approve_for_them(cast: Cast, dan: User) -> None:
    grant("board", cast.requester)
    away(cast.requester, dan)
    change = submitted(cast)
    with refused(Forbidden):
        vote(change, dan, content_hash=change.content_hash)


def test_s1_the_requester_cannot_approve_as_somebody_elses_deputy(cast: Cast) -> None:
    away(cast.board[0], cast.requester)
    change = submitted(cast)
    with refused(Forbidden):
        vote(change, cast.requester, content_hash=change.content_hash)
    assert board_stage(change)[3] == []


def test_a_deputy_of_a_deputy_never_votes(cast: Cast, dan: User) -> None:
    eve = make_user()
    away(cast.board[0], dan)
    away(dan, eve)
    change = submitted(cast)
    with refused(Forbidden):
        vote(change, eve, content_hash=change.content_hash)


def test_a_deputy_has_no_more_than_the_member_holds(cast: Cast, dan: User) -> None:
    activate(stage("lead", "lead", more="for_service = true"), version="3")
    narrow = make_user(name="Narrow")
    grant("lead", narrow, scope_kind="service", scope_key="ledger")
    away(narrow, dan)
    change = submitted(cast)
    with refused(Forbidden):
        vote(change, dan, content_hash=change.content_hash)
    assert vote(submitted(cast, services=["ledger"]), dan).state == "approved"


def test_a_deputy_of_somebody_who_became_an_auditor_has_no_vote(cast: Cast, dan: User) -> None:
    ada = cast.board[0]
    away(ada, dan)
    change = submitted(cast)
    user_update(actor=ROOT, now=NOW, user_id=ada.pk, is_auditor=True)
    assert open_stages_for(dan.pk, NOW).count() == 0
    with refused(Forbidden):
        vote(change, dan, content_hash=change.content_hash)


def test_an_auditor_with_a_role_of_before_is_shown_no_vote(cast: Cast) -> None:
    ada = cast.board[0]
    submitted(cast)
    user_update(actor=ROOT, now=NOW, user_id=ada.pk, is_auditor=True)
    assert open_stages_for(ada.pk, NOW).count() == 0


def test_s4_whoever_carries_it_out_is_not_its_only_approver_by_a_deputy_either(cast: Cast, dan: User) -> None:
    activate(stage("board", "board"), version="3")
    ada = cast.board[0]
    away(ada, dan)
    join(cast.team, ada)
    change = submitted(cast)
    vote(change, dan)
    with refused(Forbidden):
        change_start(actor=ada.actor, now=NOW, pk=change.pk)


# --- who is asked ------------------------------------------------------------------------------------


def test_the_deputy_is_asked_reminded_and_climbed_to_with_the_member(cast: Cast, dan: User) -> None:
    ada = cast.board[0]
    away(ada, dan)
    change = submitted(cast)
    (waiting,) = open_stages_for(dan.pk, NOW)
    assert dan in people_asked(waiting, NOW)
    (owed,) = owed_by(dan.pk, NOW)
    assert {ada, dan} <= set(debtors(owed, NOW))
    assert list(open_stages_for(dan.pk, NOW + 4 * DAY)) == []
    assert list(owed_by(dan.pk, NOW + 4 * DAY)) == []
    vote(change, dan)
    assert list(open_stages_for(ada.pk, NOW)) == []
    assert list(owed_by(dan.pk, NOW)) == list(owed_by(ada.pk, NOW)) == []
    assert {ada, dan}.isdisjoint(debtors(Obligation.objects.get(), NOW))
    eve = make_user()
    away(cast.manager, eve)
    assert set(holders_among(["manager"], NOW, (), ())) == {cast.manager, eve}


def test_when_the_member_votes_the_deputy_is_asked_no_more(cast: Cast, dan: User) -> None:
    away(cast.board[0], dan)
    change = submitted(cast)
    vote(change, cast.board[0])
    assert list(open_stages_for(dan.pk, NOW)) == []
    assert list(owed_by(dan.pk, NOW)) == []
