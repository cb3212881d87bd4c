"""Filters of the list of changes that people keep, and share with a team."""

from __future__ import annotations

import pytest

from changes.models import SavedFilter
from tests.changing import Cast, draft, make_cast
from tests.makers import join
from tests.reading import as_, shown, text_of
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db
SAVE = "/changes/filters/"


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_a_filter_is_saved_shown_and_removed(cast: Cast) -> None:
    client = as_(cast.requester)
    assert "Save this filter" not in shown(client, "/changes/")
    assert "Save this filter" in shown(client, "/changes/?state=open")
    answer = client.post(
        SAVE, {"name": "Mine & open", "query": "state=open&mine=1&after=x&evil=1&order=recent"}
    )
    assert answer["Location"] == "/changes/?state=open&mine=1"
    text = shown(client, answer["Location"])
    assert 'href="/changes/?state=open&amp;mine=1" aria-current="true"' in text
    assert "Mine &amp; open" in text
    assert "Mine &amp; open" not in shown(as_(cast.lead), "/changes/")
    client.post(SAVE, {"name": "Mine & open", "query": "state=draft"})
    row = SavedFilter.objects.get()
    assert (row.query, row.team) == ("state=draft", None)
    text_of(as_(cast.lead).post(f"{SAVE}{row.pk}/remove/"), 403)
    client.post(f"{SAVE}{row.pk}/remove/")
    assert not SavedFilter.objects.exists()
    text_of(client.post(f"{SAVE}{row.pk}/remove/"), 404)


def test_a_filter_is_shared_with_a_team_that_one_is_in(cast: Cast) -> None:
    join(cast.team, cast.bystander)
    as_(cast.requester).post(SAVE, {"name": "Ours", "query": "service=ledger", "team": cast.team.slug})
    assert "Ours" in shown(as_(cast.bystander), "/changes/")
    assert "Ours" not in shown(as_(cast.lead), "/changes/")
    with nothing_written(at_an_edge=True):
        text_of(as_(cast.lead).post(SAVE, {"name": "Not mine", "query": "q=x", "team": cast.team.slug}), 400)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("", "state=open"),
        ("x" * 61, "state=open"),
        ("x", ""),
        ("x", "evil=1"),
        ("x", "state=gone"),
        ("x", "q=%00"),
    ],
)
def test_what_is_no_filter_is_refused(cast: Cast, name: str, query: str) -> None:
    with nothing_written(at_an_edge=True):
        text_of(as_(cast.requester).post(SAVE, {"name": name, "query": query}), 400)


def test_a_name_that_is_too_long_is_kept_in_the_form_beside_the_list(cast: Cast) -> None:
    name = "A very long name " * 5
    text = text_of(as_(cast.requester).post(SAVE, {"name": name, "query": "state=open"}), 400)
    assert f'value="{name}"' in text
    assert "At most 60 characters" in text
    assert 'data-op-address="/changes/?state=open"' in text


def test_a_person_keeps_thirty(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("changes.services.filters.MOST", 1)
    client = as_(cast.requester)
    client.post(SAVE, {"name": "one", "query": "q=x"})
    text_of(client.post(SAVE, {"name": "two", "query": "q=x"}), 409)
    assert client.post(SAVE, {"name": "one", "query": "q=y"}).status_code == 302


def test_a_filter_about_me_is_about_whoever_looks(cast: Cast) -> None:
    join(cast.team, cast.bystander)
    change = draft(cast)
    as_(cast.requester).post(SAVE, {"name": "Ours", "query": "mine=1", "team": cast.team.slug})
    assert f">{change.key}<" in shown(as_(cast.requester), "/changes/?mine=1")
    assert f">{change.key}<" not in shown(as_(cast.bystander), "/changes/?mine=1")
