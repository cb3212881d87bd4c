"""Programs of Debian that some faults need: installed where apt and root allow, otherwise said."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


class Skipped(Exception):  # noqa: N818
    """This machine cannot do that; the text says why."""


def need(package: str, is_there: Callable[[], object]) -> None:
    """Install a Debian package unless what we need of it is there. Raises `Skipped` where that fails."""
    if is_there():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Skipped(f"needs Debian's {package}: apt-get install --no-install-recommends {package}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Where the list of packages cannot be had anew, the one that is there may do.
    subprocess.run(["apt-get", "-qq", "update"], env=env, capture_output=True, check=False)
    install = ["apt-get", "-qq", "install", "-y", "--no-install-recommends", package]
    done = subprocess.run(install, env=env, capture_output=True, text=True, check=False)
    if done.returncode or not is_there():
        raise Skipped(f"{package} could not be installed: {done.stderr.strip()[-200:]}")


def clock_library() -> Path | None:
    """Return the library that gives a process another clock."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def need_clock(env: dict[str, str]) -> None:
    """Raise `Skipped` where a Python process cannot so much as sleep with another clock.

    Debian 12's libfaketime (0.9.10) answers EINVAL to the sleep until an instant of Python 3.11 and later.
    """
    tried = subprocess.run(
        [sys.executable, "-c", "import time; time.sleep(0.01)"],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if tried.returncode:
        why = tried.stderr.strip().rpartition("\n")[2]
        raise Skipped(f"under this libfaketime Python's time.sleep fails: {why}")
