"""The list of changes, and the page of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from changes.models import Change
from changes.next_step import STEPS
from changes.panels import next_step_of
from changes.services.comments import change_comment
from changes.services.drafts import change_revise
from changes.services.holding import change_hold
from changes.states import CHANGE
from changes.web.steps import LOOKS
from tests import changing
from tests.changing import Cast, draft, fresh, in_state, make_cast, running_ahead, submitted, vote
from tests.makers import NOW
from tests.reading import as_, shown

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def keys_on(text: str) -> list[str]:
    """Return the keys of the list's rows, in order."""
    return [part.split("<")[0] for part in text.split('<span class="op-key">')[1:]]


def test_an_empty_list_says_what_to_do_next(cast: Cast) -> None:
    text = shown(as_(cast.requester), "/changes/")
    assert "No changes yet" in text
    assert 'href="/changes/new/"' in text


def test_the_list_is_filtered_by_state_type_service_owner_and_text(cast: Cast) -> None:
    one = draft(cast, title="Rotate keys")
    two = submitted(cast, title="Upgrade database", services=["ledger"])
    three = submitted(cast, title="Hot fix", type="emergency")
    client = as_(cast.requester)
    for query, expected in {
        "": [three, two, one],
        "?state=draft": [one],
        "?state=in_review": [three, two],
        "?state=open": [three, two, one],
        "?state=over": [],
        "?type=emergency": [three],
        "?service=ledger": [two],
        "?q=rotate": [one],
        f"?q={two.key}": [two],
        "?q=%25": [],
        "?mine=1": [three, two, one],
        "?order=new": [three, two, one],
        "?order=window": [],
    }.items():
        found = keys_on(shown(client, f"/changes/{query}"))
        assert sorted(found) == sorted(row.key for row in expected), query
    assert keys_on(shown(as_(cast.bystander), "/changes/?mine=1")) == []


@pytest.mark.parametrize(
    "query",
    ["state=gone", "type=x", "order=x", "q=%00", "q=" + "x" * 201, "after=!!", "after=W10", "before=WyJhIl0"],
)
def test_what_the_list_does_not_know_is_refused(cast: Cast, query: str) -> None:
    assert "nothing was changed" in shown(as_(cast.requester), f"/changes/?{query}", 400)


def test_pages_lead_through_the_whole_list_and_back_without_counting(cast: Cast) -> None:
    made = [draft(cast, title=f"Number {number}").key for number in range(60)]
    client = as_(cast.requester)
    seen: list[str] = []
    path = "/changes/?order=new"
    visited = [path]
    while path:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            text = shown(client, path)
        assert not [q for q in queries.captured_queries if "COUNT(" in q["sql"].upper()]
        seen += keys_on(text)
        further = text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
        path = f"/changes/{further}" if further else ""
        visited.append(path)
    assert seen == made[::-1]
    back = (
        shown(client, visited[-2]).partition('rel="prev" href="')[2].partition('"')[0].replace("&amp;", "&")
    )
    assert keys_on(shown(client, f"/changes/{back}")) == made[::-1][25:50]


def test_the_list_costs_the_same_for_many_rows_as_for_few(cast: Cast) -> None:
    client = as_(cast.requester)
    costs = []
    for _ in range(2):
        for _ in range(5):
            draft(cast)
        with CaptureQueriesContext(connection) as queries:
            shown(client, "/changes/")
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 17


@pytest.mark.parametrize("state", sorted(changing.IN_STATE))
def test_a_change_in_any_state_shows_the_steps_that_its_reader_may_take(cast: Cast, state: str) -> None:
    change = in_state(cast, state)
    for reader in (cast.requester, cast.board[0], cast.lead, cast.bystander):
        text = shown(as_(reader), f"/changes/{change.key}/")
        allowed = next_step_of(fresh(change), change.targets.all(), actor=reader.actor, now=NOW).allowed
        assert CHANGE.names[state] in text
        for verb in LOOKS:
            page = {"edit": "changes:edit", "close": "changes:close"}.get(verb)
            url = (
                reverse(page, args=[change.key]) if page else reverse("changes:move", args=[change.key, verb])
            )
            offered = verb in allowed and (verb != "schedule" or change.window_start is not None)
            assert (f'"{url}"' in text) is offered, (reader.full_name, verb)
        assert ('value="approve"' in text) is ("approve" in allowed)


def test_every_step_has_a_button_or_a_form_of_its_own() -> None:
    votes = {"approve", "reject", "abstain", "recuse"}
    assert set(STEPS) - set(LOOKS) == {*votes, "review", "attest", "comment"}


def test_a_draft_says_what_the_standard_asks_for_and_who_will_decide(cast: Cast) -> None:
    change = draft(cast, description="", risk="high")
    text = shown(as_(cast.requester), f"/changes/{change.key}/")
    assert "To submit it, the standard asks for" in text
    assert "2 missing" in text
    assert 'href="/standards/active/#rule-described"' in text
    assert "Give a change of high risk a window." in text
    assert "Lead, Board, Security" in text


def test_votes_quorum_and_who_is_still_asked_are_shown(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.lead, comment="Looks <i>fine</i>.")
    vote(change, cast.board[0])
    text = shown(as_(cast.board[1]), f"/changes/{change.key}/")
    assert "1 of 1 yes" in text
    assert "1 of 2 yes" in text
    assert "Looks &lt;i&gt;fine&lt;/i&gt;." in text
    assert "Still asked" in text
    assert f'name="content_hash" value="{fresh(change).content_hash}"' in text


def test_who_may_not_vote_is_told_why(cast: Cast) -> None:
    change = submitted(cast)
    vote(change, cast.lead)
    assert "somebody else has to decide it" in shown(as_(cast.requester), f"/changes/{change.key}/")
    assert "nobody votes twice" in shown(as_(cast.lead), f"/changes/{change.key}/")


def test_a_held_change_shows_who_holds_it_and_why(cast: Cast) -> None:
    change = submitted(cast)
    change_hold(actor=cast.board[0].actor, now=NOW, pk=change.pk, reason="Wait for <b>the auditor</b>.")
    text = shown(as_(cast.requester), f"/changes/{change.key}/")
    assert "Wait for &lt;b&gt;the auditor&lt;/b&gt;." in text
    assert "On hold" in text
    assert "Ada" in text


def test_an_emergency_change_that_ran_ahead_says_so(cast: Cast) -> None:
    change = running_ahead(cast)
    text = shown(as_(cast.board[0]), f"/changes/{change.key}/")
    assert "Retrospective approval is open" in text
    assert "The approval in retrospect" in text
    assert 'value="approve"' in text


def test_timeline_tells_steps_comments_and_differences_of_texts(cast: Cast) -> None:
    change = submitted(cast)
    change_comment(actor=cast.bystander.actor, now=NOW, pk=change.pk, text="Who is on call then? 🚒 نص")
    change_revise(
        actor=cast.requester.actor, now=NOW, pk=change.pk, fields={"description": "From 15 to 17, slowly."}
    )
    text = shown(as_(cast.requester), f"/changes/{change.key}/")
    for words in ("submitted the change", "revised the change", "Who is on call then? 🚒 نص", "Revision 2"):
        assert words in text
    assert "<del>16</del><ins>17, slowly</ins>" in text


def test_the_page_costs_the_same_with_more_votes_and_comments(cast: Cast) -> None:
    change = submitted(cast)
    client = as_(cast.bystander)
    costs = []
    for voter in (cast.lead, cast.board[0]):
        vote(change, voter)
        change_comment(actor=voter.actor, now=NOW, pk=change.pk, text="Seen.")
        with CaptureQueriesContext(connection) as queries:
            shown(client, f"/changes/{change.key}/")
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 49


@pytest.mark.parametrize(
    "key", ["CHG-999999", "CHG-0", "DEP-1", "nonsense", "CHG-99999999999999999999", "CHG-1' --"]
)
def test_a_key_that_leads_nowhere_is_404(cast: Cast, key: str) -> None:
    shown(as_(cast.requester), f"/changes/{key}/", 404)


def test_a_key_in_small_letters_leads_to_the_page(cast: Cast) -> None:
    change = draft(cast)
    assert as_(cast.requester).get(f"/changes/{change.key.lower()}/")["Location"] == f"/changes/{change.key}/"


def test_markup_in_every_text_is_shown_as_text(cast: Cast) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=y>"
    texts: dict[str, Any] = dict.fromkeys(
        ("title", "description", "justification", "risk_assessment", "impact", "plan", "rollback_plan"),
        hostile,
    )
    change = submitted(cast, **texts)
    for path in (
        f"/changes/{change.key}/",
        f"/changes/{change.key}/edit/",
        "/changes/",
        "/cab/board/",
        "/cab/lead/",
    ):
        text = shown(as_(cast.requester), path)
        assert "<script>alert(1)" not in text
        assert "<img src=x" not in text
    assert Change.objects.get(pk=change.pk).title == hostile
