"""Each way against a receiver of our own that is well, late, broken, hostile or flooded (F13)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest

from opsportal.core.errors import InvalidInput
from opsportal.core.signatures import new_secret
from opsportal.notify.channels import (
    AddressRefusedError,
    ChannelAwayError,
    Envelope,
    RefusedError,
    SendError,
    TryAgainError,
    ways,
)
from opsportal.notify.channels.slack import is_from_slack, message_of
from opsportal.notify.channels.twilio import is_from_twilio, spoken
from tests.receivers import Manner, Receiver, receiver

__all__ = ["receiver"]

SECRET = new_secret()
ENVELOPE = Envelope(
    delivery_id=UUID("11111111-2222-4333-8444-555555555555"),
    address="",
    subject="Payments are down",
    body="Error rate 40 %",
    link="https://portal.example/incidents/INC-9/",
    urgent=True,
    created_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    correlation_id="abc123",
    ack_link="https://portal.example/ack/opa_x/",
    ack_token="opa_x",
    recipient="Ada Park",
    reference="INC-9",
    about="payments-api",
    secrets=(SECRET,),
    now=datetime(2026, 3, 2, 9, 31, tzinfo=UTC),
)
ADDRESSES = {
    "ntfy": "ada-pages-77",
    "pushover": "u" * 30,
    "slack": "U012AB3CD",
    "sms": "+4915112345678",
    "voice": "+4915112345678",
    "teams": "/hook",
    "mattermost": "/hook",
    "pagerduty": "k" * 32,
    "webhook": "/hook",
}
KINDS = list(ADDRESSES)
FINE: dict[str, Any] = {
    "ok": True,
    "id": "n1",
    "sid": "SM1",
    "request": "p1",
    "dedup_key": "INC-9",
    "ts": "1.2",
}


@pytest.fixture(autouse=True)
def _ours(receiver: Receiver, settings: Any) -> None:
    settings.SLACK_BOT_TOKEN, settings.SLACK_API = "xoxb-secret", receiver.url
    settings.SLACK_SIGNING_SECRET = "signing"
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC1", "twilio-secret"
    settings.TWILIO_FROM = settings.TWILIO_VOICE_FROM = "+15005550006"
    settings.TWILIO_API = settings.PUSHOVER_API = settings.NTFY_URL = settings.PAGERDUTY_EVENTS = receiver.url
    settings.PUSHOVER_TOKEN = settings.NTFY_TOKEN = "push-secret"
    settings.PUBLIC_URL = "https://portal.example"
    receiver.answer = FINE


def send(receiver: Receiver, kind: str, **more: Any) -> str | None:
    address = ADDRESSES[kind]
    address = receiver.url + address if address.startswith("/") else address
    return ways[kind].send(replace(ENVELOPE, address=address, **more), before_hand_over=lambda: None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_receiver_that_is_well_gets_it_once(receiver: Receiver, kind: str) -> None:
    receipt = send(receiver, kind)
    (call,) = receiver.calls
    assert call.method == "POST"
    assert "Payments are down" in call.body.decode().replace("+", " ").replace("%20", " ")
    assert receipt is not None
    assert receipt or kind in {"mattermost", "teams"}


@pytest.mark.parametrize(
    ("manner", "status"),
    [("hangs", 200), ("drips", 200), ("resets", 200), ("redirects", 302), ("answers", 500), ("answers", 429)],
)
@pytest.mark.parametrize("kind", KINDS)
def test_one_that_is_not_costs_one_call_and_one_of_three_errors(
    receiver: Receiver, settings: Any, kind: str, manner: Manner, status: int
) -> None:
    settings.OUTBOUND_SECONDS = 0.2 if manner in {"hangs", "drips"} else 5.0
    receiver.manner, receiver.status = manner, status
    with pytest.raises(SendError) as failed:
        send(receiver, kind)
    assert len(receiver.calls) == 1
    own = ways[kind].own_circuit
    expected: type[SendError] = ChannelAwayError if own else TryAgainError
    if manner == "redirects":
        expected = RefusedError
    if status == 429:
        expected = ChannelAwayError
    assert type(failed.value) is expected
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_there_opens_the_circuit(receiver: Receiver, kind: str) -> None:
    receiver.stop()
    with pytest.raises(ChannelAwayError, match="connection_failed"):
        send(receiver, kind)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"slack"}))
def test_a_flood_is_read_no_further_than_it_must(receiver: Receiver, kind: str) -> None:
    receiver.manner = "floods"
    assert send(receiver, kind) is not None


@pytest.mark.parametrize("kind", ["teams", "mattermost", "webhook"])
@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/", "http://169.254.169.254/latest/", "http://[::1]/"]
)
def test_an_inner_address_is_refused_for_good(settings: Any, kind: str, address: str) -> None:
    settings.OUTBOUND_NETWORKS = []
    with pytest.raises(RefusedError, match="address_not_allowed"):
        ways[kind].send(replace(ENVELOPE, address=address), before_hand_over=lambda: None)


@pytest.mark.parametrize("kind", KINDS)
def test_who_objects_at_the_last_moment_keeps_it(receiver: Receiver, kind: str) -> None:
    class NotOursError(Exception):
        pass

    def object_to_it() -> None:
        raise NotOursError

    address = ADDRESSES[kind]
    address = receiver.url + address if address.startswith("/") else address
    with pytest.raises(NotOursError):
        ways[kind].send(replace(ENVELOPE, address=address), before_hand_over=object_to_it)
    assert receiver.calls == []


def test_how_long_to_be_left_in_peace_is_heard(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": "40"}
    with pytest.raises(ChannelAwayError) as away:
        send(receiver, "slack")
    assert away.value.retry_after == timedelta(seconds=40)


@pytest.mark.parametrize(
    ("kind", "status", "answer", "error"),
    [
        ("slack", 200, {"ok": False, "error": "channel_not_found"}, AddressRefusedError),
        ("slack", 200, {"ok": False, "error": "invalid_auth"}, ChannelAwayError),
        ("slack", 200, {"ok": False, "error": "internal_error"}, TryAgainError),
        ("slack", 200, {"ok": False, "error": "msg_too_long"}, RefusedError),
        ("slack", 200, "not json at all", TryAgainError),
        ("sms", 400, {"code": 21211}, AddressRefusedError),
        ("sms", 400, {"code": 21610}, AddressRefusedError),
        ("sms", 400, {"code": 21620}, RefusedError),
        ("voice", 401, {"code": 20003}, ChannelAwayError),
        ("pushover", 400, {"user": "invalid"}, AddressRefusedError),
        ("pagerduty", 400, {"status": "invalid event"}, RefusedError),
        ("teams", 200, b"Webhook failed: HTTP error 429", ChannelAwayError),
        ("webhook", 410, {}, RefusedError),
    ],
)
def test_what_providers_say_is_understood(
    receiver: Receiver, kind: str, status: int, answer: Any, error: type[SendError]
) -> None:
    receiver.status, receiver.answer = status, answer
    with pytest.raises(SendError) as failed:
        send(receiver, kind)
    assert type(failed.value) is error


def test_a_webhook_is_signed(receiver: Receiver) -> None:
    send(receiver, "webhook")
    (call,) = receiver.calls
    stamp, identifier = call.headers["webhook-timestamp"], call.headers["webhook-id"]
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    mac = hmac.new(key, f"{identifier}.{stamp}.".encode() + call.body, hashlib.sha256).digest()
    assert call.headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    assert call.json["data"]["reference"] == "INC-9"


def test_what_each_provider_is_asked(receiver: Receiver) -> None:
    for kind in ("ntfy", "pushover", "slack", "sms", "pagerduty"):
        send(receiver, kind)
    ntfy, pushover, slack, text, pagerduty = receiver.calls
    assert (ntfy.path, ntfy.json["topic"], ntfy.json["priority"]) == ("/", "ada-pages-77", 5)
    assert ntfy.json["actions"][0]["url"] == ENVELOPE.ack_link
    assert (pushover.form["priority"], pushover.form["url"]) == ("1", ENVELOPE.ack_link)
    assert slack.headers["authorization"] == "Bearer xoxb-secret"
    assert slack.json["blocks"][-1]["elements"][0]["value"] == "opa_x"
    assert text.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert ENVELOPE.ack_link in text.form["Body"]
    assert (pagerduty.path, pagerduty.json["dedup_key"]) == ("/v2/enqueue", "INC-9")


HOSTILE = "<!channel> <b>{{7*7}}</b> *bold* [a](http://evil.example) @all \u202eabc\x00 </Say><Hangup/>&"


def test_what_people_wrote_becomes_no_instruction_anywhere(receiver: Receiver) -> None:
    said = ElementTree.fromstring(spoken(replace(ENVELOPE, subject=HOSTILE, body=HOSTILE)))  # noqa: S314
    assert [each.tag for each in said.iter()] == ["Response", "Gather", "Say", "Say"]
    message = message_of(replace(ENVELOPE, subject=HOSTILE, body=HOSTILE))
    assert {block["text"]["type"] for block in message["blocks"] if "text" in block} == {"plain_text"}
    assert "<!channel>" not in message["text"]
    send(receiver, "mattermost", subject=HOSTILE, body=HOSTILE)
    text = receiver.calls[0].json["text"]
    assert "@all" not in text
    assert "[a](" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("sms", "0151 12345"),
        ("sms", "+49"),
        ("sms", 5),
        ("slack", "#ops"),
        ("slack", "ada"),
        ("ntfy", "short"),
        ("ntfy", "has spaces in it"),
        ("pushover", "x"),
        ("pagerduty", "x"),
        ("webhook", "file:///etc/passwd"),
        ("webhook", "https://user@example.org/"),
        ("teams", "example.org"),
        ("email", "no address"),
    ],
)
def test_addresses_that_lead_nowhere_are_not_stored(kind: str, address: object) -> None:
    with pytest.raises(InvalidInput):
        ways[kind].clean(address)


def test_a_number_is_stored_in_one_form() -> None:
    assert ways["sms"].clean(" +49 (151) 123-456 78") == "+4915112345678"


def test_a_way_without_its_settings_is_not_offered(settings: Any) -> None:
    settings.SLACK_BOT_TOKEN = settings.TWILIO_AUTH_TOKEN = settings.PUSHOVER_TOKEN = settings.NTFY_URL = ""
    missing = {kind for kind, way in ways.items() if not way.is_configured()}
    assert missing == {"slack", "sms", "voice", "pushover", "ntfy"}


def slack_signature(body: bytes, stamp: int) -> str:
    return "v0=" + hmac.new(b"signing", b"v0:%d:" % stamp + body, hashlib.sha256).hexdigest()


def test_only_slack_itself_and_only_lately() -> None:
    body, stamp = b"payload=%7B%7D", 1_700_000_000
    good = slack_signature(body, stamp)

    def check(signature: str = good, at: str = str(stamp), now: float = stamp, content: bytes = body) -> bool:
        return is_from_slack(content, stamp=at, signature=signature, now=now)

    assert check()
    assert check(now=stamp + 300)
    assert not check(now=stamp + 301)
    assert not check(now=stamp - 301)
    assert not check(content=b"payload=other")
    assert not check(signature=good.upper())
    assert not check(signature="")
    assert not check(at="")
    assert not check(at="١٧٠٠٠٠٠٠٠٠")


def test_without_a_signing_secret_nothing_is_from_slack(settings: Any) -> None:
    settings.SLACK_SIGNING_SECRET = ""
    signature = "v0=" + hmac.new(b"", b"v0:1:", hashlib.sha256).hexdigest()
    assert not is_from_slack(b"", stamp="1", signature=signature, now=1)


def test_twilios_own_example_of_a_signature(settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = "12345"
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    url = "https://example.com/myapp.php?foo=1&bar=2"
    signature = "L/OH5YylLD5NRKLltdqwSvS0BnU="
    assert is_from_twilio(url, fields, signature=signature)
    assert not is_from_twilio(url, {**fields, "Digits": "9"}, signature=signature)
    assert not is_from_twilio(url, fields, signature="")


def test_every_way_says_what_it_is_and_gives_up_in_the_end() -> None:
    assert all(way.title and way.hint and (way.for_people or way.for_targets) for way in ways.values())
    assert {way.tries for kind, way in ways.items() if kind != "email"} == {3}
