"""The API of the catalogue: services, environments, dependencies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from opsportal.accounts.models import Team, User
from opsportal.audit.models import AuditEntry
from opsportal.catalog.models import Dependency, Environment, Service
from opsportal.catalog.services import service_update
from tests.makers import NOW, ROOT, make_environment, make_service, make_team, make_token, make_user
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db

SERVICES = "/api/v1/services/"
ENVIRONMENTS = "/api/v1/environments/"
DEPENDENCIES = "/api/v1/dependencies/"
GOOD: dict[str, Any] = {
    "slug": "payments-api",
    "name": "Payments API",
    "tier": "critical",
    "data_classification": "restricted",
    "owner_team": "payments",
}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def team() -> Team:
    return make_team("payments")


@pytest.fixture
def api() -> Client:
    _, secret = make_token(["catalog:read", "catalog:write"])
    return Client(headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def reader() -> Client:
    _, secret = make_token(["catalog:read"])
    return Client(headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def member(team: Team) -> Client:
    user = make_user()
    make_team("members", user)
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, url: str, body: Any, method: str = "post", **headers: str) -> Any:
    return getattr(client, method)(url, body, content_type="application/json", headers=headers)


def pointers(response: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in response.json()["errors"]]


# --- services


def test_a_service_is_added_and_shown(team: Team, api: Client) -> None:
    links = [{"title": "Wiki 🦊", "url": "https://wiki.example.org"}]
    response = send(api, SERVICES, {**GOOD, "description": "مدفوعات\nPays.", "links": links})
    assert response.status_code == 201, response.content
    assert response["ETag"] == '"1"'
    expected = {
        **GOOD,
        "description": "مدفوعات\nPays.",
        "links": links,
        "state": "active",
        "created_at": "2026-03-02T09:30:00Z",
        "updated_at": "2026-03-02T09:30:00Z",
        "version": 1,
    }
    assert response.json() == expected
    shown = api.get(f"{SERVICES}payments-api/")
    assert (shown.status_code, shown.json(), shown["ETag"]) == (200, expected, '"1"')
    assert api.get(f"{SERVICES}payments-api").json() == expected


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"slug": "Payments API"}, [("/slug", "not_a_slug")]),
        ({"slug": ""}, [("/slug", "required")]),
        ({"slug": 7}, [("/slug", "not_text")]),
        ({"slug": None}, [("/slug", "null")]),
        ({"name": "a\x00b"}, [("/name", "control_characters")]),
        ({"name": "x" * 121}, [("/name", "too_long")]),
        ({"tier": "gold"}, [("/tier", "invalid_choice")]),
        ({"tier": ["critical"]}, [("/tier", "invalid_choice")]),
        ({"owner_team": "nobody"}, [("/owner_team", "unknown_team")]),
        ({"colour": "red"}, [("/colour", "unknown")]),
        ({"state": "retired"}, [("/state", "unknown")]),
        ({"version": 3}, [("/version", "unknown")]),
        ({"links": "https://example.org"}, [("/links", "not_a_list")]),
        ({"links": [{"title": "x", "url": "javascript:alert(1)"}]}, [("/links/0/url", "not_an_address")]),
        ({"links": [{"title": "x", "url": "https://a.b", "x": 1}]}, [("/links/0/x", "unknown")]),
        ({"links": [7]}, [("/links/0", "not_an_object")]),
        ({"links": [{"title": "x", "url": "https://a.b"}] * 21}, [("/links", "too_many")]),
        ({"tier": "gold", "name": ""}, [("/name", "required"), ("/tier", "invalid_choice")]),
    ],
)
def test_a_wrong_value_is_refused_with_its_pointer(
    team: Team, api: Client, change: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    with nothing_written():
        response = send(api, SERVICES, {**GOOD, **change})
    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert pointers(response) == found


def test_missing_values_are_named(api: Client) -> None:
    with nothing_written():
        response = send(api, SERVICES, {})
    assert response.status_code == 400
    assert [pointer for pointer, _ in pointers(response)] == [
        "/slug",
        "/name",
        "/tier",
        "/data_classification",
        "/owner_team",
    ]


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null", "{", "", "NaN", "[" * 100_000])
def test_a_body_that_is_no_object_is_refused(api: Client, body: str) -> None:
    with nothing_written():
        response = api.post(SERVICES, body, content_type="application/json")
    assert response.status_code == 400


def test_a_body_of_10_mb_or_of_another_type_is_refused(api: Client) -> None:
    with nothing_written():
        large = api.post(SERVICES, '{"name": "' + "x" * 10_000_000 + '"}', content_type="application/json")
        form = api.post(SERVICES, GOOD)
    assert (large.status_code, form.status_code) == (413, 415)


def test_a_slug_is_taken_once(team: Team, api: Client) -> None:
    make_service("payments-api", team=team)
    with nothing_written():
        response = send(api, SERVICES, GOOD)
    assert (response.status_code, pointers(response)) == (400, [("/slug", "taken")])


def test_who_may_not_write_is_told_so_and_the_refusal_is_kept(
    team: Team, reader: Client, member: Client
) -> None:
    for client, status, code in (
        (reader, 403, "scope_missing"),
        (member, 403, "forbidden"),
        (Client(), 401, "not_authenticated"),
    ):
        with nothing_written(at_an_edge=True):
            response = send(client, SERVICES, GOOD)
        assert (response.status_code, response.json()["code"]) == (status, code)
    assert AuditEntry.objects.filter(outcome=AuditEntry.Outcome.REFUSED).count() == 2


def test_a_service_is_changed_at_the_version_that_was_read(team: Team, api: Client) -> None:
    make_service("payments-api", team=team)
    url = f"{SERVICES}payments-api/"
    response = send(api, url, {"name": "Pay", "links": []}, "patch", **{"If-Match": '"1"'})
    assert (response.status_code, response.json()["name"], response["ETag"]) == (200, "Pay", '"2"')
    for headers, body in (({"If-Match": '"1"'}, {"name": "X"}), ({}, {"name": "X", "version": 1})):
        with nothing_written(at_an_edge=True):
            stale = send(api, url, body, "patch", **headers)
        assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert send(api, url, {"tier": "critical", "version": 2}, "patch").status_code == 200


def test_a_slug_never_changes(team: Team, api: Client) -> None:
    make_service("payments-api", team=team)
    with nothing_written():
        response = send(api, f"{SERVICES}payments-api/", {"slug": "other"}, "patch")
    assert (response.status_code, pointers(response)) == (400, [("/slug", "unknown")])


@pytest.mark.parametrize("method", ["get", "patch"])
def test_a_service_that_is_not_there_is_not_found(api: Client, method: str) -> None:
    with nothing_written():
        response = send(api, f"{SERVICES}nothing/", {} if method == "patch" else None, method)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_a_service_is_retired_and_reinstated(team: Team, api: Client) -> None:
    make_service("payments-api", team=team)
    response = send(api, f"{SERVICES}payments-api/retire/", {"reason": "replaced", "version": 1})
    assert (response.status_code, response.json()["state"]) == (200, "retired")
    with nothing_written(at_an_edge=True):
        again = send(api, f"{SERVICES}payments-api/retire/", {})
    assert (again.status_code, again.json()["code"]) == (409, "illegal_move")
    assert send(api, f"{SERVICES}payments-api/reinstate/", {}).json()["state"] == "active"


def test_the_list_is_filtered_and_ordered(team: Team, api: Client) -> None:
    make_service("a", team=team, name="Zed", tier="critical")
    make_service("b", team=make_team("others"), name="Yak", data_classification="public")
    make_service("c", team=team, name="Xen")
    service_update(actor=ROOT, now=NOW + timedelta(hours=1), slug="c", description="new")

    def slugs(query: str) -> list[str]:
        response = api.get(f"{SERVICES}?{query}")
        assert response.status_code == 200, response.content
        return [row["slug"] for row in response.json()["results"]]

    assert slugs("") == ["c", "b", "a"]
    assert slugs("ordering=slug") == ["a", "b", "c"]
    assert slugs("ordering=-updated_at") == ["c", "b", "a"]
    assert slugs("tier=critical") == ["a"]
    assert slugs("data_classification=public") == ["b"]
    assert slugs("owner_team=payments&ordering=slug") == ["a", "c"]
    assert slugs("search=YA") == ["b"]
    assert slugs("state=retired") == []
    assert slugs("updated_since=2026-03-02T10:00:00Z") == ["c"]
    assert slugs("updated_since=2026-03-02T11:00:00%2B01:00") == ["c"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("colour=red", "/colour"),
        ("tier=gold", "/tier"),
        ("tier=", "/tier"),
        ("owner_team=nobody", "/owner_team"),
        ("ordering=owner", "/ordering"),
        ("page_size=0", "/page_size"),
        ("page_size=201", "/page_size"),
        ("cursor=nonsense", "/cursor"),
        ("updated_since=2026-03-02T10:00:00", "/updated_since"),
        ("updated_since=yesterday", "/updated_since"),
        ("search=%00", "/search"),
    ],
)
def test_a_wrong_filter_is_refused(api: Client, query: str, pointer: str) -> None:
    response = api.get(f"{SERVICES}?{query}")
    assert response.status_code == 400
    assert pointers(response)[0][0] == pointer


def test_pages_lead_on_and_cost_the_same(team: Team, api: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(7):
        make_service(f"s{number}", team=team, name="Same name")
    seen: list[str] = []
    url: str | None = f"{SERVICES}?page_size=3"
    while url:
        with django_assert_max_num_queries(2) as queries:
            page = api.get(url).json()
        assert not any("COUNT(" in query["sql"] for query in queries.captured_queries)
        seen += [row["slug"] for row in page["results"]]
        url = page["next"]
    assert seen == [f"s{number}" for number in range(7)]


# --- environments


def test_an_environment_is_added_changed_and_listed(api: Client) -> None:
    made = send(
        api, ENVIRONMENTS, {"slug": "production", "name": "Production", "kind": "production", "rank": 30}
    )
    assert made.status_code == 201, made.content
    assert made.json() == {
        "slug": "production",
        "name": "Production",
        "kind": "production",
        "rank": 30,
        "when_unreachable": "stop",
        "created_at": "2026-03-02T09:30:00Z",
        "updated_at": "2026-03-02T09:30:00Z",
        "version": 1,
    }
    make_environment("staging", kind="staging", rank=20)
    url = f"{ENVIRONMENTS}production/"
    changed = send(api, url, {"when_unreachable": "proceed"}, "patch", **{"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert api.get(url).json() == changed.json()
    assert [row["slug"] for row in api.get(ENVIRONMENTS).json()["results"]] == ["staging", "production"]
    assert [row["slug"] for row in api.get(f"{ENVIRONMENTS}?kind=staging").json()["results"]] == ["staging"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "prod"}, "/kind"),
        ({"rank": "1"}, "/rank"),
        ({"rank": 1.5}, "/rank"),
        ({"rank": True}, "/rank"),
        ({"rank": -1}, "/rank"),
        ({"when_unreachable": "maybe"}, "/when_unreachable"),
        ({"slug": "new"}, "/slug"),
        ({"extra": 1}, "/extra"),
    ],
)
def test_a_wrong_environment_is_refused(api: Client, change: dict[str, Any], pointer: str) -> None:
    with nothing_written():
        response = send(
            api, ENVIRONMENTS, {"slug": "staging", "name": "Staging", "kind": "staging", **change}
        )
    assert (response.status_code, pointers(response)[0][0]) == (400, pointer)


def test_environments_are_not_written_without_leave(reader: Client, member: Client) -> None:
    make_environment("production")
    for client in (reader, member):
        with nothing_written(at_an_edge=True):
            made = send(client, ENVIRONMENTS, {"slug": "x", "name": "X", "kind": "staging"})
            changed = send(client, f"{ENVIRONMENTS}production/", {"name": "X"}, "patch")
        assert (made.status_code, changed.status_code) == (403, 403)
    assert Environment.objects.count() == 1
    assert Client().get(ENVIRONMENTS).status_code == 401
    assert send(reader, f"{ENVIRONMENTS}nowhere/", None, "get").status_code == 404


# --- dependencies


def test_dependencies_are_added_listed_and_removed(team: Team, api: Client) -> None:
    for slug in ("a", "b", "c"):
        make_service(slug, team=team)
    made = send(api, DEPENDENCIES, {"service": "a", "depends_on": "b"})
    assert made.status_code == 201, made.content
    pk = made.json()["id"]
    assert made.json() == {
        "id": pk,
        "service": "a",
        "depends_on": "b",
        "kind": "hard",
        "created_at": "2026-03-02T09:30:00Z",
    }
    send(api, DEPENDENCIES, {"service": "c", "depends_on": "b", "kind": "soft"})

    def pairs(query: str) -> list[tuple[str, str]]:
        rows = api.get(f"{DEPENDENCIES}?{query}").json()["results"]
        return [(row["service"], row["depends_on"]) for row in rows]

    assert pairs("") == [("a", "b"), ("c", "b")]
    assert pairs("depends_on=b&kind=soft") == [("c", "b")]
    assert pairs("service=a") == [("a", "b")]
    assert api.get(f"{DEPENDENCIES}?service=nothing").status_code == 400
    removed = api.delete(f"{DEPENDENCIES}{pk}/")
    assert (removed.status_code, removed.content) == (204, b"")
    assert Dependency.objects.count() == 1
    with nothing_written():
        assert api.delete(f"{DEPENDENCIES}{pk}/").status_code == 404


def test_a_circle_is_refused_with_the_way_round(team: Team, api: Client) -> None:
    for slug in ("a", "b"):
        make_service(slug, team=team)
    send(api, DEPENDENCIES, {"service": "a", "depends_on": "b"})
    with nothing_written(at_an_edge=True):
        response = send(api, DEPENDENCIES, {"service": "b", "depends_on": "a"})
    assert (response.status_code, response.json()["code"]) == (409, "cycle")
    assert "b → a → b" in response.json()["detail"]


def test_a_dependency_on_something_unknown_is_refused(team: Team, api: Client, reader: Client) -> None:
    make_service("a", team=team)
    with nothing_written():
        response = send(api, DEPENDENCIES, {"service": "a", "depends_on": "nothing"})
    assert (response.status_code, pointers(response)) == (400, [("/depends_on", "unknown_service")])
    with nothing_written(at_an_edge=True):
        assert send(reader, DEPENDENCIES, {"service": "a", "depends_on": "b"}).status_code == 403


def test_the_same_key_makes_one_service(team: Team, api: Client) -> None:
    headers = {"Idempotency-Key": "first"}
    first = send(api, SERVICES, GOOD, **headers)
    again = send(api, SERVICES, GOOD, **headers)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert Service.objects.count() == 1


def test_members_of_the_owner_team_write_with_their_session(team: Team) -> None:
    user = make_user()
    make_team("shops", user)
    client = Client()
    client.force_login(user)
    response = send(client, SERVICES, {**GOOD, "owner_team": "shops"})
    assert response.status_code == 201
    assert User.objects.get(pk=user.pk).actor.is_staff is False
