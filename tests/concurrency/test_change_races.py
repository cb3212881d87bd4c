"""Many people at one change at once: no vote is lost or counted twice, nothing stale is approved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from changes.services.activation import change_activate_standard
from changes.services.comments import change_comment
from changes.services.drafts import change_revise
from changes.services.holding import change_hold, change_release
from changes.services.implementation import change_start
from changes.services.submission import change_submit, change_withdraw
from changes.services.votes import change_vote
from opsportal.accounts.models import User
from opsportal.accounts.services import deputy_name
from opsportal.approvals.models import ApprovalRequest, ApprovalStage, Vote
from opsportal.approvals.outcome import Decision
from opsportal.approvals.selectors import live_request
from opsportal.audit.models import AuditEntry
from opsportal.obligations.models import Obligation
from opsportal.standards.models import Activation
from opsportal.standards.services import standard_propose
from tests.changing import (
    Cast,
    activate,
    approved,
    draft,
    fresh,
    history_count,
    implementing,
    make_cast,
    stage,
    submitted,
    told,
    vote,
)
from tests.databases import Database
from tests.makers import NOW, ROOT, away, grant, make_user
from tests.racing import race


@pytest.fixture
def cast(fresh_database: Database) -> Cast:
    return make_cast()


def casting(change: Any, voter: User, decision: str = "approve") -> Callable[[], str]:
    seen, pk, actor = change.content_hash, change.pk, voter.actor

    def cast_it() -> str:
        given: dict[str, Any] = {"decision": Decision(decision), "content_hash": seen, "comment": "Seen."}
        return change_vote(actor=actor, now=NOW, pk=pk, **given).state

    return cast_it


def codes(results: list[Any]) -> Counter[str]:
    return Counter(one if isinstance(one, str) else str(getattr(one, "code", repr(one))) for one in results)


def board_of(count: int, quorum: str) -> list[User]:
    """Return a new board on which so many people sit, under a standard with that one stage."""
    members = [make_user() for _ in range(count)]
    activate(stage("board", "board", quorum), version="2")
    for member in members:
        grant("board", member)
    return members


def test_twenty_votes_at_once_are_all_counted_once(cast: Cast) -> None:
    members = board_of(20, "23")
    change = submitted(cast)
    results = race(*(casting(change, member) for member in members))
    assert codes(results) == {"in_review": 20}
    assert Vote.objects.count() == 20
    assert told(change).count("approval.voted") == 20
    for member in cast.board:
        vote(change, member)
    assert fresh(change).state == "approved"


def test_the_quorum_is_reached_once_and_whoever_comes_later_is_told_so(cast: Cast) -> None:
    members = board_of(20, "5")
    change = submitted(cast)
    results = codes(race(*(casting(change, member) for member in members)))
    assert results == {"in_review": 4, "approved": 1, "voting_closed": 15}
    assert Vote.objects.count() == 5
    assert told(change).count("change.approved") == 1
    assert ApprovalStage.objects.get().state == "approved"


def test_the_same_person_from_many_windows_votes_once(cast: Cast) -> None:
    (member, *_) = board_of(1, "3")
    change = submitted(cast)
    decisions = ["approve", "reject", "abstain"] * 5
    results = codes(race(*(casting(change, member, decision) for decision in decisions)))
    assert Vote.objects.filter(voter=member).count() == 1
    won = results["in_review"] + results["rejected"]
    assert won == 1
    assert results["already_voted"] + results["voting_closed"] == 14


def test_a_member_and_their_deputies_at_the_same_moment_have_one_vote_together(cast: Cast) -> None:
    members = board_of(1, "2")
    deputies = [make_user() for _ in range(3)]
    away(members[0], deputies[0])
    for deputy in deputies[1:]:
        deputy_name(actor=ROOT, now=NOW, principal_id=members[0].pk, deputy_id=deputy.pk)
    for number in range(5):
        change = submitted(cast, title=f"Change {number}")
        results = codes(race(*(casting(change, one) for one in (*members, *deputies))))
        assert results == {"in_review": 1, "already_voted": 3}
        assert Vote.objects.filter(request__subject_key=change.key).count() == 1
        assert told(change).count("approval.voted") == 1


def test_a_deputy_of_two_members_votes_once_from_two_windows(cast: Cast) -> None:
    members, deputy = board_of(2, "3"), make_user()
    for member in members:
        away(member, deputy)
    change = submitted(cast)
    seen, pk, actor = change.content_hash, change.pk, deputy.actor
    votes = [
        lambda seat=str(member.pk): (
            change_vote(
                actor=actor,
                now=NOW,
                pk=pk,
                decision=Decision.APPROVE,
                content_hash=seen,
                on_behalf_of=seat,
            ).state
        )
        for member in members * 3
    ]
    assert codes(race(*votes)) == {"in_review": 1, "already_voted": 5}
    assert Vote.objects.filter(voter=deputy).count() == 1


def test_approve_and_reject_at_once_end_in_one_decision(cast: Cast) -> None:
    members = board_of(2, '"any"')
    for number in range(5):
        change = submitted(cast, title=f"Change {number}")
        race(casting(change, members[0]), casting(change, members[1], "reject"))
        after = fresh(change)
        assert after.state in {"approved", "rejected"}
        assert Vote.objects.filter(request__subject_key=change.key).count() == 1
        request = live_request("change", change.key)
        assert request is not None
        assert request.state == after.state


def test_s3_approving_and_editing_at_once_never_approves_the_edit(cast: Cast) -> None:
    (member, *_) = board_of(1, '"any"')
    for number in range(10):
        change = submitted(cast, title=f"Change {number}")
        seen = change.content_hash

        def edit(change: Any = change, number: int = number) -> str:
            actor, fields = cast.requester.actor, {"plan": f"Another plan {number}."}
            return change_revise(actor=actor, now=NOW, pk=change.pk, fields=fields).state

        race(casting(change, member), edit)
        after = fresh(change)
        assert (after.state, after.revision) == ("draft", 2)
        assert after.content_hash != seen
        assert live_request("change", change.key) is None
        assert not ApprovalRequest.objects.filter(content_hash=after.content_hash).exists()


def test_s3_fifty_edits_and_starts_at_once_never_start_what_nobody_approved(cast: Cast) -> None:
    change = approved(cast)
    seen = change.content_hash

    def edit(number: int) -> Callable[[], str]:
        actor, fields = cast.requester.actor, {"plan": f"Plan {number}."}
        return lambda: "edited " + change_revise(actor=actor, now=NOW, pk=change.pk, fields=fields).state

    def start() -> str:
        return change_start(actor=cast.requester.actor, now=NOW, pk=change.pk).content_hash

    results = race(*(edit(number) if number % 2 else start for number in range(50)))
    after = fresh(change)
    started = [one for one in results if one == seen]
    assert [
        one for one in results if isinstance(one, str) and not one.startswith("edited") and one != seen
    ] == []
    if after.state == "implementing":
        assert (len(started), after.content_hash, after.revision) == (1, seen, 1)
        assert codes(results)["illegal_move"] == 49
    else:
        assert (started, after.state, after.revision) == ([], "draft", 2)
    assert history_count(after) == after.version


def test_of_many_submits_one_wins(cast: Cast) -> None:
    change = draft(cast)

    def submit() -> str:
        return change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk).state

    assert codes(race(*[submit] * 12)) == {"in_review": 1, "illegal_move": 11}
    assert ApprovalRequest.objects.count() == 1
    assert told(change).count("change.submitted") == 1
    assert Obligation.objects.filter(subject_key=change.key).count() == 1


def test_voting_and_withdrawing_at_once_never_leaves_an_approved_draft(cast: Cast) -> None:
    (member, *_) = board_of(1, '"any"')
    for number in range(8):
        change = submitted(cast, title=f"Change {number}")

        def withdraw(change: Any = change) -> str:
            return change_withdraw(actor=cast.requester.actor, now=NOW, pk=change.pk).state

        results = codes(race(casting(change, member), withdraw))
        assert results["draft"] == 1
        assert results["approved"] + results["illegal_move"] == 1
        assert fresh(change).state == "draft"
        assert live_request("change", change.key) is None


def test_holding_releasing_and_commenting_at_once(cast: Cast) -> None:
    change = submitted(cast)
    holder, talker = cast.board[0].actor, cast.bystander.actor

    def hold() -> str:
        change_hold(actor=holder, now=NOW, pk=change.pk, reason="Wait.")
        return "held it"

    def release() -> str:
        change_release(actor=holder, now=NOW, pk=change.pk)
        return "released it"

    def comment() -> str:
        change_comment(actor=talker, now=NOW, pk=change.pk, text="Well.")
        return "commented"

    results = codes(race(*[hold] * 6, *[release] * 6, *[comment] * 6))
    assert results["commented"] == 6
    assert results["held it"] - results["released it"] in {0, 1}
    assert (fresh(change).held_at is not None) == (results["held it"] > results["released it"])
    counted = Counter(told(change))
    assert (counted["change.held"], counted["change.released"]) == (
        results["held it"],
        results["released it"],
    )
    assert AuditEntry.objects.filter(action="change.commented").count() == 6


def test_two_who_put_the_standard_of_one_change_in_force_do_it_once(cast: Cast) -> None:
    row = standard_propose(actor=ROOT, now=NOW, name="baseline")
    change = implementing(cast, activates=row.content_hash)
    before, requester = Activation.objects.count(), cast.requester.actor
    done = race(*[lambda: change_activate_standard(actor=requester, now=NOW, pk=change.pk).pk] * 4)
    assert done == [change.pk] * 4
    assert Activation.objects.count() == before + 1
    assert AuditEntry.objects.filter(action="change.standard_activated").count() == 1
