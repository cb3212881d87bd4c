"""Comments and watching, on the page and by the API (B6)."""

from __future__ import annotations

import pytest

from changes.mentions import mentioned
from changes.models import ChangeComment
from changes.selectors.searching import changes_found
from changes.services.comments import change_comment
from tests.changing import Cast, draft, make_cast
from tests.faces.test_changes_api import URL, as_machine, as_person, pointers, problem, send
from tests.makers import NOW, make_team, make_user
from tests.reading import as_, shown, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_a_comment_is_written_edited_and_shown_with_what_it_said(cast: Cast) -> None:
    change = draft(cast)
    path, client = f"/changes/{change.key}/", as_(cast.bystander)
    client.post(f"{path}comment/", {"text": "**Ask** @Leo <b>now</b>", "kind": "remark"})
    text = shown(client, path)
    assert "<strong>Ask</strong>" in text
    assert '<span class="op-mention">@Leo</span> &lt;b&gt;now&lt;/b&gt;' in text
    assert ">**Ask** @Leo &lt;b&gt;now&lt;/b&gt;</textarea>" in text
    comment = ChangeComment.objects.get()
    client.post(f"{path}comments/{comment.pk}/", {"text": "Done.", "version": "1"})
    text = shown(as_(cast.lead), path)
    assert "edited" in text
    assert "<strong>Ask</strong>" in text
    assert "Done." in text
    assert f"{path}comments/" not in text
    text_of(as_(cast.lead).post(f"{path}comments/{comment.pk}/", {"text": "Mine."}), 403)
    text_of(client.post(f"{path}comments/{comment.pk}/", {"text": "x", "version": "1"}), 409)


def test_a_change_is_watched_and_muted_on_its_page(cast: Cast) -> None:
    path, client = f"/changes/{draft(cast).key}/", as_(cast.bystander)
    assert ">Stop watching" not in shown(client, path).replace("</svg> ", ">")
    client.post(f"{path}watch/", {"watch": "yes"})
    text = shown(client, path)
    assert "Stop watching" in text
    assert "Watched by" in text
    client.post(f"{path}watch/", {"watch": "no"})
    assert "Stop watching" not in shown(client, path)


def test_the_api_lists_edits_and_watches(cast: Cast) -> None:
    change = draft(cast)
    comment = change_comment(actor=cast.bystander.actor, now=NOW, pk=change.pk, text="Ask @Leo.")
    path, client = f"{URL}{change.key}/", as_person(cast.bystander)
    (told,) = client.get(f"{path}comments/").json()["results"]
    assert told["text"] == f"Ask @{{{cast.lead.pk}}}."
    assert told["mentions"] == [{"id": str(cast.lead.pk), "name": "Leo"}]
    assert (told["author"]["name"], told["edited_at"], told["version"]) == ("Bob", None, 1)
    one = f"{path}comments/{comment.pk}/"
    assert pointers(send(client, "PATCH", one, {"text": ""})) == ["/text"]
    assert send(client, "PATCH", one, {"text": "Ask again.", "version": 1}).json()["version"] == 2
    problem(send(client, "PATCH", one, {"text": "Old.", "version": 1}), 409)
    problem(send(as_person(cast.lead), "PATCH", one, {"text": "Mine."}), 403)
    assert "Ask @Leo." not in str(client.get(f"{path}history/").json())
    watchers = send(as_person(cast.lead), "POST", f"{path}watch/", {}).json()["results"]
    assert [one["name"] for one in watchers] != []
    assert {one["name"] for one in client.get(f"{path}watchers/").json()["results"]} == {"Bob", "Leo", "Rita"}
    left = send(as_person(cast.lead), "POST", f"{path}unwatch/", {}).json()["results"]
    assert {one["name"] for one in left} == {"Bob", "Rita"}
    problem(send(as_machine("changes:write"), "POST", f"{path}watch/", {}), 403)


def test_people_are_offered_while_their_name_is_written(cast: Cast) -> None:
    client, twins = as_(cast.bystander), [make_user(name="Ada")]
    make_user(name="Adam Nye")
    guest = make_user(name="Adele Guest", is_guest=True)

    def offered(text: str) -> list[tuple[str, str]]:
        answer = client.get("/changes/mentions/", {"q": text})
        assert answer.status_code == 200
        return [(one["name"], one["insert"]) for one in answer.json()["people"]]

    ids = {f"{{{person.pk}}}" for person in (cast.board[0], *twins)}
    found = offered("aD")
    assert [name for name, _ in found] == ["Ada", "Ada", "Adam Nye"]
    assert {insert for name, insert in found if name == "Ada"} == ids
    assert offered("nY") == [("Adam Nye", "Adam Nye")]
    assert offered("dam") == offered("") == offered("%") == []
    assert as_(guest).get("/changes/mentions/", {"q": "ad"}).status_code in {403, 404}
    change = draft(cast)
    insert = found[0][1]
    change_comment(actor=cast.bystander.actor, now=NOW, pk=change.pk, text=f"@{insert} look")
    assert mentioned(ChangeComment.objects.get().text) == [insert.strip("{}")]
    assert 'data-op-mentions="/changes/mentions/"' in shown(client, f"/changes/{change.key}/")


def test_teams_and_boards_are_offered_and_shown_as_links(cast: Cast) -> None:
    change, client = draft(cast), as_(cast.bystander)

    def offered(text: str) -> list[tuple[str, str]]:
        people = client.get("/changes/mentions/", {"q": text}).json()["people"]
        return [(one["name"], one["insert"]) for one in people]

    slug = cast.team.slug
    assert (f"{cast.team.name} (team)", slug) in offered(slug[:4])
    assert ("Board (board)", "board") in offered("bOa")
    make_team("board")
    assert ("Board (board)", "{board:board}") in offered("board")
    text = f"@{slug} and @{{board:board}}"
    change_comment(actor=cast.bystander.actor, now=NOW, pk=change.pk, text=text)
    page = shown(client, f"/changes/{change.key}/")
    assert f'<a class="op-mention" href="/teams/{slug}/"' in page
    assert f"@{cast.team.name}</a>" in page
    assert '<a class="op-mention" href="/boards/#board"' in page
    assert f">@{slug} and @{{board:board}}</textarea>" in page
    (told,) = as_person(cast.bystander).get(f"{URL}{change.key}/comments/").json()["results"]
    assert told["groups"] == [
        {"kind": "team", "slug": slug, "name": cast.team.name},
        {"kind": "board", "slug": "board", "name": "Board"},
    ]
    (found,) = changes_found(slug, 5)
    assert (found.change, "team:" in str(found.snippet)) == (change, False)
