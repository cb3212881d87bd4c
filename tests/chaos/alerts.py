"""Senders of alerts, and what became of all that was accepted from them: stored once, paged once a cause."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field

import psycopg

from tests.chaos.installation import ON_CALL, Installation
from tests.processes import wait_until
from tests.servers import Mail

CAUSES = 4
PAGED_WITHIN = 300.0
"""Seconds after which a page counts as lost; the goal is 60."""


@dataclass
class Alerts:
    """What one run's alerts came to. `again` are messages of a cause beyond the first, by their own fault."""

    accepted: int = 0
    lost: int = 0
    doubled: int = 0
    unexpected: list[str] = field(default_factory=list)
    pages_missing: int = 0
    pages_again: int = 0
    slowest_page: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether all that was accepted is there once, and somebody was paged for each cause."""
        return not (self.lost or self.doubled or self.unexpected or self.pages_missing)


class AlertSenders:
    """Some senders at once. Each repeats an alert until it is accepted, as senders do after 503."""

    def __init__(self, site: Installation, run: str, count: int = 2) -> None:
        self.run = run
        self.accepted: dict[str, tuple[str, float]] = {}
        self.unexpected: list[str] = []
        self._url = f"http://127.0.0.1:{site.port}/api/v1/alerts/{site.alert_token}/"
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._send_on, args=(number,), daemon=True) for number in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, *, seconds: float) -> None:
        """Let each sender finish what it is at, for `seconds` at most."""
        self._ending.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))

    def burst(self, count: int, seconds: float) -> None:
        """Send `count` alerts of one more cause in about so many seconds."""
        many = [
            threading.Thread(target=self._burst, args=(start, count, seconds), daemon=True)
            for start in range(10)
        ]
        for thread in many:
            thread.start()
        for thread in many:
            thread.join(60)

    def end(self) -> None:
        """Say that all of it is over, so that nobody is paged on and on."""
        for start in range(0, len(keys := sorted(self.accepted)), 500):
            self._post({"alerts": [{"key": key, "status": "resolved"} for key in keys[start : start + 500]]})

    def _burst(self, start: int, count: int, seconds: float) -> None:
        for number in range(start, count, 10):
            self._until_accepted(f"{self.run}.burst.{number}", f"{self.run}-burst-cause")
            time.sleep(seconds * 10 / count / 2)

    def _send_on(self, sender: int) -> None:
        number = 0
        while not self._ending.is_set():
            self._until_accepted(f"{self.run}.{sender}.{number}", f"{self.run}-cause-{number % CAUSES}")
            number += 1
            time.sleep(0.15)

    def _until_accepted(self, key: str, cause: str) -> None:
        body = {"key": key, "title": cause, "severity": "critical", "service": "chaos-api"}
        body |= {"labels": {"alertname": cause, "instance": key}}  # type: ignore[dict-item]
        give_up = time.monotonic() + 120
        while time.monotonic() < give_up:
            status, text = self._post(body)
            if status == 202:
                self.accepted[key] = cause, time.monotonic()
                return
            if status not in {0, 503}:
                self.unexpected.append(f"alert {status} {text[:200]}")
            time.sleep(0.2)

    def _post(self, body: object) -> tuple[int, str]:
        asked = urllib.request.Request(  # noqa: S310 - our own address
            self._url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode(errors="replace")
        except (OSError, EOFError):
            return 0, ""


def compare(site: Installation, senders: AlertSenders) -> Alerts:
    """Compare what was accepted with what is stored and with the pages that came."""
    accepted = dict(senders.accepted)
    found = Alerts(accepted=len(accepted), unexpected=senders.unexpected[:5])
    began: dict[str, float] = {}
    for cause, at in accepted.values():
        began[cause] = min(at, began.get(cause, at))

    def pages() -> dict[str, list[Mail]]:
        mails = [mail for mail in site.mailbox.to(ON_CALL) if "/ack/" in mail.text]
        return {cause: [mail for mail in mails if cause in mail.subject + mail.text] for cause in began}

    with contextlib.suppress(TimeoutError):
        wait_until(lambda: all(pages().values()), seconds=PAGED_WITHIN, what="each cause is paged")
    came = pages()
    found.pages_missing = sum(not mails for mails in came.values())
    found.pages_again = sum(
        max(0, len({str(m.message["Message-ID"]) for m in mails}) - 1) for mails in came.values()
    )
    late = (mails[0].at - began[cause] for cause, mails in came.items() if mails)
    found.slowest_page = max(0.0, *late, 0.0)
    with psycopg.connect(site.env["DATABASE_URL"]) as connection:
        like = [f"{senders.run}.%"]
        rows = connection.execute(
            "SELECT fingerprint, title, incident_id FROM incidents_alert WHERE fingerprint LIKE %s", like
        ).fetchall()
    stored = Counter(fingerprint for fingerprint, _, _ in rows)
    incidents = {(title, incident) for _, title, incident in rows if incident is not None}
    found.lost = sum(stored[key] == 0 for key in accepted)
    found.doubled = sum(count > 1 for count in stored.values())
    found.doubled += max(0, len(incidents) - len({title for title, _ in incidents}))
    return found
