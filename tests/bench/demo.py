"""How long the demo organisation takes to load into an empty database, as `manage.py demo load` does.

    python -m tests.bench --only demo

Runs on databases of its own (DATABASE_URL, empty, and SQLite in the folder) and prints its figures as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.processes import ROOT

BOUND = 20.0
"""Seconds from the command to its end."""


def main() -> int:
    """Load it into both databases, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.demo")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    plain = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    sqlite = {**plain, "OPSPORTAL_DATA": str(folder)}
    figures = [
        {
            "name": f"demo organisation loaded, {name}",
            "value": round(_loaded(env), 1),
            "bound": BOUND,
            "unit": "s",
        }
        for name, env in (("SQLite", sqlite), ("PostgreSQL", dict(os.environ)))
    ]
    told = [{**one, "least": False, "holds": float(str(one["value"])) <= BOUND} for one in figures]
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def _loaded(env: dict[str, str]) -> float:
    _manage(env, "migrate", "--verbosity", "0")
    began = time.perf_counter()
    _manage(env, "demo", "load")
    return time.perf_counter() - began


def _manage(env: dict[str, str], *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


if __name__ == "__main__":
    sys.exit(main())
