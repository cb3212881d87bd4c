"""Faults of what the portal stands on: connections, disk, clock, receivers, and its own next release.

F7 to F9, F11 and F13 of the reliability figures, as far as one machine can do them. F10 (the clocks of spring
and autumn) is gone through minute by minute by the engine's own tests: here nothing would be left to break.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import psycopg

from tests.chaos.installation import Installation
from tests.chaos.packages import Skipped, clock_library, need, need_clock
from tests.processes import wait_until
from tests.receivers import Manner

_CUT_EVERY = 5.0
_FULL = "in the way"
_STEPS = ("+0", "+3600", "-3600", "+86400", "+0")


def connections_cut(site: Installation, seconds: float) -> None:
    """F7: every connection to the database is cut, every five seconds."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with psycopg.connect(site.postgres.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'chaos'"
            )
        time.sleep(_CUT_EVERY)


def disk_full(site: Installation, seconds: float) -> None:
    """F8: no block is left where the database writes. Its folder moves to a small file system before."""
    data = site.postgres.folder / "data"
    if os.geteuid() != 0:
        raise Skipped("only root can mount the small file system of F8")
    size = sum(one.stat().st_size for one in data.rglob("*") if one.is_file()) // 2**20
    small = site.postgres.folder / "small"  # beside its data: the user of the database gets no further
    small.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size + 128}m", "tmpfs", str(small)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        raise Skipped(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        _moved(site, data, small / "data")
        data.symlink_to(small / "data")
        site.postgres.start()
        with (small / _FULL).open("wb", buffering=0) as much, contextlib.suppress(OSError):
            while True:
                much.write(b"\0" * 2**16)
        time.sleep(seconds)
        (small / _FULL).unlink()
        if not site.postgres.process.alive:
            site.postgres.start()
        wait_until(lambda: site.status("/ready") == 200, seconds=90, what="the portal is ready again")
    finally:
        site.postgres.process.stop(signum=signal.SIGINT, seconds=30)
        data.unlink()
        _moved(site, small / "data", data)
        site.postgres.start()
        subprocess.run(["umount", str(small)], check=False)


def _moved(site: Installation, source: Path, target: Path) -> None:
    """Stop the database and move its folder, with its owner."""
    site.postgres.process.stop(signum=signal.SIGINT, seconds=30)
    shutil.move(source, target)
    owner = site.postgres.folder.stat()
    for one in (target, *target.rglob("*")):
        os.chown(one, owner.st_uid, owner.st_gid, follow_symlinks=False)


def clock_stepped(site: Installation, seconds: float) -> None:
    """F9: the clock of every process of the portal steps: an hour on, an hour back, a day on."""
    need("libfaketime", clock_library)
    step = site.folder / "clock"
    _step_to(_STEPS[0], step)
    env = {
        "LD_PRELOAD": str(clock_library()),
        "FAKETIME_TIMESTAMP_FILE": str(step),
        "FAKETIME_NO_CACHE": "1",
        # As where a clock is set: what is measured on runs evenly, and files keep the times that they have.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    need_clock(env)
    site.restart(**env)
    for offset in _STEPS[1:]:
        _step_to(offset, step)
        time.sleep(seconds / 4)
    site.restart()


def _step_to(offset: str, step: Path) -> None:
    """Set the clock; no process ever reads half a file."""
    fresh = step.with_suffix(".new")
    fresh.write_text(offset)
    fresh.replace(step)


def released(site: Installation, seconds: float) -> None:
    """F11: a table grows a column under load, and all processes are replaced, the web ones one by one."""
    with psycopg.connect(site.env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("ALTER TABLE incidents_alert ADD COLUMN of_the_next_release integer NULL")
    site.manage("migrate", "-v0")
    os.kill(site.processes("web")[0], signal.SIGHUP)
    time.sleep(seconds / 2)
    for kind in ("worker", "scheduler"):
        os.kill(site.processes(kind)[0], signal.SIGTERM)
    time.sleep(seconds / 2)
    with psycopg.connect(site.env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("ALTER TABLE incidents_alert DROP COLUMN of_the_next_release")


def receivers_broken(site: Installation, seconds: float) -> None:
    """F13: where pushes go, somebody hangs, resets, answers 500, 10 MB or a redirect in circles."""
    manners: tuple[Manner, ...] = ("hangs", "resets", "floods", "redirects")
    for manner in manners:
        site.receiver.manner = manner
        time.sleep(seconds / 5)
    site.receiver.manner, site.receiver.status = "answers", 500
    time.sleep(seconds / 5)
    site.receiver.status = 200


def storm(site: Installation, seconds: float) -> None:
    """L1: 500 posts in 5 s, all of one cause."""
    if site.senders is None:
        raise RuntimeError("nobody sends alerts")
    sending = threading.Thread(target=site.senders.burst, args=(500, 5.0))
    sending.start()
    sending.join(max(seconds, 60))
