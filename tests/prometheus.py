"""A real Prometheus server (of Debian) that scrapes itself: for the test of the whole way."""

from __future__ import annotations

import json
import shutil
import urllib.request
from pathlib import Path

from tests.processes import Process, free_port, wait_until

PROGRAM = "prometheus"
INSTALL = "apt-get install --no-install-recommends prometheus"
_CONFIG = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: itself
    static_configs:
      - targets: ["127.0.0.1:{port}"]
        labels:
          service: payments-api
"""


def is_installed() -> bool:
    """Return whether this machine has the program."""
    return shutil.which(PROGRAM) is not None


class Prometheus:
    """One server on a free port, which has scraped itself at least once when it is there."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = folder / "prometheus.yml"
        config.write_text(_CONFIG.format(port=self.port), encoding="utf-8")
        self.process = Process(
            [
                PROGRAM,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            log=folder / "prometheus.log",
        )
        wait_until(self._has_scraped, seconds=60, what="Prometheus has scraped itself")

    def stop(self) -> None:
        """Kill it."""
        self.process.kill()

    def _has_scraped(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query?query=up", timeout=5) as answer:  # noqa: S310 - our own
                return bool(json.load(answer)["data"]["result"])
        except OSError:
            return False
