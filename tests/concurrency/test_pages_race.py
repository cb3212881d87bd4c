"""Several workers and several people at one page: it goes out once, is acknowledged once, ends once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from opsportal.accounts.models import User
from opsportal.core.clock import database_now
from opsportal.core.errors import Conflict, Refusal
from opsportal.notify.channels import Envelope, TryAgainError, ways
from opsportal.notify.codes import MOST_TRIES
from opsportal.notify.models import ContactMethod, Delivery, DeliveryAttempt, Page
from opsportal.notify.services import (
    contact_method_add,
    contact_method_verify,
    deliveries_send,
    page,
    page_acknowledge,
    page_stop,
)
from opsportal.outbox import topics
from opsportal.outbox.models import OutboxMessage
from tests.databases import Database
from tests.makers import NOW, make_user
from tests.racing import overtaken, race


class CountingWay:
    """Counts what it hands over."""

    title = hint = "Counting"
    for_people = for_targets = True
    own_circuit = False
    tries = 3

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.fails = False
        self._guard = threading.Lock()

    def clean(self, address: object) -> str:
        return str(address)

    def is_configured(self) -> bool:
        return True

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> str:
        before_hand_over()
        if self.fails:
            raise TryAgainError("smtp 451")
        with self._guard:
            self.sent[str(envelope.delivery_id)] += 1
        return "receipt"


@pytest.fixture
def way(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> CountingWay:
    counting = CountingWay()
    for kind in ("email", "sms"):
        monkeypatch.setitem(ways._entries, kind, counting)
    monkeypatch.setitem(topics._handlers.setdefault("notify.page.acknowledged", {}), "test", lambda _: None)
    return counting


def wake(person: User, key: str = "INC-9:1") -> list[Page]:
    return page(now=NOW, page_key=key, recipients=[person.pk], subject="Down", body="", reference="INC-9")


def send() -> int:
    return deliveries_send(clock=database_now)


def told() -> int:
    return OutboxMessage.objects.filter(topic="notify.page.acknowledged", handler="test").count()


def test_two_workers_of_four_hands_each_hand_over_each_step_once(way: CountingWay) -> None:
    people = [make_user() for _ in range(20)]
    page(now=NOW, page_key="k", recipients=[person.pk for person in people], subject="Down", body="")

    def work() -> int:
        return deliveries_send(clock=database_now, hands=4)

    counts = race(work, work)
    assert [count for count in counts if not isinstance(count, int)] == []
    assert set(way.sent.values()) == {1}
    assert len(way.sent) == 20
    assert set(DeliveryAttempt.objects.values_list("number", "outcome", "receipt")) == {
        (1, "sent", "receipt")
    }


def test_who_page_the_same_person_at_once_leave_one_page_waiting(way: CountingWay) -> None:
    ada = make_user()
    rows = race(*[lambda key=f"INC-9:{number}": wake(ada, key) for number in range(5)], lambda: wake(ada))
    assert [row for row in rows if isinstance(row, Exception)] == []
    assert Counter(Page.objects.values_list("state", flat=True)) == {"paging": 1, "superseded": 4}
    assert Delivery.objects.filter(state="waiting").count() == 1


def test_acknowledged_from_everywhere_at_once_it_is_told_once(way: CountingWay) -> None:
    ada = make_user()
    (row,) = wake(ada)

    def acknowledge() -> str:
        return page_acknowledge(actor=ada.actor, now=NOW, pk=row.pk).state

    assert race(*[acknowledge] * 6) == ["acknowledged"] * 6
    assert told() == 1


def test_to_acknowledge_to_stop_to_send_and_to_fail_at_once_ends_in_peace(way: CountingWay) -> None:
    way.fails = True
    for number in range(8):
        ada = make_user()
        ContactMethod.objects.create(
            user=ada, kind="sms", address="x", state="verified", created_at=NOW, verified_at=NOW
        )
        (row,) = wake(ada, f"k{number}")
        Delivery.objects.filter(page=row).update(tries=2, due_at=NOW - timedelta(hours=1))

        def acknowledge(person: User = ada, pk: object = row.pk) -> object:
            try:
                return page_acknowledge(actor=person.actor, now=NOW, pk=pk).state  # type: ignore[arg-type]
            except Conflict as refusal:
                return refusal.code

        outcomes = race(send, acknowledge, lambda: page_stop(now=NOW, reference="INC-9"), send)
        assert [each for each in outcomes if isinstance(each, Exception)] == []
        row.refresh_from_db()
        assert row.state in {"acknowledged", "stopped"}
        assert not Delivery.objects.filter(page=row, state="waiting").exists()


def test_twenty_guesses_at_once_count_as_many_as_are_allowed(way: CountingWay) -> None:
    ada = make_user()
    row = contact_method_add(actor=ada.actor, now=NOW, kind="sms", address="+4915112345678")

    def guess() -> str:
        try:
            contact_method_verify(actor=ada.actor, now=NOW, pk=row.pk, code="no")
        except Refusal as refusal:
            return refusal.code
        return "right"

    assert Counter(race(*[guess] * 20)) == {"invalid": MOST_TRIES, "too_many": 20 - MOST_TRIES}


def test_who_acknowledges_while_a_newer_page_takes_over_has_acknowledged_that_one(way: CountingWay) -> None:
    person = make_user()
    (older,) = wake(person)
    (newer,), ended = overtaken(
        lambda: wake(person, "INC-9:2"),
        lambda: page_acknowledge(actor=person.actor, now=NOW, pk=older.pk),
    )
    assert (ended.pk, ended.state) == (newer.pk, "acknowledged")
    assert told() == 1
