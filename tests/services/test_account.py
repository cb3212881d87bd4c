"""Service accounts: made once, disabled and enabled."""

from __future__ import annotations

import pytest

from opsportal.accounts.models import ServiceAccount
from opsportal.accounts.services import (
    service_account_create,
    service_account_disable,
    service_account_enable,
)
from opsportal.audit.models import AuditEntry
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from tests.makers import NOW, ROOT, make_team, make_user
from tests.untouched import nothing_written, refused

pytestmark = pytest.mark.django_db


def test_an_account_is_made_once_and_stays_as_it_is() -> None:
    make_team("platform")
    account = service_account_create(actor=ROOT, now=NOW, slug="ci", description="Pipelines", team="platform")
    assert (account.slug, account.description, account.state) == ("ci", "Pipelines", "active")
    assert account.team is not None
    with nothing_written():
        again = service_account_create(actor=ROOT, now=NOW, slug="ci", description="Other")
    assert again == account
    assert AuditEntry.objects.filter(action="service_account.created").count() == 1


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"slug": "C I"}, "/slug"),
        ({"slug": "ci", "description": "x" * 201}, "/description"),
        ({"slug": "ci", "team": "nobody"}, "/team"),
    ],
)
def test_an_account_with_a_wrong_value_is_refused(values: dict[str, str], pointer: str) -> None:
    with refused(InvalidInput) as caught:
        service_account_create(actor=ROOT, now=NOW, **values)
    assert caught.value.errors[0].pointer == pointer


def test_an_account_is_disabled_and_enabled_step_by_step() -> None:
    service_account_create(actor=ROOT, now=NOW, slug="ci")
    assert service_account_disable(actor=ROOT, now=NOW, slug="ci", version=1).state == "disabled"
    with refused(IllegalMove, "illegal_move"):
        service_account_disable(actor=ROOT, now=NOW, slug="ci")
    with refused(Stale):
        service_account_enable(actor=ROOT, now=NOW, slug="ci", version=1)
    assert service_account_enable(actor=ROOT, now=NOW, slug="ci", version=2).state == "active"
    with refused(NotFound):
        service_account_enable(actor=ROOT, now=NOW, slug="nobody")


def test_only_administrators_write_accounts() -> None:
    service_account_create(actor=ROOT, now=NOW, slug="ci")
    person = make_user()
    for actor in (person.actor, Actor.service_account("1"), Actor.anonymous()):
        with refused(Forbidden):
            service_account_create(actor=actor, now=NOW, slug="other")
        with refused(Forbidden):
            service_account_disable(actor=actor, now=NOW, slug="ci")
    admin = make_user(staff=True)
    service_account_disable(actor=admin.actor, now=NOW, slug="ci")
    assert ServiceAccount.objects.get().state == "disabled"
