"""A yes on conditions: tasks that are met and confirmed before the change may start."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from changes.models import Change
from changes.services.closing import change_close, change_review
from changes.services.conditions import (
    change_condition_confirm,
    change_condition_do,
    change_condition_return,
    change_condition_withdraw,
)
from changes.services.drafts import change_revise
from changes.services.implementation import change_complete, change_start
from opsportal.accounts.models import User
from opsportal.approvals.models import Condition
from opsportal.audit.selectors import entries_about, entry_data
from opsportal.core.errors import Forbidden, IllegalMove, InvalidInput, NotFound, RuleRefused
from opsportal.obligations.selectors import owed_by
from tests.changing import (
    AHEAD,
    HOUR,
    Cast,
    activate,
    make_cast,
    owed,
    refused_as,
    running_ahead,
    stage,
    submitted,
    vote,
    window,
)
from tests.makers import NOW, away, grant, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db
BACKUP, WARNING = "Take a snapshot first", "Warn the support desk"


@pytest.fixture
def cast() -> Cast:
    cast = make_cast()
    activate(stage("board", "board"), version="2")
    return cast


def conditional(cast: Cast, *texts: str, **more: Any) -> Change:
    """Return a change that Ada has approved on conditions."""
    return vote(submitted(cast, **more), cast.board[0], conditions=texts or (BACKUP,))


def condition(text: str = BACKUP) -> Condition:
    return Condition.objects.get(text=text)


def do(
    cast: Cast, change: Change, text: str = BACKUP, *, by: User | None = None, evidence: str = "Snap 7."
) -> Change:
    return change_condition_do(
        actor=(by or cast.requester).actor,
        now=NOW,
        pk=change.pk,
        number=condition(text).pk,
        evidence=evidence,
    )


def confirm(change: Change, by: User, text: str = BACKUP) -> Change:
    return change_condition_confirm(actor=by.actor, now=NOW, pk=change.pk, number=condition(text).pk)


def start(cast: Cast, change: Change) -> Change:
    return change_start(actor=cast.requester.actor, now=NOW, pk=change.pk)


def test_a_yes_on_conditions_counts_and_each_becomes_a_task(cast: Cast) -> None:
    change = conditional(cast, BACKUP, WARNING, BACKUP)
    assert change.state == "approved"
    assert list(Condition.objects.values_list("text", "state")) == [(BACKUP, "open"), (WARNING, "open")]
    rows = list(owed_by(cast.requester.pk, NOW))
    assert [(row.rule_id, row.what) for row in rows] == [
        ("portal.condition", f"Meet the condition: {BACKUP}"),
        ("portal.condition", f"Meet the condition: {WARNING}"),
    ]
    assert {(row.due_at, tuple(row.blocks)) for row in rows} == {(NOW + 48 * HOUR, ("change.start",))}


def test_it_is_owed_by_the_implementer_before_the_window(cast: Cast) -> None:
    change = conditional(cast, implementer=str(cast.bystander.pk), **window(24 * HOUR))
    (row,) = owed_by(cast.bystander.pk, NOW)
    assert (row.due_at, change.state) == (NOW + 24 * HOUR, "approved")


def test_the_change_does_not_start_before_all_are_confirmed(cast: Cast) -> None:
    change = conditional(cast, BACKUP, WARNING)
    with refused_as(RuleRefused, "condition_open", "condition_open") as caught:
        start(cast, change)
    assert BACKUP in caught.value.detail
    do(cast, change)
    with refused_as(RuleRefused, "condition_open", "condition_open"):
        start(cast, change)
    confirm(change, cast.board[0])
    with refused_as(RuleRefused, "condition_open"):
        start(cast, change)
    do(cast, change, WARNING)
    confirm(change, cast.board[1], WARNING)
    assert start(cast, change).state == "implementing"
    assert set(owed(change)) == {("portal.condition", "met"), ("portal.condition-confirmation", "met")}


def test_done_asks_the_stage_to_confirm_and_never_who_carries_it_out(cast: Cast) -> None:
    grant("board", cast.requester)
    change = conditional(cast)
    do(cast, change)
    assert [row.rule_id for row in owed_by(cast.board[1].pk, NOW)] == ["portal.condition-confirmation"]
    assert list(owed_by(cast.requester.pk, NOW)) == []
    row = condition()
    assert (row.state, row.done_by, row.evidence) == ("done", cast.requester, "Snap 7.")
    with refused(Forbidden):
        confirm(change, cast.requester)
    with refused(Forbidden):
        confirm(change, cast.bystander)


def test_a_deputy_of_the_stage_may_confirm(cast: Cast) -> None:
    dan = make_user()
    change = conditional(cast)
    do(cast, change)
    away(cast.board[1], dan)
    confirm(change, dan)
    assert (condition().state, condition().settled_by) == ("confirmed", dan)


def test_only_who_owes_it_says_that_it_is_met_and_shows_it(cast: Cast) -> None:
    change = conditional(cast, implementer=str(cast.bystander.pk))
    for person in (cast.requester, cast.board[0], cast.manager):
        with refused(Forbidden):
            do(cast, change, by=person)
    with refused(InvalidInput, "required"):
        do(cast, change, by=cast.bystander, evidence=" ")
    do(cast, change, by=cast.bystander)
    with refused(IllegalMove):
        do(cast, change, by=cast.bystander)


def test_what_is_not_met_goes_back_with_the_reason_and_is_owed_again(cast: Cast) -> None:
    change = conditional(cast)
    do(cast, change)
    number, ada = condition().pk, cast.board[0].actor
    with refused(InvalidInput, "required"):
        change_condition_return(actor=ada, now=NOW, pk=change.pk, number=number, reason="")
    change_condition_return(actor=ada, now=NOW, pk=change.pk, number=number, reason="It is of last week.")
    assert (condition().state, condition().tries, condition().remark) == ("open", 1, "It is of last week.")
    assert [row.what for row in owed_by(cast.requester.pk, NOW)] == [f"Meet the condition: {BACKUP}"]
    do(cast, change)
    confirm(change, cast.board[0])
    assert start(cast, change).state == "implementing"


def test_only_its_voter_withdraws_it(cast: Cast) -> None:
    change = conditional(cast)
    number = condition().pk
    with refused(Forbidden):
        change_condition_withdraw(actor=cast.board[1].actor, now=NOW, pk=change.pk, number=number)
    change_condition_withdraw(actor=cast.board[0].actor, now=NOW, pk=change.pk, number=number, reason="Moot.")
    assert owed(change) == [("portal.condition", "void")]
    assert start(cast, change).state == "implementing"
    with refused(IllegalMove):
        confirm(change, cast.board[1])


def test_a_material_edit_voids_them_with_the_votes(cast: Cast) -> None:
    change = conditional(cast)
    change_revise(actor=cast.requester.actor, now=NOW, pk=change.pk, fields={"title": "Another one"})
    assert condition().state == "void"
    assert owed(change) == [("portal.condition", "void")]
    with refused(IllegalMove):
        do(cast, change)


def test_a_rejection_voids_what_others_approved_on(cast: Cast) -> None:
    activate(stage("board", "board", '"majority"'), version="3")
    change = conditional(cast)
    assert vote(change, cast.board[1], "reject").state == "rejected"
    assert condition().state == "void"
    assert owed(change) == [("portal.condition", "void")]


def test_an_emergency_that_runs_ahead_goes_on_but_is_not_closed_before(cast: Cast) -> None:
    activate(stage("board", "board"), AHEAD, version="3")
    change = vote(running_ahead(cast), cast.board[0], conditions=[BACKUP])
    assert (change.state, change.retrospective_state) == ("implementing", "approved")
    actor = cast.requester.actor
    change_complete(actor=actor, now=NOW, pk=change.pk)
    change_review(actor=actor, now=NOW, pk=change.pk, review="It went well.")
    with refused_as(RuleRefused, "condition_open"):
        change_close(actor=actor, now=NOW, pk=change.pk)
    do(cast, change)
    confirm(change, cast.board[1])
    assert change_close(actor=actor, now=NOW, pk=change.pk).state == "closed"


def test_conditions_set_before_hold_up_a_start_ahead_of_the_approval(cast: Cast) -> None:
    activate(stage("board", "board", '"majority"'), AHEAD, version="3")
    change = vote(submitted(cast, type="emergency"), cast.board[0], conditions=[BACKUP])
    assert change.state == "in_review"
    with refused_as(RuleRefused, "condition_open"):
        start(cast, change)


@pytest.mark.parametrize("decision", ["reject", "abstain"])
def test_only_a_yes_has_conditions(cast: Cast, decision: str) -> None:
    change = submitted(cast)
    with refused(InvalidInput, "only_with_yes"):
        vote(change, cast.board[0], decision, content_hash=change.content_hash, conditions=[BACKUP])


@pytest.mark.parametrize("conditions", [["x" * 241], [" "], ["two\nlines"], [7], ["x"] * 11])
def test_a_condition_is_one_line_of_some_words(cast: Cast, conditions: list[Any]) -> None:
    change = submitted(cast)
    with refused(InvalidInput):
        vote(change, cast.board[0], content_hash=change.content_hash, conditions=conditions)


def test_a_condition_of_another_change_is_not_found(cast: Cast) -> None:
    conditional(cast)
    other = submitted(cast, title="Another one")
    with refused(NotFound):
        do(cast, other)


def test_the_trail_says_which_and_not_what(cast: Cast) -> None:
    change = conditional(cast)
    do(cast, change)
    confirm(change, cast.board[0])
    entries = list(entries_about("change", change.key).filter(action__startswith="condition."))
    assert [entry.action for entry in entries] == ["condition.done", "condition.confirmed"]
    assert entry_data(entries[0])["condition"] == condition().pk
    assert BACKUP not in str([entry_data(entry) for entry in entries_about("change", change.key)])


def test_the_database_lets_nobody_confirm_what_they_did(cast: Cast) -> None:
    change = conditional(cast)
    do(cast, change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Condition.objects.update(state="confirmed", settled_by=cast.requester, settled_at=NOW)
