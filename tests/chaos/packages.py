"""Programs of Debian that some faults need: installed where apt and root allow, otherwise said."""

from __future__ import annotations

import os
import shutil
import subprocess
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
