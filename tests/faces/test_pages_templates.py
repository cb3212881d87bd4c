"""Pages of standard-change templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from changes.models import ChangeTemplate
from changes.services.templates import template_create, template_submit, template_vote
from opsportal.approvals.outcome import Decision
from tests.changing import Cast
from tests.deploying import make_stage
from tests.makers import NOW
from tests.reading import as_, shown, text_of
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db

TYPED: dict[str, Any] = {
    "slug": "restart",
    "title": "Restart the service",
    "description": "One node after the other.",
    "risk": "low",
    "plan": "Restart.",
    "rollback_plan": "Restart again.",
    "services": ["payments-api"],
    "environments": ["production"],
}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_stage()


def written(cast: Cast, state: str = "draft") -> ChangeTemplate:
    fields = {**TYPED, "targets": [("payments-api", "production")]}
    for name in ("slug", "services", "environments"):
        del fields[name]
    template = template_create(actor=cast.lead.actor, now=NOW, slug="restart", fields=fields)
    if state != "draft":
        template_submit(actor=cast.lead.actor, now=NOW, slug="restart")
    if state == "approved":
        for member in cast.board[:2]:
            template_vote(
                actor=member.actor,
                now=NOW,
                slug="restart",
                decision=Decision.APPROVE,
                content_hash=template.content_hash,
            )
    template.refresh_from_db()
    assert template.state == state
    return template


def test_an_empty_list_says_what_a_template_is_good_for(cast: Cast) -> None:
    assert "No templates yet" in shown(as_(cast.bystander), "/templates/")


def test_a_template_is_written_and_shown(cast: Cast) -> None:
    client = as_(cast.lead)
    assert (
        client.post("/templates/new/", {**TYPED, "valid_until": "2026-12-31", "pipelines": "no"}).status_code
        == 302
    )
    text = shown(client, "/templates/restart/")
    for words in (
        "Restart the service",
        "Restart again.",
        "Payments Api",
        "31 Dec 2026",
        "Draft",
        "People only",
    ):
        assert words in text
    assert "Restart the service" in shown(client, "/templates/")


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        ({"slug": "Not A Slug"}, 400, "lower-case letters"),
        ({"slug": ""}, 400, "This is needed."),
        ({"slug": "new"}, 400, "This word is taken"),
        ({"title": ""}, 400, "This is needed."),
        ({"title": "x" * 201}, 400, "At most 200"),
        ({"risk": "none"}, 400, "Select a valid choice"),
        ({"services": ["gone"]}, 400, "Select a valid choice"),
        ({"valid_until": "never"}, 400, "Enter a valid date"),
        ({"plan": "a\x00b"}, 400, "Null characters"),
    ],
)
def test_wrong_input_is_refused_and_the_rest_is_kept(
    cast: Cast, typed: dict[str, Any], status: int, words: str
) -> None:
    with nothing_written(at_an_edge=True):
        text = text_of(
            as_(cast.lead).post("/templates/new/", {**TYPED, "description": "Kept <words>", **typed}), status
        )
    assert words in text
    assert "Kept &lt;words&gt;" in text


def test_a_short_name_that_is_taken_is_refused(cast: Cast) -> None:
    written(cast)
    with nothing_written(at_an_edge=True):
        text = text_of(as_(cast.lead).post("/templates/new/", TYPED), 409)
    assert "There is a template restart already." in text


def test_a_template_is_submitted_voted_on_used_and_retired(cast: Cast) -> None:
    written(cast)
    client = as_(cast.lead)
    assert client.post("/templates/restart/do/submit/").status_code == 302
    assert "It waits for its board." in shown(client, "/templates/restart/")
    assert "Vote on the agenda" in shown(as_(cast.board[0]), "/templates/restart/")
    assert client.post("/templates/restart/do/withdraw/").status_code == 302
    assert ChangeTemplate.objects.get().state == "draft"
    assert client.post("/templates/restart/do/retire/").status_code == 302
    assert "nothing new can be opened" in shown(client, "/templates/restart/")


def test_an_approved_one_offers_a_change_and_editing_makes_it_a_draft(cast: Cast) -> None:
    template = written(cast, "approved")
    client = as_(cast.lead)
    assert "/changes/new/?template=restart" in shown(client, "/templates/restart/")
    assert "Saving makes it a draft again" in shown(client, "/templates/restart/edit/")
    response = client.post(
        "/templates/restart/edit/", {**TYPED, "plan": "Otherwise.", "version": template.version}
    )
    assert response.status_code == 302
    template.refresh_from_db()
    assert (template.state, template.plan) == ("draft", "Otherwise.")


def test_editing_what_moved_on_keeps_the_words(cast: Cast) -> None:
    written(cast)
    with nothing_written(at_an_edge=True):
        text = text_of(
            as_(cast.lead).post("/templates/restart/edit/", {**TYPED, "plan": "My words", "version": 99}), 409
        )
    assert "My words" in text


def test_a_stranger_neither_edits_nor_submits_nor_retires(cast: Cast) -> None:
    written(cast)
    client = as_(cast.bystander)
    text = shown(client, "/templates/restart/")
    for verb in ("submit", "withdraw", "retire"):
        assert f"/do/{verb}/" not in text
    with nothing_written(at_an_edge=True):
        assert client.get("/templates/restart/edit/").status_code == 403
        assert client.post("/templates/restart/edit/", TYPED).status_code == 403
        assert client.post("/templates/restart/do/submit/").status_code == 403
        assert client.post("/templates/restart/do/retire/").status_code == 403


def test_submitting_what_lacks_something_is_refused_in_words(cast: Cast) -> None:
    fields = {"title": "Bare", "description": "", "plan": "", "targets": []}
    template_create(actor=cast.lead.actor, now=NOW, slug="bare", fields=fields)
    with nothing_written(at_an_edge=True):
        assert "Name where it may be used." in text_of(as_(cast.lead).post("/templates/bare/do/submit/"), 400)


def test_what_is_not_there_is_404(cast: Cast) -> None:
    client = as_(cast.lead)
    for path in ("/templates/gone/", "/templates/gone/edit/"):
        shown(client, path, 404)
    assert client.post("/templates/gone/do/submit/").status_code == 404
    written(cast)
    assert client.post("/templates/restart/do/explode/").status_code == 404
