"""Services of the catalogue: added, changed by those who may, retired."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsportal.accounts.models import Team, User
from opsportal.audit.models import AuditEntry
from opsportal.audit.selectors import entry_data
from opsportal.catalog import selectors
from opsportal.catalog.models import Service
from opsportal.catalog.panels import search_services
from opsportal.catalog.services import (
    dependency_add,
    service_create,
    service_reinstate,
    service_retire,
    service_update,
)
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from tests.makers import LONG_AGO, NOW, ROOT, TODAY, join, make_service, make_team, make_user
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db

GOOD: dict[str, Any] = {
    "slug": "payments-api",
    "name": "Payments API",
    "tier": "critical",
    "data_classification": "restricted",
    "owner_team": "payments",
}
CI = Actor.service_account("0000", frozenset({"catalog:write"}))


@pytest.fixture
def team() -> Team:
    return make_team("payments")


@pytest.fixture
def member(team: Team) -> User:
    user = make_user()
    join(team, user)
    return user


@pytest.fixture
def service(team: Team) -> Service:
    return make_service("payments-api", team=team, tier="core", data_classification="confidential")


def test_a_service_is_stored_with_what_was_given(team: Team) -> None:
    links = [{"title": "Runbook", "url": "https://wiki.example.org/payments"}]
    service_create(actor=ROOT, now=NOW, **GOOD, description="Takes money.\r\nGives it.", links=links)
    service = selectors.service_by_slug("payments-api")
    assert (service.name, service.tier, service.data_classification) == (
        "Payments API",
        "critical",
        "restricted",
    )
    assert (service.description, service.links) == ("Takes money.\nGives it.", links)
    assert (service.owner_team, service.state, service.version) == (team, "active", 1)
    assert (service.created_at, service.updated_at) == (NOW, NOW)
    assert entry_data(AuditEntry.objects.get(action="service.created")) == {"owner_team": "payments"}


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"slug": "Payments"}, "/slug", "not_a_slug"),
        ({"slug": "new"}, "/slug", "reserved"),
        ({"slug": "x" * 61}, "/slug", "too_long"),
        ({"name": ""}, "/name", "required"),
        ({"name": "a\x00b"}, "/name", "control_characters"),
        ({"name": "x" * 121}, "/name", "too_long"),
        ({"description": "x" * 5001}, "/description", "too_long"),
        ({"tier": "gold"}, "/tier", "unknown"),
        ({"data_classification": ""}, "/data_classification", "unknown"),
        ({"owner_team": "nobody"}, "/owner_team", "unknown_team"),
        ({"owner_team": "\x00"}, "/owner_team", "control_characters"),
        ({"links": [{"title": "x", "url": "javascript:alert(1)"}]}, "/links/0/url", "not_an_address"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field(
    team: Team, changed: dict[str, Any], pointer: str, code: str
) -> None:
    with refused(InvalidInput, code) as caught:
        service_create(actor=ROOT, now=NOW, **{**GOOD, **changed})
    assert caught.value.errors[0].pointer == pointer


def test_a_slug_is_taken_once(service: Service) -> None:
    with refused(InvalidInput, "taken"):
        service_create(actor=ROOT, now=NOW, **GOOD)


def test_members_of_the_owner_team_administrators_and_pipelines_write_services(
    team: Team, member: User
) -> None:
    admin = make_user(staff=True)
    for slug, actor in (("a", member.actor), ("b", admin.actor), ("c", CI), ("d", ROOT)):
        service_create(actor=actor, now=NOW, **{**GOOD, "slug": slug})
        service_update(actor=actor, now=NOW, slug=slug, name="Renamed")
    assert Service.objects.filter(name="Renamed").count() == 4


def test_nobody_else_writes_services(service: Service) -> None:
    stranger, former = make_user(), make_user()
    make_team("others", stranger)
    join(service.owner_team, former, LONG_AGO, TODAY - timedelta(days=1))
    for actor in (
        stranger.actor,
        former.actor,
        Actor.anonymous(),
        Actor.service_account("0000", frozenset({"catalog:read", "changes:write"})),
    ):
        with refused(Forbidden):
            service_create(actor=actor, now=NOW, **{**GOOD, "slug": "other"})
        with refused(Forbidden):
            service_update(actor=actor, now=NOW, slug="payments-api", name="X")
        with refused(Forbidden):
            service_retire(actor=actor, now=NOW, slug="payments-api")


def test_a_change_raises_the_version_and_tells_which_fields(service: Service) -> None:
    later = NOW + timedelta(hours=1)
    service_update(
        actor=ROOT, now=later, slug="payments-api", version=1, name="Pay", tier="critical", description=""
    )
    service.refresh_from_db()
    assert (service.name, service.tier, service.version, service.updated_at) == ("Pay", "critical", 2, later)
    assert entry_data(AuditEntry.objects.get(action="service.updated")) == {
        "fields": ["name", "tier"],
        "tier": "critical",
    }
    with nothing_written():
        service_update(actor=ROOT, now=later, slug="payments-api", name="Pay")


def test_a_change_of_an_old_version_or_of_nothing_is_refused(service: Service) -> None:
    with refused(Stale):
        service_update(actor=ROOT, now=NOW, slug="payments-api", version=2, name="X")
    with refused(NotFound):
        service_update(actor=ROOT, now=NOW, slug="nothing", name="X")


def test_the_owner_team_may_raise_but_not_lower_what_binds_it(service: Service, member: User) -> None:
    make_team("others")
    service_update(actor=member.actor, now=NOW, slug="payments-api", tier="critical")
    service_update(actor=member.actor, now=NOW, slug="payments-api", data_classification="restricted")
    changes: list[dict[str, Any]] = [
        {"tier": "core"},
        {"data_classification": "public"},
        {"owner_team": "others"},
    ]
    for change in changes:
        with refused(Forbidden):
            service_update(actor=member.actor, now=NOW, slug="payments-api", **change)
    admin = make_user(staff=True)
    service_update(actor=admin.actor, now=NOW, slug="payments-api", tier="supporting", owner_team="others")
    service.refresh_from_db()
    assert (service.tier, service.owner_team.slug) == ("supporting", "others")


def test_a_retired_service_rests_until_it_is_reinstated(service: Service, member: User) -> None:
    service_retire(actor=member.actor, now=NOW, slug="payments-api", version=1, reason="replaced")
    service.refresh_from_db()
    assert (service.state, service.version) == ("retired", 2)
    assert service.history.latest().history_change_reason == "replaced"
    with refused(Conflict, "retired"):
        service_update(actor=ROOT, now=NOW, slug="payments-api", name="X")
    with refused(IllegalMove):
        service_retire(actor=ROOT, now=NOW, slug="payments-api")
    with refused(Stale):
        service_reinstate(actor=ROOT, now=NOW, slug="payments-api", version=1)
    service_reinstate(actor=member.actor, now=NOW, slug="payments-api", version=2)
    service.refresh_from_db()
    assert service.state == "active"


def test_a_service_that_others_need_is_not_retired(service: Service) -> None:
    make_service("shop", team=service.owner_team)
    make_service("mail", team=service.owner_team)
    dependency_add(actor=ROOT, now=NOW, service="shop", depends_on="payments-api", kind="hard")
    dependency_add(actor=ROOT, now=NOW, service="mail", depends_on="payments-api", kind="soft")
    with refused(Conflict, "depended_on") as caught:
        service_retire(actor=ROOT, now=NOW, slug="payments-api")
    assert "shop" in caught.value.detail
    assert "mail" not in caught.value.detail
    service_retire(actor=ROOT, now=NOW, slug="shop")
    service_retire(actor=ROOT, now=NOW, slug="payments-api")


def test_search_finds_by_slug_and_name(service: Service) -> None:
    hits = search_services(Actor.anonymous(), "PAYMENTS a", 5)
    assert [(hit.key, hit.url) for hit in hits] == [("payments-api", "/services/payments-api/")]
    assert search_services(Actor.anonymous(), "%", 5) == []


def test_services_are_found_by_their_slugs_with_one_query(
    service: Service, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        found = selectors.services_named(["payments-api", "nothing"])
        assert found["payments-api"].owner_team.slug == "payments"
    assert list(found) == ["payments-api"]
    assert selectors.service_exists("payments-api") is True
    assert selectors.service_exists("nothing") is False
