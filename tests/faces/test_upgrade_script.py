"""docs/deploy/upgrade.sh: the portal's own release goes through its own gate, by a real shell and server."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from changes.models import Deployment
from opsportal.core.clock import edge_now
from tests import gatepack
from tests.changing import Cast, approved, make_cast
from tests.databases import Database
from tests.deploying import activate
from tests.gatepack import POLICY_HASH
from tests.makers import make_service, make_token
from tests.portal import LivePortal
from tests.processes import ROOT

SCRIPT = ROOT / "docs" / "deploy" / "upgrade.sh"
SCOPES = ("deployments:read", "deployments:write", "gate:read", "catalog:read")
RELEASE = "echo upgraded >> steps"


class Upgrade:
    """Runs the script; `steps` are what it did, as the commands that stand for the portal's wrote it."""

    def __init__(self, folder: Path, url: str, secret: str) -> None:
        self.folder = folder
        self.manage = folder / "manage"
        self.refuse("nothing")
        self.env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "OPSPORTAL_URL": url,
            "OPSPORTAL_TOKEN": secret,
            "OPSPORTAL_POLICY_HASH": POLICY_HASH,
            "OPSPORTAL_CHECKS": "tests=passed security_scan=passed",
            "OPSPORTAL_BACKUPS": "/backups",
            "OPSPORTAL_MANAGE": f"sh {self.manage}",
        }

    def refuse(self, word: str) -> None:
        """Let the portal's command `word` fail."""
        self.manage.write_text(f'echo "$*" >> steps\n[ "$1" != {word} ]\n', encoding="ascii")

    def __call__(self, *command: str, **env: str) -> int:
        """Upgrade to 1.4.0 by a command, and return the exit code."""
        done = subprocess.run(
            ["/bin/sh", str(SCRIPT), *(("1.4.0", *command) if command else ())],
            env={**self.env, **env},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode

    @property
    def steps(self) -> list[str]:
        written = self.folder / "steps"
        return written.read_text(encoding="ascii").splitlines() if written.exists() else []


@pytest.fixture
def cast(fresh_database: Database) -> Cast:
    made = make_cast()
    activate(gatepack.CHANGE_NEEDED, gatepack.TESTS_PASS, gatepack.SCAN_PASSES, gatepack.HASH_NEEDED)
    make_service("opsportal")
    return made


@pytest.fixture
def upgrade(cast: Cast, live_portal: LivePortal, tmp_path: Path) -> Upgrade:
    _, secret = make_token(SCOPES, now=edge_now())
    return Upgrade(tmp_path, live_portal.url, secret)


def test_it_backs_up_upgrades_looks_and_says_so(cast: Cast, upgrade: Upgrade) -> None:
    assert upgrade("sh", "-c", RELEASE) == 1
    assert upgrade.steps == []
    approved(cast, services=["opsportal"], environments=["production"])
    assert upgrade("sh", "-c", RELEASE) == 0
    assert upgrade.steps == ["backup /backups/before-1.4.0.zip", "upgraded", "preflight"]
    rows = Deployment.objects.order_by("id").values_list("service__slug", "release", "decision", "state")
    assert list(rows) == [
        ("opsportal", "1.4.0", "blocked", "registered"),
        ("opsportal", "1.4.0", "allowed", "succeeded"),
    ]


@pytest.mark.parametrize(
    ("word", "release", "steps"),
    [
        ("backup", RELEASE, ["backup /backups/before-1.4.0.zip"]),
        ("nothing", "exit 7", ["backup /backups/before-1.4.0.zip"]),
        ("preflight", RELEASE, ["backup /backups/before-1.4.0.zip", "upgraded", "preflight"]),
    ],
)
def test_what_fails_ends_it_and_is_told(
    cast: Cast, upgrade: Upgrade, word: str, release: str, steps: list[str]
) -> None:
    approved(cast, services=["opsportal"], environments=["production"])
    upgrade.refuse(word)
    assert upgrade("sh", "-c", release) == 13
    assert upgrade.steps == steps
    assert Deployment.objects.get().state == "failed"


def test_without_an_answer_nothing_is_done(cast: Cast, tmp_path: Path) -> None:
    alone = Upgrade(tmp_path, "http://127.0.0.1:9", "opk_none")
    assert alone("sh", "-c", RELEASE, OPSPORTAL_TRIES="1") == 3
    assert alone() == 64
    assert alone("sh", "-c", RELEASE, OPSPORTAL_BACKUPS="") == 64
    assert alone.steps == []
