"""External providers: written by their owners, warned of before their key ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from opsportal.catalog.models import Provider, ProviderUse
from opsportal.catalog.selectors import keys_ending
from opsportal.catalog.services import provider_create, provider_move, provider_update
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, Stale
from tests.makers import NOW, ROOT, make_service, make_team, make_user
from tests.untouched import refused

pytestmark = pytest.mark.django_db

TODAY = NOW.date()


def make(slug: str = "acquirer", **more: object) -> Provider:
    values = {"name": "The acquirer", "owner_team": "payments", **more}
    return provider_create(actor=ROOT, now=NOW, slug=slug, **values)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _team() -> None:
    make_team("payments")


def test_a_provider_with_all_there_is_to_say() -> None:
    make_service("shop")
    made = make(
        status_url="https://status.acquirer.example",
        contact="contract 77",
        key_expires_on=TODAY,
        used_by=["shop"],
    )
    changed = provider_update(actor=ROOT, now=NOW, slug=made.slug, version=1, key_expires_on=None, used_by=[])
    assert (changed.version, changed.key_expires_on, ProviderUse.objects.count()) == (2, None, 0)
    assert provider_move(actor=ROOT, now=NOW, slug=made.slug, verb="retire").state == "retired"
    assert list(made.history.values_list("history_type", flat=True)) == ["~", "~", "+"]


def test_keys_that_end_within_thirty_days_are_found_the_soonest_first() -> None:
    for slug, days in (("later", 31), ("edge", 30), ("today", 0), ("over", -3)):
        make(slug, key_expires_on=TODAY + timedelta(days=days))
    make("never")
    provider_move(actor=ROOT, now=NOW, slug=make("gone", key_expires_on=TODAY).slug, verb="retire")
    assert [one.slug for one in keys_ending(TODAY)] == ["over", "today", "edge"]
    assert [one.days_left(TODAY) for one in keys_ending(TODAY)] == [-3, 0, 30]


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"slug": "new"}, "/slug"),
        ({"name": ""}, "/name"),
        ({"owner_team": "nobody"}, "/owner_team"),
        ({"status_url": "javascript:alert(1)"}, "/status_url"),
        ({"status_url": "https://user:word@x.example"}, "/status_url"),
        ({"key_expires_on": date(2101, 1, 1)}, "/key_expires_on"),
        ({"used_by": ["gone"]}, "/used_by"),
        ({"contact": "x" * 301}, "/contact"),
    ],
)
def test_each_wrong_value_is_told_by_place(values: dict[str, object], pointer: str) -> None:
    with refused(InvalidInput) as caught:
        make(**values)  # type: ignore[arg-type]
    assert [one.pointer for one in caught.value.errors] == [pointer]


def test_a_slug_is_taken_once() -> None:
    make()
    with refused(InvalidInput):
        make()


def test_others_than_its_owners_may_not_write_it() -> None:
    made = make()
    stranger = Actor.user(make_user().pk)
    with refused(Forbidden):
        provider_update(actor=stranger, now=NOW, slug=made.slug, name="Mine")
    with refused(Forbidden):
        provider_create(actor=stranger, now=NOW, slug="other", name="Other", owner_team="payments")


def test_stale_retired_and_illegal_moves_are_refused() -> None:
    made = make()
    with refused(Stale):
        provider_update(actor=ROOT, now=NOW, slug=made.slug, version=7, name="X")
    with refused(IllegalMove):
        provider_move(actor=ROOT, now=NOW, slug=made.slug, verb="reinstate")
    provider_move(actor=ROOT, now=NOW, slug=made.slug, verb="retire")
    with refused(Conflict, "retired"):
        provider_update(actor=ROOT, now=NOW, slug=made.slug, name="X")
