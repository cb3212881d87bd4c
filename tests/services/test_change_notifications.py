"""Whom the portal tells of what happens to a change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from changes.services.comments import change_comment
from changes.services.conditions import change_condition_confirm, change_condition_do
from changes.services.holding import change_hold, change_release
from changes.services.recounting import change_recuse
from changes.services.submission import change_withdraw
from opsportal.accounts.services import user_deactivate
from opsportal.approvals.models import Condition
from opsportal.notify.models import Notification
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.services import messages_handle
from tests.changing import Cast, activate, approved, fresh, make_cast, running_ahead, stage, submitted, vote
from tests.makers import NOW, ROOT, away, grant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def handle(now: Any = NOW) -> None:
    messages_handle(clock=lambda: now)
    assert not OutboxMessage.objects.exclude(error="").exists()


def told() -> list[tuple[str, str]]:
    """Return (name, subject) of every notification."""
    rows = Notification.objects.order_by("id").values_list("recipient__full_name", "subject")
    return sorted(rows)


def since(before: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [line for line in told() if line not in before]


def test_those_who_may_vote_are_asked_when_their_stage_opens(cast: Cast) -> None:
    change = submitted(cast)
    handle()
    title = f"{change.key} Upgrade the database"
    assert told() == [("Leo", f"Your vote is needed: {title}")]
    row = Notification.objects.get()
    assert (row.url, row.urgency) == (f"/changes/{change.key}/", "normal")
    assert "The stage “Lead” is open" in row.body
    vote(change, cast.lead)
    handle()
    assert {name for name, _ in told()} == {"Leo", "Ada", "Bea", "Cem"}


def test_the_separated_and_those_who_have_voted_are_not_asked(cast: Cast) -> None:
    grant("lead", cast.requester)
    change = submitted(cast, type="emergency", implementer=str(cast.board[2].pk))
    vote(change, cast.board[0], "abstain")
    handle()
    assert [name for name, _ in told()] == ["Bea"]
    assert Notification.objects.get().urgency == "high"


def test_holders_are_those_of_the_day_on_which_it_is_handled(cast: Cast) -> None:
    later = make_user(name="Zoe")
    grant("lead", later, (NOW + timedelta(days=1)).date())
    submitted(cast)
    handle(NOW + timedelta(days=1))
    assert [name for name, _ in told()] == ["Leo", "Zoe"]


def test_nobody_is_asked_for_a_vote_that_is_no_longer_needed(cast: Cast) -> None:
    change = submitted(cast)
    change_withdraw(actor=cast.requester.actor, now=NOW, pk=change.pk)
    handle()
    assert told() == []


def test_the_requester_hears_how_it_was_decided(cast: Cast) -> None:
    change = approved(cast)
    handle()
    assert ("Rita", f"Approved: {change.key} Upgrade the database") in told()
    lost = submitted(cast, title="Another")
    vote(lost, cast.lead, "reject")
    handle()
    assert ("Rita", f"Rejected: {lost.key} Another") in told()
    assert Notification.objects.get(subject__startswith="Rejected").urgency == "high"


def test_a_question_and_a_comment_reach_the_requester_but_not_their_own(cast: Cast) -> None:
    change = submitted(cast)
    handle()
    before = told()
    change_comment(actor=cast.lead.actor, now=NOW, pk=change.pk, text="Why now?", kind="question")
    change_comment(actor=cast.bystander.actor, now=NOW, pk=change.pk, text="Nice.")
    change_comment(actor=cast.requester.actor, now=NOW, pk=change.pk, text="Because.")
    handle()
    title = f"{change.key} Upgrade the database"
    assert since(before) == [
        ("Rita", f"A comment was made: {title}"),
        ("Rita", f"A question was asked: {title}"),
    ]
    assert "Why now?" in Notification.objects.get(subject__startswith="A question").body


def test_a_hold_and_a_release_reach_requester_and_implementer(cast: Cast) -> None:
    change = submitted(cast, implementer=str(cast.bystander.pk))
    handle()
    before = told()
    change_hold(actor=cast.board[0].actor, now=NOW, pk=change.pk, reason="Wait.")
    change_release(actor=cast.board[0].actor, now=NOW, pk=change.pk)
    handle()
    assert [(name, subject.split(":")[0]) for name, subject in since(before)] == [
        ("Bob", "On hold"),
        ("Bob", "Released"),
        ("Rita", "On hold"),
        ("Rita", "Released"),
    ]


def test_an_early_start_asks_the_board_to_decide_in_retrospect(cast: Cast) -> None:
    change = running_ahead(cast)
    handle()
    asked = [name for name, subject in told() if subject.startswith("Started ahead of its approval")]
    assert asked == ["Ada", "Bea", "Cem"]
    vote(change, cast.board[0])
    handle()
    assert ("Rita", f"Approved in retrospect: {change.key} Upgrade the database") in told()


def test_a_message_that_comes_twice_tells_once(cast: Cast) -> None:
    submitted(cast)
    handle()
    OutboxMessage.objects.update(state="waiting", due_at=NOW, finished_at=None)
    handle()
    assert len(told()) == 1


def test_the_others_on_the_board_are_told_of_a_conflict_of_interest(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.lead)
    handle()
    before = told()
    change_recuse(actor=cast.board[0].actor, now=NOW, pk=change.pk, reason="My brother sells it.")
    handle()
    assert [name for name, subject in since(before) if "conflict of interest" in subject] == [
        "Bea",
        "Cem",
        "Leo",
    ]


def test_when_a_member_leaves_the_votes_are_counted_anew_and_the_result_is_told(cast: Cast) -> None:
    activate(stage("board", "board", '"all"'), version="2")
    change = submitted(cast)
    vote(change, cast.board[0])
    vote(change, cast.board[1])
    user_deactivate(actor=ROOT, now=NOW, user_id=cast.board[2].pk)
    handle()
    assert fresh(change).state == "approved"
    assert ("Rita", f"Approved: {change.key} Upgrade the database") in told()


def test_a_deputy_is_asked_with_the_member(cast: Cast) -> None:
    dan = make_user(name="Dan")
    away(cast.lead, dan)
    submitted(cast)
    handle()
    assert {name for name, _ in told()} == {"Leo", "Dan"}


def test_a_condition_is_told_to_who_meets_it_then_to_who_confirms_it(cast: Cast) -> None:
    activate(stage("board", "board"), version="2")
    change = vote(submitted(cast), cast.board[0], conditions=["Take a snapshot"])
    handle()
    title = f"{change.key} Upgrade the database"
    assert ("Rita", f"A condition to meet: {title}") in told()
    number = Condition.objects.get().pk
    change_condition_do(actor=cast.requester.actor, now=NOW, pk=change.pk, number=number, evidence="Snap 7.")
    handle()
    assert [name for name, subject in told() if "to confirm" in subject] == ["Ada", "Bea", "Cem"]
    change_condition_confirm(actor=cast.board[1].actor, now=NOW, pk=change.pk, number=number)
    handle()
    assert ("Rita", f"A condition is confirmed: {title}") in told()
