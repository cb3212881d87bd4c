"""Voting on a change, as the CAB does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from changes.models import Change
from changes.services.implementation import change_start
from changes.services.recounting import change_recuse
from changes.services.votes import change_vote
from opsportal.accounts.services import user_deactivate
from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Vote
from opsportal.approvals.outcome import Decision
from opsportal.audit.selectors import entries_about, entry_data
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, Stale
from opsportal.obligations.models import Excuse, Obligation
from opsportal.obligations.selectors import owed_by
from tests.changing import (
    DECIDE,
    DESCRIBED,
    LEAD,
    Cast,
    activate,
    approved,
    fresh,
    make_cast,
    outbox_topics,
    owed,
    running_ahead,
    stage,
    submitted,
    told,
    vote,
)
from tests.makers import LONG_AGO, NOW, ROOT, TODAY, grant, join, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def states(change: Change) -> list[str]:
    stages = ApprovalStage.objects.filter(request__subject_key=change.key)
    return list(stages.order_by("request", "position").values_list("state", flat=True))


def test_the_next_stage_opens_when_the_one_before_is_approved(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.lead, comment="Looks right.")
    assert states(change) == ["approved", "open"]
    assert owed(change) == [("decide", "met"), ("decide", "open")]
    row = Vote.objects.get()
    assert (row.voter, row.decision, row.comment, row.cast_at) == (cast.lead, "approve", "Looks right.", NOW)
    assert row.content_hash == change.content_hash


def test_the_vote_that_reaches_the_quorum_approves_the_change(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.lead)
    vote(change, cast.board[0])
    assert fresh(change).state == "in_review"
    vote(change, cast.board[1])
    change = fresh(change)
    assert (change.state, change.decided_at) == ("approved", NOW)
    assert ApprovalRequest.objects.get().state == "approved"
    assert told(change).count("approval.voted") == 3
    assert told(change)[-1] == "change.approved"
    assert "changes.change.approved" in outbox_topics()


def test_the_audit_entry_of_a_vote_says_what_and_not_who_by_name(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.lead, "abstain", comment="I know nothing of it.")
    voted = entries_about("change", change.key).get(action="approval.voted")
    assert (voted.actor_kind, voted.actor_id) == ("user", str(cast.lead.pk))
    data = entry_data(voted)
    assert (data["decision"], data["stage"]) == ("abstain", "lead")
    assert "Leo" not in bytes(voted.canonical).decode()
    assert "I know nothing" not in bytes(voted.canonical).decode()


def test_one_reject_ends_it(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.lead, "reject")
    assert fresh(change).state == "rejected"
    assert states(change) == ["rejected", "void"]
    assert owed(change) == [("decide", "met")]


def test_where_the_standard_says_so_a_reject_only_counts(cast: Cast) -> None:
    activate(DESCRIBED, stage("board", "board", '"majority"', more='reject = "counts"'), version="2")
    change = submitted(cast)
    assert vote(change, cast.board[0], "reject").state == "in_review"
    vote(change, cast.board[1])
    assert vote(change, cast.board[2]).state == "approved"


def test_a_quorum_out_of_reach_is_a_rejection(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.lead)
    vote(change, cast.board[0], "abstain")
    assert fresh(change).state == "in_review"
    vote(change, cast.board[1], "abstain")
    assert fresh(change).state == "rejected"


def test_stages_of_one_order_run_at_once(cast: Cast) -> None:
    activate(stage("one", "lead"), stage("two", "security"), stage("last", "board", order=2), version="2")
    change = submitted(cast)
    assert states(change) == ["open", "open", "waiting"]
    vote(change, cast.security)
    assert states(change) == ["open", "approved", "waiting"]
    vote(change, cast.lead)
    assert states(change) == ["approved", "approved", "open"]


def test_deciding_one_stage_leaves_what_is_owed_for_its_twin(cast: Cast) -> None:
    activate(stage("one", "lead"), stage("two", "security"), DECIDE, version="2")
    change = submitted(cast)
    vote(change, cast.security)
    assert owed(change) == [("decide", "open"), ("decide", "met")]


def test_a_voter_is_no_longer_reminded_of_what_the_others_owe(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.lead)
    vote(change, cast.board[0])
    assert list(Excuse.objects.order_by("id").values_list("person", flat=True)) == [
        str(cast.lead.pk),
        str(cast.board[0].pk),
    ]


# --- who may not -------------------------------------------------------------------------------------


def test_s1_the_requester_never_approves_their_own(cast: Cast) -> None:
    grant("lead", cast.requester)
    change = submitted(cast)
    with refused(Forbidden):
        vote(change, cast.requester, content_hash=change.content_hash)


def test_the_implementer_does_not_approve_it(cast: Cast) -> None:
    grant("lead", cast.bystander)
    change = submitted(cast, implementer=str(cast.bystander.pk))
    with refused(Forbidden):
        vote(change, cast.bystander, content_hash=change.content_hash)


def test_s7_who_holds_no_role_of_a_stage_does_not_vote(cast: Cast) -> None:
    change = submitted(cast)
    for person in (cast.bystander, cast.security):
        with refused(Forbidden):
            vote(change, person, content_hash=change.content_hash)


def test_s7_nobody_votes_twice(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.lead)
    vote(change, cast.board[0])
    seen = fresh(change).content_hash
    for decision in ("approve", "reject", "abstain"):
        with refused(Conflict, "already_voted"):
            vote(change, cast.board[0], decision, content_hash=seen)


def test_s2_nobody_votes_through_two_hats(cast: Cast) -> None:
    grant("board", cast.lead)
    change = submitted(cast)
    vote(change, cast.lead)
    seen = fresh(change).content_hash
    with refused(Conflict, "already_voted"):
        vote(change, cast.lead, content_hash=seen)
    with refused(Conflict, "already_voted"):
        vote(change, cast.lead, content_hash=seen, stage="board")


def test_s2_unless_the_standard_lets_people_wear_them(cast: Cast) -> None:
    activate(LEAD, stage("board", "board", '"any"', order=2, more="several_hats = true"), version="2")
    grant("board", cast.lead)
    change = submitted(cast)
    vote(change, cast.lead)
    assert vote(change, cast.lead).state == "approved"
    assert sorted(Vote.objects.values_list("hat", flat=True)) == ["", "board"]


def test_s7_after_the_end_nobody_votes(cast: Cast) -> None:
    change = approved(cast)
    seen = fresh(change).content_hash
    with refused(Conflict, "voting_closed"):
        vote(change, cast.board[2], content_hash=seen)
    lost = submitted(cast, title="Another")
    vote(lost, cast.lead, "reject")
    with refused(Conflict, "voting_closed"):
        vote(lost, cast.board[0], content_hash=lost.content_hash)


def test_ahead_of_their_stage_members_wait(cast: Cast) -> None:
    change = submitted(cast)
    with refused(Conflict, "stage_not_open"):
        vote(change, cast.board[0], content_hash=change.content_hash)


def test_in_a_stage_that_is_decided_nobody_votes_any_more(cast: Cast) -> None:
    other = make_user()
    grant("lead", other)
    change = submitted(cast)
    vote(change, cast.lead)
    with refused(Conflict, "voting_closed"):
        vote(change, other, content_hash=change.content_hash)


@pytest.mark.parametrize(
    "actor",
    [Actor.service_account("x", frozenset({"changes:write"})), Actor.anonymous(), Actor.system("tick")],
)
def test_s11_only_people_vote(cast: Cast, actor: Actor) -> None:
    change = submitted(cast)
    with refused(Forbidden):
        change_vote(
            actor=actor, now=NOW, pk=change.pk, decision=Decision.APPROVE, content_hash=change.content_hash
        )


def test_membership_is_checked_on_the_day_of_the_vote(cast: Cast) -> None:
    former, next_week = make_user(), make_user()
    grant("lead", former, LONG_AGO, TODAY - timedelta(days=1))
    grant("lead", next_week, TODAY + timedelta(days=7))
    change = submitted(cast)
    for person in (former, next_week):
        with refused(Forbidden):
            vote(change, person, content_hash=change.content_hash)
    later = NOW + timedelta(days=7)
    vote(change, next_week, now=later)
    assert states(change) == ["approved", "open"]


def test_a_holding_that_ends_today_still_counts_today(cast: Cast) -> None:
    last_day = make_user()
    grant("lead", last_day, LONG_AGO, TODAY)
    change = submitted(cast)
    assert vote(change, last_day, now=NOW.replace(hour=23, minute=59)).state == "in_review"
    assert states(change) == ["approved", "open"]


def test_a_role_for_another_service_does_not_count(cast: Cast) -> None:
    elsewhere, here = make_user(), make_user()
    grant("lead", elsewhere, scope_kind="service", scope_key="ledger")
    grant("lead", here, scope_kind="team", scope_key="payments")
    change = submitted(cast)
    with refused(Forbidden):
        vote(change, elsewhere, content_hash=change.content_hash)
    vote(change, here)
    assert states(change) == ["approved", "open"]


def test_a_board_member_for_one_service_only_does_not_sit_on_the_board(cast: Cast) -> None:
    limited = make_user()
    grant("board", limited, scope_kind="service", scope_key="payments-api")
    change = submitted(cast)
    vote(change, cast.lead)
    with refused(Forbidden):
        vote(change, limited, content_hash=change.content_hash)


def test_whoever_left_the_portal_does_not_vote(cast: Cast) -> None:
    change = submitted(cast)
    cast.lead.is_active = False
    cast.lead.save()
    with refused(Forbidden):
        vote(change, cast.lead, content_hash=change.content_hash)


def test_s3_a_vote_on_another_content_is_stale(cast: Cast) -> None:
    change = submitted(cast)
    with refused(Stale, "stale"):
        vote(change, cast.lead, content_hash="0" * 64)


def test_a_stage_that_is_not_there_is_bad_input(cast: Cast) -> None:
    change = submitted(cast)
    with refused(InvalidInput, "unknown"):
        vote(change, cast.lead, content_hash=change.content_hash, stage="moon")


def test_whoever_fits_two_open_stages_says_which(cast: Cast) -> None:
    activate(stage("one", "lead"), stage("two", "security"), version="2")
    grant("security", cast.lead)
    change = submitted(cast)
    with refused(InvalidInput, "ambiguous"):
        vote(change, cast.lead, content_hash=change.content_hash)
    vote(change, cast.lead, stage="two")
    assert states(change) == ["open", "approved"]


def test_who_may_not_decide_a_stage_does_not_owe_its_decision(cast: Cast) -> None:
    """Who requested it, who has stated a conflict of interest, whose vote was cast in the stage before."""
    ada, bea, cem = cast.board
    grant("board", cast.requester)
    grant("board", cast.lead)
    grant("lead", ada)
    change = submitted(cast)
    change_recuse(actor=ada.actor, now=NOW, pk=change.pk, reason="I know the vendor.")
    vote(change, cast.lead)
    owing = {one for one in (*cast.board, cast.requester, cast.lead) if owed_by(one.pk, NOW).exists()}
    assert owing == {bea, cem}


def test_a_yes_never_rejects_by_taking_its_caster_from_a_twin_that_needs_them(cast: Cast) -> None:
    activate(stage("one", "lead"), stage("two", "board", "3"), version="2")
    ada, bea, cem = cast.board
    grant("lead", ada)
    change = submitted(cast)
    vote(change, bea)
    with refused(Conflict, "needed_elsewhere"):
        vote(change, ada, stage="one", content_hash=change.content_hash)
    vote(change, ada, stage="two")
    vote(change, cem)
    assert vote(change, cast.lead).state == "approved"


def test_a_yes_is_taken_where_a_twin_is_out_of_reach_without_its_caster_anyway(cast: Cast) -> None:
    activate(stage("one", "lead"), stage("two", "board", "3"), version="2")
    change = submitted(cast)
    vote(change, cast.board[0])
    user_deactivate(actor=ROOT, now=NOW, user_id=cast.board[2].pk)
    assert vote(change, cast.lead).state == "rejected"


def test_a_comment_has_its_bounds(cast: Cast) -> None:
    change = submitted(cast)
    with refused(InvalidInput):
        vote(change, cast.lead, content_hash=change.content_hash, comment="x" * 4_001)


# --- ahead of approval -------------------------------------------------------------------------------


def test_votes_go_on_after_an_early_start_and_approve_in_retrospect(cast: Cast) -> None:
    change = running_ahead(cast)
    vote(change, cast.board[0])
    change = fresh(change)
    assert (change.state, change.retrospective_state) == ("implementing", "approved")
    assert "change.retrospective_approved" in told(change)
    assert dict(owed(change))["in-retrospect"] == "met"


def test_a_retrospective_reject_leaves_the_state_and_is_owed_an_answer(cast: Cast) -> None:
    change = running_ahead(cast)
    vote(change, cast.board[0], "reject")
    change = fresh(change)
    assert (change.state, change.retrospective_state) == ("implementing", "rejected")
    assert ("portal.retrospective-reject", "open") in owed(change)
    row = Obligation.objects.get(rule_id="portal.retrospective-reject")
    assert (row.what, row.owner_key, row.blocks) == (
        "Answer the board's objection: roll the change back, or say why not",
        str(cast.requester.pk),
        ["change.close"],
    )
    assert row.due_at == NOW + timedelta(hours=24)


def test_whoever_started_it_does_not_approve_it_afterwards(cast: Cast) -> None:
    join(cast.team, cast.board[0])
    change = submitted(cast, type="emergency")
    change_start(actor=cast.board[0].actor, now=NOW, pk=change.pk)
    with refused(Forbidden):
        vote(change, cast.board[0], content_hash=change.content_hash)
    assert vote(change, cast.board[1]).retrospective_state == "approved"
