"""Pipelines that register deployments and keep a journal of what was acknowledged to them."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

EXPECTED = {201, 503}
"""What a registration may be answered while something is broken; 0 stands for a connection that broke."""


@dataclass
class Journal:
    """What the clients of one run saw. `acknowledged` is version → key; times are monotonic seconds."""

    sent: set[str] = field(default_factory=set)
    acknowledged: dict[str, str] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)
    wrong_gates: list[str] = field(default_factory=list)
    refused: int = 0
    last_failure: float = 0.0
    slowest_refusal: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Clients:
    """Some pipelines at once. Each repeats a registration under its key until it is acknowledged."""

    def __init__(self, port: int, token: str, run: str, count: int = 4) -> None:
        self.journal = Journal()
        self._address = f"http://127.0.0.1:{port}/api/v1"
        self._token = token
        self._run = run
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._register, args=(n,), daemon=True) for n in range(count)
        ]
        self._threads.append(threading.Thread(target=self._ask_the_gate, daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, *, seconds: float) -> None:
        """Let each client finish what it is at, for `seconds` at most."""
        self._ending.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))

    def _register(self, client: int) -> None:
        number = 0
        while not self._ending.is_set():
            number += 1
            version = f"{self._run}.{client}.{number}"
            with self.journal.lock:
                self.journal.sent.add(version)
            self._until_acknowledged(version)
            time.sleep(0.05)

    def _until_acknowledged(self, version: str) -> None:
        body = {
            "service": "recommendations",
            "environment": "production",
            "version": version,
            "checks": {"code_review": "passed", "tests": "passed"},
        }
        give_up = time.monotonic() + 120
        while time.monotonic() < give_up:
            began = time.monotonic()
            status, answer = self._send("POST", "/deployments/", body, key=version)
            with self.journal.lock:
                if status == 201:
                    self.journal.acknowledged[version] = answer["key"]
                    return
                self.journal.last_failure = time.monotonic()
                self.journal.refused += 1
                if status == 503:
                    slowest = max(self.journal.slowest_refusal, time.monotonic() - began)
                    self.journal.slowest_refusal = slowest
                if status not in {0, *EXPECTED}:
                    self.journal.unexpected.append(f"{status} {str(answer)[:200]}")
            time.sleep(0.2)

    def _ask_the_gate(self) -> None:
        # Nothing approved names this place: whatever is broken, the answer is never "go".
        path = "/gate/?service=ledger&environment=production&version=0.0.1-chaos"
        while not self._ending.is_set():
            status, answer = self._send("GET", path)
            if status == 200 and answer.get("decision") == "allowed":
                self.journal.wrong_gates.append(str(answer)[:200])
            if status not in {0, 200, 503}:
                self.journal.unexpected.append(f"gate {status} {str(answer)[:200]}")
            time.sleep(0.5)

    def _send(self, method: str, path: str, body: object = None, *, key: str = "") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._address + path, data=data, headers=headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return int(answer.status), json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode(errors="replace")
        except (OSError, ValueError, EOFError):
            return 0, ""
