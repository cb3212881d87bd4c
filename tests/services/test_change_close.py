"""Review, attested duties, closure, and cancelling."""

from __future__ import annotations

from typing import Any

import pytest

from changes.models import Attestation
from changes.services.closing import change_attest, change_cancel, change_close, change_review
from changes.services.implementation import change_complete, change_fail, change_roll_back
from opsportal.approvals.models import ApprovalRequest
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, RuleRefused, Stale
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligation_waive
from tests.changing import (
    approved,
    draft,
    failed,
    fresh,
    implemented,
    implementing,
    make_cast,
    make_template,
    owed,
    ready_to_close,
    refused_as,
    running_ahead,
    scheduled,
    submitted,
    told,
    vote,
)
from tests.makers import NOW, make_user
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db


def close(change: Any, actor: Any, **more: Any) -> Any:
    return change_close(actor=actor.actor, now=NOW, pk=change.pk, **more)


def test_with_all_that_is_demanded_it_is_closed() -> None:
    cast = make_cast()
    change = ready_to_close(cast)
    close(change, cast.requester)
    change = fresh(change)
    assert (change.state, change.closed_at, change.outcome) == ("closed", NOW, "implemented")
    assert told(change)[-3:] == ["change.reviewed", "change.attested", "change.closed"]


def test_all_of_it_may_be_given_along() -> None:
    cast = make_cast()
    change = implemented(cast)
    close(
        change,
        cast.requester,
        review="Well.",
        lessons_learned="Warn earlier.",
        attestations={"documentation": "The wiki."},
    )
    change = fresh(change)
    assert (change.state, change.review, change.lessons_learned) == ("closed", "Well.", "Warn earlier.")
    row = Attestation.objects.get()
    assert (row.duty, row.rule, row.evidence, row.person) == (
        "documentation",
        "documented",
        "The wiki.",
        cast.requester,
    )


def test_everything_that_is_missing_is_told_at_once_and_nothing_is_kept() -> None:
    cast = make_cast()
    change = implemented(cast)
    with refused_as(RuleRefused, "field_missing", "attestation_missing") as caught:
        close(change, cast.requester, lessons_learned="Warn earlier.")
    assert [reason.rule for reason in caught.value.reasons] == ["reviewed", "documented"]
    with refused_as(RuleRefused, "field_missing", "field_missing", "attestation_missing"):
        close(change, cast.requester)


def test_a_change_that_failed_needs_no_attestation_of_success() -> None:
    cast = make_cast()
    change = failed(cast)
    close(change, cast.requester, review="It broke.", lessons_learned="Try it first.")
    assert (fresh(change).state, fresh(change).outcome) == ("closed", "failed")


def test_a_change_that_was_rolled_back_is_closed() -> None:
    cast = make_cast()
    change = failed(cast)
    change_roll_back(actor=cast.requester.actor, now=NOW, pk=change.pk)
    close(change, cast.requester, review="It broke.", lessons_learned="Try it first.")
    assert fresh(change).state == "closed"


def test_a_standard_change_is_closed_without_words() -> None:
    cast = make_cast()
    make_template(cast)
    change = implementing(cast, type="standard", template="restart", rollback_plan="Restart again.")
    change_complete(actor=cast.requester.actor, now=NOW, pk=change.pk)
    close(change, cast.requester)
    assert fresh(change).state == "closed"


# --- ahead of approval: S6 ---------------------------------------------------------------------------


def test_s6_an_emergency_is_not_closed_without_its_approval_and_review() -> None:
    cast = make_cast()
    change = running_ahead(cast)
    change_complete(actor=cast.requester.actor, now=NOW, pk=change.pk)
    with refused_as(
        RuleRefused,
        "field_missing",
        "field_missing",
        "attestation_missing",
        "retrospective_open",
        "obligation_open",
        "obligation_open",
    ) as caught:
        close(change, cast.requester)
    assert [reason.rule for reason in caught.value.reasons][3:] == [
        "portal.retrospective",
        "in-retrospect",
        "write-review",
    ]
    vote(change, cast.board[0])
    close(
        change,
        cast.requester,
        review="Well.",
        lessons_learned="Much.",
        attestations={"documentation": ""},
    )
    assert fresh(change).state == "closed"
    assert {state for _, state in owed(change)} == {"met"}


def test_a_retrospective_reject_blocks_closing_until_it_is_answered() -> None:
    cast = make_cast()
    change = running_ahead(cast)
    change_complete(actor=cast.requester.actor, now=NOW, pk=change.pk)
    vote(change, cast.board[0], "reject")
    along = {"review": "Well.", "lessons_learned": "Much.", "attestations": {"documentation": ""}}
    with refused_as(RuleRefused, "obligation_open"):
        close(change, cast.requester, **along)
    row = Obligation.objects.get(rule_id="portal.retrospective-reject")
    administrator = make_user(staff=True)
    obligation_waive(actor=administrator.actor, now=NOW, pk=row.pk, reason="The board agreed to keep it.")
    close(change, cast.requester, **along)
    assert fresh(change).state == "closed"


def test_a_review_alone_does_not_answer_a_retrospective_reject() -> None:
    cast = make_cast()
    change = running_ahead(cast)
    vote(change, cast.board[0], "reject")
    change_fail(actor=cast.requester.actor, now=NOW, pk=change.pk)
    change_roll_back(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert ("portal.retrospective-reject", "open") in owed(change)


# --- who and when ------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [draft, submitted, approved, scheduled, implementing])
def test_before_its_end_it_is_neither_closed_reviewed_nor_attested(make: Any) -> None:
    cast = make_cast()
    change = make(cast)
    actor = cast.requester.actor
    with refused(IllegalMove):
        close(change, cast.requester)
    with refused(IllegalMove):
        change_review(actor=actor, now=NOW, pk=change.pk, review="Well.")
    with refused(IllegalMove):
        change_attest(actor=actor, now=NOW, pk=change.pk, duty="documentation")


def test_others_and_old_readings_are_refused() -> None:
    cast = make_cast()
    change = ready_to_close(cast)
    for person in (cast.bystander, cast.board[0]):
        with refused(Forbidden):
            close(change, person)
        with refused(Forbidden):
            change_review(actor=person.actor, now=NOW, pk=change.pk, review="Mine.")
        with refused(Forbidden):
            change_attest(actor=person.actor, now=NOW, pk=change.pk, duty="documentation")
    with refused(Stale):
        close(change, cast.requester, version=1)


def test_the_same_review_again_changes_nothing() -> None:
    cast = make_cast()
    change = ready_to_close(cast)
    with nothing_written():
        change_review(actor=cast.requester.actor, now=NOW, pk=change.pk, review="It went well.")


def test_lessons_alone_are_no_review() -> None:
    cast = make_cast()
    change = implemented(cast)
    change_review(actor=cast.requester.actor, now=NOW, pk=change.pk, lessons_learned="Warn earlier.")
    assert told(change)[-1] == "change.learned"


def test_a_duty_is_attested_once_and_only_where_it_is_demanded() -> None:
    cast = make_cast()
    change = ready_to_close(cast)
    actor = cast.requester.actor
    with refused(Conflict, "already_attested"):
        change_attest(actor=actor, now=NOW, pk=change.pk, duty="documentation")
    with refused(InvalidInput, "unknown"):
        change_attest(actor=actor, now=NOW, pk=change.pk, duty="sunshine")
    broken = failed(cast, title="Another")
    with refused(InvalidInput, "unknown"):
        change_attest(actor=actor, now=NOW, pk=broken.pk, duty="documentation")


# --- cancel ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [draft, submitted, approved, scheduled])
def test_anything_before_the_implementation_can_be_cancelled(make: Any) -> None:
    cast = make_cast()
    change = make(cast)
    change_cancel(actor=cast.requester.actor, now=NOW, pk=change.pk, reason="Not needed any more.")
    change = fresh(change)
    assert (change.state, change.closed_at) == ("cancelled", NOW)
    assert change.history.first().history_change_reason == "Not needed any more."
    assert not ApprovalRequest.objects.exclude(state="void").exists()
    assert {state for _, state in owed(change)} <= {"met", "void"}


def test_a_rejected_change_can_be_cancelled() -> None:
    cast = make_cast()
    change = submitted(cast)
    vote(change, cast.lead, "reject")
    change_cancel(actor=cast.requester.actor, now=NOW, pk=change.pk, reason="Right.")
    assert fresh(change).state == "cancelled"


@pytest.mark.parametrize("make", [implementing, implemented, failed])
def test_what_is_under_way_or_over_cannot_be_cancelled(make: Any) -> None:
    cast = make_cast()
    change = make(cast)
    with refused(IllegalMove):
        change_cancel(actor=cast.requester.actor, now=NOW, pk=change.pk, reason="Stop.")


def test_cancelling_needs_a_reason_and_the_right_person() -> None:
    cast = make_cast()
    change = submitted(cast)
    with refused(InvalidInput, "required"):
        change_cancel(actor=cast.requester.actor, now=NOW, pk=change.pk, reason="  ")
    with refused(Forbidden):
        change_cancel(actor=cast.bystander.actor, now=NOW, pk=change.pk, reason="No.")
