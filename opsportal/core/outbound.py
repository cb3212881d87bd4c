"""The one door through which the portal calls an address that somebody gave it.

With the standard library's client: what matters here is to which address a socket connects and when it
gives up, and `http.client` leaves both to us (a library above would bring its own resolver, pool,
redirects, and proxies from the environment).

* The name is resolved once, every address that comes back must be allowed, and the socket connects to
  one of those very addresses: a name that changes its mind afterwards changes nothing (B12).
* A redirect is an answer like any other. Nobody follows it.
* All of it together (name, connection, TLS, sending, answer) has one deadline (F13).
* The answer is read up to a limit. Its text is for programs: it never goes to a page or a log.
"""

from __future__ import annotations

import contextlib
import http.client
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from opsportal.core.addresses import may_be_called, networks_of

LONGEST = 10.0
"""Seconds that one call may take in all, whatever the settings say."""
ANSWER_LIMIT = 64 * 1024
_PORTS = {"http": 80, "https": 443}


class OutboundError(Exception):
    """Base of what goes wrong before there is an answer. `code` names no address: it is stored and shown."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotAllowedError(OutboundError):
    """This address is none that the portal calls. It will not get better."""


class NotReachedError(OutboundError):
    """Nobody was reached; nothing of the message was handed over."""


class NoAnswerError(OutboundError):
    """It was handed over, all or in part, and no answer came: it may have arrived."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `headers` have lower-case names; `body` was cut off at the limit where `cut`."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    cut: bool = False

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address leads: its parts, checked."""

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)


def place_of(url: str) -> Place:
    """Return the parts of an absolute http or https address. Raises `NotAllowedError` for any other."""
    if not url.isascii() or any(ord(char) <= 0x20 or char in "\\\x7f" for char in url):
        raise NotAllowedError("address_unusable")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NotAllowedError("address_unusable") from None
    if parts.scheme not in _PORTS:
        raise NotAllowedError("scheme_not_allowed")
    if "@" in parts.netloc:
        raise NotAllowedError("address_with_user")
    if not parts.hostname or port == 0:
        raise NotAllowedError("address_unusable")
    return Place(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], _target_of(parts))


def _target_of(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def post(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    before_hand_over: Callable[[], None] | None = None,
) -> Answer:
    """Send `body` by POST and return the answer, whatever its status; see `call`."""
    return call("POST", url, body, headers=headers, before_hand_over=before_hand_over)


def call(
    method: Literal["GET", "HEAD", "POST", "PUT"],
    url: str,
    body: bytes | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    limit: int = ANSWER_LIMIT,
    seconds: float = LONGEST,
    before_hand_over: Callable[[], None] | None = None,
) -> Answer:
    """Call `url` once and return the answer, whatever its status.

    It all takes `seconds` at most, and `OUTBOUND_SECONDS`, and never more than 10 s. Of its body `limit`
    bytes are read. `before_hand_over` is called when the connection stands and nothing has been sent;
    what it raises passes. No transaction should be open meanwhile. Raises `NotAllowedError`,
    `NotReachedError`, and `NoAnswerError` once anything has been sent.
    """
    place = place_of(url)
    deadline = _Deadline(min(settings.OUTBOUND_SECONDS, seconds, LONGEST))
    connection = _Connection(place, deadline)
    try:
        _connect(connection)
        if before_hand_over is not None:
            before_hand_over()
        request = _Request(method, place.target, body, {**(headers or {}), "Connection": "close"})
        return _exchange(connection, request, limit)
    finally:
        with contextlib.suppress(OSError):
            connection.close()


class _Deadline:
    """An end that counts from now, on the clock that only runs forward."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left. Raises `TimeoutError` where there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _PlainSocket(socket.socket):
    """A socket each of whose steps ends with the deadline of the whole call, however slow the drip."""

    deadline: _Deadline | None = None

    def recv_into(self, *args: Any) -> int:
        _until_deadline(self, self.deadline)
        return super().recv_into(*args)

    def sendall(self, *args: Any) -> None:
        _until_deadline(self, self.deadline)
        super().sendall(*args)


class _TlsSocket(ssl.SSLSocket):
    """The same over TLS, where a large body is sent in many steps."""

    deadline: _Deadline | None = None

    def recv_into(self, *args: Any) -> int:
        _until_deadline(self, self.deadline)
        return super().recv_into(*args)

    def send(self, *args: Any) -> int:
        _until_deadline(self, self.deadline)
        return super().send(*args)


def _until_deadline(one: socket.socket, deadline: _Deadline | None) -> None:
    if deadline is not None:
        one.settimeout(deadline.left())


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was checked: the very one that the socket uses."""

    def __init__(self, place: Place, deadline: _Deadline) -> None:
        super().__init__(place.host, place.port)
        self._place = place
        self._deadline = deadline
        if place.scheme == "https":
            self.default_port = _PORTS["https"]  # the Host header names any other

    def connect(self) -> None:
        """Resolve, check every address, connect to the first that answers, and speak TLS where asked."""
        plain = self._first_that_answers(_resolved(self._place, self._deadline))
        if self._place.scheme != "https":
            self.sock = plain
            return
        plain.settimeout(self._deadline.left())
        try:
            secure = _tls().wrap_socket(plain, server_hostname=self._place.host)
        except BaseException:
            plain.close()
            raise
        assert isinstance(secure, _TlsSocket)  # noqa: S101 - so the context is made
        secure.deadline = self._deadline
        self.sock = secure

    def _first_that_answers(self, found: list[tuple[int, Any]]) -> _PlainSocket:
        last: OSError | None = None
        for family, address in found:
            one = _PlainSocket(family, socket.SOCK_STREAM)
            try:
                one.settimeout(self._deadline.left())
                one.connect(address)
            except OSError as error:
                one.close()
                last = error
            else:
                one.deadline = self._deadline
                return one
        raise last or OSError("no address")


def _connect(connection: _Connection) -> None:
    try:
        connection.connect()
    except TimeoutError as error:
        raise NotReachedError("timeout") from error
    except ssl.SSLError as error:
        raise NotReachedError("tls_failed") from error
    except (OSError, UnicodeError) as error:
        raise NotReachedError("connection_failed") from error


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: str
    body: bytes | None
    headers: dict[str, str]


def _exchange(connection: _Connection, request: _Request, limit: int) -> Answer:
    try:
        connection.request(request.method, request.target, request.body, request.headers)
        response = connection.getresponse()
    except TimeoutError as error:
        raise NoAnswerError("timeout") from error
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswerError("connection_lost") from error
    except ValueError as error:  # a header that cannot be written
        raise NotAllowedError("message_unusable") from error
    named = {name.lower(): value for name, value in response.getheaders()}
    try:
        read = response.read(limit + 1)
    except (OSError, http.client.HTTPException):  # the status is what counts, and it has come
        return Answer(response.status, named, b"", cut=True)
    return Answer(response.status, named, read[:limit], cut=len(read) > limit)


def _resolved(place: Place, deadline: _Deadline) -> list[tuple[int, Any]]:
    """Return (family, socket address) of every address of the host. Raises where one is not allowed.

    One that is not allowed spoils the name: there is no good reason for a public receiver to point
    inside as well. A name that cannot be resolved is called by nobody.
    """
    found = _looked_up(place, deadline)
    own = networks_of(settings.OUTBOUND_NETWORKS)
    if not all(may_be_called(str(address[0]), own) for _, address in found):
        raise NotAllowedError("address_not_allowed")
    return found


def _looked_up(place: Place, deadline: _Deadline) -> list[tuple[int, Any]]:
    """Resolve in a thread, since the system's resolver keeps to no deadline of ours."""
    answers: queue.SimpleQueue[list[tuple[int, Any]] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            rows = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
            answers.put([(int(family), address) for family, _, _, _, address in rows])
        except Exception as error:  # noqa: BLE001 - it is raised by who waits for it
            answers.put(error)

    threading.Thread(target=look_up, daemon=True, name="outbound-resolver").start()
    try:
        answer = answers.get(timeout=deadline.left())
    except queue.Empty:
        raise NotReachedError("timeout") from None
    if isinstance(answer, Exception):
        raise NotReachedError("name_not_found") from answer
    if not answer:
        raise NotReachedError("name_not_found")
    return answer


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _TlsSocket
    return context
