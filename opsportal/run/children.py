"""Child processes that are started again when they die, and stopped in order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

STOP_SECONDS = 25.0
"""After so long a stop no longer asks (SIGTERM) but kills (SIGKILL)."""

_LONGEST_PAUSE = 30.0
_STEADY_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


def say(line: str) -> None:
    """Write one line of the supervisor's own log to standard error."""
    sys.stderr.write(f"opsportal: {line}\n")
    sys.stderr.flush()


def follow_parent() -> None:
    """Ask the kernel to send this process SIGTERM when its parent dies (on Linux; elsewhere do nothing).

    Each child calls it between fork and exec: not even ``kill -9`` of the supervisor leaves orphans.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


class Child:
    """One process that has to run for as long as the portal runs."""

    def __init__(
        self, name: str, command: Sequence[str | Path], *, env: Mapping[str, str], lock: int
    ) -> None:
        """`lock` is the file descriptor of the data folder's lock: it stays held while the child lives."""
        self.name = name
        self._command = [str(part) for part in command]
        self._env = dict(env)
        self._lock = lock
        self._popen: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._due: float | None = None
        self._failures = 0

    def start(self) -> None:
        """Start the process in a process group of its own: Ctrl-C reaches the supervisor alone."""
        self._popen = subprocess.Popen(
            self._command,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            pass_fds=[self._lock],
            process_group=0,
            preexec_fn=follow_parent,  # noqa: PLW1509 - the supervisor has one thread
        )
        self._started = time.monotonic()
        self._due = None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._popen is not None and self._popen.poll() is None

    def tend(self) -> None:
        """Start the process again when it has died, after 1, 2, 4 … at most 30 seconds."""
        if self._popen is None or self.running:
            return
        now = time.monotonic()
        if self._due is None:
            if now - self._started > _STEADY_SECONDS:
                self._failures = 0
            pause = min(_LONGEST_PAUSE, 2.0**self._failures)
            self._failures += 1
            self._due = now + pause
            self._kill_group()  # what it may have left behind
            say(f"{self.name} ended with code {self._popen.returncode}, starts again in {pause:g} s")
        elif now >= self._due:
            self.start()

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process, if it lives."""
        if self._popen is not None and self.running:
            self._popen.terminate()

    def stop(self, *, deadline: float) -> None:
        """Stop the process: SIGTERM, and SIGKILL to its whole group at `deadline` (monotonic seconds)."""
        if self._popen is None:
            return
        self.ask_to_stop()
        try:
            self._popen.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            say(f"{self.name} did not stop in time and is killed")
        self._kill_group()
        self._popen.wait()

    def _kill_group(self) -> None:
        if self._popen is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, signal.SIGKILL)
