"""A receiver of our calls on this machine, which does what the receivers of this world do (F13)."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs

import pytest

Manner = Literal["answers", "hangs", "drips", "resets", "floods", "redirects"]
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: closing sends a reset
_FLOOD = 10 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """One request as it came. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        """The body as a form, the first value of each name."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


class Receiver:
    """An HTTP server on a free loopback port. `calls` are the requests that came whole."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.manner: Manner = "answers"
        self.status = 200
        self.headers: dict[str, str] = {"Content-Type": "application/json"}
        self.answer: Any = {"ok": True}
        self._over = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                one, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(one,), daemon=True).start()

    def _serve(self, one: socket.socket) -> None:
        with one, contextlib.suppress(OSError, ValueError):
            call = _read(one)
            if call is None:
                return
            self.calls.append(call)
            if self.manner == "hangs":
                self._over.wait(60)
            elif self.manner == "drips":
                self._drip(one)
            elif self.manner == "resets":
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            elif self.manner == "floods":
                one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % _FLOOD)
                one.sendall(b"x" * _FLOOD)
            elif self.manner == "redirects":
                one.sendall(f"HTTP/1.1 302 Found\r\nLocation: {self.url}/again\r\n\r\n".encode())
            else:
                self._answer(one)

    def _drip(self, one: socket.socket) -> None:
        one.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self._over.wait(0.02):
            one.sendall(b"z")

    def _answer(self, one: socket.socket) -> None:
        body = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        headers = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = f"HTTP/1.1 {self.status} Answer\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        one.sendall(head.encode() + body)


def _read(one: socket.socket) -> Call | None:
    with one.makefile("rb") as lines:
        first = lines.readline().decode().split()
        if len(first) != 3:
            return None
        headers = {}
        for line in iter(lines.readline, b"\r\n"):
            if not line:
                return None
            name, _, value = line.decode().partition(":")
            headers[name.strip().lower()] = value.strip()
        body = lines.read(int(headers.get("content-length", "0")))
    return Call(first[0], first[1], headers, body)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A receiver that the portal may call; import the fixture where it is used."""
    settings.OUTBOUND_NETWORKS = ["127.0.0.0/8"]
    settings.OUTBOUND_SECONDS = 5.0
    server = Receiver()
    yield server
    server.stop()
