"""The faults of the run, by the names of the reliability figures; here F1 to F6 and F12.

Each takes the installation and how many seconds it lasts, and returns when what it broke may come back.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable

from tests.chaos import journey, surroundings
from tests.chaos.installation import Installation
from tests.processes import Process, wait_until


def web_killed(site: Installation, seconds: float) -> None:
    """F1: SIGKILL of one web process, then of their master."""
    *_, last = site.processes("web")
    os.kill(last, signal.SIGKILL)
    time.sleep(seconds / 2)
    os.kill(site.processes("web")[0], signal.SIGKILL)


def worker_killed(site: Installation, seconds: float) -> None:
    """F2: SIGKILL of all worker processes while mail is being sent."""
    before = len(site.mailbox.mails)
    wait_until(lambda: len(site.mailbox.mails) > before, seconds=90, what="a mail is on its way")
    site.signal_all("worker", signal.SIGKILL)


def scheduler_killed_and_doubled(site: Installation, seconds: float) -> None:
    """F3: SIGKILL of the scheduler, then two of them at once."""
    site.signal_all("scheduler", signal.SIGKILL)
    second = [sys.executable, "-m", "celery", "-A", "opsportal.celery", "beat", "--pidfile="]
    second += ["-s", str(site.folder / "second-schedule"), "-l", "WARNING"]
    extra = Process(second, log=site.folder / "second.log", env=site.env)
    time.sleep(seconds)
    extra.kill()


def database_killed(site: Installation, seconds: float) -> None:
    """F4: SIGKILL of PostgreSQL; it is started again later."""
    site.postgres.process.kill()
    time.sleep(seconds)
    site.postgres.start()


def broker_killed_and_emptied(site: Installation, seconds: float) -> None:
    """F5: SIGKILL of the broker, then it comes back empty."""
    site.valkey.process.kill()
    time.sleep(seconds)
    site.valkey.process = site.valkey.start()
    with socket.create_connection(("127.0.0.1", site.valkey.port), timeout=3) as asked:
        asked.sendall(b"FLUSHALL\r\n")
        asked.recv(16)


def worker_and_database_paused(site: Installation, seconds: float) -> None:
    """F6: SIGSTOP of the worker, then of the database; both wake again."""
    site.signal_all("worker", signal.SIGSTOP)
    time.sleep(seconds)
    site.signal_all("worker", signal.SIGCONT)
    site.freeze_database(signal.SIGSTOP)
    time.sleep(min(seconds, 8))
    site.freeze_database(signal.SIGCONT)


def told_to_stop(site: Installation, seconds: float) -> None:
    """F12: SIGTERM of everything; it drains within 30 s and is started again."""
    began = time.monotonic()
    site.supervisor.send(signal.SIGTERM)
    site.supervisor.popen.wait(timeout=40)
    took = time.monotonic() - began
    if took > 30:
        raise TimeoutError(f"stopping took {took:.0f} s; 30 is the limit")
    site.start_again()


FAULTS: dict[str, Callable[[Installation, float], None]] = {
    "F1": web_killed,
    "F2": worker_killed,
    "F3": scheduler_killed_and_doubled,
    "F4": database_killed,
    "F5": broker_killed_and_emptied,
    "F6": worker_and_database_paused,
    "F7": surroundings.connections_cut,
    "F8": surroundings.disk_full,
    "F9": surroundings.clock_stepped,
    "F11": surroundings.released,
    "F12": told_to_stop,
    "F13": surroundings.receivers_broken,
    "L1": surroundings.storm,
    "AM": journey.of_alertmanager,
}
