"""Saying "I have it": one's own page, once, also by the link of an older one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from opsportal.accounts.models import User
from opsportal.audit.models import AuditEntry
from opsportal.core.errors import Forbidden, IllegalMove, NotFound
from opsportal.notify.models import Page
from opsportal.notify.services import page_acknowledge, page_stop
from opsportal.outbox import topics
from opsportal.outbox.models import OutboxMessage
from tests.makers import NOW, make_user
from tests.services.test_page import FakeWay, fakes, send, verified, wake
from tests.untouched import nothing_written, refused

__all__ = ["fakes"]
pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=2)


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org")


@pytest.fixture(autouse=True)
def _heard(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = topics._handlers.setdefault("notify.page.acknowledged", {})
    monkeypatch.setitem(heard, "test", lambda message: None)


def told() -> list[Any]:
    rows = OutboxMessage.objects.filter(topic="notify.page.acknowledged", handler="test")
    return list(rows.values_list("payload", flat=True))


def acknowledge(person: User, row: Page) -> Page:
    return page_acknowledge(actor=person.actor, now=LATER, pk=row.pk)


def test_it_ends_the_page_and_tells_who_paged(ada: User, fakes: dict[str, FakeWay]) -> None:
    verified(ada, "voice")
    row = wake(ada)
    send()
    assert acknowledge(ada, row).state == "acknowledged"
    assert send(NOW + timedelta(hours=1)) == 0
    assert told() == [{"reference": "INC-9", "user": str(ada.pk), "at": LATER.isoformat()}]
    entry = AuditEntry.objects.get(action="page.acknowledged")
    assert (entry.actor_kind, entry.actor_id) == ("user", str(ada.pk))


def test_said_again_nothing_is_written(ada: User, fakes: dict[str, FakeWay]) -> None:
    row = wake(ada)
    acknowledge(ada, row)
    with nothing_written():
        acknowledge(ada, row)


def test_nobody_acknowledges_somebody_elses(ada: User, fakes: dict[str, FakeWay]) -> None:
    row, other = wake(ada), make_user()
    with refused(Forbidden):
        acknowledge(other, row)
    with refused(NotFound):
        page_acknowledge(actor=ada.actor, now=NOW, pk=uuid4())


def test_what_is_settled_already_is_not_acknowledged(ada: User, fakes: dict[str, FakeWay]) -> None:
    row = wake(ada)
    page_stop(now=NOW, reference="INC-9")
    with refused(IllegalMove):
        acknowledge(ada, row)


def test_the_link_of_an_older_page_acknowledges_the_newer_one(ada: User, fakes: dict[str, FakeWay]) -> None:
    older = wake(ada)
    newer = wake(ada, "INC-9:2", LATER)
    assert acknowledge(ada, older).pk == newer.pk
    assert len(told()) == 1
