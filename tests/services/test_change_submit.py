"""Submitting a change, and taking it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from changes.services.drafts import change_create
from changes.services.submission import change_submit, change_withdraw
from opsportal.approvals.models import ApprovalRequest, Vote
from opsportal.core.actor import Actor
from opsportal.core.errors import (
    Forbidden,
    IllegalMove,
    InvalidInput,
    NotFound,
    RuleRefused,
    Stale,
    Unavailable,
)
from opsportal.standards.selectors import active_standard
from tests.changing import (
    DESCRIBED,
    HOUR,
    activate,
    approved,
    draft,
    fresh,
    implementing,
    make_cast,
    make_template,
    owed,
    refused_as,
    stage,
    submitted,
    told,
    vote,
    window,
)
from tests.makers import NOW, grant, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db


def test_a_complete_draft_goes_into_review_under_the_standard_of_now() -> None:
    cast = make_cast()
    change = draft(cast)
    change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    change = fresh(change)
    assert (change.state, change.submitted_at, change.submissions) == ("in_review", NOW, 1)
    assert change.standard_hash == active_standard().content_hash
    assert told(change) == ["change.created", "change.submitted", "obligation.opened"]


def test_stage_quorum_rule_and_source_sentence_are_copied() -> None:
    cast = make_cast()
    change = submitted(cast)
    request = ApprovalRequest.objects.get()
    assert (request.subject_key, request.revision, request.content_hash, request.state) == (
        change.key,
        1,
        change.content_hash,
        "open",
    )
    lead, board = request.stages.order_by("position")
    assert (lead.stage_id, lead.role_slugs, lead.quorum, lead.state) == ("lead", ("lead",), "any", "open")
    assert (board.stage_id, board.quorum, board.state) == ("board", "majority", "waiting")
    assert (board.rule, board.source["quote"]) == ("stage-board", "The words of stage-board.")
    assert lead.services_and_teams == (("payments-api",), ("payments",))
    assert board.services_and_teams == ((), ())


def test_the_first_stage_owes_a_decision() -> None:
    cast = make_cast()
    assert owed(submitted(cast)) == [("decide", "open")]


def test_without_stages_it_is_approved_at_once() -> None:
    cast = make_cast()
    template = make_template(cast)
    change = draft(cast, type="standard", template=template.slug, rollback_plan="Restart again.")
    change = change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert (change.state, change.decided_at) == ("approved", NOW)
    assert told(change) == ["change.created", "change.submitted", "change.approved"]
    assert ApprovalRequest.objects.get().state == "approved"


def test_each_empty_field_that_the_standard_demands_is_named_with_its_rule() -> None:
    cast = make_cast()
    change = draft(cast, description="", rollback_plan=" ")
    with refused(InvalidInput) as caught:
        change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert [(error.pointer, error.code) for error in caught.value.errors] == [
        ("/description", "required_by_standard"),
        ("/rollback_plan", "required_by_standard"),
    ]
    assert "“The words of described.” (rule described)" in caught.value.errors[0].detail


def test_every_other_rule_that_is_broken_is_a_reason() -> None:
    cast = make_cast()
    change = draft(cast, risk="high")
    with refused_as(RuleRefused, "window_needed") as caught:
        change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert caught.value.reasons[0].rule == "risky"
    assert caught.value.reasons[0].detail == "Give a change of high risk a window."


def test_a_stage_that_nobody_may_decide_is_refused_and_says_what_to_do() -> None:
    cast = make_cast()
    activate(DESCRIBED, stage("security", "manager"), stage("other", "lead"), version="2")
    cast.manager.is_active = False
    cast.manager.save()
    change = draft(cast)
    with refused_as(RuleRefused, "nobody_may_vote") as caught:
        change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert caught.value.reasons[0].rule == "stage-security"
    assert "“manager”" in caught.value.reasons[0].detail
    assert "Have an administrator give the role to somebody" in caught.value.reasons[0].detail


def test_the_requester_alone_in_a_role_is_nobody() -> None:
    cast = make_cast()
    change = draft(cast, by=cast.lead, services=["ledger"])
    with refused_as(RuleRefused, "nobody_may_vote"):
        change_submit(actor=cast.lead.actor, now=NOW, pk=change.pk)


def test_one_person_in_two_roles_does_not_fill_two_stages() -> None:
    cast = make_cast()
    activate(stage("one", "lead"), stage("two", "security", order=2), version="2")
    grant("security", cast.lead)
    change = draft(cast)
    cast.security.is_active = False
    cast.security.save()
    with refused_as(RuleRefused, "nobody_may_vote") as caught:
        change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert "nobody votes twice" in caught.value.reasons[0].detail


def test_a_quorum_beyond_the_members_is_refused() -> None:
    cast = make_cast()
    activate(stage("board", "board", "4"), version="2")
    change = draft(cast)
    with refused_as(RuleRefused, "nobody_may_vote") as caught:
        change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert "it takes 4 of its holders, and only 3 may vote" in caught.value.reasons[0].detail


def test_a_lead_of_one_of_its_services_counts_where_the_stage_is_for_services() -> None:
    cast = make_cast()
    own = make_user()
    grant("lead", own, scope_kind="service", scope_key="ledger")
    change = submitted(cast, services=["ledger"])
    assert vote(change, own).state == "in_review"


def test_a_new_standard_changes_nothing_that_is_in_flight() -> None:
    cast = make_cast()
    change = submitted(cast)
    before = change.standard_hash
    activate(DESCRIBED, version="2")
    assert fresh(change).standard_hash == before
    vote(change, cast.lead)
    vote(change, cast.board[0])
    assert vote(change, cast.board[1]).state == "approved"


@pytest.mark.parametrize("who", ["bystander", "security"])
def test_others_may_not_submit_it(who: str) -> None:
    cast = make_cast()
    change = draft(cast)
    with refused(Forbidden):
        change_submit(actor=getattr(cast, who).actor, now=NOW, pk=change.pk)


def test_what_is_submitted_already_cannot_be_submitted_again() -> None:
    cast = make_cast()
    change = submitted(cast)
    with refused(IllegalMove, "illegal_move"):
        change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)


def test_a_stale_version_and_an_unknown_change_are_refused() -> None:
    cast = make_cast()
    change = draft(cast)
    with refused(Stale, "stale"):
        change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk, version=7)
    with refused(NotFound):
        change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk + 1)


def test_without_an_active_standard_nothing_is_submitted() -> None:
    person = make_user()
    change = change_create(actor=person.actor, now=NOW, fields={"type": "normal", "title": "Upgrade"})
    with refused(Unavailable):
        change_submit(actor=person.actor, now=NOW, pk=change.pk)


def test_withdrawing_makes_it_a_draft_and_voids_the_votes() -> None:
    cast = make_cast()
    change = submitted(cast)
    vote(change, cast.lead)
    change = change_withdraw(actor=cast.requester.actor, now=NOW, pk=change.pk, reason="Not yet.")
    assert (change.state, change.revision, change.standard_hash, change.submitted_at) == (
        "draft",
        1,
        "",
        None,
    )
    request = ApprovalRequest.objects.get()
    assert (request.state, request.voided_at) == ("void", NOW)
    assert [one.state for one in request.stages.order_by("position")] == ["approved", "void"]
    assert Vote.objects.count() == 1
    assert change.history.first().history_change_reason == "Not yet."
    assert owed(change) == [("decide", "met"), ("decide", "void")]


def test_withdrawn_and_submitted_again_it_is_decided_anew() -> None:
    cast = make_cast()
    change = submitted(cast)
    vote(change, cast.lead)
    change_withdraw(actor=cast.requester.actor, now=NOW, pk=change.pk)
    change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert fresh(change).state == "in_review"
    vote(change, cast.lead)
    assert [request.state for request in ApprovalRequest.objects.order_by("id")] == ["void", "open"]
    assert owed(change) == [("decide", "met"), ("decide", "void"), ("decide", "met"), ("decide", "open")]


@pytest.mark.parametrize("make", [draft, implementing])
def test_what_is_not_on_its_way_cannot_be_withdrawn(make: object) -> None:
    cast = make_cast()
    change = make(cast)  # type: ignore[operator]
    with refused(IllegalMove):
        change_withdraw(actor=cast.requester.actor, now=NOW, pk=change.pk)


def test_others_may_not_withdraw_it() -> None:
    cast = make_cast()
    change = approved(cast, **window())
    with refused(Forbidden):
        change_withdraw(actor=cast.bystander.actor, now=NOW, pk=change.pk)
    with refused(Forbidden):
        change_withdraw(actor=Actor.anonymous(), now=NOW, pk=change.pk)


@pytest.mark.parametrize(("kind", "refuses"), [("normal", True), ("emergency", False)])
def test_a_window_that_is_over_is_refused_except_in_an_emergency(kind: str, refuses: bool) -> None:
    cast = make_cast()
    change = draft(cast, type=kind, **window(-2 * HOUR))
    if not refuses:
        assert change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk).state == "in_review"
        return
    with refused(InvalidInput, "window_over") as caught:
        change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert caught.value.errors[0].pointer == "/window_end"
    earlier = NOW - timedelta(seconds=1)
    assert change_submit(actor=cast.requester.actor, now=earlier, pk=change.pk).state == "in_review"
