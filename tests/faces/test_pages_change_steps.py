"""Steps on a change by its page: moves with their reasons, votes, comments, attestations, closing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from changes.models import Attestation, Change, ChangeComment
from changes.services.drafts import change_revise
from opsportal.accounts.models import User
from opsportal.approvals.models import ApprovalStage, Vote
from opsportal.audit.models import AuditEntry
from tests.changing import (
    HOUR,
    Cast,
    approved,
    draft,
    failed,
    fresh,
    implemented,
    implementing,
    in_state,
    make_cast,
    ready_to_close,
    running_ahead,
    scheduled,
    submitted,
    vote,
    window,
)
from tests.makers import NOW, grant, join
from tests.reading import as_, shown
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def do(change: Change, user: User, verb: str, status: int = 302, **typed: Any) -> str:
    """Take a step as the page's button does; return the answer's text."""
    typed.setdefault("version", fresh(change).version)
    response = as_(user).post(f"/changes/{change.key}/do/{verb}/", typed)
    assert response.status_code == status, response.content.decode()
    return str(response.content.decode())


def cast_vote(change: Change, user: User, decision: str, status: int = 302, **typed: Any) -> str:
    typed.setdefault("content_hash", fresh(change).content_hash)
    response = as_(user).post(f"/changes/{change.key}/vote/", {"decision": decision, **typed})
    assert response.status_code == status, response.content.decode()
    return str(response.content.decode())


@pytest.mark.parametrize(
    ("verb", "before", "after", "typed"),
    [
        ("submit", draft, "in_review", {}),
        ("withdraw", submitted, "draft", {"reason": "Not yet"}),
        ("start", approved, "implementing", {}),
        ("complete", implementing, "implemented", {}),
        ("fail", implementing, "failed", {"reason": "Disk full"}),
        ("roll_back", failed, "rolled_back", {}),
        ("cancel", approved, "cancelled", {"reason": "Not needed"}),
    ],
)
def test_a_step_moves_the_change(
    cast: Cast, verb: str, before: Any, after: str, typed: dict[str, Any]
) -> None:
    change = before(cast)
    do(change, cast.requester, verb, **typed)
    assert fresh(change).state == after


def test_an_approved_change_is_scheduled(cast: Cast) -> None:
    change = approved(cast, **window())
    do(change, cast.requester, "schedule")
    assert fresh(change).state == "scheduled"


def test_a_change_is_held_with_a_reason_and_released(cast: Cast) -> None:
    change = scheduled(cast)
    do(change, cast.board[0], "hold", reason="Wait for the auditor")
    assert fresh(change).held_reason == "Wait for the auditor"
    do(change, cast.requester, "start", 409)
    do(change, cast.board[1], "release")
    assert fresh(change).held_at is None


@pytest.mark.parametrize("typed", [{"comment": ""}, {"comment": "No. " * 5_000}])
def test_a_vote_that_cannot_be_counted_is_asked_for_again_on_the_page(
    cast: Cast, typed: dict[str, str]
) -> None:
    change = submitted(cast)
    stage = ApprovalStage.objects.filter(state="open").values_list("stage_id", flat=True)[0]
    with nothing_written(at_an_edge=True):
        text = cast_vote(change, cast.lead, "reject", 400, stage=stage, **typed)
    assert f'action="/changes/{change.key}/vote/"' in text
    assert 'role="alert"' in text
    assert f">{typed['comment']}</textarea>" in text


@pytest.mark.parametrize("verb", ["hold", "cancel"])
def test_a_reason_that_is_needed_is_asked_for_again_and_nothing_is_lost(cast: Cast, verb: str) -> None:
    change = submitted(cast)
    with nothing_written(at_an_edge=True):
        assert "This is needed." in do(change, cast.requester, verb, 400, reason=" ")
        long = "why " * 200
        text = do(change, cast.requester, verb, 400, reason=long)
    assert "At most 500 characters" in text
    assert long.strip() in text


def test_a_step_has_a_page_of_its_own_for_those_without_scripts(cast: Cast) -> None:
    change = submitted(cast)
    text = as_(cast.requester).get(f"/changes/{change.key}/do/cancel/").content.decode()
    assert 'name="reason"' in text
    assert "Cancel the change" in text


@pytest.mark.parametrize("verb", ["approve", "close", "nonsense"])
def test_a_step_that_is_none_is_404(cast: Cast, verb: str) -> None:
    do(draft(cast), cast.requester, verb, 404)


def test_submitting_what_lacks_something_leads_to_its_form(cast: Cast) -> None:
    change = draft(cast, description="")
    text = do(change, cast.requester, "submit", 400)
    assert 'id="id_description_errors"' in text
    assert fresh(change).state == "draft"


def test_a_step_on_what_has_moved_on_is_refused(cast: Cast) -> None:
    change = submitted(cast)
    with nothing_written(at_an_edge=True):
        text = do(change, cast.requester, "withdraw", 409, version=1)
    assert "Somebody else changed this in the meantime" in text
    assert f'href="/changes/{change.key}/"' in text


@pytest.mark.parametrize("version", ["x", "-1", "1e3", "9" * 30])
def test_a_version_that_is_none_is_refused(cast: Cast, version: str) -> None:
    change = draft(cast)
    assert do(change, cast.requester, "submit", 400, version=version)


def test_a_step_at_the_wrong_time_is_refused_in_words(cast: Cast) -> None:
    change = submitted(cast)
    with nothing_written(at_an_edge=True):
        assert "not possible" in do(change, cast.requester, "complete", 409)


def test_a_rule_that_refuses_is_shown_with_a_link(cast: Cast) -> None:
    change = submitted(cast)
    text = do(change, cast.requester, "start", 409)
    assert "The standard does not allow this" in text
    assert "ahead of its approval" in text


@pytest.mark.parametrize("verb", ["submit", "withdraw", "cancel", "schedule", "start", "complete", "fail"])
def test_a_stranger_takes_no_step(cast: Cast, verb: str) -> None:
    change = in_state(cast, {"submit": "draft", "complete": "implementing"}.get(verb, "approved"))
    with nothing_written(at_an_edge=True):
        do(change, cast.bystander, verb, 403, reason="Because")
    entry = AuditEntry.objects.latest("id")
    assert (entry.outcome, entry.actor_id) == ("refused", str(cast.bystander.pk))


def test_votes_bring_the_approval_about(cast: Cast) -> None:
    change = submitted(cast)
    cast_vote(change, cast.lead, "approve", comment="Fine")
    cast_vote(change, cast.board[0], "approve")
    assert fresh(change).state == "in_review"
    cast_vote(change, cast.board[1], "approve")
    assert fresh(change).state == "approved"
    assert Vote.objects.get(voter=cast.lead).comment == "Fine"


def test_a_reject_ends_it_and_an_abstention_is_no_yes(cast: Cast) -> None:
    change = submitted(cast)
    cast_vote(change, cast.lead, "approve")
    cast_vote(change, cast.board[0], "abstain")
    assert fresh(change).state == "in_review"
    cast_vote(change, cast.board[1], "reject", comment="Too early")
    assert fresh(change).state == "rejected"


def test_a_question_reaches_the_timeline_and_is_no_vote(cast: Cast) -> None:
    change = submitted(cast)
    cast_vote(change, cast.lead, "ask", comment="Who is on call?")
    comment = ChangeComment.objects.get()
    assert (comment.kind, comment.text) == ("question", "Who is on call?")
    assert not Vote.objects.exists()


@pytest.mark.parametrize("decision", ["", "yes", "approve\x00"])
def test_a_vote_that_is_none_is_refused(cast: Cast, decision: str) -> None:
    change = submitted(cast)
    with nothing_written():
        cast_vote(change, cast.lead, decision, 400)


def test_what_may_be_chosen_is_named_in_full(cast: Cast) -> None:
    change = submitted(cast)
    text = cast_vote(change, cast.lead, "yes", 400)
    assert "Choose one of approve, conditional, reject, abstain, recuse, ask." in text


def test_the_requester_is_not_offered_to_ask_themselves(cast: Cast) -> None:
    change = submitted(cast)
    assert "Ask the requester" not in shown(as_(cast.requester), f"/changes/{change.key}/")
    assert "Ask the requester" in shown(as_(cast.lead), f"/changes/{change.key}/")


def test_a_reject_says_why(cast: Cast) -> None:
    change, ahead = submitted(cast), running_ahead(cast)
    for rejected, voter in ((change, cast.lead), (ahead, cast.board[0])):
        with nothing_written():
            text = cast_vote(rejected, voter, "reject", 400, comment=" ")
        assert "Say why you reject it" in text
        cast_vote(rejected, voter, "reject", comment="Too early")


def test_scheduling_is_offered_for_a_window_only_and_stands_back_behind_conditions(cast: Cast) -> None:
    bare, planned, tied = approved(cast), approved(cast, **window(HOUR)), submitted(cast, **window(HOUR))
    vote(tied, cast.lead, conditions=["Take a snapshot"])
    for member in cast.board[:2]:
        vote(tied, member)
    page = shown(as_(cast.requester), f"/changes/{bare.key}/")
    assert "Give it a window" in page
    assert "Schedule for its window" not in page
    button = re.compile(r'<button class="btn ([^"]*)"[^>]*>(?:(?!</button>).)*Schedule for its window', re.S)
    for change, look in ((planned, "btn-primary"), (tied, "")):
        found = button.search(shown(as_(cast.requester), f"/changes/{change.key}/"))
        assert found is not None
        assert found[1].strip() == look


# S1 to S7: whoever should not decide does not, whatever they try.


def test_s1_the_requester_cannot_approve(cast: Cast) -> None:
    grant("lead", cast.requester)
    change = submitted(cast)
    with nothing_written(at_an_edge=True):
        cast_vote(change, cast.requester, "approve", 403)


def test_s2_nobody_votes_twice_or_through_two_hats(cast: Cast) -> None:
    grant("board", cast.lead)
    change = submitted(cast)
    cast_vote(change, cast.lead, "approve")
    with nothing_written(at_an_edge=True):
        cast_vote(change, cast.lead, "approve", 409)
        cast_vote(change, cast.lead, "approve", 409, stage="board")


def test_s3_an_edit_voids_what_was_approved_and_a_vote_on_the_old_text_is_stale(cast: Cast) -> None:
    change = submitted(cast)
    seen = fresh(change).content_hash
    vote(change, cast.lead)
    change_revise(actor=cast.requester.actor, now=NOW, pk=change.pk, fields={"plan": "Something else"})
    assert fresh(change).state == "draft"
    with nothing_written(at_an_edge=True):
        text = cast_vote(change, cast.board[0], "approve", 409, content_hash=seen)
    assert "Somebody else changed this in the meantime" in text


def test_s3_an_approver_who_edits_cannot_approve(cast: Cast) -> None:
    grant("lead", cast.manager)
    join(cast.team, cast.manager)
    change = draft(cast)
    change_revise(actor=cast.manager.actor, now=NOW, pk=change.pk, fields={"impact": "Mine"})
    do(change, cast.requester, "submit")
    with nothing_written(at_an_edge=True):
        cast_vote(change, cast.manager, "approve", 403)


def test_s4_the_only_approver_does_not_carry_it_out(cast: Cast) -> None:
    grant("board", cast.manager)
    change = submitted(cast, type="emergency", implementer=str(cast.bystander.pk))
    cast_vote(change, cast.board[0], "approve")
    with nothing_written(at_an_edge=True):
        do(change, cast.board[0], "start", 403)


def test_a_bystander_cannot_vote(cast: Cast) -> None:
    change = submitted(cast)
    with nothing_written(at_an_edge=True):
        assert "Only holders of" in cast_vote(change, cast.bystander, "approve", 403)


def test_voting_after_the_end_is_refused(cast: Cast) -> None:
    change = approved(cast)
    with nothing_written(at_an_edge=True):
        cast_vote(change, cast.board[2], "reject", 409, comment="Too early")


def test_a_retrospective_reject_leaves_it_and_blocks_its_closing(cast: Cast) -> None:
    change = running_ahead(cast)
    cast_vote(change, cast.board[0], "reject", comment="This was no emergency")
    do(change, cast.requester, "complete")
    assert fresh(change).state == "implemented"
    text = as_(cast.requester).get(f"/changes/{change.key}/close/").content.decode()
    assert "Answer the board&#x27;s objection" in text
    response = as_(cast.requester).post(
        f"/changes/{change.key}/close/",
        {"action": "close", "review": "Kept words", "lessons_learned": "x", "duty-documentation": "on"},
    )
    assert response.status_code == 409
    assert "Kept words" in response.content.decode()
    assert fresh(change).state == "implemented"


def test_anybody_comments(cast: Cast) -> None:
    change = draft(cast)
    response = as_(cast.bystander).post(f"/changes/{change.key}/comment/", {"text": "Seen", "kind": "remark"})
    assert response["Location"] == f"/changes/{change.key}/#timeline"
    assert ChangeComment.objects.get().author_id == cast.bystander.pk


@pytest.mark.parametrize("text", ["", "  ", "x" * 4_001, "a\x00b"])
def test_a_comment_that_cannot_be_kept_comes_back_as_typed(cast: Cast, text: str) -> None:
    change = draft(cast)
    with nothing_written():
        response = as_(cast.bystander).post(f"/changes/{change.key}/comment/", {"text": text})
    assert response.status_code == 400
    assert 'id="id_text"' in response.content.decode()
    if len(text) > 100:
        assert text in response.content.decode()


def test_a_duty_is_attested_from_the_page(cast: Cast) -> None:
    change = implemented(cast)
    text = as_(cast.requester).get(f"/changes/{change.key}/").content.decode()
    assert "The documentation is up to date" in text
    as_(cast.requester).post(f"/changes/{change.key}/attest/", {"duty": "documentation", "evidence": "Wiki"})
    assert Attestation.objects.get().evidence == "Wiki"
    text = as_(cast.requester).get(f"/changes/{change.key}/").content.decode()
    assert "attested it" in text


def test_an_unknown_duty_is_refused(cast: Cast) -> None:
    change = implemented(cast)
    with nothing_written():
        response = as_(cast.requester).post(f"/changes/{change.key}/attest/", {"duty": "karma"})
    assert response.status_code == 400


def test_a_change_is_reviewed_attested_and_closed_on_one_page(cast: Cast) -> None:
    change = implemented(cast)
    page = as_(cast.requester).get(f"/changes/{change.key}/close/").content.decode()
    assert 'name="duty-documentation"' in page
    assert "#rule-reviewed" in page
    typed = {"review": "It went well.", "lessons_learned": "Warn earlier.", "duty-documentation": "on"}
    response = as_(cast.requester).post(f"/changes/{change.key}/close/", {**typed, "action": "close"})
    assert response.status_code == 302
    change = fresh(change)
    assert (change.state, change.review, change.lessons_learned) == (
        "closed",
        "It went well.",
        "Warn earlier.",
    )
    assert Attestation.objects.get().duty == "documentation"


def test_closing_without_what_is_asked_keeps_the_words_and_names_the_rules(cast: Cast) -> None:
    change = implemented(cast)
    with nothing_written(at_an_edge=True):
        response = as_(cast.requester).post(
            f"/changes/{change.key}/close/", {"action": "close", "review": "Half of it"}
        )
    text = response.content.decode()
    assert response.status_code == 409
    assert "Half of it" in text
    assert "#rule-learned" in text
    assert "#rule-documented" in text


def test_the_review_may_be_saved_first(cast: Cast) -> None:
    change = implemented(cast)
    as_(cast.requester).post(
        f"/changes/{change.key}/close/", {"action": "review", "review": "So far so good"}
    )
    assert (fresh(change).state, fresh(change).review) == ("implemented", "So far so good")


def test_the_page_to_close_is_for_those_who_may_and_when_it_is_time(cast: Cast) -> None:
    assert as_(cast.bystander).get(f"/changes/{implemented(cast).key}/close/").status_code == 403
    assert as_(cast.requester).get(f"/changes/{draft(cast).key}/close/").status_code == 409


def test_what_was_attested_before_is_not_asked_again(cast: Cast) -> None:
    change = ready_to_close(cast)
    page = as_(cast.requester).get(f"/changes/{change.key}/close/").content.decode()
    assert 'name="duty-documentation"' not in page
    assert "It went well." in page
