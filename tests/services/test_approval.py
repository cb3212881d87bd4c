"""Approval of anything: rounds, votes and who is asked, without a change around it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from opsportal.accounts.models import User
from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Vote
from opsportal.approvals.outcome import Decision
from opsportal.approvals.selectors import (
    approvers_of,
    eligible,
    live_request,
    live_requests,
    open_stages_for,
    open_stages_of,
    progress_of,
    progress_of_all,
    requests_about,
)
from opsportal.approvals.services import (
    Opened,
    approval_exclude,
    approval_open,
    approval_void,
    approval_vote,
)
from opsportal.core.errors import Conflict, Forbidden, RuleRefused
from opsportal.obligations.terms import Subject
from opsportal.standards import engine
from opsportal.standards.selectors import active_standard
from tests.changing import LEAD, Cast, activate, make_cast, stage
from tests.makers import LONG_AGO, NOW, TODAY, grant, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db
SUBJECT = Subject("thing", "T-1", "A thing", services=("payments-api",), teams=("payments",))
HASH = "a" * 64


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def opened(
    cast: Cast, *, excluded: Any = (), key: str = "T-1", content_hash: str = HASH, **facts: Any
) -> Opened:
    subject = Subject("thing", key, "A thing", services=SUBJECT.services, teams=SUBJECT.teams)
    return approval_open(
        actor=cast.requester.actor,
        now=NOW,
        subject=subject,
        revision=1,
        content_hash=content_hash,
        standard_hash=active_standard().content_hash,
        stages=engine.stages(
            active_standard(), "change.submit", {"change.type": "normal", "change.risk": "low", **facts}
        ),
        excluded=[str(person.pk) for person in excluded],
    )


def votes(person: User, decision: Decision = Decision.APPROVE, *, key: str = "T-1", **more: Any) -> Any:
    if decision == Decision.REJECT:
        more.setdefault("comment", "It is too risky.")
    return approval_vote(
        actor=person.actor,
        now=NOW,
        subject_kind="thing",
        subject_key=key,
        decision=decision,
        content_hash=more.pop("content_hash", HASH),
        **more,
    )


def test_the_first_stages_open_and_the_others_wait(cast: Cast) -> None:
    first = opened(cast)
    assert [one.stage_id for one in first.opened] == ["lead"]
    assert (first.request.state, first.opened[0].opened_at) == ("open", NOW)


def test_a_vote_says_what_it_decided_opened_and_dropped(cast: Cast) -> None:
    opened(cast)
    one = votes(cast.lead)
    assert ([s.stage_id for s in one.decided], [s.stage_id for s in one.opened]) == (["lead"], ["board"])
    assert (one.stage.stage_id, one.request.state) == ("lead", "open")
    two = votes(cast.board[0], Decision.REJECT)
    assert (two.request.state, two.request.decided_at) == ("rejected", NOW)
    assert approvers_of(two.request) == {str(cast.lead.pk)}


def test_the_quorum_is_that_of_all_seats_after_the_decision_too(cast: Cast) -> None:
    activate(LEAD, stage("board", "board", '"majority"', order=2), version="2")
    first = opened(cast).request
    votes(cast.lead)

    def board() -> tuple[int, int, int]:
        request = live_requests("thing", ["T-1"])["T-1"]
        lead, board = progress_of(request, NOW)
        assert (lead.needed, lead.waiting_for) == (1, ())
        return board.needed, board.tally.rejections, len(board.waiting_for)

    assert board() == (2, 0, 3)
    votes(cast.board[0], Decision.REJECT)
    assert board() == (2, 1, 0)
    first.refresh_from_db()
    assert first.state == "rejected"


def test_a_rejection_drops_the_stages_that_still_wait(cast: Cast) -> None:
    opened(cast)
    lost = votes(cast.lead, Decision.REJECT)
    assert [one.stage_id for one in lost.dropped] == ["board"]


def test_one_round_is_live_at_a_time(cast: Cast) -> None:
    first = opened(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        opened(cast)
    voided = approval_void(actor=cast.requester.actor, now=NOW, subject_kind="thing", subject_key="T-1")
    assert voided is not None
    assert [one.stage_id for one in voided.dropped] == ["lead"]
    second = opened(cast, content_hash="b" * 64)
    assert live_request("thing", "T-1") == second.request
    assert [one.pk for one in requests_about("thing", "T-1")] == [second.request.pk, first.request.pk]


def test_voiding_twice_does_nothing_and_a_void_round_takes_no_votes(cast: Cast) -> None:
    opened(cast)
    for expected in (True, False):
        done = approval_void(actor=cast.requester.actor, now=NOW, subject_kind="thing", subject_key="T-1")
        assert (done is not None) == expected
    with refused(Conflict, "voting_closed"):
        votes(cast.lead)


def test_somebody_who_takes_part_later_is_kept_out_from_then_on(cast: Cast) -> None:
    opened(cast)
    votes(cast.lead)
    approval_exclude(
        actor=cast.requester.actor,
        now=NOW,
        subject_kind="thing",
        subject_key="T-1",
        person=str(cast.board[0].pk),
    )
    with refused(Forbidden):
        votes(cast.board[0])
    request = live_requests("thing", ["T-1"])["T-1"]
    _, board = progress_of_all([request], NOW)[request.pk]
    assert [person.full_name for person in board.waiting_for] == ["Bea", "Cem"]
    assert board.needed == 2


def test_who_is_eligible_follows_roles_days_scopes_and_separation(cast: Cast) -> None:
    here, elsewhere, former = make_user(name="Here"), make_user(name="Else"), make_user(name="Former")
    grant("lead", here, scope_kind="service", scope_key="payments-api")
    grant("lead", elsewhere, scope_kind="service", scope_key="ledger")
    grant("lead", former, LONG_AGO, TODAY - timedelta(days=1))
    first = opened(cast, excluded=[cast.bystander])
    grant("lead", cast.bystander)
    assert [person.full_name for person in eligible(first.opened[0], TODAY)] == ["Here", "Leo"]


@pytest.mark.parametrize("quorum", ['"any"', '"majority"', '"all"', "2"])
def test_progress_counts_as_the_vote_does(cast: Cast, quorum: str) -> None:
    activate(stage("board", "board", quorum), version="2")
    opened(cast)
    state = "open"
    for person in cast.board:
        request = live_requests("thing", ["T-1"])["T-1"]
        if request.state != "open":
            break
        (shown,) = progress_of_all([request], NOW)[request.pk]
        assert shown.tally.eligible == 3
        state = votes(person).request.state
        assert (state == "approved") == (shown.tally.approvals + 1 >= shown.needed)
    assert state == "approved"


def test_all_of_a_board_means_each_who_may_vote(cast: Cast) -> None:
    activate(stage("board", "board", '"all"'), version="2")
    opened(cast, excluded=[cast.board[2]])
    assert votes(cast.board[0]).request.state == "open"
    assert votes(cast.board[1]).request.state == "approved"


def test_a_vote_in_one_stage_uses_its_caster_up_in_its_twin(cast: Cast) -> None:
    activate(stage("one", "board", '"any"'), stage("two", "board", "2"), version="2")
    opened(cast)
    votes(cast.board[0], stage="one")
    votes(cast.board[1], stage="two")
    with refused(Conflict, "already_voted"):
        votes(cast.board[0], stage="two")
    assert votes(cast.board[2], stage="two").request.state == "approved"


def test_a_quorum_that_a_twin_puts_out_of_reach_rejects(cast: Cast) -> None:
    activate(
        stage("one", "board", '"any"', more='reject = "counts"'), stage("two", "board", "2"), version="2"
    )
    opened(cast)
    votes(cast.board[0], stage="two")
    assert votes(cast.board[1], Decision.ABSTAIN, stage="one").request.state == "open"
    assert votes(cast.board[2], Decision.ABSTAIN, stage="one").request.state == "rejected"


def test_what_waits_for_somebody_is_where_they_still_have_a_vote(cast: Cast) -> None:
    activate(
        LEAD,
        stage("board", "board", order=2),
        stage("again", "lead", order=2, more="several_hats = true"),
        version="2",
    )
    opened(cast)

    def waits(person: User, when: Any = NOW) -> list[str]:
        return [one.stage_id for one in open_stages_for(person.pk, when)]

    assert (waits(cast.lead), waits(cast.board[0]), waits(cast.requester)) == (["lead"], [], [])
    assert waits(cast.lead, NOW - timedelta(days=9000)) == []
    votes(cast.lead)
    assert (waits(cast.lead), waits(cast.board[0])) == (["again"], ["board"])
    votes(cast.lead)
    assert waits(cast.lead) == []
    assert [one.stage_id for one in open_stages_of("board")] == ["board"]


def test_too_few_people_are_told_with_every_stage_that_lacks_them(cast: Cast) -> None:
    activate(stage("one", "manager"), stage("two", "board", "4"), version="2")
    with refused(RuleRefused) as caught:
        opened(cast, excluded=[cast.manager])
    assert [(reason.code, reason.rule) for reason in caught.value.reasons] == [
        ("nobody_may_vote", "stage-one"),
        ("nobody_may_vote", "stage-two"),
    ]


def test_the_database_itself_keeps_votes_single_and_unchanged(cast: Cast) -> None:
    opened(cast)
    row = votes(cast.lead).vote
    with pytest.raises(IntegrityError), transaction.atomic():
        Vote.objects.create(
            request=row.request,
            stage=row.stage,
            voter=row.voter,
            decision="reject",
            content_hash=HASH,
            cast_at=NOW,
        )
    for statement in ("UPDATE approvals_vote SET decision = 'reject'", "DELETE FROM approvals_vote"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert Vote.objects.get().decision == "approve"


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (ApprovalRequest, {"state": "moon"}),
        (ApprovalRequest, {"state": "approved"}),
        (ApprovalRequest, {"state": "void"}),
        (ApprovalStage, {"state": "moon"}),
        (ApprovalStage, {"reject": "maybe"}),
    ],
)
def test_the_database_refuses_states_that_there_are_not(
    cast: Cast, model: Any, values: dict[str, str]
) -> None:
    opened(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**values)
