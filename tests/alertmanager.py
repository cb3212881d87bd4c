"""A real Alertmanager (of Debian) that posts to a portal: for the test of the whole way, and for chaos."""

from __future__ import annotations

import json
import shutil
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.processes import Process, free_port, wait_until

PROGRAM = "prometheus-alertmanager"
INSTALL = "apt-get install --no-install-recommends prometheus-alertmanager"
_CONFIG = """
route:
  receiver: portal
  group_by: [alertname]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: portal
    webhook_configs:
      - url: "{url}"
        send_resolved: true
"""


def is_installed() -> bool:
    """Return whether this machine has the program."""
    return shutil.which(PROGRAM) is not None


class Alertmanager:
    """One Alertmanager on free ports, which sends every group of alerts to `url` a second later."""

    def __init__(self, folder: Path, url: str) -> None:
        self.port = free_port()
        self._began: dict[frozenset[tuple[str, str]], datetime] = {}
        config = folder / "alertmanager.yml"
        config.write_text(_CONFIG.format(url=url), encoding="utf-8")
        self.process = Process(
            [
                PROGRAM,
                f"--config.file={config}",
                f"--storage.path={folder / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--cluster.listen-address=",
                "--log.level=debug",
            ],
            log=folder / "alertmanager.log",
        )
        wait_until(self._is_ready, seconds=30, what="Alertmanager is ready")

    def fire(self, **labels: str) -> None:
        """Let an alert with these labels fire, as Prometheus would."""
        self._began[frozenset(labels.items())] = datetime.now(UTC)
        self._post(labels, ends_at=datetime.now(UTC) + timedelta(minutes=10))

    def resolve(self, **labels: str) -> None:
        """End it, as Prometheus would."""
        self._post(labels, ends_at=datetime.now(UTC))

    def stop(self) -> None:
        """Kill it."""
        self.process.kill()

    def _post(self, labels: dict[str, str], *, ends_at: datetime) -> None:
        alert = {
            "labels": labels,
            "annotations": {"summary": f"{labels['alertname']} on {labels.get('instance', 'something')}"},
            "startsAt": self._began[frozenset(labels.items())].isoformat(),
            "endsAt": ends_at.isoformat(),
            "generatorURL": "http://prometheus.example/graph",
        }
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v2/alerts",
            data=json.dumps([alert]).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=10):  # noqa: S310 - our own address
            pass

    def _is_ready(self) -> bool:
        if not self.process.alive:
            raise RuntimeError(f"Alertmanager ended:\n{self.process.output()}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
