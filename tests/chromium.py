"""Finds a Chromium for the browser tests, or gets one; run by ``make test`` before pytest starts.

``python -m tests.chromium`` prints its path. Looked for in this order: ``CHROMIUM``, the usual names on PATH,
playwright's own. Where there is none: ``playwright install chromium``, then, as root on Debian, apt.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADVICE = (
    "No Chromium for the browser tests: install one (on Debian: apt-get install chromium), "
    "or name its program in CHROMIUM=."
)

# Without these, each start tries to reach hosts that have nothing to do with the test.
ARGUMENTS = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--disable-dev-shm-usage",
]


def launch_arguments() -> list[str]:
    """Return Chromium's command line; as root it needs ``--no-sandbox``."""
    return [*ARGUMENTS, "--no-sandbox"] if os.getuid() == 0 else list(ARGUMENTS)


def find() -> str | None:
    """Return the path of a Chromium on this machine, or ``None``."""
    for name in (os.environ.get("CHROMIUM", ""), *_NAMES):
        found = shutil.which(name) if name else None
        if found:
            return found
    return _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def _quietly(*command: str) -> bool:
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=900, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0


def find_or_install() -> str | None:
    """Return the path of a Chromium, installed if need be; ``None`` when none can be had."""
    found = find()
    if found:
        return found
    sys.stderr.write("No Chromium found; installing one for the browser tests …\n")
    if _quietly(sys.executable, "-m", "playwright", "install", "chromium") and (found := find()):
        return found
    if os.getuid() == 0 and shutil.which("apt-get"):
        _quietly("apt-get", "update", "-q")
        _quietly("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-qy", "chromium")
    return find()


def main() -> int:
    """Print the path, or what to install; return the exit code."""
    found = find_or_install()
    if found is None:
        sys.stderr.write(f"{ADVICE}\n")
        return 1
    sys.stdout.write(f"{found}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
