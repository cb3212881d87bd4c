"""The agenda of a board."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from changes.models import Change, ChangeComment
from changes.services.comments import change_comment
from changes.services.templates import template_create, template_submit
from compliance.models import Policy
from opsportal.accounts.models import User
from opsportal.approvals.models import ApprovalStage, Vote
from opsportal.audit.models import AuditEntry
from tests.changing import (
    Cast,
    failed,
    fresh,
    make_cast,
    running_ahead,
    scheduled,
    submitted,
    vote,
    window,
)
from tests.deploying import activate as activate_with_templates
from tests.freezing import DAY, make_freeze
from tests.makers import NOW
from tests.reading import HTMX, as_, shown, text_of
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def for_board(cast: Cast, **more: Any) -> Change:
    """Return a change that the lead has approved and the board has not."""
    change = submitted(cast, **more)
    return vote(change, cast.lead)


def decide(
    change: Change, user: User, decision: str, status: int = 200, **typed: Any
) -> tuple[str, dict[str, str]]:
    """Vote on the card as htmx does; return the fragment and the headers."""
    typed.setdefault("content_hash", fresh(change).content_hash)
    response = as_(user).post(
        f"/cab/vote/change/{change.key}/", {"decision": decision, "board": "board", **typed}, headers=HTMX
    )
    return text_of(response, status), dict(response.items())


def test_the_readers_own_agenda_holds_what_they_may_vote_on_whatever_their_hat(cast: Cast) -> None:
    change = submitted(cast)
    card = f'id="card-change-{change.key}"'
    assert card in shown(as_(cast.lead), "/cab/")
    assert card not in shown(as_(cast.board[0]), "/cab/")
    vote(change, cast.lead)
    assert card in shown(as_(cast.board[0]), "/cab/")
    text = shown(as_(cast.lead), "/cab/")
    assert card not in text
    assert "Nothing waits for your vote" in text


def test_the_agenda_of_a_board_is_there_for_everybody_but_only_members_vote(cast: Cast) -> None:
    change = for_board(cast)
    member, other = shown(as_(cast.board[0]), "/cab/board/"), shown(as_(cast.bystander), "/cab/board/")
    assert change.key in other
    assert 'value="approve"' in member
    assert 'value="approve"' not in other
    assert "somebody else has to decide it" in shown(as_(cast.requester), "/cab/board/")


def test_a_card_holds_what_one_needs_to_decide(cast: Cast) -> None:
    failed(cast, title="The one before")
    other = scheduled(cast, title="At the same time", **window(timedelta(hours=-1)))
    change = for_board(
        cast,
        justification="It is old.",
        risk_assessment="Data may be lost.",
        impact="All users.",
        plan="Step one.",
        **window(timedelta(0)),
    )
    change_comment(actor=cast.lead.actor, now=NOW, pk=change.pk, text="Who watches?", kind="question")
    text = shown(as_(cast.board[0]), "/cab/board/")
    for words in (
        *("From 15 to 16.", "It is old.", "Data may be lost.", "All users.", "Step one."),
        *("Restore the snapshot.", "Who watches?", "The one before", "Payments Api", "Rita"),
        *("0 of 2 yes", "Still asked", "The words of stage-board.", "decide", "Rule described"),
    ):
        assert words in text, words
    assert f'/changes/{other.key}/"' in text
    assert "In its way" in text


def test_a_card_shows_the_freezes_over_the_window_that_is_voted_on(cast: Cast) -> None:
    change = for_board(cast, **window(timedelta(days=2)))
    make_freeze(title="Already thawed by then")
    assert "Already thawed by then" not in shown(as_(cast.board[0]), "/cab/board/")
    freeze = make_freeze(title="The audit", starts_at=NOW + DAY, ends_at=NOW + 4 * DAY, pass_roles=["board"])
    text = shown(as_(cast.board[0]), "/cab/board/")
    assert f'/freezes/{freeze.key}/">The audit</a>' in text
    assert "Who may pass: board." in text
    assert "The audit" in shown(as_(cast.board[0]), f"/changes/{change.key}/")


def test_a_missing_rollback_plan_stands_out(cast: Cast) -> None:
    activate_with_templates()
    template_create(actor=cast.lead.actor, now=NOW, slug="restart", fields=TEMPLATE | {"rollback_plan": ""})
    template_submit(actor=cast.lead.actor, now=NOW, slug="restart")
    assert "None is written" in shown(as_(cast.board[0]), "/cab/board/")


def test_a_vote_counts_at_once_and_the_counts_beside_it_follow(cast: Cast) -> None:
    change = for_board(cast)
    text, headers = decide(change, cast.board[0], "approve", comment="Go")
    assert "1 of 2 yes" in text
    assert f"You approved {change.key}." in text
    assert 'value="approve"' not in text
    assert 'id="op-tabs"' in text
    assert 'id="op-count-cab" hidden hx-swap-oob="true"' in text
    assert json.loads(headers["HX-Trigger"]) == {"op:said": {"value": f"You approved {change.key}."}}
    assert Vote.objects.get(voter=cast.board[0]).comment == "Go"
    text, _ = decide(change, cast.board[1], "approve")
    assert "2 of 2 yes" in text
    assert fresh(change).state == "approved"


def test_a_vote_without_scripts_leads_back_to_the_agenda(cast: Cast) -> None:
    change = for_board(cast)
    typed = {"decision": "reject", "content_hash": change.content_hash, "board": "board", "comment": "No"}
    client = as_(cast.board[0])
    response = client.post(f"/cab/vote/change/{change.key}/", typed)
    assert response["Location"] == "/cab/board/"
    assert fresh(change).state == "rejected"
    assert f"You rejected {change.key}." in shown(client, "/cab/board/")


def test_a_question_is_asked_from_the_card(cast: Cast) -> None:
    change = for_board(cast)
    text, _ = decide(change, cast.board[0], "ask", comment="How long is it down?")
    assert "How long is it down?" in text
    assert 'value="approve"' in text
    assert ChangeComment.objects.get().kind == "question"


def test_a_question_without_words_is_refused_on_the_card(cast: Cast) -> None:
    change = for_board(cast)
    with nothing_written():
        text, headers = decide(change, cast.board[0], "ask", 400, comment="  ")
    assert "This is needed." in text
    assert headers["HX-Retarget"] == f"#card-change-{change.key}"


@pytest.mark.parametrize(
    ("voter", "status", "words"),
    [
        ("requester", 403, "somebody else has to decide it"),
        ("bystander", 403, "Only holders of"),
        ("lead", 409, "nobody votes twice"),
    ],
)
def test_a_refused_vote_shows_its_reason_on_the_card_and_keeps_the_words(
    cast: Cast, voter: str, status: int, words: str
) -> None:
    change = for_board(cast)
    user: User = getattr(cast, voter)
    with nothing_written(at_an_edge=True):
        text, headers = decide(change, user, "approve", status, comment="My <b>words</b>")
    assert words in text
    assert f'id="card-change-{change.key}"' in text
    assert (headers["HX-Retarget"], headers["HX-Reswap"]) == (f"#card-change-{change.key}", "outerHTML")
    assert AuditEntry.objects.latest("id").outcome == "refused"


def test_a_vote_on_an_old_text_is_refused_with_the_new_text_on_the_card(cast: Cast) -> None:
    change = for_board(cast)
    with nothing_written(at_an_edge=True):
        text, _ = decide(change, cast.board[0], "approve", 409, content_hash="0" * 64, comment="Kept words")
    assert "Somebody else changed this in the meantime" in text
    assert "Kept words" in text
    assert fresh(change).content_hash in text


def test_a_change_that_ran_ahead_of_its_approval_is_marked(cast: Cast) -> None:
    running_ahead(cast)
    assert "In retrospect" in shown(as_(cast.board[0]), "/cab/board/")


def test_what_is_overdue_says_so(cast: Cast) -> None:
    for_board(cast)
    with time_machine.travel(NOW + timedelta(hours=25), tick=False):
        assert "Overdue" in shown(as_(cast.board[0]), "/cab/board/")


def test_an_unknown_board_is_404(cast: Cast) -> None:
    shown(as_(cast.board[0]), "/cab/no-such-board/", 404)
    assert as_(cast.board[0]).post("/cab/vote/change/CHG-99/", {"decision": "approve"}).status_code == 404
    assert as_(cast.board[0]).post("/cab/vote/gossip/x/", {"decision": "approve"}).status_code == 404


def test_the_agenda_costs_the_same_for_many_changes_as_for_few(cast: Cast) -> None:
    client = as_(cast.board[0])
    costs = []
    for _ in range(2):
        for _ in range(2):
            for_board(cast, **window())
        with CaptureQueriesContext(connection) as queries:
            shown(client, "/cab/board/")
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 40


TEMPLATE: dict[str, Any] = {
    "title": "Restart <the> service",
    "description": "One node after the other.",
    "risk": "low",
    "plan": "Restart.",
    "rollback_plan": "Restart again.",
    "targets": [("payments-api", "production")],
}


def test_a_template_is_decided_on_the_same_page(cast: Cast) -> None:
    activate_with_templates()
    template = template_create(actor=cast.lead.actor, now=NOW, slug="restart", fields=TEMPLATE)
    template_submit(actor=cast.lead.actor, now=NOW, slug="restart")
    text = shown(as_(cast.board[0]), "/cab/")
    assert "Restart &lt;the&gt; service" in text
    assert 'value="ask"' not in text
    for member in cast.board[:2]:
        typed = {"decision": "approve", "content_hash": template.content_hash}
        text = text_of(as_(member).post("/cab/vote/template/restart/", typed, headers=HTMX))
    template.refresh_from_db()
    assert template.state == "approved"
    assert "Approved" in text


def test_what_is_decided_on_a_page_of_its_own_is_listed_and_counted(cast: Cast) -> None:
    change = for_board(cast)
    policy = Policy.objects.create(
        title="Safe keys",
        kind="security",
        owner=cast.lead,
        content_hash="a" * 64,
        created_at=NOW,
        updated_at=NOW,
    )
    stage = ApprovalStage.objects.select_related("request").get(request__subject_key=change.key, state="open")
    for kind, key in (("policy", f"{policy.key}.1"), ("charter", "C-1")):
        stage.request.pk = stage.pk = None
        stage.request.subject_kind, stage.request.subject_key = kind, key
        stage.request.save(force_insert=True)
        stage.request = stage.request
        stage.save(force_insert=True)
    text = shown(as_(cast.board[0]), "/cab/board/")
    assert f'<a href="/policies/{policy.key}/">Safe keys</a>' in text
    assert "C-1" in text
    assert "3 to decide" in text
    assert '3<span class="visually-hidden"> waiting' in text
    assert "3 to decide" in shown(as_(cast.board[0]), "/cab/")
