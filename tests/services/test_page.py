"""Paging people: by their steps, once, until somebody says that they have it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from opsportal.accounts.models import User
from opsportal.accounts.services import user_deactivate, user_erase
from opsportal.notify.channels import (
    AddressRefusedError,
    ChannelAwayError,
    Envelope,
    RefusedError,
    TryAgainError,
    ways,
)
from opsportal.notify.models import (
    ChannelHealth,
    ContactMethod,
    Delivery,
    DeliveryAttempt,
    Notification,
    NotificationSettings,
    Page,
    ReachPlan,
)
from opsportal.notify.services import deliveries_send, page, page_stop, pageable
from opsportal.outbox import topics
from opsportal.outbox.models import OutboxMessage
from opsportal.outbox.services import messages_handle
from tests.makers import NOW, ROOT, make_user

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


class FakeWay:
    """Does what the test says and keeps what it sent."""

    title = hint = "Fake"
    for_people = for_targets = True
    tries = 3

    def __init__(self, *, own_circuit: bool = False) -> None:
        self.own_circuit = own_circuit
        self.sent: list[Envelope] = []
        self.fail: Callable[[], Exception | None] = lambda: None
        self.meanwhile: Callable[[], object] = lambda: None

    def clean(self, address: object) -> str:
        return str(address)

    def is_configured(self) -> bool:
        return True

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> str:
        self.meanwhile()
        before_hand_over()
        if error := self.fail():
            raise error
        self.sent.append(envelope)
        return f"receipt-{len(self.sent)}"


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeWay]:
    """Fakes in place of every way that the tests use."""
    fakes = {kind: FakeWay(own_circuit=kind == "webhook") for kind in ("email", "sms", "voice", "webhook")}
    for kind, fake in fakes.items():
        monkeypatch.setitem(ways._entries, kind, fake)
    return fakes


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org", name="Ada Park")


def verified(person: User, kind: str, address: str = "+4915112345678") -> ContactMethod:
    return ContactMethod.objects.create(
        user=person, kind=kind, address=address, state="verified", created_at=NOW, verified_at=NOW
    )


def wake(person: User, key: str = "INC-9:1", now: datetime = NOW, **more: Any) -> Page:
    (row,) = page(
        now=now,
        page_key=key,
        recipients=[person.pk],
        subject="Payments are down",
        body="Error rate 40 %",
        url="/incidents/INC-9/",
        reference="INC-9",
        **more,
    )
    return row


def send(now: datetime = NOW) -> int:
    return deliveries_send(clock=lambda: now)


def turns(row: Page) -> list[tuple[str, str, object]]:
    """Return kind, state and minutes until its turn of each step."""
    return [
        (each.channel, each.state, each.due_at and (each.due_at - NOW) / MINUTE)
        for each in row.deliveries.order_by("position")
    ]


def test_who_chose_nothing_is_reached_by_every_verified_way_the_silent_ones_first(
    ada: User, fakes: dict[str, FakeWay]
) -> None:
    verified(ada, "voice")
    verified(ada, "sms")
    ContactMethod.objects.create(user=ada, kind="webhook", address="x", created_at=NOW)
    assert turns(wake(ada)) == [("email", "waiting", 0), ("sms", "waiting", 1), ("voice", "waiting", 5)]
    assert send() == 1
    assert send(NOW + MINUTE) == 1
    assert send(NOW + 4 * MINUTE) == 0
    assert send(NOW + 5 * MINUTE) == 1
    assert [fakes[kind].sent[0].address for kind in ("email", "sms", "voice")] == [
        "ada@example.org",
        "+4915112345678",
        "+4915112345678",
    ]


def test_the_own_plan_counts_and_what_is_not_verified_any_more_drops_out(
    ada: User, fakes: dict[str, FakeWay]
) -> None:
    text, call = verified(ada, "sms"), verified(ada, "voice")
    plan = [{"method": str(call.pk), "after": 2}, {"method": str(text.pk), "after": 0}]
    ReachPlan.objects.create(user=ada, high=plan, low=[{"method": "account", "after": 0}])
    assert turns(wake(ada)) == [("sms", "waiting", 0), ("voice", "waiting", 2)]
    assert turns(wake(ada, "other", urgency="low")) == [("email", "waiting", 0)]
    ContactMethod.objects.update(state="failed")
    assert turns(wake(ada, "third")) == [("email", "waiting", 0)]


def test_what_is_handed_over_names_the_link_that_acknowledges_it(
    ada: User, fakes: dict[str, FakeWay], settings: Any
) -> None:
    settings.PUBLIC_URL = "https://portal.example"
    wake(ada)
    send()
    (envelope,) = fakes["email"].sent
    assert envelope.subject == "Payments are down"
    assert (envelope.link, envelope.urgent) == ("https://portal.example/incidents/INC-9/", True)
    assert envelope.ack_link == f"https://portal.example/ack/{envelope.ack_token}/"
    assert (envelope.recipient, envelope.reference) == ("Ada Park", "INC-9")
    assert DeliveryAttempt.objects.get().receipt == "receipt-1"


def test_the_same_key_pages_nobody_twice_and_who_is_not_active_is_left_out(
    ada: User, fakes: dict[str, FakeWay]
) -> None:
    gone = make_user()
    user_deactivate(actor=ROOT, now=NOW, user_id=gone.pk)
    people = [ada.pk, gone.pk]
    wanted: dict[str, Any] = {
        "page_key": "k",
        "recipients": people,
        "subject": "Hello",
        "body": "",
        "reference": "INC-9",
    }
    assert [row.recipient_id for row in page(now=NOW, **wanted)] == [ada.pk]
    assert page(now=NOW, **wanted) == []
    assert Page.objects.count() == Delivery.objects.count() == 1
    assert pageable(people) == {ada.pk}


def test_quiet_hours_hold_no_page(ada: User, fakes: dict[str, FakeWay]) -> None:
    NotificationSettings.objects.create(user=ada, quiet_from=time(0), quiet_until=time(20))
    wake(ada, urgency="low")
    assert send() == 1


def test_it_stands_in_the_portals_own_list_too(ada: User, fakes: dict[str, FakeWay]) -> None:
    wake(ada)
    assert Notification.objects.get().subject == "Payments are down"
    assert Delivery.objects.filter(notification__isnull=False).count() == 0


def test_a_newer_page_about_the_same_takes_over_and_the_call_is_not_put_off(
    ada: User, fakes: dict[str, FakeWay]
) -> None:
    verified(ada, "voice")
    older = wake(ada)
    send()
    newer = wake(ada, "INC-9:2", NOW + 3 * MINUTE)
    assert turns(older) == [("email", "sent", None), ("voice", "skipped", None)]
    assert turns(newer) == [("email", "waiting", 3), ("voice", "waiting", 5)]
    older.refresh_from_db()
    assert older.state == "superseded"


def test_what_was_stopped_goes_out_no_more(ada: User, fakes: dict[str, FakeWay]) -> None:
    row = wake(ada)
    wake(make_user(), "other")
    assert page_stop(now=NOW, reference="INC-9") == 2
    assert page_stop(now=NOW, reference="INC-9") == 0
    assert page_stop(now=NOW, reference="") == 0
    assert send() == 0
    row.refresh_from_db()
    assert (row.state, row.ended_at) == ("stopped", NOW)


def test_what_is_stopped_while_it_is_prepared_is_not_handed_over(
    ada: User, fakes: dict[str, FakeWay]
) -> None:
    row = wake(ada)
    fakes["email"].meanwhile = lambda: page_stop(now=NOW, reference="INC-9")
    assert send() == 0
    assert fakes["email"].sent == []
    assert turns(row) == [("email", "skipped", None)]


@pytest.mark.parametrize(
    "error", [TryAgainError("smtp 451"), RefusedError("smtp 550"), ChannelAwayError("away")]
)
def test_when_one_way_fails_the_next_has_its_turn_at_once(
    ada: User, fakes: dict[str, FakeWay], error: Exception
) -> None:
    verified(ada, "voice")
    wake(ada)
    fakes["email"].fail = lambda: error
    assert send() == 1
    assert len(fakes["voice"].sent) == 1


def test_a_page_does_not_wait_behind_a_channel_that_is_away_already(
    ada: User, fakes: dict[str, FakeWay]
) -> None:
    ChannelHealth.objects.create(
        name="email", failing_since=NOW, failures=9, paused_until=NOW + MINUTE, error="away"
    )
    verified(ada, "voice")
    row = wake(ada)
    assert send() == 1
    assert len(fakes["voice"].sent) == 1
    assert turns(row) == [("email", "waiting", 1), ("voice", "sent", None)]
    assert send(NOW + MINUTE) == 1
    assert ChannelHealth.objects.get().failures == 0


def test_three_tries_with_growing_waits_and_then_it_says_so(
    ada: User, fakes: dict[str, FakeWay], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = topics._handlers.setdefault("notify.page.failed", {})
    monkeypatch.setitem(heard, "test", lambda message: None)
    row, now, waits = wake(ada), NOW, []
    fakes["email"].fail = lambda: TryAgainError("smtp 451")
    for _ in range(3):
        assert send(now) == 0
        due = row.deliveries.get().due_at
        waits.append(due and (due - now).total_seconds())
        now = due or now
    assert waits == [5, 10, None]
    row.refresh_from_db()
    assert (row.state, row.deliveries.get().state) == ("failed", "dead")
    assert OutboxMessage.objects.get(topic="notify.page.failed", handler="test").payload == {
        "reference": "INC-9",
        "user": str(ada.pk),
        "target": "",
        "at": now.isoformat(),
    }


def test_a_provider_that_lets_us_wait_costs_a_try_and_the_others_do_not_wait_as_well(
    ada: User, fakes: dict[str, FakeWay]
) -> None:
    asked = list[int]()

    def slow() -> Exception:
        asked.append(1)
        return TryAgainError("timeout", slow=True)

    fakes["email"].fail = slow
    rows = [wake(ada), wake(make_user(), "other")]
    assert send() == 0
    assert len(asked) == 1
    assert sorted(row.deliveries.get().tries for row in rows) == [0, 1]
    assert ChannelHealth.objects.get().paused_until == NOW + timedelta(seconds=5)
    fakes["email"].fail = lambda: None
    assert send(NOW + timedelta(seconds=5)) == 2
    assert ChannelHealth.objects.get().failures == 0


def test_a_receiver_with_a_circuit_of_its_own_holds_up_no_other(ada: User, fakes: dict[str, FakeWay]) -> None:
    hook, other = (
        verified(ada, "webhook", "https://a.example/"),
        verified(make_user(), "webhook", "https://b.example/"),
    )
    ReachPlan.objects.create(user=ada, high=[{"method": str(hook.pk), "after": 0}])
    ReachPlan.objects.create(user=other.user, high=[{"method": str(other.pk), "after": 0}])
    row = wake(ada)
    fakes["webhook"].fail = lambda: ChannelAwayError("timeout")
    assert send() == 0
    assert ChannelHealth.objects.get().name == f"webhook:{hook.pk}"
    fakes["webhook"].fail = lambda: None
    wake(other.user, "other")
    assert send() == 1
    assert [each.address for each in fakes["webhook"].sent] == ["https://b.example/"]
    assert row.deliveries.get().tries == 1
    assert send(NOW + MINUTE) == 1


def test_an_address_that_is_none_any_more_counts_for_nobody(ada: User, fakes: dict[str, FakeWay]) -> None:
    method = verified(ada, "sms")
    ReachPlan.objects.create(user=ada, high=[{"method": str(method.pk), "after": 0}])
    wake(ada)
    fakes["sms"].fail = lambda: AddressRefusedError("twilio 21211")
    send()
    method.refresh_from_db()
    assert (method.state, method.error) == ("failed", "twilio 21211")
    assert method.history.get(state="failed").history_user_id == "system:notify.deliver"


def test_an_erased_person_leaves_no_address_behind(ada: User, fakes: dict[str, FakeWay]) -> None:
    verified(ada, "sms")
    user_erase(actor=ROOT, now=NOW, user_id=ada.pk)
    messages_handle(clock=lambda: NOW)
    assert not ContactMethod.objects.exists()
    assert "+4915112345678" not in str(list(ContactMethod.history.values_list()))
