"""Measures the gate and the registration beside two floors with the same SQL, and how the portal bears size.

    python -m tests.bench [--seconds 3] [--rounds 3] [--small] [--only gate|process|size|demo|…]

Three servers (gunicorn gthread, 2 workers, 2 threads) on one PostgreSQL take turns: the portal, `bare` (a
DRF endpoint that runs the recorded SQL as text) and `plain` (a bare DRF endpoint as one would write it: the
same statements through the ORM, neither authentication nor middleware). Load maker, servers and database
share the machine. The ratio and the CPU time of a request are what to hold the portal to: the absolute
figures depend on what else the machine does, which is shown.
Then rows are copied by SQL until the tables are large (`--small`: a hundredth), and lists and ticks are
measured against their bounds. Alerts (`alerts`, `paging`) have processes and databases of their own.
Writes `var/bench.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from opsportal.run import static
from tests.processes import ROOT, Process, free_port, wait_until
from tests.servers import Postgres, Valkey

CLIENTS = (1, 8)
WARM_UP = 1.0
TICK = os.sysconf("SC_CLK_TCK")
PARTS = ("gate", "process", "demo", "size", "measures", "alerts", "paging", "handovers")


def main() -> int:
    """Run all, print the table, write the file."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; all by default")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opsportal-bench-")))
        postgres, valkey = Postgres(), Valkey()
        stack.callback(postgres.stop)
        stack.callback(valkey.stop)
        _environment(folder, postgres, valkey)
        runs, figures, recorded, broken = _parts(stack, folder, postgres, options)
    summary = _summary(runs, recorded) | {"figures": figures}
    print(_table(summary))  # noqa: T201 - this is what it is for
    path = ROOT / "var" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"summary": summary, "runs": runs}, indent=1) + "\n", encoding="utf-8")
    for name in broken:
        print(f"{name}: could not be measured, see above", file=sys.stderr)  # noqa: T201
    return 1 if broken or any(run["failed"] for run in runs) else 0


def _parts(
    stack: ExitStack, folder: Path, postgres: Postgres, options: argparse.Namespace
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any], list[str]]:
    """Measure what was asked for; return the runs of the gate, the figures, the recorded statements, and the
    parts that broke: what was measured before and after such a one is not lost.
    """
    wanted = options.only or PARTS
    runs: list[dict[str, Any]] = []
    figures: list[dict[str, Any]] = []
    recorded: dict[str, Any] = {}
    small = ["--small"] if options.small else []
    timing = ["--rounds", str(options.rounds), "--seconds", str(options.seconds)]
    parts: dict[str, Callable[[], None]] = {
        "gate": lambda: runs.extend(
            _measure(_targets(stack, folder, world), options.rounds, options.seconds)
        ),
        "process": lambda: figures.extend(_in_process(world)),
        "demo": lambda: figures.extend(_apart("demo", folder, postgres)),
        "size": lambda: figures.extend(_figures(small=options.small)),
        "measures": lambda: figures.extend(_of_measures(small=options.small)),
        "alerts": lambda: figures.extend(_apart("alerts", folder, postgres, *timing, *small)),
        "paging": lambda: figures.extend(_apart("paging", folder, postgres, *small)),
        "handovers": lambda: figures.extend(_apart("handovers", folder, postgres, *small)),
    }
    if not {"gate", "process", "size", "measures"}.isdisjoint(wanted):
        world, recorded = _world(folder)
    broken = [name for name, part in parts.items() if name in wanted and not _done(part)]
    return runs, figures, recorded, broken


def _done(part: Callable[[], None]) -> bool:
    try:
        part()
    except Exception:  # noqa: BLE001 - whatever it is, the other parts are measured
        traceback.print_exc()
        return False
    return True


def _apart(name: str, folder: Path, postgres: Postgres, *options: str) -> list[dict[str, Any]]:
    """Return the figures of `tests.bench.{name}`, from a process and a database of their own."""
    _createdb(postgres, name)
    data = folder / name
    data.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{name}", str(data), *options],
        env={
            **os.environ,
            "DATABASE_URL": postgres.url.rpartition("/")[0] + f"/{name}",
            "OPSPORTAL_DATA": str(data),
        },
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    figures: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _environment(folder: Path, postgres: Postgres, valkey: Valkey) -> None:
    name = "bench"
    _createdb(postgres, name)
    os.environ.update(
        DATABASE_URL=postgres.url.rpartition("/")[0] + f"/{name}",
        REDIS_URL=valkey.url(),
        OPSPORTAL_DATA=str(folder),
        OPSPORTAL_SECRET_KEY="of the benchmark" + "0" * 40,
        OPSPORTAL_HOSTS="localhost,127.0.0.1,testserver",
        OPSPORTAL_LOG_LEVEL="WARNING",
        DJANGO_SETTINGS_MODULE="opsportal.settings",
        BENCH_STATEMENTS=str(folder / "statements.json"),
    )
    command = static.collect_command()  # pages name their files by what is in them
    if command is not None:
        subprocess.run(command, check=True)
        static.collected()


def _createdb(postgres: Postgres, name: str) -> None:
    command = [str(postgres.installation / "bin" / "createdb"), "-h", "127.0.0.1", "-p", str(postgres.port)]
    subprocess.run([*command, "-U", "opsportal", name], check=True)


def _world(folder: Path) -> tuple[Any, dict[str, list[dict[str, Any]]]]:
    import django

    django.setup()
    from django.db import connections

    from tests.bench.world import make_world, record

    world = make_world()
    recorded = record(world)
    (folder / "statements.json").write_text(json.dumps(recorded), encoding="utf-8")
    connections.close_all()
    return world, recorded


def _of_measures(*, small: bool) -> list[dict[str, Any]]:
    from tests.bench import measurements
    from tests.bench.size import _at, _times, figure

    share = 100 if small else 1
    rows = measurements.measure(10_000_000 // share, 1_000_000 // share, figure, _times, _at)
    return list(_told(rows))


def _told(figures: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield figures, each said at once: the tables between them take minutes to fill."""
    for one in figures:
        print(_line(one), file=sys.stderr, flush=True)  # noqa: T201
        yield one


def _in_process(world: Any) -> list[dict[str, Any]]:
    from tests.bench.size import in_process

    return list(_told(in_process(world.token, world.question(0))))


def _figures(*, small: bool) -> list[dict[str, Any]]:
    from tests.bench import audits, oncall
    from tests.bench.size import measure

    share = 100 if small else 1
    rows = (
        oncall.measure(),
        audits.measure(),
        measure(
            changes=100_000 // share,
            history=1_000_000 // share,
            owed=1_000_000 // share,
            due=10_000 // share,
        ),
    )
    return list(_told(chain.from_iterable(rows)))


def _targets(stack: ExitStack, folder: Path, world: Any) -> dict[str, tuple[int, Process, list[bytes]]]:
    from tests.bench.load import prepared

    portal = _serve(stack, folder, "opsportal.wsgi:application", "/health")
    bare = _serve(stack, folder, "tests.bench.bare:application", "/gate/?service=a&environment=b&version=c")
    plain = _serve(
        stack, folder, "tests.bench.plain:application", "/gate/?service=a&environment=b&version=c&change=d"
    )
    many = range(400)
    questions = [world.question(number) for number in many]
    bodies = [world.body(number) for number in many]
    return {
        "bare gate": (bare[0], bare[1], [prepared("GET", f"/gate/?{one}") for one in questions]),
        "plain gate": (
            plain[0],
            plain[1],
            [prepared("GET", f"/gate/?{one}") for one in questions],
        ),
        "gate": (
            portal[0],
            portal[1],
            [prepared("GET", f"/api/v1/gate/?{one}", token=world.token) for one in questions],
        ),
        "bare register": (bare[0], bare[1], [prepared("POST", "/register/", body=one) for one in bodies]),
        "plain register": (
            plain[0],
            plain[1],
            [prepared("POST", "/register/", body=one) for one in bodies],
        ),
        "register": (
            portal[0],
            portal[1],
            [prepared("POST", "/api/v1/deployments/", token=world.token, body=one) for one in bodies],
        ),
    }


def _serve(stack: ExitStack, folder: Path, application: str, path: str) -> tuple[int, Process]:
    port = free_port()
    command = [str(Path(sys.executable).parent / "gunicorn"), application, "-b", f"127.0.0.1:{port}"]
    command += [
        "-w",
        "2",
        "--threads",
        "2",
        "--no-control-socket",
        "--keep-alive",
        "60",
        "--log-level",
        "warning",
    ]
    server = Process(
        command, log=folder / f"{application.partition(':')[0]}.log", env=dict(os.environ), cwd=ROOT
    )
    stack.callback(server.stop)

    def answers() -> bool:
        if not server.alive:
            raise RuntimeError(server.output())
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_until(answers, seconds=30, what=f"{application} answers")
    return port, server


def _measure(
    targets: dict[str, tuple[int, Process, list[bytes]]], rounds: int, seconds: float
) -> Iterator[dict[str, Any]]:
    from tests.bench.load import run

    for turn in range(rounds):
        for clients in CLIENTS:
            for name, (port, server, requests) in targets.items():
                with _watched(server) as used:
                    measured = run(port, requests, clients=clients, warm_up=WARM_UP, seconds=seconds)
                # The CPU of the warm-up is in it; that share is taken off.
                share = seconds / (seconds + WARM_UP)
                app, foreign = used()
                yield {
                    "target": name,
                    "round": turn,
                    "clients": clients,
                    "rate": round(measured.rate, 1),
                    "p50_ms": round(measured.p50, 2),
                    "p95_ms": round(measured.p95, 2),
                    "p99_ms": round(measured.p99, 2),
                    "cpu_ms": round(app * 1000 * share / max(1, measured.count), 3),
                    "foreign_share": round(foreign, 2),
                    "failed": measured.failed,
                }


@contextmanager
def _watched(server: Process) -> Iterator[Callable[[], tuple[float, float]]]:
    """Yield a function that says what CPU seconds the server took, and which share of the machine others."""
    before, busy, ours, began = _cpu_of(server.pid), _busy(), _cpu_of(os.getpid()), time.perf_counter()

    def used() -> tuple[float, float]:
        app = _cpu_of(server.pid) - before
        all_busy = _busy() - busy
        own = _cpu_of(os.getpid()) - ours
        lasted = (time.perf_counter() - began) * (os.cpu_count() or 1)
        return app, max(0.0, (all_busy - own) / lasted)

    yield used


def _busy() -> float:
    words = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
    user, nice, system, _, _, irq, softirq = (int(word) for word in words[1:8])
    return (user + nice + system + irq + softirq) / TICK


def _cpu_of(root: int) -> float:
    """Return the CPU seconds of a process and all that it started, also of those that ended."""
    table: dict[int, tuple[int, float]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (
                    (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                )
            except OSError:
                continue
            table[int(entry.name)] = int(words[1]), sum(int(word) for word in words[11:15]) / TICK
    wanted, found = {root}, 0.0
    grown = True
    while grown:
        more = {pid for pid, (parent, _) in table.items() if parent in wanted} - wanted
        wanted |= more
        grown = bool(more)
    for pid in wanted:
        found += table.get(pid, (0, 0.0))[1]
    return found


def _summary(runs: list[dict[str, Any]], recorded: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for clients in CLIENTS:
        for name in dict.fromkeys(run["target"] for run in runs):
            mine = [run for run in runs if (run["target"], run["clients"]) == (name, clients)]
            row = {"target": name, "clients": clients, "runs": len(mine)}
            for column in ("rate", "p50_ms", "p95_ms", "p99_ms", "cpu_ms", "foreign_share"):
                row[column] = round(statistics.median(run[column] for run in mine), 3)
            for floor in ("bare", "plain"):
                other = [
                    run for run in runs if (run["target"], run["clients"]) == (f"{floor} {name}", clients)
                ]
                pairs = list(zip(mine, other, strict=True)) if other else []
                for column in ("rate", "p99_ms", "cpu_ms") if pairs else ():
                    ratio = statistics.median(a[column] / b[column] for a, b in pairs)
                    row[f"{column}_to_{floor}"] = round(ratio, 2)
            rows.append(row)
    return {
        "statements": {name: len(answers[0]["statements"]) for name, answers in recorded.items()},
        "machine": f"{os.cpu_count()} × {platform.machine()}, Python {platform.python_version()}",
        "rows": rows,
    }


RATIOS = tuple(
    f"{column}_to_{floor}" for floor in ("bare", "plain") for column in ("rate", "p99_ms", "cpu_ms")
)
FLOORS = {"gate": 0.9, "register": 0.8}
"""The least that the rate may be of the floor's."""


def _table(summary: dict[str, Any]) -> str:
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    lines = [
        f"{summary['machine']}, load {load}; statements: "
        + ", ".join(f"{name} {count}" for name, count in summary["statements"].items()),
        "",
        "| target | clients | req/s | p50 ms | p95 ms | p99 ms | CPU ms | others' CPU"
        " | × bare req/s | p99 | CPU | × plain req/s | p99 | CPU | bound |",
        "|---" * 15 + "|",
    ]
    for row in summary["rows"]:
        against = " | ".join(str(row.get(column, "–")) for column in RATIOS)
        lines.append(
            f"| {row['target']} | {row['clients']} | {row['rate']:.0f} | {row['p50_ms']:.2f}"
            f" | {row['p95_ms']:.2f} | {row['p99_ms']:.2f} | {row['cpu_ms']:.2f}"
            f" | {row['foreign_share']:.0%} | {against} | {FLOORS.get(row['target'], '–')} |"
        )
    lines += ["", "| figure | value | bound | |", "|---|---|---|---|"]
    return "\n".join([*lines, *map(_line, summary["figures"])])


def _line(one: dict[str, Any]) -> str:
    sign, verdict = "≥" if one["least"] else "≤", "holds" if one["holds"] else "FAILS"
    return f"| {one['name']} | {one['value']:g} {one['unit']} | {sign} {one['bound']:g} | {verdict} |"


if __name__ == "__main__":
    sys.exit(main())
