"""A portal that dies in the middle of an answer: whoever asked it sees that, as when nobody answers."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.portal import LivePortal


@pytest.mark.parametrize("status", ["200 OK", "503 Service Unavailable"])
def test_an_answer_that_breaks_off_is_a_connection_that_was_lost(status: str) -> None:
    portal = object.__new__(LivePortal)  # it is asked alone: no process of it is needed
    with socket.create_server(("127.0.0.1", 0)) as server:
        portal.port = server.getsockname()[1]

        def answer() -> None:
            asked, _ = server.accept()
            with asked:
                asked.recv(10_000)
                asked.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 100\r\n\r\nhalf".encode())

        answering = threading.Thread(target=answer)
        answering.start()
        with pytest.raises(ConnectionError, match="died while it answered /ready"):
            portal.request("/ready")
        answering.join()
