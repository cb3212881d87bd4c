"""Reads: conflicts, what waits for somebody, the timeline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from changes.panels import broken, going_on, next_step_of, search, votes_open, waiting
from changes.selectors import (
    Place,
    change_by_key,
    conflicts_of,
    timeline,
    waiting_for,
)
from changes.services.comments import change_comment
from changes.services.holding import change_hold
from changes.services.submission import change_withdraw
from opsportal.approvals.services import approval_open
from opsportal.catalog.services import dependency_add
from opsportal.core.actor import Actor
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards import engine
from opsportal.standards.selectors import active_standard
from tests.changing import (
    HOUR,
    Cast,
    approved,
    draft,
    failed,
    fresh,
    implemented,
    implementing,
    make_cast,
    make_template,
    running_ahead,
    submitted,
    vote,
    window,
)
from tests.makers import NOW, ROOT
from tests.owing import owe, tick

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def overlapping(change: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.change.key, one.kind, one.services) for one in conflicts_of(change_by_key(change.key))]


def test_the_same_service_at_the_same_time_is_a_conflict_both_ways(cast: Cast) -> None:
    one, two = submitted(cast, **window()), approved(cast, **window(HOUR / 2))
    assert overlapping(one) == [(two.key, "same_service", ("payments-api",))]
    assert overlapping(two) == [(one.key, "same_service", ("payments-api",))]


def test_windows_that_only_touch_do_not_overlap(cast: Cast) -> None:
    one = submitted(cast, **window())
    submitted(cast, **window(HOUR))
    submitted(cast, now=NOW - 4 * HOUR, **window(-3 * HOUR))
    assert overlapping(one) == []


def test_without_a_window_elsewhere_or_over_there_is_no_conflict(cast: Cast) -> None:
    one = submitted(cast, **window())
    submitted(cast)
    draft(cast, **window())
    submitted(cast, environments=["staging"], **window())
    submitted(cast, services=["ledger"], **window())
    implemented(cast, **window())
    assert overlapping(one) == []
    assert overlapping(submitted(cast)) == []


def test_what_leans_on_the_other_is_a_conflict_in_both_directions(cast: Cast) -> None:
    dependency_add(actor=ROOT, now=NOW, service="payments-api", depends_on="ledger")
    one, two = submitted(cast, **window()), submitted(cast, services=["ledger"], **window())
    assert overlapping(one) == [(two.key, "dependency", ("ledger",))]
    assert overlapping(two) == [(one.key, "dependency", ("payments-api",))]


def _queries(call: Any) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        call()
    return len(captured)


def test_a_change_waits_for_those_who_vote_and_for_its_requester(cast: Cast) -> None:
    own, asked = draft(cast), submitted(cast, title="Another")
    done = implemented(cast, title="A third")
    assert [(one.key, one.step) for one in waiting_for(cast.lead.pk, NOW)] == [(asked.key, "approve")]
    assert waiting_for(cast.board[0].pk, NOW) == []
    assert [(one.key, one.step) for one in waiting_for(cast.requester.pk, NOW)] == [
        (own.key, "submit"),
        (done.key, "close"),
    ]
    vote(asked, cast.lead)
    assert waiting_for(cast.lead.pk, NOW) == []
    assert waiting_for(cast.board[0].pk, NOW)[0].what == "Vote in “Board”"


def test_what_waits_takes_the_same_number_of_queries_however_much(cast: Cast) -> None:
    draft(cast)
    few = _queries(lambda: waiting_for(cast.requester.pk, NOW))
    for number in range(5):
        draft(cast, title=f"Change {number}")
    assert _queries(lambda: waiting_for(cast.requester.pk, NOW)) == few <= 5


def test_the_timeline_tells_steps_votes_comments_and_reasons_newest_first(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.lead, comment="Good.", now=NOW + HOUR)
    change_comment(actor=cast.bystander.actor, now=NOW + 2 * HOUR, pk=change.pk, text="Why?")
    change_withdraw(actor=cast.requester.actor, now=NOW + 3 * HOUR, pk=change.pk, reason="Not yet.")
    page, older = timeline(change)
    told = [(one.action, one.text, one.at - NOW) for one in page if not one.action.startswith("obligation.")]
    assert told == [
        ("change.withdrawn", "Not yet.", 3 * HOUR),
        ("change.commented", "Why?", 2 * HOUR),
        ("approval.voted", "Good.", HOUR),
        ("change.submitted", "", timedelta(0)),
        ("change.created", "", timedelta(0)),
    ]
    assert older is None


def test_the_timeline_says_what_was_owed(cast: Cast) -> None:
    change = draft(cast)
    owe(Owner.user(str(cast.requester.pk)), subject=Subject("change", change.key, change.title), due=HOUR)
    tick(NOW + 2 * HOUR)
    words = {one.action: one.words for one in timeline(change)[0]}
    assert words["obligation.breached"] == "found an obligation breached: Review the change"


def test_a_long_timeline_goes_on_where_the_page_ended(cast: Cast) -> None:
    change = draft(cast)
    for number in range(7):
        change_comment(actor=cast.bystander.actor, now=NOW, pk=change.pk, text=f"Line {number}")
    seen: list[str] = []
    before = None
    while True:
        page, before = timeline(change, before=before, most=3)
        seen += [one.text or one.action for one in page]
        if before is None:
            break
        before = Place.of_cursor(before.as_cursor())
    assert seen == [*(f"Line {number}" for number in reversed(range(7))), "change.created"]


def test_the_timeline_takes_the_same_number_of_queries_however_long(cast: Cast) -> None:
    change = submitted(cast)
    few = _queries(lambda: timeline(change))
    for number in range(10):
        change_comment(actor=cast.bystander.actor, now=NOW, pk=change.pk, text=f"Line {number}")
    assert _queries(lambda: timeline(change)) == few <= 6


def test_panels_show_what_waits_is_on_and_is_broken(cast: Cast) -> None:
    asked, running = submitted(cast), implementing(cast, title="Running")
    planned = approved(cast, title="Planned", **window(24 * HOUR))
    approved(cast, title="Far", **window(24 * 8 * HOUR))
    broke, held = failed(cast, title="Broken"), submitted(cast, title="Held")
    change_hold(actor=cast.board[0].actor, now=NOW, pk=held.pk, reason="Wait.")
    refused = running_ahead(cast, title="Refused")
    vote(refused, cast.board[0], "reject")

    def keys(found: Any) -> set[str]:
        return {line["change"].key for line in found["lines"]}

    assert keys(going_on(cast.lead.actor, NOW, None)) == {running.key, planned.key, refused.key}
    assert keys(broken(cast.lead.actor, NOW, None)) == {broke.key, held.key, refused.key}
    found = waiting(cast.lead.actor, NOW, None)
    assert found is not None
    assert {line["item"].key for line in found["lines"]} == {asked.key, held.key}
    assert votes_open(cast.lead.actor, NOW, None) == {"count": 2, "words": "to vote on"}
    assert waiting(cast.bystander.actor, NOW, None) is None
    assert waiting(Actor.anonymous(), NOW, None) is None


def test_search_finds_a_change_by_key_and_by_title(cast: Cast) -> None:
    change = draft(cast, title="Rotate the keys")
    for text in (change.key, change.key.lower(), "rotate"):
        (hit,) = search(cast.lead.actor, text, 5)
        assert (hit.key, hit.title, hit.url) == (change.key, "Rotate the keys", f"/changes/{change.key}/")
    assert search(cast.lead.actor, "CHG-99999999999999999999", 5) == []


def test_the_next_step_says_what_the_reader_may_do(cast: Cast) -> None:
    change = change_by_key(submitted(cast, type="emergency").key)
    step = next_step_of(change, change.targets.all(), actor=cast.requester.actor, now=NOW)
    assert step.sentence == (
        "It waits for the votes of Urgent. If it cannot wait, it may start ahead of them."
    )
    assert step.allowed == ("start", "edit", "withdraw", "hold", "cancel", "comment")
    theirs = next_step_of(change, change.targets.all(), actor=cast.board[0].actor, now=NOW)
    assert theirs.allowed == ("approve", "reject", "abstain", "recuse", "hold", "comment")
    assert fresh(change).state == "in_review"


def test_a_template_waits_for_its_board_too(cast: Cast) -> None:
    template = make_template(cast, state="in_review")
    approval_open(
        actor=cast.lead.actor,
        now=NOW,
        subject=Subject("template", template.slug, template.title),
        revision=1,
        content_hash=template.content_hash,
        standard_hash="5" * 64,
        stages=engine.stages(active_standard(), "change.submit", {"change.type": "emergency"}),
        excluded=[str(cast.lead.pk)],
    )
    (found,) = waiting_for(cast.board[0].pk, NOW)
    assert (found.kind, found.key, found.title, found.what) == (
        "template",
        "restart",
        "Restart the service",
        "Vote in “Urgent”",
    )
    shown = waiting(cast.board[0].actor, NOW, None)
    assert shown is not None
    assert shown["lines"][0]["url"] == "/templates/restart/"
