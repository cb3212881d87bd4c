"""By which ways somebody can be reached: verified by a code, tested with a receipt, put in order."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from opsportal.accounts.models import User
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, IllegalMove, InvalidInput, NotFound, Stale
from opsportal.notify.codes import code_of
from opsportal.notify.models import ContactMethod, Notification, Page
from opsportal.notify.selectors import reached_at
from opsportal.notify.services import (
    contact_method_add,
    contact_method_remove,
    contact_method_send_code,
    contact_method_verify,
    contact_test,
    deliveries_send,
    page_acknowledge,
    reach_plan_choose,
    reach_remind,
)
from tests.makers import NOW, make_user
from tests.services.test_page import FakeWay, fakes
from tests.untouched import refused

__all__ = ["fakes"]
pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
NUMBER = "+4915112345678"


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org")


def add(person: User, address: str = NUMBER) -> ContactMethod:
    return contact_method_add(actor=person.actor, now=NOW, kind="sms", address=address)


def sent_code(row: ContactMethod) -> str:
    row.refresh_from_db()
    return code_of(row.pk, row.code_nonce)


def verify(person: User, row: ContactMethod, code: str, at: Any = NOW) -> ContactMethod:
    return contact_method_verify(actor=person.actor, now=at, pk=row.pk, code=code)


def verified(person: User) -> ContactMethod:
    row = add(person)
    return verify(person, row, sent_code(row))


def test_the_code_that_arrives_verifies_it(ada: User, fakes: dict[str, FakeWay]) -> None:
    row = add(ada)
    assert row.state == "unverified"
    deliveries_send(clock=lambda: NOW)
    (envelope,) = fakes["sms"].sent
    assert envelope.address == NUMBER
    code = envelope.body.split()[0]
    assert code == sent_code(row)
    assert len(code) == 6
    row = verify(ada, row, f" {code[:3]} {code[3:]} ", NOW + 9 * MINUTE)
    assert (row.state, row.verified_at, row.code_nonce) == ("verified", NOW + 9 * MINUTE, "")
    with refused(IllegalMove):
        verify(ada, row, code)


def test_the_code_stands_nowhere_in_the_database(ada: User, fakes: dict[str, FakeWay]) -> None:
    row = add(ada)
    code = sent_code(row)
    deliveries_send(clock=lambda: NOW)
    kept = [str(list(model.objects.values_list())) for model in (ContactMethod, Page)]
    assert code not in "".join(kept)
    assert NUMBER not in str(list(ContactMethod.history.values_list()))


def test_five_wrong_codes_end_it_and_a_new_code_begins_anew(ada: User, fakes: dict[str, FakeWay]) -> None:
    row = add(ada)
    wrong = "000000" if sent_code(row) != "000000" else "000001"
    for _ in range(5):
        with pytest.raises(InvalidInput):
            verify(ada, row, wrong)
    with refused(Conflict, "too_many"):
        verify(ada, row, sent_code(row))
    contact_method_send_code(actor=ada.actor, now=NOW + MINUTE, pk=row.pk)
    assert verify(ada, row, sent_code(row), NOW + MINUTE).state == "verified"


def test_a_code_is_good_for_ten_minutes(ada: User, fakes: dict[str, FakeWay]) -> None:
    row = add(ada)
    with refused(Conflict, "expired"):
        verify(ada, row, sent_code(row), NOW + 10 * MINUTE)


def test_codes_are_sent_once_a_minute_and_ten_times_a_day(ada: User, fakes: dict[str, FakeWay]) -> None:
    row, now = add(ada), NOW
    with refused(Conflict, "too_soon"):
        contact_method_send_code(actor=ada.actor, now=NOW + timedelta(seconds=59), pk=row.pk)
    for _ in range(9):
        now += MINUTE
        contact_method_send_code(actor=ada.actor, now=now, pk=row.pk)
    with refused(Conflict, "too_many"):
        contact_method_send_code(actor=ada.actor, now=now + MINUTE, pk=row.pk)
    with refused(Conflict, "too_many"):
        contact_method_add(actor=ada.actor, now=now + MINUTE, kind="sms", address="+4915199999999")


def test_it_is_ones_own_and_nobody_elses(ada: User, fakes: dict[str, FakeWay]) -> None:
    row = add(ada)
    other = make_user()
    with refused(NotFound):
        verify(other, row, sent_code(row))
    with refused(NotFound):
        contact_method_remove(actor=other.actor, now=NOW, pk=row.pk)
    with refused(NotFound):
        contact_test(actor=other.actor, now=NOW, pk=row.pk)
    with refused(Forbidden):
        contact_method_add(actor=Actor.system("tick"), now=NOW, kind="sms", address=NUMBER)


def test_what_cannot_be_added(ada: User, fakes: dict[str, FakeWay]) -> None:
    add(ada)
    with refused(Conflict, "exists"):
        add(ada)
    with refused(InvalidInput, "unknown"):
        contact_method_add(actor=ada.actor, now=NOW, kind="pigeon", address="x")
    with refused(InvalidInput, "unknown"):
        contact_method_add(actor=ada.actor, now=NOW, kind="teams", address="https://x.example/")
    with refused(InvalidInput, "exists"):
        contact_method_add(actor=ada.actor, now=NOW, kind="email", address=ada.email)


def test_a_removed_one_keeps_no_address_and_may_be_added_again(ada: User, fakes: dict[str, FakeWay]) -> None:
    row = contact_method_remove(actor=ada.actor, now=NOW, pk=verified(ada).pk)
    assert (row.state, row.address) == ("removed", "")
    with refused(NotFound):
        contact_method_remove(actor=ada.actor, now=NOW, pk=row.pk)
    assert add(ada).pk != row.pk


def test_a_test_is_confirmed_by_who_got_it(ada: User, fakes: dict[str, FakeWay]) -> None:
    method = verified(ada)
    at = NOW + 5 * MINUTE
    row = contact_test(actor=ada.actor, now=at, pk=method.pk)
    with refused(Conflict, "too_soon"):
        contact_test(actor=ada.actor, now=at, pk=method.pk)
    deliveries_send(clock=lambda: at)
    assert fakes["sms"].sent[-1].ack_link
    page_acknowledge(actor=ada.actor, now=at + MINUTE, pk=row.pk)
    method.refresh_from_db()
    assert method.confirmed_at == at + MINUTE
    assert reached_at([ada.pk, make_user().pk]) == {ada.pk: at + MINUTE}
    assert contact_test(actor=ada.actor, now=at, pk=None).deliveries.get().channel == "email"


def test_the_order_is_checked_and_stored(ada: User, fakes: dict[str, FakeWay]) -> None:
    key = str(verified(ada).pk)
    high = [{"method": key, "after": 5}, {"method": "account", "after": 0}]
    row = reach_plan_choose(actor=ada.actor, now=NOW, version=0, high=high, low=[])
    assert row.high == [{"method": "account", "after": 0}, {"method": key, "after": 5}]
    with refused(Stale):
        reach_plan_choose(actor=ada.actor, now=NOW, version=0, high=[], low=[])


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ({"method": "account", "after": -1}, "out_of_range"),
        ({"method": "account", "after": 61}, "out_of_range"),
        ({"method": "account", "after": True}, "out_of_range"),
        ({"method": str(uuid.uuid4()), "after": 0}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_steps_that_are_none(ada: User, step: dict[str, Any], code: str) -> None:
    with refused(InvalidInput, code):
        reach_plan_choose(actor=ada.actor, now=NOW, high=[step], low=[])


def test_not_somebody_elses_way(ada: User, fakes: dict[str, FakeWay]) -> None:
    key = str(verified(make_user()).pk)
    with refused(InvalidInput, "unknown"):
        reach_plan_choose(actor=ada.actor, now=NOW, high=[{"method": key, "after": 0}], low=[])


def test_whoever_has_a_way_that_nothing_came_by_for_a_week_is_asked_once_a_week(
    ada: User, fakes: dict[str, FakeWay]
) -> None:
    verified(ada)
    add(make_user())
    week = timedelta(days=7)
    assert reach_remind(now=NOW + week) == 0
    assert reach_remind(now=NOW + week + MINUTE) == 1
    assert reach_remind(now=NOW + week + 2 * MINUTE) == 0
    assert reach_remind(now=NOW + 2 * week + MINUTE) == 1
    assert set(Notification.objects.values_list("recipient", "topic")) == {(ada.pk, "reach.test")}
