"""Revising a change: what was approved before is void, in the same transaction."""

from __future__ import annotations

from typing import Any

import pytest

from changes.services.drafts import change_revise
from changes.services.implementation import change_complete, change_fail
from changes.services.submission import change_submit
from opsportal.approvals.models import ApprovalRequest, Vote
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, Stale
from tests.changing import (
    approved,
    draft,
    fresh,
    history_count,
    implementing,
    make_cast,
    make_template,
    owed,
    scheduled,
    submitted,
    told,
    vote,
    window,
)
from tests.makers import NOW, join
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db


def revise(change: Any, actor: Any, **fields: Any) -> Any:
    version = fields.pop("version", None)
    return change_revise(actor=actor.actor, now=NOW, pk=change.pk, fields=fields, version=version)


def test_a_draft_stays_a_draft_of_the_same_revision() -> None:
    cast = make_cast()
    change = draft(cast)
    before = change.content_hash
    revise(change, cast.requester, title="Upgrade it twice", services=["ledger"])
    change = fresh(change)
    assert (change.state, change.revision, change.version) == ("draft", 1, 2)
    assert (change.title, [row.service.slug for row in change.targets.all()]) == (
        "Upgrade it twice",
        ["ledger"],
    )
    assert change.content_hash != before
    assert told(change) == ["change.created", "change.edited"]


@pytest.mark.parametrize("make", [submitted, approved, scheduled])
def test_what_is_on_its_way_becomes_a_draft_of_the_next_revision(make: Any) -> None:
    cast = make_cast()
    change = make(cast)
    before = fresh(change)
    votes = Vote.objects.count()
    revise(change, cast.requester, rollback_plan="Another one.")
    after = fresh(change)
    assert (after.state, after.revision, after.version) == ("draft", 2, before.version + 1)
    assert (after.standard_hash, after.submitted_at, after.decided_at) == ("", None, None)
    request = ApprovalRequest.objects.get()
    assert (request.state, request.content_hash) == ("void", before.content_hash)
    assert Vote.objects.count() == votes
    assert told(change)[-1] == "change.revised"
    assert [state for _, state in owed(change) if state == "open"] == []


def test_a_rejected_change_is_revised_and_can_be_submitted_again() -> None:
    cast = make_cast()
    change = submitted(cast)
    vote(change, cast.lead, "reject", comment="Too risky.")
    assert fresh(change).state == "rejected"
    revise(change, cast.requester, plan="In two steps.")
    change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    after = fresh(change)
    assert (after.state, after.revision) == ("in_review", 2)
    assert [one.state for one in ApprovalRequest.objects.order_by("id")] == ["void", "open"]


@pytest.mark.parametrize("make", [draft, submitted, approved, implementing])
def test_what_is_the_same_already_changes_nothing(make: Any) -> None:
    cast = make_cast()
    change = make(cast)
    with nothing_written():
        revise(change, cast.requester, title="Upgrade the database", services=["payments-api"], tags=[])
        revise(change, cast.requester)


@pytest.mark.parametrize("make", [draft, submitted, approved, implementing])
def test_tags_are_not_part_of_what_is_approved(make: Any) -> None:
    cast = make_cast()
    change = make(cast)
    before, rows = fresh(change), history_count(change)
    revise(change, cast.requester, tags=["db", "night"])
    after = fresh(change)
    assert (after.state, after.revision, after.content_hash) == (
        before.state,
        before.revision,
        before.content_hash,
    )
    assert (after.tags, after.version) == (["db", "night"], before.version + 1)
    assert history_count(change) == rows + 1
    assert told(change)[-1] == "change.tagged"


def test_from_the_implementation_on_it_is_refused() -> None:
    cast = make_cast()
    running = implementing(cast)
    with refused(IllegalMove, "illegal_move"):
        revise(running, cast.requester, title="Other")
    done = change_complete(actor=cast.requester.actor, now=NOW, pk=running.pk)
    with refused(IllegalMove):
        revise(done, cast.requester, title="Other")
    broken = implementing(cast, title="Another")
    change_fail(actor=cast.requester.actor, now=NOW, pk=broken.pk)
    with refused(IllegalMove):
        revise(broken, cast.requester, window_start=NOW, window_end=NOW.replace(hour=23))


def test_who_revises_becomes_an_author_and_may_not_vote_on_it() -> None:
    cast = make_cast()
    join(cast.team, cast.board[0])
    change = submitted(cast)
    revise(change, cast.board[0], plan="As I want it.")
    assert fresh(change).author_ids == [str(cast.requester.pk), str(cast.board[0].pk)]
    change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    vote(change, cast.lead)
    now = fresh(change)
    with refused(Forbidden):
        vote(now, cast.board[0], content_hash=now.content_hash)


def test_a_vote_on_the_former_content_is_stale() -> None:
    cast = make_cast()
    change = submitted(cast)
    seen = change.content_hash
    revise(change, cast.requester, plan="Other.")
    with refused(Stale, "stale"):
        vote(change, cast.lead, content_hash=seen)
    change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    with refused(Stale, "stale"):
        vote(change, cast.lead, content_hash=seen)


def test_former_votes_do_not_count_for_the_next_revision() -> None:
    cast = make_cast()
    change = submitted(cast)
    vote(change, cast.lead)
    vote(change, cast.board[0])
    revise(change, cast.requester, plan="Other.")
    change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)
    assert vote(change, cast.lead).state == "in_review"
    assert vote(change, cast.board[1]).state == "in_review"
    assert vote(change, cast.board[0]).state == "approved"


def test_the_implementer_is_part_of_what_is_approved() -> None:
    cast = make_cast()
    change = approved(cast)
    revise(change, cast.requester, implementer=str(cast.board[0].pk))
    assert (fresh(change).state, fresh(change).revision) == ("draft", 2)


@pytest.mark.parametrize("who", ["bystander", "lead", "security"])
def test_others_may_not_revise_it(who: str) -> None:
    cast = make_cast()
    change = submitted(cast)
    with refused(Forbidden):
        revise(change, getattr(cast, who), title="Mine")


def test_a_machine_may_revise_only_what_it_wrote() -> None:
    cast = make_cast()
    change = draft(cast)
    machine = Actor.service_account("0b6f3c1e-0000-4000-8000-000000000001", frozenset({"changes:write"}))
    with refused(Forbidden):
        change_revise(actor=machine, now=NOW, pk=change.pk, fields={"title": "Mine"})


def test_a_stale_version_is_refused() -> None:
    cast = make_cast()
    change = draft(cast)
    revise(change, cast.requester, title="One", version=1)
    with refused(Stale, "stale"):
        revise(change, cast.requester, title="Two", version=1)


def test_half_a_window_and_a_backward_one_are_refused() -> None:
    cast = make_cast()
    change = draft(cast, **window())
    for values in ({"window_end": None}, {"window_end": NOW.replace(year=2025)}):
        with refused(InvalidInput):
            revise(change, cast.requester, **values)


def test_leaving_a_template_frees_what_it_fixed() -> None:
    cast = make_cast()
    make_template(cast)
    change = draft(cast, type="standard", template="restart", rollback_plan="Restart again.")
    with refused(InvalidInput, "from_template"):
        revise(change, cast.requester, plan="Mine.")
    revise(change, cast.requester, template=None, type="normal", plan="Mine.")
    assert (fresh(change).template, fresh(change).plan, fresh(change).template_hash) == (None, "Mine.", "")


def test_a_template_that_was_revised_since_no_longer_stands_for_an_approval() -> None:
    cast = make_cast()
    template = make_template(cast)
    change = draft(cast, type="standard", template="restart", rollback_plan="Restart again.")
    template.content_hash = "d" * 64
    template.save()
    with refused(InvalidInput, "required_by_standard"):
        change_submit(actor=cast.requester.actor, now=NOW, pk=change.pk)


def test_voting_on_a_draft_is_no_move() -> None:
    cast = make_cast()
    change = draft(cast)
    with refused(IllegalMove):
        vote(change, cast.lead)
    done = approved(cast, title="Another")
    with refused(Conflict, "voting_closed"):
        vote(done, cast.board[2])
