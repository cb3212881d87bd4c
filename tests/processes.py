"""Starting and ending the real servers that tests talk to, so that none outlives the test run."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def die_with(signum: signal.Signals) -> Callable[[], None]:
    """Return a ``preexec_fn``: the child gets `signum` when the test process dies, however it dies."""

    def arrange() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(signum))

    return arrange


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(done: Callable[[], object], *, seconds: float, what: str) -> None:
    """Wait until `done()` is true, asking every 30 ms; ``TimeoutError`` naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not after {seconds:g} s")
        time.sleep(0.03)


class Process:
    """A child process in its own process group, with its output in a file."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        cwd: Path = ROOT,
        on_parent_death: signal.Signals = signal.SIGKILL,
    ) -> None:
        """Start `command`; stdout and stderr are appended to `log`. `user` needs root."""
        self.log = log
        self.command = [str(part) for part in command]
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                process_group=0,
                preexec_fn=die_with(on_parent_death),  # noqa: PLW1509 - started from the main thread only
                user=user,
                extra_groups=[] if user else None,
            )

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self.popen.pid

    @property
    def alive(self) -> bool:
        """Whether the process itself (not only its children) still runs."""
        return self.popen.poll() is None

    def output(self) -> str:
        """Return all that the process has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def send(self, signum: signal.Signals, *, group: bool = False) -> None:
        """Send `signum` to the process, or to its whole group; nothing happens when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            if group:
                os.killpg(self.pid, signum)
            else:
                self.popen.send_signal(signum)

    def kill(self) -> None:
        """``kill -9`` the whole group at once and wait: what a power cut does."""
        self.send(signal.SIGKILL, group=True)
        self.popen.wait(timeout=10)

    def stop(self, *, signum: signal.Signals = signal.SIGTERM, seconds: float = 15) -> int:
        """Ask the process to end, kill its group after `seconds`; return its exit code."""
        if self.alive:
            self.send(signum)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(timeout=seconds)
        self.send(signal.SIGKILL, group=True)  # also what it may have left behind
        return self.popen.wait(timeout=10)
