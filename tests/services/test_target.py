"""Receivers that are no person: sealed, signed, written to once, and gone round where they are away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Stale
from opsportal.notify.models import ChannelHealth, ChannelTarget, Delivery, Page
from opsportal.notify.services import (
    deliveries_send,
    page_acknowledge,
    page_stop,
    target_add,
    target_change_address,
    target_send,
    target_switch,
)
from tests.makers import NOW, make_user
from tests.receivers import Receiver, receiver
from tests.untouched import refused

__all__ = ["receiver"]
pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def root() -> Actor:
    return make_user(staff=True).actor


def add(root: Actor, receiver: Receiver, slug: str = "ops") -> ChannelTarget:
    row, _ = target_add(
        actor=root, now=NOW, slug=slug, title="Ops", kind="webhook", address=f"{receiver.url}/{slug}"
    )
    return row


def write_to(slug: str = "ops", key: str = "INC-9:1") -> Page | None:
    return target_send(
        now=NOW, page_key=key, target=slug, subject="Payments are down", body="40 %", reference="INC-9"
    )


def send(now: Any = NOW) -> int:
    return deliveries_send(clock=lambda: now)


def test_it_is_written_to_once_for_each_key(root: Actor, receiver: Receiver) -> None:
    add(root, receiver)
    assert write_to() is not None
    assert write_to() is None
    assert write_to("nowhere") is None
    assert send() == 1
    assert [call.path for call in receiver.calls] == ["/ops"]
    assert Delivery.objects.get().attempts.get().receipt == receiver.calls[0].headers["webhook-id"]


def test_one_that_is_away_holds_up_no_other_and_gets_three_tries(root: Actor, receiver: Receiver) -> None:
    broken = Receiver()
    broken.status = 500
    add(root, broken, "broken")
    add(root, receiver)
    first, other = write_to("broken", "a"), write_to("ops", "b")
    assert first is not None
    assert other is not None
    assert send() == 1
    assert [row.name for row in ChannelHealth.objects.all()] == ["webhook:broken"]
    now = NOW
    for _ in range(2):
        now += MINUTE
        assert send(now) == 0
    broken.stop()
    assert len(broken.calls) == 3
    first.refresh_from_db()
    assert (first.state, first.deliveries.get().error) == ("failed", "http 500")
    assert len({call.headers["webhook-id"] for call in broken.calls}) == 1


def test_what_was_stopped_is_not_sent_any_more(root: Actor, receiver: Receiver) -> None:
    add(root, receiver)
    write_to()
    assert page_stop(now=NOW, reference="INC-9") == 1
    assert send() == 0
    assert receiver.calls == []


def test_in_a_room_anybody_who_has_an_account_acknowledges(root: Actor, receiver: Receiver) -> None:
    add(root, receiver)
    row = write_to()
    assert row is not None
    page_acknowledge(actor=make_user().actor, now=NOW, pk=row.pk)
    with refused(Forbidden):
        page_acknowledge(actor=Actor.system("tick"), now=NOW, pk=row.pk)


def test_one_that_is_switched_off_is_gone_round(root: Actor, receiver: Receiver) -> None:
    add(root, receiver)
    write_to()
    target_switch(actor=root, now=NOW, slug="ops", on=False)
    assert write_to(key="other") is None
    assert send() == 0


def test_under_another_key_of_the_portal_the_seal_does_not_open(
    root: Actor, receiver: Receiver, settings: Any
) -> None:
    add(root, receiver)
    write_to()
    write_to(key="later")
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-of-the-portal-that-is-long-enough-for-it"
    settings.SECRET_KEY_FALLBACKS = []
    assert send() == 0
    assert set(Delivery.objects.values_list("state", "error")) == {("dead", "sealed_under_another_key")}
    settings.SECRET_KEY_FALLBACKS = [former]
    write_to(key="last")
    assert send() == 1


def test_what_is_not_set_up(root: Actor, receiver: Receiver) -> None:
    row = add(root, receiver)
    with refused(Conflict, "exists"):
        add(root, receiver)
    with refused(InvalidInput, "unknown"):
        target_add(actor=root, now=NOW, slug="x", title="X", kind="voice", address="+4915112345678")
    with refused(InvalidInput, "not_a_slug"):
        target_add(actor=root, now=NOW, slug="X Y", title="X", kind="webhook", address=receiver.url)
    with refused(NotFound):
        target_switch(actor=root, now=NOW, slug="nowhere", on=False)
    with refused(Stale):
        target_change_address(actor=root, now=NOW, slug="ops", address=receiver.url, version=row.version + 1)
    other = make_user().actor
    with refused(Forbidden):
        target_switch(actor=other, now=NOW, slug="ops", on=False)
