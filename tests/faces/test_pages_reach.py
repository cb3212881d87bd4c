"""The pages on which people say how to be reached, and administrators set up channels."""

from __future__ import annotations

import pytest
from django.test import Client

from opsportal.accounts.models import User
from opsportal.core.clock import edge_now
from opsportal.notify.channels.twilio import SmsWay
from opsportal.notify.codes import code_of
from opsportal.notify.models import ChannelTarget, ContactMethod, Page, ReachPlan
from opsportal.notify.services import deliveries_send, page
from opsportal.notify.services.targets import sealed_of
from tests.makers import make_user
from tests.receivers import Receiver, receiver
from tests.services.test_page import FakeWay, fakes, verified
from tests.untouched import nothing_written

__all__ = ["fakes", "receiver"]
pytestmark = pytest.mark.django_db
NUMBER = "+49 151 12345678"


@pytest.fixture
def ada() -> User:
    return make_user("ada@example.org", name="Ada Park")


def reader(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_a_way_is_added_verified_tested_and_confirmed(ada: User, fakes: dict[str, FakeWay]) -> None:
    client = reader(ada)
    response = client.post("/account/reach/add/", {"kind": "sms", "address": NUMBER}, follow=True)
    assert response.status_code == 200
    row = ContactMethod.objects.get()
    wrong = client.post(f"/account/reach/{row.pk}/verify/", {f"{row.pk}-code": "1"})
    assert (wrong.status_code, "This is not the code" in wrong.content.decode()) == (400, True)
    code = code_of(row.pk, row.code_nonce)
    client.post(f"/account/reach/{row.pk}/verify/", {f"{row.pk}-code": code})
    row.refresh_from_db()
    assert row.state == "verified"
    text = client.post(f"/account/reach/{row.pk}/test/", follow=True).content.decode()
    assert "Did it arrive?" in text
    test = Page.objects.get(purpose="test")
    client.post(f"/pages/{test.pk}/acknowledge/")
    text = client.get("/account/reach/").content.decode()
    assert "Did it arrive?" not in text
    assert "Something last arrived" in text
    client.post(f"/account/reach/{row.pk}/remove/")
    assert ContactMethod.objects.get().address == ""


def test_the_order_shows_what_counts_and_takes_what_is_chosen(ada: User, fakes: dict[str, FakeWay]) -> None:
    row = verified(ada, "voice")
    client = reader(ada)
    text = client.get("/account/reach/").content.decode()
    assert f'name="high_{row.pk}"' in text
    client.post(
        "/account/reach/order/", {f"high_{row.pk}": "2", "high_account": "", "low_account": "0", "version": 0}
    )
    plan = ReachPlan.objects.get()
    assert plan.high == [{"method": str(row.pk), "after": 2}]
    assert plan.low == [{"method": "account", "after": 0}]
    stale = client.post("/account/reach/order/", {"high_account": "0", "version": 0})
    assert stale.status_code == 409
    wrong = client.post("/account/reach/order/", {"high_account": "7", "version": 1})
    assert wrong.status_code == 400


def test_a_wrong_number_keeps_what_was_typed(ada: User, fakes: dict[str, FakeWay]) -> None:
    fakes["sms"].clean = SmsWay().clean  # type: ignore[method-assign]
    client = reader(ada)
    with nothing_written():
        response = client.post("/account/reach/add/", {"kind": "sms", "address": "0151 <b>"})
    assert response.status_code == 400
    assert "0151 &lt;b&gt;" in response.content.decode()


def test_the_ledger_of_a_page_is_for_its_person_and_administrators(
    ada: User, fakes: dict[str, FakeWay]
) -> None:
    (row,) = page(
        now=edge_now(), page_key="k", recipients=[ada.pk], subject="Down", body="", reference="INC-9"
    )
    deliveries_send(clock=edge_now)
    text = reader(ada).get(f"/pages/{row.pk}/").content.decode()
    assert "receipt-1" in text
    assert reader(make_user(staff=True)).get(f"/pages/{row.pk}/").status_code == 200
    assert reader(make_user()).get(f"/pages/{row.pk}/").status_code == 403


def test_a_receiver_is_set_up_tested_and_its_secrets_are_shown_once(receiver: Receiver) -> None:
    client = reader(make_user(staff=True))
    address = f"{receiver.url}/hook?key=hush-hush"
    fields = {"slug": "ops-program", "title": "Ops program", "kind": "webhook", "address": address}
    text = client.post("/channels/", fields).content.decode()
    assert "whsec_" in text
    row = ChannelTarget.objects.get()
    again = client.get("/channels/").content.decode()
    assert "whsec_" not in again
    assert "hush-hush" not in again + text + row.sealed + str(list(ChannelTarget.history.values_list()))
    client.post("/channels/ops-program/test/")
    assert deliveries_send(clock=edge_now) == 1
    assert receiver.calls[0].path == "/hook?key=hush-hush"
    text = client.post("/channels/ops-program/secret/").content.decode()
    assert "whsec_" in text
    row.refresh_from_db()
    assert len(sealed_of(row).secrets) == 2
    elsewhere = {"address": f"{receiver.url}/other", "version": row.version}
    assert client.post("/channels/ops-program/address/", elsewhere).status_code == 302
    client.post("/channels/ops-program/switch-off/")
    row.refresh_from_db()
    assert (row.state, sealed_of(row).address) == ("off", f"{receiver.url}/other")
    assert client.post("/channels/ops-program/test/").status_code == 409


def test_only_administrators_set_up_receivers_and_auditors_look(receiver: Receiver) -> None:
    fields = {"slug": "x", "title": "X", "kind": "webhook", "address": receiver.url}
    auditor = make_user(is_auditor=True)
    assert reader(auditor).get("/channels/").status_code == 200
    for client in (reader(auditor), reader(make_user())):
        with nothing_written(at_an_edge=True):
            assert client.post("/channels/", fields).status_code == 403
    assert reader(make_user()).get("/channels/").status_code == 403


def test_a_wrong_address_is_said_at_its_field(receiver: Receiver) -> None:
    client = reader(make_user(staff=True))
    fields = {"slug": "x", "title": "X", "kind": "webhook", "address": "ftp://files.example/"}
    response = client.post("/channels/", fields)
    assert response.status_code == 400
    assert "Give a complete address" in response.content.decode()
