"""`make run`'s supervisor: it starts everything, replaces what dies, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ROOT, Process, free_port, wait_until

RUN = [sys.executable, "-m", "opsportal.run"]

_OF_THE_TEST_RUN = ("DATABASE_URL", "REDIS_URL", "OPSPORTAL_SECRET_KEY")


class Supervisor:
    """`python -m opsportal.run` on a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.env = {name: value for name, value in os.environ.items() if name not in _OF_THE_TEST_RUN}
        self.env |= {"OPSPORTAL_DATA": str(folder / "data"), "PORT": str(self.port), "DEMO": "0"}
        self.process = Process(RUN, log=self.folder / "run.log", env=self.env)

    def start_again(self) -> None:
        """Start it on the same data, after it has ended."""
        self.process = Process(RUN, log=self.folder / "run.log", env=self.env)

    def manage(self, *arguments: str) -> None:
        """Run ``manage.py`` on the same data."""
        subprocess.run(
            [sys.executable, "manage.py", *arguments], env=self.env, cwd=ROOT, capture_output=True, check=True
        )

    def wait(self) -> None:
        """Wait until the portal answers and all its processes run."""
        wait_until(lambda: self.status("/startup") == 200, seconds=120, what="/startup answers 200")
        wait_until(lambda: len(self.children()) == 4, seconds=60, what="all four processes run")

    def status(self, path: str) -> int:
        """Return the status of GET `path`, 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return int(answer.status)
        except OSError:
            return 0

    def children(self) -> dict[str, int]:
        """Return the process ids of the supervisor's own children by kind."""
        kinds = {
            "valkey-server": "broker",
            "gunicorn": "web",
            "opsportal.celery worker": "worker",
            "opsportal.celery beat": "scheduler",
        }
        listed = subprocess.run(
            ["ps", "-ww", "-eo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True
        )
        found: dict[str, int] = {}
        for line in listed.stdout.splitlines():
            pid, parent, state, command = line.split(maxsplit=3)
            if int(parent) == self.process.pid and not state.startswith("Z"):
                found |= {kind: int(pid) for mark, kind in kinds.items() if mark in command}
        return found

    def left(self) -> list[str]:
        """Return what still runs and knows our data folder."""
        mine = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if str(self.folder).encode() in (folder / "environ").read_bytes():
                    mine.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return [command for command in mine if command]

    def again(self, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a second supervisor, which is expected to refuse."""
        return subprocess.run(
            RUN, env={**self.env, **env}, capture_output=True, text=True, timeout=30, check=False
        )


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    """One supervisor for all tests, begun on an empty folder; then with a standard in force: it is ready."""
    own = Supervisor(tmp_path_factory.mktemp("run"))
    try:
        own.wait()
        own.manage("standard", "activate", "baseline")
        yield own
    finally:
        own.process.stop(seconds=40)


@pytest.fixture
def supervisor(started: Supervisor) -> Supervisor:
    """The supervisor, running; started again on its data where the test before has ended it."""
    if not started.process.alive:
        started.start_again()
        started.wait()
    return started


def test_what_is_killed_comes_back(supervisor: Supervisor) -> None:
    before = supervisor.children()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    wait_until(
        lambda: (
            supervisor.children().keys() == before.keys()
            and not set(supervisor.children().values()) & set(before.values())
        ),
        seconds=30,
        what="all processes are new",
    )
    wait_until(lambda: supervisor.status("/startup") == 200, seconds=45, what="the portal answers")
    for name in ("broker", "web", "worker", "scheduler"):
        assert f"opsportal: {name} ended with code -9, starts again in 1 s" in supervisor.process.output()


def test_a_second_one_on_the_same_data_refuses_in_one_line(supervisor: Supervisor) -> None:
    refused = supervisor.again(PORT=str(free_port()))
    assert refused.returncode == 1
    pid = supervisor.process.pid
    assert refused.stderr == f"opsportal: already running on {supervisor.folder / 'data'} (process {pid})\n"
    assert refused.stdout == ""


def test_a_taken_port_is_refused_in_one_line(supervisor: Supervisor, tmp_path: Path) -> None:
    refused = supervisor.again(OPSPORTAL_DATA=str(tmp_path / "other"))
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"opsportal: port {supervisor.port} cannot be used")
    assert len(refused.stderr.splitlines()) == 1


def test_nothing_outlives_a_killed_supervisor_and_it_starts_again_at_once(supervisor: Supervisor) -> None:
    key = (supervisor.folder / "data" / "secret_key").read_text()
    supervisor.process.send(signal.SIGKILL)
    supervisor.process.popen.wait()
    supervisor.start_again()
    supervisor.wait()
    assert (supervisor.folder / "data" / "secret_key").read_text() == key
    assert supervisor.process.stop(signum=signal.SIGINT, seconds=30) == 0
    assert supervisor.left() == []


def test_it_stops_all_of_it_on_sigterm(supervisor: Supervisor) -> None:
    assert supervisor.process.stop(seconds=30) == 0
    assert supervisor.left() == []
