"""The API of changes: drafts and revisions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from changes.models import Change
from opsportal.audit.models import AuditEntry
from tests.changing import Cast, approved, draft, fresh, implemented, make_cast, make_template
from tests.faces.test_changes_api import URL, as_machine, as_person, body, pointers, problem, send
from tests.makers import NOW
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_a_person_drafts_a_change(cast: Cast) -> None:
    response = send(
        as_person(cast.requester),
        "POST",
        URL,
        body(window_start="2026-03-03T22:00:00+01:00", window_end="2026-03-03T22:00:00Z"),
    )
    assert response.status_code == 201, response.content
    told = response.json()
    assert (told["state"], told["requester"]["name"], told["version"]) == ("draft", "Rita", 1)
    assert told["window_start"] == "2026-03-03T21:00:00Z"
    assert response["Location"] == f"{URL}{told['key']}/"
    assert response["ETag"] == '"1"'
    assert Change.objects.get().key == told["key"]


def test_environment_is_short_for_environments(cast: Cast) -> None:
    values = body(environment="staging")
    del values["environments"]
    told = send(as_person(cast.requester), "POST", URL, values).json()
    assert told["targets"] == [{"service": "payments-api", "environment": "staging"}]
    assert pointers(send(as_person(cast.requester), "POST", URL, body(environment="staging"))) == [
        "/environment"
    ]


def test_targets_may_be_named_in_pairs(cast: Cast) -> None:
    values = body(targets=[{"service": "ledger", "environment": "staging"}])
    del values["services"], values["environments"]
    told = send(as_person(cast.requester), "POST", URL, values).json()
    assert told["targets"] == [{"service": "ledger", "environment": "staging"}]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"title": 7}, ["/title"]),
        ({"title": "x" * 201}, ["/title"]),
        ({"title": "a\u0000b"}, ["/title"]),
        ({"title": "a\u202eb"}, ["/title"]),
        ({"description": ["text"]}, ["/description"]),
        ({"description": "x" * 20_001}, ["/description"]),
        ({"type": "huge"}, ["/type"]),
        ({"type": {"$ne": 1}}, ["/type"]),
        ({"risk": "extreme"}, ["/risk"]),
        ({"services": "payments-api"}, ["/services"]),
        ({"services": ["nope"]}, ["/services/0"]),
        ({"services": [["payments-api"]]}, ["/services/0"]),
        ({"services": ["payments-api", 7]}, ["/services/1"]),
        ({"environments": ["moon"]}, ["/environments/0"]),
        ({"environments": None}, ["/environments"]),
        ({"targets": [{"service": "nope", "environment": "moon"}], "services": None}, ["/services"]),
        ({"window_start": "2026-03-03T22:00:00", "window_end": "2026-03-03T23:00:00Z"}, ["/window_start"]),
        ({"window_start": 1772571600, "window_end": "2026-03-03T23:00:00Z"}, ["/window_start"]),
        ({"window_start": "2026-03-03T22:00:00Z", "window_end": "2026-03-03T21:00:00Z"}, ["/window_end"]),
        ({"window_start": "2026-03-03T22:00:00Z"}, ["/window_end"]),
        ({"tags": ["x" * 41]}, ["/tags/0"]),
        ({"tags": ["t"] * 21}, ["/tags"]),
        ({"implementer": "nobody"}, ["/implementer"]),
        ({"template": "nope"}, ["/template"]),
        ({"state": "approved"}, ["/state"]),
        (
            {"requester_id": 1, "approved_by": "me", "is_staff": True},
            ["/approved_by", "/is_staff", "/requester_id"],
        ),
    ],
)
def test_bad_input_is_told_with_its_field_and_writes_nothing(
    cast: Cast, values: dict[str, Any], expected: list[str]
) -> None:
    client = as_person(cast.requester)
    with nothing_written(at_an_edge=True):
        assert pointers(send(client, "POST", URL, body(**values))) == expected


@pytest.mark.parametrize("raw", ["", "[]", "null", '"text"', "{", '{"title": NaN}', "[" * 100_000])
def test_a_body_that_is_no_object_is_refused(cast: Cast, raw: str) -> None:
    client = as_person(cast.requester)
    with nothing_written(at_an_edge=True):
        response = client.post(URL, raw, content_type="application/json")
        problem(response, 400)


def test_a_body_of_another_kind_and_a_huge_one_are_refused(cast: Cast) -> None:
    client = as_person(cast.requester)
    problem(client.post(URL, {"title": "x"}), 415)
    problem(client.post(URL, "x" * 2_000_000, content_type="application/json"), 413)


def test_markup_emoji_and_right_to_left_text_go_through_unchanged(cast: Cast) -> None:
    text = "<script>alert(1)</script> {{7*7}} تغيير 🚀"
    told = send(as_person(cast.requester), "POST", URL, body(title=text, description=text)).json()
    assert (told["title"], told["description"]) == (text, text)


def test_a_machine_names_a_requester_or_a_template(cast: Cast) -> None:
    machine = as_machine()
    assert pointers(send(machine, "POST", URL, body())) == ["/requester"]
    told = send(machine, "POST", URL, body(requester=str(cast.requester.pk))).json()
    assert told["requester"]["id"] == str(cast.requester.pk)
    assert told["allowed"] == ["submit", "edit", "cancel"]
    make_template(cast)
    values = {"template": "restart", "services": ["payments-api"], "environment": "production"}
    told = send(machine, "POST", URL, values).json()
    assert (told["type"], told["template"], told["requester"]) == ("standard", "restart", None)
    response = send(machine, "POST", f"{URL}{told['key']}/submit/")
    assert response.json()["state"] == "approved"


def test_nobody_writes_in_anothers_name(cast: Cast) -> None:
    client = as_person(cast.bystander)
    with nothing_written(at_an_edge=True):
        problem(send(client, "POST", URL, body(requester=str(cast.requester.pk))), 403)


def test_the_same_post_twice_with_a_key_writes_once(cast: Cast) -> None:
    client = as_person(cast.requester)
    first = send(client, "POST", URL, body(), **{"Idempotency-Key": "abc"})
    again = send(client, "POST", URL, body(), **{"Idempotency-Key": "abc"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Change.objects.count() == 1
    problem(
        send(client, "POST", URL, body(title="Other"), **{"Idempotency-Key": "abc"}),
        409,
        "idempotency_conflict",
    )


def test_a_session_needs_the_csrf_token(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.requester)
    with nothing_written(at_an_edge=True):
        problem(send(client, "POST", URL, body()), 403)


def test_patch_revises_and_says_so(cast: Cast) -> None:
    change = approved(cast)
    client = as_person(cast.requester)
    response = send(client, "PATCH", f"{URL}{change.key}/", {"plan": "In two steps."})
    told = response.json()
    assert (told["state"], told["revision"], told["plan"]) == ("draft", 2, "In two steps.")
    assert told["content_hash"] != change.content_hash
    assert told["standard"] == ""


def test_patch_with_what_is_the_same_changes_nothing(cast: Cast) -> None:
    change = approved(cast)
    client = as_person(cast.requester)
    with nothing_written():
        told = send(client, "PATCH", f"{URL}{change.key}/", body(version=fresh(change).version))
    assert (told.status_code, told.json()["state"]) == (200, "approved")


def test_patch_of_tags_leaves_the_approval(cast: Cast) -> None:
    change = approved(cast)
    told = send(as_person(cast.requester), "PATCH", f"{URL}{change.key}/", {"tags": ["night"]}).json()
    assert (told["state"], told["tags"], told["revision"]) == ("approved", ["night"], 1)


def test_if_match_and_version_are_held_against_the_present_one(cast: Cast) -> None:
    change = draft(cast)
    client, path = as_person(cast.requester), f"{URL}{change.key}/"
    with nothing_written(at_an_edge=True):
        problem(send(client, "PATCH", path, {"title": "Two"}, **{"If-Match": '"7"'}), 409, "stale")
        problem(send(client, "PATCH", path, {"title": "Two", "version": 7}), 409, "stale")
        assert pointers(send(client, "PATCH", path, {"title": "Two"}, **{"If-Match": "seven"})) == [""]
        assert pointers(send(client, "PATCH", path, {"title": "Two", "version": "1"})) == ["/version"]
    assert send(client, "PATCH", path, {"title": "Two"}, **{"If-Match": '"1"'}).json()["version"] == 2


def test_from_the_implementation_on_only_the_review_is_written(cast: Cast) -> None:
    change = implemented(cast)
    client, path = as_person(cast.requester), f"{URL}{change.key}/"
    with nothing_written(at_an_edge=True):
        problem(send(client, "PATCH", path, {"title": "Other"}), 409, "illegal_move")
        assert pointers(send(client, "PATCH", path, {"review": "Well.", "title": "Other"})) == ["/title"]
    told = send(client, "PATCH", path, {"review": "Well.", "lessons_learned": "Much."}).json()
    assert (told["state"], told["review"], told["lessons_learned"]) == ("implemented", "Well.", "Much.")


def test_the_review_is_not_written_before(cast: Cast) -> None:
    change = draft(cast)
    client = as_person(cast.requester)
    with nothing_written(at_an_edge=True):
        response = send(client, "PATCH", f"{URL}{change.key}/", {"review": "Well."})
        problem(response, 409, "illegal_move")


def test_a_refusal_leaves_one_audit_entry(cast: Cast) -> None:
    change = draft(cast)
    before = AuditEntry.objects.count()
    problem(send(as_person(cast.bystander), "PATCH", f"{URL}{change.key}/", {"title": "Mine"}), 403)
    entry = AuditEntry.objects.order_by("-id")[0]
    assert AuditEntry.objects.count() == before + 1
    assert (entry.outcome, entry.actor_id, entry.object_key) == (
        "refused",
        str(cast.bystander.pk),
        f"{URL}{change.key}/",
    )


def test_delete_and_put_are_no_methods_here(cast: Cast) -> None:
    change = draft(cast)
    for method in ("DELETE", "PUT"):
        assert send(as_person(cast.requester), method, f"{URL}{change.key}/", {}).status_code == 405


@pytest.mark.parametrize(
    ("targets", "pointer"),
    [
        ([{"service": "payments-api"}], "/targets/0/environment"),
        ([{"environment": "production"}], "/targets/0/service"),
        ([{}], "/targets/0/service"),
        (["payments-api"], "/targets/0"),
    ],
)
def test_half_a_target_is_refused_in_a_patch_too(cast: Cast, targets: list[Any], pointer: str) -> None:
    change, client = draft(cast), as_person(cast.requester)
    with nothing_written(at_an_edge=True):
        response = send(client, "PATCH", f"{URL}{change.key}/", {"targets": targets})
    assert response.status_code == 400
    assert pointer in pointers(response)


def test_a_change_is_cloned(cast: Cast) -> None:
    original = draft(cast)
    response = send(as_person(cast.bystander), "POST", f"{URL}{original.key}/clone/", {})
    assert response.status_code == 201, response.content
    told = response.json()
    assert (told["title"], told["state"], told["requester"]["name"]) == (original.title, "draft", "Bob")
    assert told["tags"] == [f"cloned from {original.key}"]
    assert pointers(send(as_machine("changes:write"), "POST", f"{URL}{original.key}/clone/", {})) == [
        "/requester"
    ]
