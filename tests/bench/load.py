"""The load maker: clients on keep-alive connections that send prepared requests, one after the other."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection


@dataclass(frozen=True)
class Measured:
    """One run: requests a second, latencies in ms, and answers that were not 2xx."""

    count: int
    seconds: float
    p50: float
    p95: float
    p99: float
    failed: int

    @property
    def rate(self) -> float:
        return self.count / self.seconds


def run(port: int, requests: Sequence[bytes], *, clients: int, warm_up: float, seconds: float) -> Measured:
    """Send `requests` in turn for `seconds` after `warm_up`, from a process of its own."""
    here, there = multiprocessing.get_context("fork").Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=_process,
        args=(there, port, list(requests)),
        kwargs={"clients": clients, "warm_up": warm_up, "seconds": seconds},
    )
    process.start()
    try:
        latencies, failed, took = here.recv()
    finally:
        process.join()
    ordered = sorted(latencies)
    return Measured(len(ordered), took, _at(ordered, 0.50), _at(ordered, 0.95), _at(ordered, 0.99), failed)


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


def _process(
    answer: Connection, port: int, requests: list[bytes], *, clients: int, warm_up: float, seconds: float
) -> None:
    results: list[tuple[list[float], int]] = []
    begin = time.perf_counter() + warm_up
    end = begin + seconds
    threads = [
        threading.Thread(
            target=_client, args=(results, port, requests[number::clients] or requests, begin, end)
        )
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answer.send(([one for found, _ in results for one in found], sum(bad for _, bad in results), seconds))
    answer.close()
    os._exit(0)


def _client(
    results: list[tuple[list[float], int]], port: int, requests: list[bytes], begin: float, end: float
) -> None:
    latencies: list[float] = []
    failed = number = 0
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        started = time.perf_counter()
        if started >= end:
            break
        connection.sendall(requests[number % len(requests)])
        number += 1
        status, keeps = _answer(connection)
        if started >= begin:
            latencies.append(time.perf_counter() - started)
            failed += not 200 <= status < 300
        if not keeps:
            connection.close()
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.close()
    results.append((latencies, failed))


def _answer(connection: socket.socket) -> tuple[int, bool]:
    """Read one answer; return its status and whether the connection stays."""
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(65_536)
        if not received:
            return 0, False
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    lowered = head.lower()
    at = lowered.find(b"content-length:")
    length = (
        int(lowered[at + 15 : lowered.find(b"\r\n", at) if b"\r\n" in lowered[at:] else None])
        if at >= 0
        else 0
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return int(head.split(b" ", 2)[1]), b"connection: close" not in lowered


def prepared(
    method: str, path: str, *, token: str = "", body: object = None, headers: dict[str, str] | None = None
) -> bytes:
    """Return the bytes of one request."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Accept: application/json"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if content:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content
