"""What the supervisor watches: the port, the lock of the data folder, the make above it."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import time
from pathlib import Path

from opsportal.run.children import follow_parent, say


class CannotStart(Exception):  # noqa: N818 - it is a sentence for the user, not a defect
    """Why the portal does not start, in one line."""


class MakeAbove:
    """Notices that the ``make`` above us was told to stop.

    make hands SIGTERM on to us. When it is killed, or gets SIGINT on its own (a terminal sends it to us as
    well), it does not: the kernel tells us of its death, and of SIGINT we see that it put its handler away.
    """

    def __init__(self) -> None:
        """Look whether a make started us."""
        self._pid = os.getppid() if os.environ.get("MAKELEVEL") else 0
        if self._pid:
            follow_parent()
        self._handled = self._handles_sigint()

    def _handles_sigint(self) -> bool:
        try:
            status = Path(f"/proc/{self._pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return False
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        return bool(caught >> (signal.SIGINT - 1) & 1)

    def was_interrupted(self) -> bool:
        """Tell whether make got SIGINT."""
        return self._handled and not self._handles_sigint()


def _lives(pid: int) -> bool:
    """Tell whether process `pid` runs; one that ended but was not yet waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:  # no /proc on this system
        return True
    return "\nState:\tZ" not in status


def take_lock(path: Path) -> int:
    """Lock `path` and return its file descriptor. Children inherit it, so the lock lasts as long as they do.

    Raises `CannotStart` when a portal runs, or processes of a killed one stay for more than 30 seconds.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    for attempt in range(300):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode().strip()
            if holder.isdecimal() and _lives(int(holder)):
                raise CannotStart(f"already running on {path.parent} (process {holder})") from None
            if attempt == 0:
                say("waits for the processes of a run that was killed")
            time.sleep(0.1)
        else:
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            return lock
    raise CannotStart(f"processes of an earlier run still use {path.parent}")


def free_port(host: str) -> int:
    """Return the port to serve on. Raises `CannotStart` when it is no port or taken."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotStart(f"PORT must be a number from 1 to 65535, not '{text}'")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(text)))
        except OSError as error:
            raise CannotStart(
                f"port {text} cannot be used ({error.strerror}); choose another: PORT=8001"
            ) from None
    return int(text)
