"""Environments, and what pipelines do there while the portal does not answer."""

from __future__ import annotations

from typing import Any

import pytest

from opsportal.audit.models import AuditEntry
from opsportal.audit.selectors import entry_data
from opsportal.catalog import selectors
from opsportal.catalog.services import environment_create, environment_update
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, InvalidInput, NotFound, Stale
from tests.makers import NOW, ROOT, make_environment, make_team, make_user
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db

GOOD: dict[str, Any] = {"slug": "staging", "name": "Staging", "kind": "staging"}


def test_an_environment_stops_pipelines_unless_it_says_otherwise() -> None:
    environment = environment_create(actor=ROOT, now=NOW, **GOOD)
    assert (environment.kind, environment.rank, environment.when_unreachable) == ("staging", 0, "stop")
    assert entry_data(AuditEntry.objects.get(action="environment.created")) == {
        "kind": "staging",
        "when_unreachable": "stop",
    }


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"slug": "a b"}, "/slug"),
        ({"slug": "new"}, "/slug"),
        ({"name": " "}, "/name"),
        ({"kind": "prod"}, "/kind"),
        ({"rank": -1}, "/rank"),
        ({"rank": 1001}, "/rank"),
        ({"rank": True}, "/rank"),
        ({"when_unreachable": "maybe"}, "/when_unreachable"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field(changed: dict[str, Any], pointer: str) -> None:
    with refused(InvalidInput) as caught:
        environment_create(actor=ROOT, now=NOW, **{**GOOD, **changed})
    assert caught.value.errors[0].pointer == pointer


def test_a_slug_is_taken_once() -> None:
    make_environment("staging")
    with refused(InvalidInput, "taken"):
        environment_create(actor=ROOT, now=NOW, **GOOD)


def test_administrators_and_pipelines_write_environments_and_nobody_else() -> None:
    make_environment("production")
    person = make_user()
    make_team("ops", person)
    for actor in (person.actor, Actor.service_account("1", frozenset({"catalog:read"})), Actor.anonymous()):
        with refused(Forbidden):
            environment_create(actor=actor, now=NOW, **GOOD)
        with refused(Forbidden):
            environment_update(actor=actor, now=NOW, slug="production", when_unreachable="proceed")
    admin = make_user(staff=True)
    environment_update(actor=admin.actor, now=NOW, slug="production", when_unreachable="proceed")
    ci = Actor.service_account("1", frozenset({"catalog:write"}))
    environment_update(actor=ci, now=NOW, slug="production", rank=9)
    environment = selectors.environment_by_slug("production")
    assert (environment.when_unreachable, environment.rank, environment.version) == ("proceed", 9, 3)
    assert [entry_data(entry) for entry in AuditEntry.objects.filter(action="environment.updated")] == [
        {"fields": ["when_unreachable"], "when_unreachable": "proceed"},
        {"fields": ["rank"]},
    ]


def test_a_change_of_an_old_version_or_of_nothing_is_refused() -> None:
    make_environment("production")
    with refused(Stale):
        environment_update(actor=ROOT, now=NOW, slug="production", version=4, name="X")
    with refused(NotFound):
        environment_update(actor=ROOT, now=NOW, slug="nowhere", name="X")
    with nothing_written():
        environment_update(actor=ROOT, now=NOW, slug="production", version=1, name="Production")


def test_environments_stand_in_order_of_promotion() -> None:
    for slug, rank in (("production", 30), ("dev", 10), ("staging", 20)):
        make_environment(slug, rank=rank)
    assert list(selectors.environments_named(["production", "dev", "nothing"])) == ["dev", "production"]
