"""The example pipelines for CI systems: their own shell, run against a portal that answers as ours does."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes import ROOT

CI = ROOT / "docs" / "ci"
OURS = ("test.sh", "deploy.sh", "smoke-test.sh", "roll-back.sh")


def github() -> list[str]:
    steps = yaml.safe_load((CI / "github-actions.yml").read_text())["jobs"]["production"]["steps"]
    return [step["run"] for step in steps if "run" in step]


def gitlab() -> list[str]:
    jobs = yaml.safe_load((CI / "gitlab-ci.yml").read_text())
    return ["\n".join(jobs[name]["script"]) for name in jobs["stages"][:2]] + [
        "\n".join(jobs["production"]["script"])
    ]


def jenkins() -> list[str]:
    text = (CI / "Jenkinsfile").read_text()
    assert text.count("{") == text.count("}")
    return [long or short for long, short in re.findall(r"sh '''(.*?)'''|sh '([^'\n]+)'", text, re.DOTALL)]


PIPELINES = {"github": github, "gitlab": gitlab, "jenkins": jenkins}


class Portal(BaseHTTPRequestHandler):
    """Answers as the portal does; `actions` are given to reports by event, `decision` to the rest."""

    decision = "allowed"
    actions: dict[str, str] = {}
    seen: list[tuple[str, str, dict[str, Any]]] = []

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length) or b"{}")
        path = self.path.partition("?")[0].removeprefix("/api/v1")
        self.seen.append((path, self.headers.get("Idempotency-Key", ""), sent))
        told: dict[str, Any] = {"decision": self.decision, "reasons": [], "change": None}
        if path.endswith("/events/"):
            told = {"action": self.actions.get(sent["event"], "continue"), "reasons": []}
        elif path == "/deployments/":
            told |= {"key": "DEP-7", "state": "registered", "url": "http://portal/deployments/DEP-7/"}
        text = json.dumps(told).encode()
        self.send_response(201 if path == "/deployments/" else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = _answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *arguments: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def portal() -> Iterator[tuple[type[Portal], str]]:
    handler = type("Prepared", (Portal,), {"seen": [], "actions": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(system: str, url: str, folder: Path, **more: str) -> int:
    """Run the steps of a pipeline one after the other, as its CI system does; return the last exit code."""
    (folder / "ci").mkdir()
    for name in ("gate.sh", "rollout.sh"):
        shutil.copy(CI / name, folder / "ci" / name)
    for name in OURS:
        (folder / name).write_text(
            f'#!/bin/sh\necho "{name} $*" >> did\nexit "${{FAILS_{name[:4].upper()}:-0}}"\n'
        )
    (folder / "error-rate.sh").write_text("#!/bin/sh\necho 0.001\n")
    for name in (*OURS, "error-rate.sh"):
        (folder / name).chmod(0o755)
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "OPSPORTAL_URL": url,
        "OPSPORTAL_TOKEN": "opk_test",
        "OPSPORTAL_SERVICE": "payments-api",
        "OPSPORTAL_ENVIRONMENT": "production",
        "OPSPORTAL_VERSION": "2.14.0",
        "OPSPORTAL_IDEMPOTENCY_KEY": "17-1",
        "GITHUB_OUTPUT": str(folder / "output"),
        "CI_PIPELINE_ID": "17",
        "CI_JOB_ID": "1",
        "BUILD_TAG": "jenkins-17 1",
        **more,
    }
    for script in PIPELINES[system]():
        output = folder / "output"
        if output.exists():
            env["DEPLOYMENT"] = output.read_text().strip().removeprefix("key=")
        done = subprocess.run(["/bin/sh", "-e", "-c", script], cwd=folder, env=env, timeout=60, check=False)
        if done.returncode:
            return done.returncode
    return 0


@pytest.mark.parametrize("system", PIPELINES)
def test_it_asks_registers_under_the_runs_key_and_reports_each_step(
    system: str, portal: tuple[type[Portal], str], tmp_path: Path
) -> None:
    handler, url = portal
    assert run(system, url, tmp_path) == 0
    assert handler.seen[0][0] == "/gate/"
    registered = [(key, sent) for path, key, sent in handler.seen if path == "/deployments/"]
    assert [(key in {"17-1", "jenkins-17-1"}, sent["checks"]) for key, sent in registered] == [
        (True, {"tests": "passed", "code_review": "passed"})
    ]
    events = [
        (sent["event"], sent.get("percent")) for path, _, sent in handler.seen if path.endswith("/events/")
    ]
    assert events == [
        ("started", None),
        ("rollout", 10),
        ("rollout", 50),
        ("rollout", 100),
        ("verified", None),
        ("succeeded", None),
    ]
    assert "roll-back.sh" not in (tmp_path / "did").read_text()


@pytest.mark.parametrize("system", PIPELINES)
def test_each_end_has_an_exit_code_of_its_own(
    system: str, portal: tuple[type[Portal], str], tmp_path: Path
) -> None:
    handler, url = portal
    cases: list[tuple[str, dict[str, str], dict[str, str], int]] = [
        ("blocked", {}, {}, 1),
        ("pending", {}, {"OPSPORTAL_WAIT": "0"}, 2),
        ("allowed", {"rollout": "hold"}, {}, 10),
        ("allowed", {"rollout": "roll_back"}, {}, 12),
        ("allowed", {}, {"FAILS_SMOK": "1"}, 13),
    ]
    for number, (decision, actions, more, code) in enumerate(cases):
        handler.decision, handler.actions = decision, actions
        folder = tmp_path / str(number)
        folder.mkdir()
        assert run(system, url, folder, **more) == code, (system, decision, actions)
        did = (folder / "did").read_text()
        assert ("roll-back.sh" in did) == (code in (12, 13))
        assert ("deploy.sh" in did) == (code >= 10)
    last = [sent["event"] for path, _, sent in handler.seen if path.endswith("/events/")]
    assert last[-2:] == ["failed", "rolled_back"]
