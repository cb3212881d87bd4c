"""From an alert that was accepted to a page that was handed over, with a whole portal at work.

    python -m tests.bench --only paging

Runs on a database of its own (DATABASE_URL, empty) and prints its figures as JSON. Single alerts come one
after the other, each of a cause of its own; then a storm: 10,000 alerts of 50 causes, as fast as they are
taken.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

SINGLE, PAUSE = 60, 0.5
STORM, CAUSES, BATCH = 10_000, 50, 100
PATIENCE = 120.0
ADDRESS = "ada@example.org"
_CAUSE = re.compile(r"\b(Single|Storm)(\d+)\b")


def main() -> int:
    """Set up, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.paging")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--small", action="store_true", help="a tenth of all")
    options = parser.parse_args()
    import django

    django.setup()
    from django.core.management import call_command

    from tests.portal import LivePortal
    from tests.servers import Mailbox

    call_command("migrate", verbosity=0)
    token = _world()
    mailbox = Mailbox()
    # A worker says at this level that it is ready.
    env = {**mailbox.env, "DATABASE_URL": os.environ["DATABASE_URL"], "OPSPORTAL_LOG_LEVEL": "INFO"}
    portal = LivePortal(options.folder, env)
    try:
        portal.start_all(web={})
        figures = list(
            _measure(
                portal, mailbox, f"/api/v1/alerts/alertmanager/{token}/", share=10 if options.small else 1
            )
        )
    finally:
        portal.stop()
        mailbox.stop()
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def _world() -> str:
    from incidents.services.alerts.integrations import integration_create
    from incidents.services.oncall.schedules import schedule_create
    from opsportal.core.clock import database_now
    from opsportal.standards.services import standard_activate
    from tests.makers import ROOT, make_service, make_team, make_user
    from tests.oncalling import layer_of

    now = database_now()
    standard_activate(actor=ROOT, now=now, name="baseline")
    make_service("payments-api", team=make_team("payments", make_user(ADDRESS, name="Ada")))
    schedule_create(
        actor=ROOT,
        now=now - timedelta(days=1),
        slug="payments",
        name="Payments",
        team="payments",
        settings={"time_zone": "UTC", "layers": [layer_of(ADDRESS, unit="week")]},
    )
    _, token = integration_create(
        actor=ROOT, now=now, slug="sender", kind="alertmanager", fields={"name": "Sender"}
    )
    return token


def _measure(portal: Any, mailbox: Any, path: str, *, share: int) -> Iterator[dict[str, Any]]:
    from tests.bench.size import figure

    accepted: dict[str, float] = {}
    for number in range(SINGLE // share):
        _send(portal, path, [(f"Single{number}", "a")])
        accepted[f"Single{number}"] = time.monotonic()
        time.sleep(PAUSE)
    arrived = _wait(mailbox, accepted)
    took = sorted(arrived[cause] - accepted[cause] for cause in accepted)
    name = f"alert accepted to page handed over, {len(took)} causes"
    yield figure(f"{name}, p50", took[len(took) // 2], 5.0, "s")
    yield figure(f"{name}, p99", took[-1], 5.0, "s")
    began = time.monotonic()
    alerts = [(f"Storm{number % CAUSES}", f"i{number}") for number in range(STORM // share)]
    for start in range(0, len(alerts), BATCH):
        _send(portal, path, alerts[start : start + BATCH])
    stored = time.monotonic() - began
    causes = dict.fromkeys((cause for cause, _ in alerts), began)
    arrived = _wait(mailbox, causes)
    yield figure(f"storm of {len(alerts):,} alerts, {CAUSES} causes: all accepted", stored, 60.0, "s")
    yield figure("storm: first alert to last page", max(arrived[c] for c in causes) - began, 60.0, "s")
    pages = sum(1 for mail in mailbox.to(ADDRESS) if "/ack/" in mail.text and "Storm" in mail.text)
    yield figure("storm: pages that are not one a cause", abs(pages - CAUSES), 0, "pages")


def _send(portal: Any, path: str, alerts: list[tuple[str, str]]) -> None:
    labels = [
        {"alertname": cause, "instance": instance, "service": "payments-api", "severity": "critical"}
        for cause, instance in alerts
    ]
    body = {
        "version": "4",
        "groupKey": "bench",
        "status": "firing",
        "receiver": "bench",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example",
        "alerts": [
            {
                "status": "firing",
                "labels": one,
                "annotations": {"summary": one["alertname"]},
                "startsAt": "2026-11-01T10:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "",
                "fingerprint": f"{one['alertname']}-{one['instance']}",
            }
            for one in labels
        ],
    }
    status, _, answer = portal.request(path, json_body=body, timeout=60)
    if status != 202:
        raise RuntimeError(f"{status}: {answer}")


def _wait(mailbox: Any, causes: dict[str, float]) -> dict[str, float]:
    """Return when the page of each cause came (monotonic seconds)."""
    from tests.processes import wait_until

    def arrived() -> dict[str, float]:
        found: dict[str, float] = {}
        for mail in mailbox.to(ADDRESS):
            if "/ack/" in mail.text and (named := _CAUSE.search(f"{mail.subject} {mail.text}")):
                found.setdefault(named[0], mail.at)
        return found

    wait_until(lambda: set(causes) <= set(arrived()), seconds=PATIENCE, what="a page of each cause")
    return arrived()


if __name__ == "__main__":
    sys.exit(main())
