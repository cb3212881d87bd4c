"""Measures alerts: new, again and over beside a bare DRF endpoint with the same SQL, and a storm.

    python -m tests.bench.alerts [--seconds 3] [--rounds 3] [--small]

Two servers (gunicorn gthread, 2 workers, 2 threads) on one PostgreSQL take turns, with eight clients that
send one alert a request. A storm is 10,000 alerts of 50 causes in messages of 500; it ends when the last
incident is open. Writes `var/bench-alerts.json`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench.__main__ import _environment, _serve
from tests.bench.load import prepared, run
from tests.processes import ROOT
from tests.servers import Postgres, Valkey

CLIENTS = 8
FLOOR = 0.9
STORED_ELSEWHERE = 18
"""Alerts a second that Grafana OnCall stored on such a machine (domain/performance.md, section 5)."""
KNOWN = 8_000


def main() -> int:
    """Run all, print the table, write the file."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.alerts")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="a tenth of the rows")
    options = parser.parse_args()
    share = 10 if options.small else 1
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opsportal-bench-")))
        postgres, valkey = Postgres(), Valkey()
        stack.callback(postgres.stop)
        stack.callback(valkey.stop)
        _environment(folder, postgres, valkey)
        token = _world()
        ports = {
            "portal": _serve(stack, folder, "opsportal.wsgi:application", "/health")[0],
            "plain": _serve(stack, folder, "tests.bench.alerts_plain:application", "/health")[0],
        }
        rows = _rates(ports, token, options, known=KNOWN // share)
        storm = _storm(10_000 // share)
    lines = ["| alerts | plain req/s | portal req/s | ratio | portal p99 ms | floor |", "|---" * 6 + "|"]
    for row in rows:
        lines.append(
            f"| {row['what']} | {row['plain']:.0f} | {row['portal']:.0f} | {row['ratio']:.2f}"
            f" | {row['p99']:.1f} | {FLOOR} |"
        )
    rate = next(row["portal"] for row in rows if row["what"] == "new")
    lines.append(f"\nnew alerts: {rate / STORED_ELSEWHERE:.0f} × {STORED_ELSEWHERE} alerts/s (aim: 20 ×)")
    lines.append(
        f"storm of {storm['alerts']}: taken in {storm['taken']:.1f} s, {storm['incidents']} incidents open"
        f" {storm['routed']:.1f} s later"
    )
    print("\n".join(lines))  # noqa: T201 - this is what it is for
    path = ROOT / "var" / "bench-alerts.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"rows": rows, "storm": storm}, indent=1) + "\n", encoding="utf-8")
    return 1 if any(row["failed"] for row in rows) else 0


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


def _rates(ports: dict[str, int], token: str, options: Any, *, known: int) -> list[dict[str, Any]]:
    path = f"/api/v1/alerts/{token}/"
    runs: dict[tuple[str, str], list[Any]] = {}
    fresh = itertools.count()
    for _ in range(options.rounds):
        for what, side in itertools.product(("new", "again", "over"), ports):
            keys = [f"{side}-{next(fresh)}" for _ in range(known if what != "again" else 200)]
            if what != "new":
                _store(keys)
            status = "resolved" if what == "over" else "firing"
            requests = [prepared("POST", path, body=_body(key, status)) for key in keys]
            measured = run(ports[side], requests, clients=CLIENTS, warm_up=0.5, seconds=options.seconds)
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

    Alert.objects.filter(due_at__isnull=False, handling="waiting").update(handling="kept", due_at=None)
    integration = Integration.objects.get(slug="bench")
    began = time.perf_counter()
    for start in range(0, size, 500):
        alerts = (
            arrival(1, fingerprint=f"storm-{n}", labels={"alertname": f"Cause{n % 50}", "instance": str(n)})
            for n in range(start, start + 500)
        )
        ingest(integration, *alerts, now=database_now())
    taken = time.perf_counter()
    while Alert.objects.filter(fingerprint__startswith="storm-", handling="waiting").exists():
        alerts_route(clock=database_now)
    return {
        "alerts": size,
        "incidents": Incident.objects.count(),
        "taken": taken - began,
        "routed": time.perf_counter() - taken,
    }


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
