"""Acknowledging without signing in: a link's button, Slack's button, a text, a digit. Each is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from opsportal.accounts.models import User
from opsportal.accounts.services import user_deactivate
from opsportal.audit.models import AuditEntry
from opsportal.core.clock import edge_now
from opsportal.notify import ack_links
from opsportal.notify.models import Page
from opsportal.notify.services import page, page_stop
from tests.makers import ROOT, make_user
from tests.receivers import Receiver, receiver
from tests.services.test_page import verified
from tests.untouched import nothing_written

__all__ = ["receiver"]
pytestmark = pytest.mark.django_db
NUMBER = "+4915112345678"


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.SLACK_SIGNING_SECRET, settings.TWILIO_AUTH_TOKEN = "signing", "token"
    settings.PUBLIC_URL = "http://testserver"


@pytest.fixture
def ada() -> User:
    person = make_user("ada@example.org", name="Ada Park")
    verified(person, "slack", "U012AB3CD")
    verified(person, "sms", NUMBER)
    return person


def wake(person: User, reference: str = "INC-9") -> Page:
    (row,) = page(
        now=edge_now(),
        page_key=reference,
        recipients=[person.pk],
        subject="Payments <b>are</b> down",
        body="Error rate 40 %",
        url="/incidents/INC-9/",
        reference=reference,
    )
    return row


def state_of(row: Page) -> str:
    row.refresh_from_db()
    return row.state


def link(row: Page, *, hours_ago: int = 0) -> str:
    return f"/ack/{ack_links.token_of(row.pk, now=edge_now() - timedelta(hours=hours_ago))}/"


def test_a_link_shows_whose_page_it_is_and_opening_it_changes_nothing(ada: User) -> None:
    row = wake(ada)
    client = Client(enforce_csrf_checks=True)
    with nothing_written():
        for ask in (client.get, client.head):
            response = ask(link(row))
            assert response.status_code == 200
    text = client.get(link(row)).content.decode()
    assert "Ada Park" in text
    assert "Payments &lt;b&gt;are&lt;/b&gt; down" in text
    assert client.post(link(row)).status_code == 403
    assert state_of(row) == "paging"


def test_its_button_acknowledges_and_may_be_pressed_twice(ada: User) -> None:
    row = wake(ada)
    for _ in range(2):
        response = Client().post(link(row))
        assert response.status_code == 200
        assert "Ada Park has it" in response.content.decode()
    assert state_of(row) == "acknowledged"


def test_a_link_that_is_not_good(ada: User) -> None:
    row = wake(ada)
    bad = [link(row, hours_ago=24), link(row)[:-3] + "x/", "/ack/opa_x/", f"/ack/{row.pk}/", "/ack/opa_é..x/"]
    for path in bad:
        with nothing_written():
            assert Client().get(path).status_code == 404
            assert Client().post(path).status_code == 404
    user_deactivate(actor=ROOT, now=edge_now(), user_id=ada.pk)
    assert Client().post(link(row)).status_code == 404
    assert state_of(row) == "paging"


def test_what_is_settled_says_so(ada: User) -> None:
    row = wake(ada)
    page_stop(now=edge_now(), reference="INC-9")
    assert "settled already" in Client().get(link(row)).content.decode()
    response = Client().post(link(row))
    assert (response.status_code, state_of(row)) == (409, "stopped")


def press(payload: object, *, stamp: int | None = None, signature: str = "") -> int:
    body = urlencode({"payload": json.dumps(payload)})
    at = stamp or int(time.time())
    mac = hmac.new(b"signing", f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": signature or f"v0={mac}"}
    kind = "application/x-www-form-urlencoded"
    return Client().post("/hooks/slack/", body, content_type=kind, headers=headers).status_code


def pressed(row: Page, user: str = "U012AB3CD", url: str = "") -> dict[str, Any]:
    token = ack_links.token_of(row.pk, now=edge_now())
    action = {"action_id": "acknowledge", "value": token}
    return {"type": "block_actions", "user": {"id": user}, "actions": [action], "response_url": url}


def test_slacks_button_acknowledges_for_who_verified_that_account(
    ada: User, receiver: Receiver, settings: Any
) -> None:
    settings.SLACK_API = receiver.url
    row = wake(ada)
    assert press(pressed(row, url=f"{receiver.url}/answer")) == 200
    assert state_of(row) == "acknowledged"
    assert receiver.calls[0].json["text"] == "Acknowledged INC-9 by Ada Park."


def test_slack_from_others_unsigned_or_malformed_acknowledges_nothing(ada: User, receiver: Receiver) -> None:
    row = wake(ada)
    assert press(pressed(row), signature="v0=0") == 403
    assert press(pressed(row), stamp=int(time.time()) - 301) == 403
    assert press(pressed(row, user="U999999999", url=f"{receiver.url}/not-slack")) == 200
    other = make_user()
    verified(other, "slack", "U777777777")
    assert press(pressed(row, user="U777777777")) == 200
    malformed: list[object] = [[], {"actions": 5}, {"actions": [5]}, {"user": 5, "actions": []}, "x", None]
    assert {press(payload) for payload in malformed} == {200}
    assert state_of(row) == "paging"
    assert receiver.calls == []


def twilio(path: str, fields: dict[str, str], *, signature: str = "") -> tuple[int, str]:
    signed = f"http://testserver{path}" + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    mac = base64.b64encode(hmac.new(b"token", signed.encode(), hashlib.sha1).digest()).decode()
    response = Client().post(path, fields, headers={"X-Twilio-Signature": signature or mac})
    return response.status_code, response.content.decode()


def text(body: str, sender: str = NUMBER, **more: Any) -> tuple[int, str]:
    return twilio("/hooks/twilio/text/", {"From": sender, "Body": body}, **more)


def test_a_text_acknowledges_the_one_page_that_waits(ada: User) -> None:
    assert "Nothing waits" in text("ack")[1]
    row = wake(ada)
    assert "Answer ACK" in text("what?")[1]
    assert text("ack", signature="x")[0] == 403
    assert text("ack", sender="+4900000000")[1] == "<Response></Response>"
    assert state_of(row) == "paging"
    assert "Acknowledged INC-9 by Ada Park." in text(" Ack ")[1]
    assert state_of(row) == "acknowledged"


def test_where_several_wait_the_text_names_one(ada: User) -> None:
    nine, ten = wake(ada, "INC-9"), wake(ada, "INC-10")
    assert "Several wait" in text("ACK")[1]
    assert "Acknowledged INC-10" in text("ack inc-10")[1]
    assert (state_of(nine), state_of(ten)) == ("paging", "acknowledged")


def test_a_number_of_several_people_acknowledges_for_none_of_them(ada: User) -> None:
    verified(make_user(), "sms", NUMBER)
    row = wake(ada)
    assert text("ack")[1] == "<Response></Response>"
    assert state_of(row) == "paging"


def test_a_call_acknowledges_by_the_digit(ada: User) -> None:
    row = wake(ada)
    path = link(row).replace("/ack/", "/hooks/twilio/call/")
    assert twilio(path, {"Digits": "4"}, signature="x")[0] == 403
    assert "Not acknowledged" in twilio(path, {"Digits": "1"})[1]
    assert state_of(row) == "paging"
    assert "Acknowledged INC-9" in twilio(path, {"Digits": "4"})[1]
    assert state_of(row) == "acknowledged"


def test_the_secret_of_a_link_is_in_no_log_and_no_audit_entry(
    ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    row = wake(ada)
    page_stop(now=edge_now(), reference="INC-9")
    path = link(row)
    Client().post(path)
    kept = caplog.text + str(list(AuditEntry.objects.values_list()))
    assert path[12:] not in kept
    assert AuditEntry.objects.filter(outcome="refused").exists()
