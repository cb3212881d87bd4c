"""Several ticks at once, and a new day meanwhile: each team is told of each key once, and of no day twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsportal.audit.models import AuditEntry
from opsportal.catalog.models import Provider
from opsportal.catalog.services import keys_remind, provider_create, provider_update
from opsportal.notify.models import Notification
from opsportal.outbox.services import messages_handle
from tests.databases import Database
from tests.makers import NOW, ROOT, make_team, make_user
from tests.racing import race

LAST = NOW.date() + timedelta(days=7)
LATER = LAST + timedelta(days=300)


@pytest.fixture(autouse=True)
def _providers(fresh_database: Database) -> None:
    make_team("payments", make_user())
    for number in range(10):
        provider_create(
            actor=ROOT, now=NOW, slug=f"p{number}", name="P", owner_team="payments", key_expires_on=LAST
        )


def tick() -> int:
    return keys_remind(clock=lambda: NOW)


def handle() -> int:
    return messages_handle(clock=lambda: NOW)


def test_ticks_at_once_tell_of_each_key_once() -> None:
    assert sum(one for one in race(tick, tick, tick) if isinstance(one, int)) == 10
    race(handle, handle)
    assert AuditEntry.objects.filter(action="provider.reminded").count() == 10
    assert Notification.objects.filter(topic="catalog.keys").count() == 10


def test_a_new_day_that_is_entered_meanwhile_stays_due() -> None:
    def renew() -> Provider:
        return provider_update(actor=ROOT, now=NOW, slug="p9", key_expires_on=LATER)

    outcome = race(tick, renew, tick)
    assert [one for one in outcome if isinstance(one, Exception)] == []
    row = Provider.objects.get(slug="p9")
    assert (row.key_expires_on, row.remind_on) == (LATER, LATER - timedelta(days=30))
    assert Provider.objects.filter(remind_on=LAST - timedelta(days=1)).count() == 9
