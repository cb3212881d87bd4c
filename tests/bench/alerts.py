"""Measures alerts: new, again and over beside a bare DRF endpoint with the same SQL, and a storm.

    python -m tests.bench --only alerts

Runs on a database of its own (DATABASE_URL, empty) and prints its figures as JSON. Two servers (gunicorn
gthread, 2 workers, 2 threads) on one PostgreSQL take turns, with eight clients that send one alert a request.
A storm is 10,000 alerts of 50 causes in messages of 500; it ends when the last incident is open.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench.__main__ import _serve
from tests.bench.load import prepared, run

CLIENTS = 8
FLOOR = 0.9
STORED_ELSEWHERE, TIMES = 18, 20
"""Alerts a second that Grafana OnCall stored on such a machine, and how many times as many we aim at."""
ANSWERED = 1_500
"""More than either server answers in a second: so many alerts are there for each one of a run."""
WARM_UP = 0.5
CAUSES = 50
TRIES = 10
NAMES = {"new": "new", "again": "known already", "over": "resolved"}


def main() -> int:
    """Measure all, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.alerts")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="a tenth of the storm")
    options = parser.parse_args()
    with ExitStack() as stack:
        token = _world()
        ports = {
            "portal": _serve(stack, options.folder, "opsportal.wsgi:application", "/health")[0],
            "plain": _serve(stack, options.folder, "tests.bench.alerts_plain:application", "/health")[0],
        }
        rows = _rates(ports, token, options)
        storm = _storm(1_000 if options.small else 10_000)
    sys.stdout.write(json.dumps(list(_figures(rows, storm))) + "\n")
    return 0


def _figures(rows: list[dict[str, Any]], storm: dict[str, Any]) -> Iterator[dict[str, Any]]:
    from tests.bench.size import at_least, figure

    for row in rows:
        name = f"alerts, {NAMES[row['what']]}, {CLIENTS} clients"
        rates = f"{row['portal']:.0f} a second beside {row['plain']:.0f}, p99 {row['p99']:.0f} ms"
        yield at_least(f"{name} ({rates})", row["ratio"], FLOOR, "× plain")
        yield figure(f"{name}: not answered 2xx", row["failed"], 0, "answers")
        if row["what"] == "new":
            times = row["portal"] / STORED_ELSEWHERE
            yield at_least(f"{name}, beside {STORED_ELSEWHERE} a second", times, TIMES, "×")
    name = f"storm of {storm['alerts']:,} alerts, {storm['causes']} causes"
    yield figure(f"{name}: stored, by one process", storm["taken"], 60.0, "s")
    yield figure(f"{name}: last incident open after that", storm["routed"], 60.0, "s")
    yield figure(f"{name}: incidents that are not one a cause", storm["wrong"], 0, "incidents")


def _world() -> str:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from tests.alerting import make_integration
    from tests.response import make_crew

    call_command("migrate", verbosity=0)
    make_crew()
    _, token = make_integration("bench", "own")
    connections.close_all()
    return token


def _body(key: str, status: str = "firing") -> dict[str, Any]:
    labels = {"alertname": "DiskFull", "instance": key, "team": "storage", "zone": "eu-1"}
    return {"key": key, "title": f"The disk of {key} is full", "status": status, "severity": "critical"} | {
        "labels": labels
    }


def _rates(ports: dict[str, int], token: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    path = f"/api/v1/alerts/{token}/"
    runs: dict[tuple[str, str], list[Any]] = {}
    fresh = itertools.count()
    enough = int(ANSWERED * (WARM_UP + options.seconds))
    for side, port in ports.items():
        # The first answer of each process is slow, above all on a machine at work: nobody measures that.
        requests = [prepared("POST", path, body=_body(f"{side}-warm-{n}")) for n in range(50)]
        for _ in range(TRIES):
            if run(port, requests, clients=CLIENTS, warm_up=WARM_UP, seconds=1.0).count:
                break
    for _ in range(options.rounds):
        for what, side in itertools.product(("new", "again", "over"), ports):
            keys = [f"{side}-{next(fresh)}" for _ in range(enough if what != "again" else 200)]
            if what != "new":
                _store(keys)
            status = "resolved" if what == "over" else "firing"
            requests = [prepared("POST", path, body=_body(key, status)) for key in keys]
            measured = run(ports[side], requests, clients=CLIENTS, warm_up=WARM_UP, seconds=options.seconds)
            runs.setdefault((what, side), []).append(measured)
    rows = []
    for what in ("new", "again", "over"):
        pairs = list(zip(runs[what, "portal"], runs[what, "plain"], strict=True))
        rows.append(
            {
                "what": what,
                "portal": statistics.median(mine.rate for mine, _ in pairs),
                "plain": statistics.median(floor.rate for _, floor in pairs),
                "ratio": statistics.median(mine.rate / floor.rate for mine, floor in pairs),
                "p99": statistics.median(mine.p99 for mine, _ in pairs),
                "failed": sum(mine.failed + floor.failed for mine, floor in pairs),
            }
        )
    return rows


def _store(keys: list[str]) -> None:
    from django.db import connection

    from incidents.models import Integration
    from tests.alerting import arrival, ingest

    integration = Integration.objects.get(slug="bench")
    for start in range(0, len(keys), 500):
        ingest(integration, *(arrival(1, fingerprint=key) for key in keys[start : start + 500]))
    connection.close()


def _storm(size: int) -> dict[str, Any]:
    from incidents.models import Alert, Incident, Integration
    from incidents.services.alerts.routing import alerts_route
    from opsportal.core.clock import database_now
    from tests.alerting import arrival, ingest

    # What the runs have left waiting is not of the storm.
    Alert.objects.filter(due_at__isnull=False, handling="waiting").update(handling="kept", due_at=None)
    Alert.objects.filter(due_at__isnull=False).update(due_at=None)
    before = Incident.objects.count()
    integration = Integration.objects.get(slug="bench")
    began = time.perf_counter()
    for start in range(0, size, 500):
        alerts = (
            arrival(
                1, fingerprint=f"storm-{n}", labels={"alertname": f"Cause{n % CAUSES}", "instance": str(n)}
            )
            for n in range(start, start + 500)
        )
        ingest(integration, *alerts, now=database_now())
    taken = time.perf_counter()
    while Alert.objects.filter(fingerprint__startswith="storm-", handling="waiting").exists():
        alerts_route(clock=database_now)
    return {
        "alerts": size,
        "causes": CAUSES,
        "wrong": abs(Incident.objects.count() - before - CAUSES),
        "taken": taken - began,
        "routed": time.perf_counter() - taken,
    }


if __name__ == "__main__":
    sys.exit(main())
