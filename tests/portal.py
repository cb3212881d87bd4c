"""A whole portal of real processes against a database of its own: for browser tests and for kill tests."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opsportal import embedded
from opsportal.run import static
from tests.processes import ROOT, Process, free_port, wait_until
from tests.servers import Valkey

PATIENCE = 90.0
"""Seconds until a process that does not start counts as broken, on a machine that does much else."""

_CELERY = [sys.executable, "-W", "ignore:You're running the worker", "-m", "celery", "-A", "opsportal.celery"]
_WORKS, _TICKS = " ready.", "maxinterval"  # what a worker and a scheduler print when they are up
_ALONE = ["--without-mingle", "--without-gossip", "-l", "INFO"]


def _collect_static() -> None:
    """Collect the static files if they changed; of several test processes one does, the others wait."""
    folder = embedded.static_root().parent
    folder.mkdir(exist_ok=True)
    with (folder / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = static.collect_command()
        if command is not None:
            subprocess.run(command, check=True)
            static.collected()


class LivePortal:
    """Starts, stops and kills the processes of one portal; whatever still runs is killed at the end.

    Each `start_…` takes further environment variables by keyword, which only that process gets.
    """

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        """`folder` gets the logs; `env` points to the database and the mail server."""
        self.folder = folder
        self.port = free_port()
        self.broker = Valkey(durable=True)
        self.env = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "OPSPORTAL_DATA": str(folder),
            **env,
            "REDIS_URL": self.broker.url(),
            "PORT": str(self.port),
        }
        # A worker's own test marker would make the portal's processes believe that they are tests.
        self.env.pop("PYTEST_CURRENT_TEST", None)
        self.processes: list[Process] = []

    @property
    def url(self) -> str:
        """The address of the web server, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def _start(self, name: str, command: list[str], env: dict[str, str]) -> Process:
        number = sum(process.log.name.startswith(f"{name}-") for process in self.processes) + 1
        process = Process(command, log=self.folder / f"{name}-{number}.log", env={**self.env, **env})
        self.processes.append(process)
        return process

    def start_web(self, **env: str) -> Process:
        """Start gunicorn on `url` and return when ``/startup`` answers 200 (at most `PATIENCE`).

        ``/ready`` does once the test has activated a standard.
        """
        web = self._begin_web(env)
        self._wait_for_web(web)
        return web

    def start_worker(self, *options: str, **env: str) -> Process:
        """Start a Celery worker (`options` go to it) and return when it takes tasks (at most `PATIENCE`)."""
        worker = self._begin_worker(options, env)
        self._wait_for_line(worker, _WORKS)
        return worker

    def start_all(
        self, *, workers: int = 1, beats: int = 1, web: dict[str, str] | None = None
    ) -> list[Process]:
        """Start so many workers and schedulers at once, with `web` (its environment) a web server, too.

        Returns the workers, then the schedulers, when all of them are ready.
        """
        begun = [(self._begin_worker((), {}), _WORKS) for _ in range(workers)]
        begun += [(self._begin_beat(), _TICKS) for _ in range(beats)]
        serving = self._begin_web(web) if web is not None else None
        for process, line in begun:
            self._wait_for_line(process, line)
        if serving is not None:
            self._wait_for_web(serving)
        return [process for process, _ in begun]

    def _begin_web(self, env: dict[str, str]) -> Process:
        _collect_static()
        command = [sys.executable, "-m", "gunicorn", "opsportal.wsgi:application"]
        command += ["-b", f"127.0.0.1:{self.port}"]
        command += [
            "-w",
            "2",
            "--threads",
            "2",
            "--preload",
            "--no-control-socket",
            "--graceful-timeout",
            "5",
        ]
        return self._start("web", command, env)

    def _begin_worker(self, options: Sequence[str], env: dict[str, str]) -> Process:
        return self._start("worker", [*_CELERY, "worker", "-c", "2", *_ALONE, *options], env)

    def _begin_beat(self) -> Process:
        number = sum(process.log.name.startswith("beat-") for process in self.processes)
        schedule = self.folder / f"beat-schedule-{number}"
        return self._start("beat", [*_CELERY, "beat", "-l", "INFO", "-s", str(schedule), "--pidfile="], {})

    def _wait_for_web(self, web: Process) -> None:
        def ready() -> bool:
            if not web.alive:
                raise RuntimeError(f"the web server ended:\n{web.output()}")
            return self.status("/startup") == 200

        try:
            wait_until(ready, seconds=PATIENCE, what="/startup answers 200")
        except TimeoutError as error:
            raise RuntimeError(f"{error}\n{self.body('/startup')}\n{web.output()}") from error

    def _wait_for_line(self, process: Process, text: str) -> None:
        def seen() -> bool:
            if not process.alive:
                raise RuntimeError(f"{process.log.stem} ended:\n{process.output()}")
            return text in process.output()

        wait_until(seen, seconds=PATIENCE, what=f"{process.log.stem} prints {text!r}")

    def manage(self, *arguments: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        """Run ``manage.py`` on the same data and return the ended process with its output."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env={**self.env, **env},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if check and done.returncode:
            raise RuntimeError(
                f"manage.py {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done

    def request(
        self,
        path: str,
        *,
        method: str | None = None,
        json_body: object = None,
        headers: dict[str, str] | None = None,
        timeout: float = 30,
    ) -> tuple[int, dict[str, str], str]:
        """Send a request; return status, headers (lower-case names) and body, also of an error answer.

        `timeout` is in seconds. Raises ``OSError`` when nobody answers, or not to the end.
        """
        data = None if json_body is None else json.dumps(json_body).encode()
        fields = {**({"Content-Type": "application/json"} if data else {}), **(headers or {})}
        asked = urllib.request.Request(self.url + path, data=data, headers=fields, method=method)  # noqa: S310
        try:
            try:
                answer = urllib.request.urlopen(asked, timeout=timeout)  # noqa: S310 - our own address
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                status, received, body = answer.status, answer.headers, answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"the portal died while it answered {path}") from error
        return status, {name.lower(): value for name, value in received.items()}, body.decode()

    def json(self, path: str, **options: Any) -> tuple[int, Any]:
        """Send a request as `request` does; return the status and the decoded JSON body."""
        status, _, body = self.request(path, **options)
        return status, json.loads(body)

    def status(self, path: str) -> int:
        """Return the status of GET `path`, 0 when nobody answers."""
        try:
            return self.request(path, timeout=5)[0]
        except OSError:
            return 0

    def body(self, path: str) -> str:
        """Return the body of GET `path`, or why there is none."""
        try:
            return self.request(path, timeout=5)[2]
        except OSError as error:
            return str(error)

    def logs(self) -> str:
        """Return all that the processes have printed, each under its name."""
        return "\n".join(f"--- {process.log.stem}\n{process.output()}" for process in self.processes)

    def stop(self) -> None:
        """Kill all processes at once, then the broker: what ends here has nothing left to prove."""
        for process in self.processes:
            process.send(signal.SIGKILL, group=True)
        for process in self.processes:
            process.kill()
        self.broker.stop()
