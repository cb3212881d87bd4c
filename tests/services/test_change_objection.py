"""A rejection in retrospect: answered, and settled by those who objected. And roll-backs after the fact."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from changes.models import Change
from changes.selectors.emergencies import is_review_overdue, tally
from changes.services.closing import change_attest, change_close, change_review
from changes.services.implementation import change_complete, change_fail, change_roll_back
from changes.services.objections import change_accept_answer, change_answer, change_uphold_objection
from opsportal.core.errors import Forbidden, IllegalMove, InvalidInput, RuleRefused
from opsportal.obligations.models import Obligation
from tests import changing
from tests.changing import Cast, fresh, implementing, make_cast, owed, running_ahead, told, vote
from tests.deploying import make_stage, pipeline, register, report, rolled_out
from tests.makers import NOW, grant
from tests.untouched import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def objected(cast: Cast) -> Change:
    """Return an emergency that was carried out and rejected in retrospect by Ada."""
    change = running_ahead(cast)
    change_complete(actor=cast.requester.actor, now=NOW, pk=change.pk)
    return vote(change, cast.board[0], "reject")


def review(cast: Cast, change: Change, text: str = "It was needed.") -> None:
    change_review(
        actor=cast.requester.actor, now=NOW, pk=change.pk, review=text, lessons_learned="Ask first."
    )


def answered(cast: Cast) -> Change:
    change = objected(cast)
    review(cast, change)
    return change_answer(
        actor=cast.requester.actor, now=NOW, pk=change.pk, answer="It stays: the leak is shut."
    )


def close(cast: Cast, change: Change) -> Change:
    if not change.attestations.exists():
        change_attest(
            actor=cast.requester.actor, now=NOW, pk=change.pk, duty="documentation", evidence="Wiki."
        )
    return change_close(actor=cast.requester.actor, now=NOW, pk=change.pk)


def still_owed(change: Change) -> set[str]:
    return {rule for rule, state in owed(change) if state == "open"}


def test_the_review_alone_settles_nothing(cast: Cast) -> None:
    change = objected(cast)
    review(cast, change)
    change_attest(actor=cast.requester.actor, now=NOW, pk=change.pk, duty="documentation", evidence="Wiki.")
    with refused(RuleRefused) as caught:
        change_close(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert [reason.rule for reason in caught.value.reasons] == ["portal.retrospective-reject"]


def test_an_answer_that_the_board_accepts_lets_it_be_closed(cast: Cast) -> None:
    change = answered(cast)
    assert (change.state, change.retrospective_state) == ("implemented", "answered")
    assert still_owed(change) == {"portal.objection"}
    with pytest.raises(RuleRefused):
        close(cast, change)
    change = change_accept_answer(actor=cast.board[1].actor, now=NOW, pk=change.pk, reason="Fine.")
    assert (change.retrospective_state, still_owed(change)) == ("accepted", set())
    assert close(cast, fresh(change)).state == "closed"
    assert [one for one in told(change) if "objection" in one] == [
        "change.objection_answered",
        "change.objection_accepted",
    ]


def test_an_answer_that_is_not_enough_is_owed_again(cast: Cast) -> None:
    change = answered(cast)
    change = change_uphold_objection(actor=cast.board[0].actor, now=NOW, pk=change.pk, reason="And the logs?")
    assert (change.retrospective_state, still_owed(change)) == ("rejected", {"portal.retrospective-reject"})
    change_answer(actor=cast.requester.actor, now=NOW, pk=change.pk, answer="The logs are wiped.")
    change_accept_answer(actor=cast.board[0].actor, now=NOW, pk=change.pk)
    assert fresh(change).objection_answer == "The logs are wiped."


def test_a_roll_back_needs_no_review_to_be_an_answer(cast: Cast) -> None:
    change, actor = running_ahead(cast), cast.requester.actor
    vote(change, cast.board[0], "reject")
    with refused(IllegalMove):
        change_answer(actor=actor, now=NOW, pk=change.pk, answer="Wait.")
    change_fail(actor=actor, now=NOW, pk=change.pk)
    with refused(InvalidInput, "required"):
        change_answer(actor=actor, now=NOW, pk=change.pk, answer="It is gone.")
    change_roll_back(actor=actor, now=NOW, pk=change.pk)
    assert (
        change_answer(actor=actor, now=NOW, pk=change.pk, answer="It is gone.").retrospective_state
        == "answered"
    )


def test_only_those_who_objected_settle_it_and_never_those_who_did_it(cast: Cast) -> None:
    grant("board", cast.requester)
    change = answered(cast)
    for person in (cast.requester, cast.lead, cast.bystander):
        with refused(Forbidden):
            change_accept_answer(actor=person.actor, now=NOW, pk=change.pk)
    machine = pipeline("changes:write")
    with refused(Forbidden):
        change_accept_answer(actor=machine, now=NOW, pk=change.pk)
    with refused(Forbidden):
        change_answer(actor=cast.board[0].actor, now=NOW, pk=change.pk, answer="Let it be.")


@pytest.mark.parametrize("step", ["answer", "accept", "uphold"])
def test_nothing_is_answered_or_settled_where_nobody_objected(cast: Cast, step: str) -> None:
    change, moves = (
        changing.implemented(cast),
        {"accept": change_accept_answer, "uphold": change_uphold_objection},
    )
    with refused(IllegalMove):
        if step == "answer":
            change_answer(actor=cast.requester.actor, now=NOW, pk=change.pk, answer="Why?")
        else:
            given: dict[str, Any] = {"reason": "Because."}
            moves[step](actor=cast.board[0].actor, now=NOW, pk=change.pk, **given)


# --- reviews of emergencies ---------------------------------------------------------------------------
def test_an_emergency_owes_a_review_where_the_standard_is_silent_and_is_not_closed_without(
    cast: Cast,
) -> None:
    changing.activate(changing.DESCRIBED, changing.URGENT, changing.AHEAD, version="2")
    change = implementing(cast, type="emergency")
    change_complete(actor=cast.requester.actor, now=NOW, pk=change.pk)
    row = Obligation.objects.get(rule_id="portal.emergency-review")
    assert (row.owner_key, row.due_at) == (str(cast.requester.pk), NOW + timedelta(hours=24))
    with refused(RuleRefused) as caught:
        change_close(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert [reason.code for reason in caught.value.reasons] == ["review_missing", "obligation_open"]
    assert change_close(actor=cast.requester.actor, now=NOW, pk=change.pk, review="Done.").state == "closed"


def test_emergencies_are_counted_and_flagged_a_day_after_their_end(cast: Cast) -> None:
    assert not tally(NOW).is_any
    change = running_ahead(cast)
    change_complete(actor=cast.requester.actor, now=NOW, pk=change.pk)
    later = NOW + timedelta(hours=24)
    assert (tally(later - timedelta(seconds=1)).overdue, tally(later).overdue) == (0, 1)
    assert is_review_overdue(fresh(change), later)
    vote(change, cast.board[0], "reject")
    counted = tally(NOW)
    assert (counted.open, counted.undecided, counted.unanswered, counted.this_quarter) == (1, 0, 1, 1)
    review(cast, change)
    assert (tally(later).overdue, tally(later + timedelta(days=60)).last_quarter) == (0, 1)


# --- rolled back after all ----------------------------------------------------------------------------
def test_a_success_that_is_taken_back_is_noted_and_reviewed_without_a_new_state() -> None:
    cast = make_stage()
    ci, change = pipeline(), changing.approved(cast)
    deployment = register(ci)
    rolled_out(ci, deployment)
    assert fresh(change).state == "implemented"
    report(ci, deployment, "rolled_back")
    report(ci, deployment, "rolled_back")
    row = fresh(change)
    assert (row.state, row.outcome, row.rolled_back_later_at) == ("implemented", "implemented", NOW)
    assert [rule for rule, state in owed(change) if state == "open"] == ["portal.rolled-back-later"]
    assert told(change).count("change.rolled_back_later") == 1
    change_review(actor=cast.requester.actor, now=NOW, pk=change.pk, review="A leak showed up.")
    assert dict(owed(change))["portal.rolled-back-later"] == "met"


def test_a_closed_one_that_is_taken_back_can_still_be_reviewed() -> None:
    cast = make_stage()
    ci, change = pipeline(), changing.approved(cast)
    deployment = register(ci)
    rolled_out(ci, deployment)
    review(cast, change)
    with refused(IllegalMove):
        change_answer(actor=cast.requester.actor, now=NOW, pk=change.pk, answer="None.")
    close(cast, fresh(change))
    report(ci, deployment, "rolled_back")
    review(cast, change, "It leaked after all.")
    assert (fresh(change).state, dict(owed(change))["portal.rolled-back-later"]) == ("closed", "met")
