"""Stated conflicts of interest, and votes that are counted anew when members leave the board."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from changes.models import Change
from changes.services.recounting import change_recount, change_recuse, recount, recounts_ask
from changes.services.submission import change_submit, change_withdraw
from changes.services.template_rounds import template_recuse
from changes.services.templates import template_create, template_submit, template_vote
from opsportal.accounts.models import RoleHolding, User
from opsportal.accounts.services import role_end, user_deactivate
from opsportal.approvals.models import ApprovalRequest, Recusal
from opsportal.approvals.outcome import Decision
from opsportal.approvals.selectors import open_stages_for, rounds_to_recount
from opsportal.audit.selectors import entries_about
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput
from opsportal.obligations.selectors import owed_by
from opsportal.outbox.models import OutboxMessage
from tests.changing import BOARD, DECIDE, Cast, activate, fresh, make_cast, stage, submitted, told, vote
from tests.deploying import activate as activate_with_templates
from tests.makers import NOW, ROOT, TODAY, away, grant, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SYSTEM = Actor.system("tests")


@pytest.fixture
def cast() -> Cast:
    cast = make_cast()
    activate(BOARD, DECIDE, version="2")
    return cast


def recuse(change: Change, person: User, reason: str = "My brother sells it.") -> Change:
    return change_recuse(actor=person.actor, now=NOW, pk=change.pk, reason=reason)


def leave(person: User) -> None:
    """Let their holdings end with yesterday."""
    for holding in RoleHolding.objects.filter(user=person):
        role_end(actor=ROOT, now=NOW, holding_id=holding.pk, last_day=TODAY - DAY)


def test_who_states_a_conflict_votes_no_more_and_nothing_waits_for_them(cast: Cast) -> None:
    ada = cast.board[0]
    change = submitted(cast)
    assert recuse(change, ada).state == "in_review"
    assert (Recusal.objects.get().person, Recusal.objects.get().reason) == (ada, "My brother sells it.")
    with refused(Forbidden):
        vote(change, ada, content_hash=change.content_hash)
    assert list(open_stages_for(ada.pk, NOW)) == []
    assert list(owed_by(ada.pk, NOW)) == []
    assert "changes.change.recused" in list(OutboxMessage.objects.values_list("topic", flat=True))


def test_the_trail_names_it_without_its_reason(cast: Cast) -> None:
    change = submitted(cast)
    recuse(change, cast.board[0])
    entry = entries_about("change", change.key).get(action="approval.recused")
    assert entry.actor_id == str(cast.board[0].pk)
    assert "brother" not in bytes(entry.canonical).decode()


def test_it_may_let_the_quorum_be_reached(cast: Cast) -> None:
    activate(stage("board", "board", '"all"'), version="3")
    change = submitted(cast)
    vote(change, cast.board[0])
    vote(change, cast.board[1])
    assert recuse(change, cast.board[2]).state == "approved"
    assert told(change)[-1] == "change.approved"


def test_it_may_put_the_quorum_out_of_reach_which_is_a_rejection(cast: Cast) -> None:
    activate(stage("board", "board", "3"), version="3")
    change = submitted(cast)
    vote(change, cast.board[0])
    assert recuse(change, cast.board[2]).state == "rejected"
    assert ApprovalRequest.objects.get().state == "rejected"


def test_it_is_for_one_round_and_for_one_change(cast: Cast) -> None:
    change, other = submitted(cast), submitted(cast, title="Another one")
    recuse(change, cast.board[0])
    vote(other, cast.board[0])
    actor = cast.requester.actor
    change_withdraw(actor=actor, now=NOW, pk=change.pk)
    change_submit(actor=actor, now=NOW, pk=change.pk)
    vote(change, cast.board[0])


def test_a_vote_that_is_cast_stands_and_it_says_what_to_do(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.board[0])
    with refused(Conflict, "already_voted") as caught:
        recuse(change, cast.board[0])
    assert "submitted again" in caught.value.detail


def test_who_could_not_vote_has_nothing_to_be_kept_out_of(cast: Cast) -> None:
    change = submitted(cast)
    for person in (cast.bystander, cast.requester):
        with refused(Forbidden):
            recuse(change, person)
    with refused(Forbidden):
        change_recuse(
            actor=Actor.service_account("x", frozenset({"changes:write"})), now=NOW, pk=change.pk, reason="x"
        )


def test_it_needs_a_reason_and_an_open_vote_and_is_stated_once(cast: Cast) -> None:
    change = submitted(cast)
    with refused(InvalidInput, "required"):
        recuse(change, cast.board[0], " ")
    recuse(change, cast.board[0])
    with refused(Conflict, "already_recused"):
        recuse(change, cast.board[0])
    vote(change, cast.board[1])
    vote(change, cast.board[2])
    with refused(Conflict, "voting_closed"):
        recuse(change, cast.board[2])


def test_the_seat_goes_for_the_deputy_too_and_a_deputys_conflict_leaves_the_members_seat(cast: Cast) -> None:
    ada, bea, _ = cast.board
    dan, eve = make_user(), make_user()
    away(ada, dan)
    away(bea, eve)
    change = submitted(cast)
    recuse(change, ada)
    with refused(Forbidden):
        vote(change, dan, content_hash=change.content_hash)
    recuse(change, eve)
    with refused(Forbidden):
        vote(change, eve, content_hash=change.content_hash)
    vote(change, bea)


def test_a_template_knows_it_too(cast: Cast) -> None:
    activate_with_templates()
    template = template_create(
        actor=cast.bystander.actor,
        now=NOW,
        slug="restart",
        fields={
            "title": "Restart",
            "description": "One by one.",
            "risk": "low",
            "plan": "Restart.",
            "rollback_plan": "Restart.",
            "targets": [("payments-api", "production")],
        },
    )
    template = template_submit(actor=cast.bystander.actor, now=NOW, slug=template.slug)
    ada, bea, cem = cast.board
    template_recuse(actor=ada.actor, now=NOW, slug=template.slug, reason="I wrote most of it.")
    ballot: dict[str, Any] = {"now": NOW, "slug": template.slug, "content_hash": template.content_hash}
    with refused(Forbidden):
        template_vote(actor=ada.actor, decision=Decision.APPROVE, **ballot)
    for person in (bea, cem):
        if template.state == "in_review":
            template = template_vote(actor=person.actor, decision=Decision.APPROVE, **ballot)
    assert template.state == "approved"


# --- members who leave ------------------------------------------------------------------------------


def test_a_board_that_shrinks_is_found_and_counted_anew_once(cast: Cast) -> None:
    activate(stage("board", "board", '"all"'), version="3")
    change = submitted(cast)
    vote(change, cast.board[0])
    vote(change, cast.board[1])
    assert list(rounds_to_recount(NOW)) == []
    leave(cast.board[2])
    assert recounts_ask(now=NOW) == 1
    for _ in range(2):
        recount(now=NOW, kind="change", key=change.key)
    assert fresh(change).state == "approved"
    assert told(change).count("approval.recounted") == 1
    assert recounts_ask(now=NOW) == 0


def test_a_quorum_that_left_with_a_member_is_a_rejection(cast: Cast) -> None:
    activate(stage("board", "board", "3"), version="3")
    change = submitted(cast)
    vote(change, cast.board[0])
    user_deactivate(actor=ROOT, now=NOW, user_id=cast.board[2].pk)
    assert change_recount(actor=SYSTEM, now=NOW, pk=change.pk).state == "rejected"


def test_a_holding_that_runs_out_at_midnight_is_noticed_by_the_tick(cast: Cast) -> None:
    activate(stage("board", "board", "4"), version="3")
    limited = make_user()
    grant("board", limited, until=TODAY)
    change = submitted(cast)
    vote(change, cast.board[0])
    assert recounts_ask(now=NOW) == 0
    assert recounts_ask(now=NOW + DAY) == 1


def test_as_long_as_nobody_has_voted_a_stage_waits_for_somebody_to_be_appointed(cast: Cast) -> None:
    change = submitted(cast)
    for person in cast.board:
        leave(person)
    assert recounts_ask(now=NOW) == 0
    assert change_recount(actor=SYSTEM, now=NOW, pk=change.pk).state == "in_review"


def test_an_absence_takes_no_seat_away(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.board[0])
    for person in cast.board[1:]:
        away(person)
    assert recounts_ask(now=NOW) == 0
    assert change_recount(actor=SYSTEM, now=NOW, pk=change.pk).state == "in_review"
