"""Calling addresses that somebody gave (B12, F13): which are called, and what comes of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import ssl
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.core import outbound
from opsportal.core.addresses import may_be_called, networks_of
from opsportal.core.signatures import new_secret, signed_headers
from tests.receivers import Manner, Receiver, receiver

__all__ = ["receiver"]

INNER = ["127.0.0.1", "127.8.8.8", "::1", "10.0.0.1", "172.16.5.5", "192.168.1.1", "100.64.0.1", "fc00::1"]
INNER += ["::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::10.0.0.1", "2002:7f00:1::", "::127.0.0.1"]
NEVER = ["0.0.0.0", "169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"]
NEVER += ["168.63.129.16", "100.100.100.200", "fe80::1", "224.0.0.1", "255.255.255.255", "::", "ff02::1"]


@pytest.mark.parametrize("address", INNER + NEVER)
def test_inner_addresses_are_not_called(address: str) -> None:
    assert not may_be_called(address, ())


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are(address: str) -> None:
    assert may_be_called(address, ())


@pytest.mark.parametrize("address", NEVER)
def test_some_are_not_called_even_where_every_network_is_allowed(address: str) -> None:
    assert not may_be_called(address, networks_of(["0.0.0.0/0", "::/0"]))


def test_an_own_network_opens_itself_and_no_other() -> None:
    own = networks_of(["10.1.0.0/16"])
    assert may_be_called("10.1.2.3", own)
    assert may_be_called("::ffff:10.1.2.3", own)
    assert not may_be_called("10.2.0.1", own)
    assert not may_be_called("127.0.0.1", own)


@given(st.integers(0, 2**32 - 1))
def test_a_mapped_address_passes_only_where_the_plain_one_does(number: int) -> None:
    plain = IPv4Address(number)
    mapped = IPv6Address(0xFFFF_0000_0000 + number)
    assert may_be_called(str(mapped), ()) == may_be_called(str(plain), ())


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("file:///etc/passwd", "scheme_not_allowed"),
        ("gopher://example.org/1", "scheme_not_allowed"),
        ("ftp://example.org/", "scheme_not_allowed"),
        ("//example.org/", "scheme_not_allowed"),
        ("http://user@127.0.0.1/", "address_with_user"),
        ("http://good.example\\@127.0.0.1/", "address_unusable"),
        ("http://exa mple.org/", "address_unusable"),
        ("http://example.org/\r\nX-Evil: 1", "address_unusable"),
        ("http://example.org:99999/", "address_unusable"),
        ("http://example.org:0/", "address_unusable"),
        ("http:///nowhere", "address_unusable"),
        ("http://[::1/", "address_unusable"),
        ("http://ⅼocalhost/", "address_unusable"),
    ],
)
def test_addresses_that_are_none_of_ours(url: str, code: str) -> None:
    with pytest.raises(outbound.NotAllowedError) as refused:
        outbound.post(url, b"", headers={})
    assert refused.value.code == code


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "0.0.0.0",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[::ffff:10.0.0.1]",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "10.0.0.1",
        "100.64.0.1",
        "localhost",
    ],
)
def test_every_spelling_of_an_inner_address_is_refused_before_anything_is_sent(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound._PlainSocket, "connect", _must_not_connect)
    with pytest.raises(outbound.NotAllowedError, match="address_not_allowed"):
        outbound.post(f"http://{host}/", b"", headers={})


def _must_not_connect(*_: object) -> None:
    raise AssertionError("connected")


def resolves_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str] | OSError) -> list[str]:
    """Let names resolve to these, one answer after the other; return the list of names asked for."""
    asked: list[str] = []
    left = list(answers)

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        answer = left.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answer]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def test_a_name_is_resolved_once_and_the_checked_address_is_the_one_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolves_to(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
    answer = outbound.post(f"http://changes.example:{receiver.port}/hook", b"hello", headers={})
    assert asked == ["changes.example"]
    assert answer.status == 200
    assert receiver.calls[0].headers["host"] == f"changes.example:{receiver.port}"


def test_a_name_that_leads_inside_at_the_second_call_is_refused_then(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolves_to(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
    url = f"http://changes.example:{receiver.port}/hook"
    outbound.post(url, b"", headers={})
    with pytest.raises(outbound.NotAllowedError):
        outbound.post(url, b"", headers={})
    assert len(receiver.calls) == 1


def test_one_inner_address_among_public_ones_spoils_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves_to(monkeypatch, ["93.184.216.34", "10.0.0.1"])
    monkeypatch.setattr(outbound._PlainSocket, "connect", _must_not_connect)
    with pytest.raises(outbound.NotAllowedError):
        outbound.post("http://both.example/", b"", headers={})


def test_a_name_that_is_not_found_is_not_called_and_switches_nothing_off(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolves_to(monkeypatch, socket.gaierror("away"), ["10.0.0.1"], [])
    with pytest.raises(outbound.NotReachedError, match="name_not_found"):
        outbound.post("http://late.example/", b"", headers={})
    with pytest.raises(outbound.NotAllowedError):
        outbound.post("http://late.example/", b"", headers={})
    with pytest.raises(outbound.NotReachedError, match="name_not_found"):
        outbound.post("http://late.example/", b"", headers={})


def test_the_deadline_holds_while_a_name_is_looked_up(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.OUTBOUND_SECONDS = 0.05
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: receiver._over.wait(60))
    with pytest.raises(outbound.NotReachedError, match="timeout"):
        outbound.post("http://slow.example/", b"", headers={})


@pytest.mark.parametrize("manner", ["hangs", "drips"])
def test_who_does_not_answer_is_left_at_the_deadline(
    receiver: Receiver, manner: Manner, settings: Any
) -> None:
    settings.OUTBOUND_SECONDS = 0.2
    receiver.manner = manner
    with pytest.raises(outbound.NoAnswerError, match="timeout"):
        outbound.post(receiver.url, b"hello", headers={})


def test_a_reset_is_no_answer(receiver: Receiver) -> None:
    receiver.manner = "resets"
    with pytest.raises(outbound.NoAnswerError, match="connection_lost"):
        outbound.post(receiver.url, b"hello", headers={})


def test_of_a_flood_only_the_beginning_is_read(receiver: Receiver) -> None:
    receiver.manner = "floods"
    answer = outbound.post(receiver.url, b"hello", headers={})
    assert answer.is_success
    assert answer.cut
    assert len(answer.body) == outbound.ANSWER_LIMIT


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    receiver.manner = "redirects"
    assert outbound.post(receiver.url, b"hello", headers={}).status == 302
    assert len(receiver.calls) == 1


@pytest.mark.parametrize("status", [200, 204, 404, 429, 500])
def test_every_status_comes_back(receiver: Receiver, status: int) -> None:
    receiver.status = status
    receiver.headers = {"Retry-After": "7"}
    answer = outbound.post(f"{receiver.url}/a?b=c", b"hello", headers={"X-Own": "1"})
    assert (answer.status, answer.headers["retry-after"]) == (status, "7")
    call = receiver.calls[0]
    assert (call.method, call.path, call.body, call.headers["x-own"]) == ("POST", "/a?b=c", b"hello", "1")


def test_nobody_there_is_not_reached(receiver: Receiver) -> None:
    receiver.stop()
    with pytest.raises(outbound.NotReachedError, match="connection_failed"):
        outbound.post(receiver.url, b"hello", headers={})


def test_who_objects_before_the_hand_over_keeps_it_from_being_sent(receiver: Receiver) -> None:
    class OursNoLongerError(Exception):
        pass

    def object_to_it() -> None:
        raise OursNoLongerError

    with pytest.raises(OursNoLongerError):
        outbound.post(receiver.url, b"hello", headers={}, before_hand_over=object_to_it)
    assert receiver.calls == []


def test_a_header_cannot_carry_a_second_one(receiver: Receiver) -> None:
    with pytest.raises(outbound.NotAllowedError, match="message_unusable"):
        outbound.post(receiver.url, b"", headers={"X-Own": "1\r\nX-Evil: 1"})
    assert receiver.calls == []


def test_a_plain_answer_to_a_tls_greeting_is_not_reached(receiver: Receiver, settings: Any) -> None:
    settings.OUTBOUND_SECONDS = 0.5
    with pytest.raises(outbound.NotReachedError):
        outbound.post(receiver.url.replace("http:", "https:"), b"", headers={})
    assert isinstance(outbound._tls(), ssl.SSLContext)


def test_what_is_sent_is_signed_under_both_secrets_while_one_is_exchanged() -> None:
    old, new = new_secret(), new_secret()
    at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    headers = signed_headers(b'{"a":1}', message_id="msg_1", at=at, secrets=[new, old])
    content = b'msg_1.%d.{"a":1}' % int(at.timestamp())
    expected = [
        base64.b64encode(
            hmac.new(base64.b64decode(secret.removeprefix("whsec_")), content, hashlib.sha256).digest()
        )
        for secret in (new, old)
    ]
    assert headers == {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(f"v1,{each.decode()}" for each in expected),
    }


def test_a_known_answer_of_the_published_libraries() -> None:
    headers = signed_headers(
        b'{"test": 2432232314}',
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
        secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
