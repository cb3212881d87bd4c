"""Pages of services and environments."""

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
from opsportal.catalog.services import dependency_add, service_retire, service_update
from tests.makers import NOW, ROOT, join, make_environment, make_service, make_team, make_user
from tests.untouched import nothing_written

pytestmark = pytest.mark.django_db

GOOD = {
    "slug": "payments-api",
    "name": "Payments API",
    "description": "Takes money.",
    "tier": "critical",
    "data_classification": "restricted",
    "owner_team": "payments",
    "links": "The wiki https://wiki.example.org/payments\n\nhttp://grafana:3000/",
}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def team() -> Team:
    return make_team("payments")


@pytest.fixture
def member(team: Team) -> User:
    user = make_user(name="Mia Member")
    join(team, user)
    return user


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, response.content
    return str(response.content.decode())


# --- list


def test_services_in_use_are_listed_by_name(member: User, team: Team) -> None:
    make_service("b", team=team, name="Beta <b>", tier="critical")
    make_service("a", team=team, name="Alpha")
    make_service("old", team=team, name="Omega")
    service_retire(actor=ROOT, now=NOW, slug="old")
    text = page(as_(member), "/services/")
    assert text.index("Alpha") < text.index("Beta &lt;b&gt;")
    assert "Omega" not in text
    assert "Omega" in page(as_(member), "/services/?state=any")
    only = page(as_(member), "/services/?tier=critical&q=be&team=payments")
    assert "Alpha" not in only
    assert "Beta" in only
    assert "No service fits" in page(as_(member), "/services/?q=zzz")


@pytest.mark.parametrize(
    "query", ["tier=gold", "team=nobody", "state=x", "q=" + "x" * 201, "q=%00", "after=nonsense"]
)
def test_a_wrong_filter_is_bad_input(member: User, query: str) -> None:
    page(as_(member), f"/services/?{query}", 400)


def test_an_empty_list_says_what_to_do_next(member: User) -> None:
    assert 'href="/services/new/"' in page(as_(member), "/services/")
    stranger = page(as_(make_user()), "/services/")
    assert "/services/new/" not in stranger
    assert "No services yet" in stranger


def test_the_list_takes_as_many_queries_for_many_as_for_few(
    member: User, team: Team, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = as_(member)
    make_service("a", team=team)
    with CaptureQueriesContext(connection) as before:
        page(client, "/services/")
    for number in range(30):
        make_service(f"s{number}", team=make_team())
    with django_assert_num_queries(len(before.captured_queries)) as after:
        text = page(client, "/services/")
    assert not any("COUNT(" in query["sql"] for query in after.captured_queries)
    assert 'rel="next"' in text


# --- one service


def test_a_service_shows_owner_links_dependencies_and_what_happened(member: User, team: Team) -> None:
    links = [{"title": "Run<b>book", "url": "https://wiki.example.org/?a=1&b=2"}]
    make_service("payments-api", team=team, links=links, description="First\n\n<script>x</script>")
    for slug in ("ledger", "shop"):
        make_service(slug, team=team)
    dependency_add(actor=ROOT, now=NOW, service="payments-api", depends_on="ledger")
    dependency_add(actor=ROOT, now=NOW, service="shop", depends_on="payments-api", kind="soft")
    service_update(actor=member.actor, now=NOW, slug="payments-api", tier="critical")
    text = page(as_(member), "/services/payments-api/")
    assert 'href="/teams/payments/"' in text
    assert 'href="https://wiki.example.org/?a=1&amp;b=2"' in text
    assert "Run&lt;b&gt;book" in text
    assert "&lt;script&gt;" in text
    assert 'href="/services/ledger/"' in text
    assert 'href="/services/shop/"' in text
    assert "Mia Member" in text
    assert "Changed: tier." in text


def test_only_those_who_may_are_shown_the_buttons(member: User, team: Team) -> None:
    make_service("payments-api", team=team)
    assert "/services/payments-api/edit/" in page(as_(member), "/services/payments-api/")
    stranger = page(as_(make_user()), "/services/payments-api/")
    for path in ("edit", "retire", "dependencies"):
        assert f"/services/payments-api/{path}/" not in stranger
    page(as_(member), "/services/nothing/", 404)


# --- new and changed


def test_a_member_adds_a_service_for_their_team(member: User) -> None:
    client = as_(member)
    assert 'value="payments"' in page(client, "/services/new/")
    response = client.post("/services/new/", GOOD)
    assert (response.status_code, response["Location"]) == (302, "/services/payments-api/")
    service = Service.objects.get()
    assert service.links == [
        {"title": "The wiki", "url": "https://wiki.example.org/payments"},
        {"title": "http://grafana:3000/", "url": "http://grafana:3000/"},
    ]
    assert AuditEntry.objects.get(action="service.created").actor_id == str(member.pk)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"slug": "Payments"}, "Use lower-case letters"),
        ({"slug": "new"}, "the name of a page"),
        ({"name": ""}, "Name is missing"),
        ({"name": "a\x07"}, "cannot be stored"),
        ({"description": "x" * 5001}, "at most 5000 characters"),
        ({"tier": "gold"}, "not one of the available choices"),
        ({"owner_team": "others"}, "not one of the available choices"),
        ({"links": "Fine https://a.example\nBad javascript:alert(1)"}, "Link 2: Must be a web address"),
        ({"links": "x https://a.example\n" * 21}, "At most 20 links"),
    ],
)
def test_a_wrong_value_keeps_what_was_typed(member: User, change: dict[str, str], words: str) -> None:
    make_team("others")
    client = as_(member)
    with nothing_written():
        response = client.post("/services/new/", {**GOOD, **change})
    text = response.content.decode()
    assert response.status_code == 400
    assert words in text
    assert "Takes money." in text or "description" in change


def test_nobody_without_a_team_adds_a_service(team: Team) -> None:
    client = as_(make_user())
    with nothing_written(at_an_edge=True):
        assert client.get("/services/new/").status_code == 403
        assert client.post("/services/new/", GOOD).status_code == 403


def test_a_member_changes_a_service_and_a_stranger_does_not(member: User, team: Team) -> None:
    make_service("payments-api", team=team)
    client = as_(member)
    assert 'name="version" value="1"' in page(client, "/services/payments-api/edit/")
    response = client.post("/services/payments-api/edit/", {**GOOD, "version": "1"})
    assert (response.status_code, response["Location"]) == (302, "/services/payments-api/")
    assert Service.objects.get().name == "Payments API"
    stranger = as_(make_user())
    with nothing_written(at_an_edge=True):
        assert stranger.get("/services/payments-api/edit/").status_code == 403
        assert stranger.post("/services/payments-api/edit/", GOOD).status_code == 403


def test_a_stale_change_is_shown_again_with_the_present_version(member: User, team: Team) -> None:
    make_service("payments-api", team=team)
    service_update(actor=ROOT, now=NOW, slug="payments-api", name="Other")
    client = as_(member)
    with nothing_written(at_an_edge=True):
        response = client.post("/services/payments-api/edit/", {**GOOD, "version": "1"})
    text = response.content.decode()
    assert response.status_code == 409
    assert 'value="Payments API"' in text
    assert 'name="version" value="2"' in text
    assert AuditEntry.objects.filter(outcome="refused").count() == 1


def test_lowering_the_tier_is_refused_in_the_form(member: User, team: Team) -> None:
    make_service("payments-api", team=team, tier="critical", data_classification="restricted")
    client = as_(member)
    with nothing_written(at_an_edge=True):
        response = client.post("/services/payments-api/edit/", {**GOOD, "tier": "supporting", "version": "1"})
    text = response.content.decode()
    assert response.status_code == 403
    assert "Only administrators" in text
    assert "Takes money." in text


def test_an_administrator_gives_a_service_to_another_team(team: Team) -> None:
    make_service("payments-api", team=team)
    make_team("others")
    client = as_(make_user(staff=True))
    client.post("/services/payments-api/edit/", {**GOOD, "owner_team": "others", "version": "1"})
    assert Service.objects.get().owner_team.slug == "others"


def test_a_service_is_retired_and_put_back(member: User, team: Team) -> None:
    make_service("payments-api", team=team)
    client = as_(member)
    client.post("/services/payments-api/retire/", {"reason": "replaced", "version": "1"})
    assert Service.objects.get().state == "retired"
    text = page(client, "/services/payments-api/")
    assert "/services/payments-api/reinstate/" in text
    assert "/services/payments-api/edit/" not in text
    stranger = as_(make_user())
    with nothing_written(at_an_edge=True):
        stale = client.post("/services/payments-api/reinstate/", {"reason": "", "version": "1"})
        twice = client.post("/services/payments-api/retire/", {"reason": "", "version": "2"})
        alien = stranger.post("/services/payments-api/reinstate/", {"version": "2"})
    assert (stale.status_code, twice.status_code, alien.status_code) == (409, 409, 403)
    client.post("/services/payments-api/reinstate/", {"reason": "needed", "version": "2"})
    assert Service.objects.get().state == "active"


# --- dependencies


def test_dependencies_are_added_and_removed(member: User, team: Team) -> None:
    for slug in ("a", "b"):
        make_service(slug, team=team)
    client = as_(member)
    response = client.post("/services/a/dependencies/", {"depends_on": "b", "kind": "hard"})
    assert (response.status_code, response["Location"]) == (302, "/services/a/")
    pk = Dependency.objects.get().pk
    with nothing_written(at_an_edge=True):
        circle = client.post("/services/b/dependencies/", {"depends_on": "a", "kind": "hard"})
        unknown = client.post("/services/a/dependencies/", {"depends_on": "nothing", "kind": "hard"})
        wrong = client.post("/services/a/dependencies/", {"depends_on": "", "kind": "x"})
        elsewhere = client.post(f"/services/b/dependencies/{pk}/remove/")
    assert (circle.status_code, unknown.status_code, wrong.status_code) == (409, 400, 400)
    assert "b → a → b" in circle.content.decode()
    assert 'value="nothing"' in unknown.content.decode()
    assert elsewhere.status_code == 404
    assert client.get(f"/services/a/dependencies/{pk}/remove/").status_code == 405
    client.post(f"/services/a/dependencies/{pk}/remove/")
    assert Dependency.objects.count() == 0


# --- environments


def test_an_environment_says_what_pipelines_do_while_the_portal_is_away(member: User) -> None:
    make_environment("production")
    make_environment("dev", kind="development", when_unreachable="proceed")
    client = as_(member)
    text = page(client, "/environments/")
    assert "The pipeline stops" in text
    assert "The pipeline goes on" in text
    assert "ships nothing to Production" in page(client, "/environments/production/")
    assert "all the same" in page(client, "/environments/dev/")
    assert "/environments/new/" not in text
    page(client, "/environments/nowhere/", 404)


def test_administrators_write_environments(member: User) -> None:
    client = as_(make_user(staff=True))
    values = {"slug": "prod", "name": "Prod", "kind": "production", "rank": "3", "when_unreachable": "stop"}
    response = client.post("/environments/new/", values)
    assert (response.status_code, response["Location"]) == (302, "/environments/prod/")
    changed = client.post(
        "/environments/prod/edit/", {**values, "when_unreachable": "proceed", "version": "1"}
    )
    assert changed.status_code == 302
    assert Environment.objects.get().when_unreachable == "proceed"
    other = as_(member)
    with nothing_written(at_an_edge=True):
        stale = client.post("/environments/prod/edit/", {**values, "version": "1"})
        wrong = client.post("/environments/new/", {**values, "rank": "-1", "slug": "x y"})
        taken = client.post("/environments/new/", values)
        stranger = other.post("/environments/prod/edit/", {**values, "version": "2"})
        alien = other.get("/environments/new/")
    assert [r.status_code for r in (stale, wrong, taken, stranger, alien)] == [409, 400, 400, 403, 403]
    assert "There is an environment with this slug already" in taken.content.decode()


def test_times_are_shown_in_the_readers_zone(team: Team) -> None:
    reader = make_user(time_zone="Asia/Tokyo")
    make_service("payments-api", team=team)
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        text = page(as_(reader), "/services/payments-api/")
    assert "18:30" in text
    assert "09:30 UTC" in text
