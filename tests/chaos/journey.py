"""A real Alertmanager while the portal is broken: what fires is paged, what is over ends its incident."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import psycopg

from tests.alertmanager import PROGRAM, Alertmanager, is_installed
from tests.chaos.installation import ON_CALL, Installation
from tests.chaos.packages import need
from tests.processes import wait_until

_PAGED = 120.0
_OVER = 120.0


def of_alertmanager(site: Installation, seconds: float) -> None:
    """AM: alerts of a real Alertmanager, each at the moment that something of the portal dies."""
    need(PROGRAM, is_installed)
    folder = site.folder / f"alertmanager-{int(time.time())}"
    folder.mkdir()
    url = f"http://127.0.0.1:{site.port}/api/v1/alerts/alertmanager/{site.alertmanager_token}/"
    sender = Alertmanager(folder, url)
    run = f"am{int(time.time())}"
    breaks: dict[str, Callable[[], None]] = {
        f"{run}Web": lambda: os.kill(site.processes("web")[0], signal.SIGKILL),
        f"{run}Worker": lambda: site.signal_all("worker", signal.SIGKILL),
        f"{run}Database": lambda: _away(site, min(seconds, 8)),
    }
    try:
        for name, happens in breaks.items():
            sender.fire(alertname=name, service="chaos-api", severity="critical", instance="a")
            happens()
            wait_until(lambda name=name: _paged(site, name), seconds=_PAGED, what=f"{name} is paged")  # type: ignore[misc]
        for name in breaks:
            sender.resolve(alertname=name, service="chaos-api", severity="critical", instance="a")
        wait_until(lambda: _open(site, run) == 0, seconds=_OVER, what="its incidents are over")
        if (made := _incidents(site, run)) != len(breaks):
            raise AssertionError(f"{made} incidents of {len(breaks)} causes")
    finally:
        sender.stop()


def _away(site: Installation, seconds: float) -> None:
    site.postgres.process.kill()
    time.sleep(seconds)
    site.postgres.start()


def _paged(site: Installation, name: str) -> bool:
    mails = [mail for mail in site.mailbox.to(ON_CALL) if "/ack/" in mail.text]
    return any(name in mail.subject + mail.text for mail in mails)


def _incidents(site: Installation, run: str, which: str = "") -> int:
    with psycopg.connect(site.env["DATABASE_URL"]) as connection:
        found = connection.execute(
            "SELECT count(DISTINCT i.id) FROM incidents_incident i"
            " JOIN incidents_alert a ON a.incident_id = i.id"
            f" WHERE a.labels->>'alertname' LIKE %s {which}",
            [f"{run}%"],
        ).fetchone()
    return int(found[0]) if found else 0


def _open(site: Installation, run: str) -> int:
    return _incidents(site, run, "AND i.state NOT IN ('resolved', 'closed')")
