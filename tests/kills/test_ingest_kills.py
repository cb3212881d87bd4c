"""A web server that is killed while alerts come in: what it said yes to is there, once."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest

from incidents.models import Alert, AlertMessage
from tests.alerting import make_integration
from tests.portal import LivePortal
from tests.processes import wait_until
from tests.telling import PATIENCE

pytestmark = pytest.mark.skipif(
    os.environ["TEST_DATABASE"] != "postgres", reason="four senders at once wait for SQLite's one writer"
)
SENDERS = 4
ENOUGH = 60


def test_every_alert_that_was_acknowledged_is_stored_once(portal: LivePortal) -> None:
    _, token = make_integration("mine", "own")
    web = portal.start_web()
    accepted: list[str] = []
    over = threading.Event()

    def send(sender: int) -> None:
        number = 0
        while not over.is_set():
            key = f"{sender}-{number}"
            body: Any = {"alerts": [{"key": key, "title": key}, {"key": f"{key}-b", "title": key}]}
            try:
                status, _, _ = portal.request(f"/api/v1/alerts/{token}/", json_body=body, timeout=10)
            except OSError:
                continue  # it is dead, and is sent again as senders do
            if status == 202:
                accepted.append(key)
                number += 1

    senders = [threading.Thread(target=send, args=(one,)) for one in range(SENDERS)]
    for one in senders:
        one.start()
    try:
        wait_until(lambda: len(accepted) >= ENOUGH, seconds=PATIENCE, what="alerts are acknowledged")
    finally:
        web.send(signal.SIGKILL, group=True)
        over.set()
        for one in senders:
            one.join()
    stored = list(Alert.objects.values_list("fingerprint", flat=True))
    assert len(stored) == len(set(stored))
    assert {name for key in accepted for name in (key, f"{key}-b")} <= set(stored)
    # What was committed and never acknowledged is whole: a message and both of its alerts.
    assert AlertMessage.objects.count() * 2 == sum(Alert.objects.values_list("count", flat=True))
