"""docs/ci/gate.sh with a real shell and curl: live server, dead port, servers that misbehave."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from changes.models import Deployment
from changes.services.closing import change_cancel
from opsportal.catalog.models import Environment
from opsportal.core.clock import edge_now
from tests import changing
from tests.changing import Cast, approved, submitted
from tests.databases import Database
from tests.deploying import make_stage
from tests.gatepack import POLICY_HASH
from tests.makers import make_token
from tests.portal import LivePortal
from tests.processes import ROOT, free_port

SCRIPT = ROOT / "docs" / "ci" / "gate.sh"
SCOPES = ("deployments:read", "deployments:write", "gate:read", "catalog:read")
SHIP = [
    *("--service", "payments-api", "--environment", "production", "--version", "2.14.0"),
    *("--commit", "9fceb02d0ae598e95dc970b74767f19372d61af8", "--policy-hash", POLICY_HASH),
    *("--check", "tests=passed", "--check", "security_scan:passed"),
]


class Script:
    """Runs the script with an environment of its own."""

    def __init__(self, folder: Path, url: str, secret: str = "opk_none") -> None:
        self.cache = folder / "cache"
        self.env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "OPSPORTAL_URL": url,
            "OPSPORTAL_TOKEN": secret,
            "OPSPORTAL_CACHE": str(self.cache),
            "OPSPORTAL_TIMEOUT": "10",
        }

    def __call__(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run it; the result has its exit code and what it printed."""
        return subprocess.run(
            ["/bin/sh", str(SCRIPT), *arguments],
            env={**self.env, **env},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def cast(fresh_database: Database) -> Cast:
    return make_stage()


@pytest.fixture
def gate(cast: Cast, live_portal: LivePortal, tmp_path: Path) -> Script:
    """The script, with a token for the live server."""
    _, secret = make_token(SCOPES, now=edge_now())
    return Script(tmp_path, live_portal.url, secret)


# --- against the live server ----------------------------------------------------------------------------
def test_an_allowed_deployment_goes_through_its_rollout(cast: Cast, gate: Script) -> None:
    change = approved(cast)
    asked = gate("ask", *SHIP)
    assert (asked.returncode, asked.stdout) == (0, "allowed\n"), asked.stderr
    assert not Deployment.objects.exists()

    done = gate("register", *SHIP, GITHUB_RUN_ID="7", GITHUB_REPOSITORY="o/r", GITHUB_ACTOR='o"c\\t')
    key = done.stdout.strip()
    row = Deployment.objects.get()
    assert (done.returncode, key) == (0, row.key), done.stderr
    assert f"allowed under {change.key}" in done.stderr
    assert row.pipeline == {
        "provider": "github",
        "run_url": "https://github.com/o/r/actions/runs/7",
        "actor": 'o"c\\t',
    }

    assert gate("event", key, "started").stdout == "continue\n"
    assert changing.fresh(change).state == "implementing"
    skipped = gate("event", key, "rollout", "--percent", "50", "--metric", "error_rate=0.001")
    assert (skipped.returncode, skipped.stdout) == (10, "hold\n")
    assert "rollout_step (ladder)" in skipped.stderr
    for percent in ("10", "50", "100"):
        step = gate("event", key, "rollout", "--percent", percent, "--metric", "error_rate=0.001")
        assert (step.returncode, step.stdout) == (0, "continue\n"), step.stderr
    assert gate("event", key, "succeeded").returncode == 0
    assert changing.fresh(change).state == "implemented"


def test_a_threshold_that_is_passed_rolls_back_for_good(cast: Cast, gate: Script) -> None:
    approved(cast)
    key = gate("register", *SHIP).stdout.strip()
    assert gate("event", key, "started").stdout == "continue\n"
    bad = gate("event", key, "rollout", "--percent", "10", "--metric", "error_rate=2e-2")
    assert (bad.returncode, bad.stdout) == (11, "roll_back\n")
    assert "threshold_passed (errors)" in bad.stderr
    stubborn = gate("event", key, "rollout", "--percent", "10", "--metric", "error_rate=0.001")
    assert (stubborn.returncode, stubborn.stdout) == (11, "roll_back\n")
    assert gate("event", key, "rolled_back").returncode == 0
    assert Deployment.objects.get().state == "rolled_back"


def test_what_is_not_allowed_or_not_understood_stops_with_all_reasons(cast: Cast, gate: Script) -> None:
    blocked = gate("register", *SHIP, "--check", "tests=failed")
    assert (blocked.returncode, blocked.stdout) == (1, f"{Deployment.objects.get().key}\n")
    for part in ("blocked", "change_required (change): ", "check_failed (tests): "):
        assert part in blocked.stderr
    assert gate("ask", *SHIP).returncode == 1

    change = approved(cast)
    for arguments, pointer in (
        (["--service", "nothing"], "/service"),
        (["--change", "CHG-999"], "/change"),
        (["--check", "tsets=passed"], "/checks/tsets"),
        (["--commit", "xyz"], "/commit"),
    ):
        refused = gate("register", *SHIP, *arguments)
        assert (refused.returncode, refused.stdout, pointer in refused.stderr) == (1, "", True), (
            refused.stderr
        )
    wrong = gate("register", *SHIP, OPSPORTAL_TOKEN="opk_wrong")
    assert (wrong.returncode, "refused the request (401)" in wrong.stderr) == (1, True)
    assert "opk_wrong" not in wrong.stdout + wrong.stderr
    assert Deployment.objects.count() == 1

    hostile = 'a"},{"b\\'
    assert gate("register", *SHIP, "--version", hostile).returncode == 0
    assert Deployment.objects.latest("id").release == hostile

    change_cancel(actor=cast.requester.actor, now=edge_now(), pk=change.pk, reason="No.")
    withdrawn = gate("register", *SHIP, "--change", change.key)
    assert (withdrawn.returncode, "withdrawn" in withdrawn.stderr) == (1, True)


def test_a_pending_deployment_is_waited_for_as_long_as_it_was_told(cast: Cast, gate: Script) -> None:
    ship = [*SHIP, "--change", submitted(cast).key]
    done = gate("register", *ship)
    assert (done.returncode, "change_not_approved" in done.stderr) == (2, True)
    assert gate("register", *ship, OPSPORTAL_WAIT="1").returncode == 2
    assert gate("ask", *ship).returncode == 2

    now = edge_now()
    change = approved(cast, **changing.window(timedelta(seconds=5), now=now), now=now)
    done = gate("register", *SHIP, "--change", change.key, OPSPORTAL_WAIT="60")
    assert done.returncode == 0, done.stderr
    assert "pending" in done.stderr
    assert "allowed under" in done.stderr
    assert Deployment.objects.latest("id").decision == "allowed"


@pytest.mark.parametrize("setting", ["stop", "proceed"])
def test_the_environments_own_setting_is_remembered_and_obeyed(
    cast: Cast, gate: Script, live_portal: LivePortal, setting: str
) -> None:
    Environment.objects.filter(slug="production").update(when_unreachable=setting)
    approved(cast)
    assert gate("ask", *SHIP).returncode == 0
    for process in live_portal.processes:
        process.kill()
    done = gate("register", *SHIP, OPSPORTAL_TRIES="1")
    assert done.returncode == (0 if setting == "proceed" else 3), done.stderr
    assert done.stdout == ""
    other = gate("register", *SHIP, OPSPORTAL_TRIES="1", OPSPORTAL_WHEN_UNREACHABLE="stop")
    assert other.returncode == 3
    lax = gate("register", *SHIP, OPSPORTAL_TRIES="1", OPSPORTAL_WHEN_UNREACHABLE="proceed")
    assert lax.returncode == (0 if setting == "proceed" else 3)


# --- against no server, or a bad one ----------------------------------------------------------------------
@pytest.fixture
def nobody(tmp_path: Path) -> Script:
    return Script(tmp_path, f"http://127.0.0.1:{free_port()}")


@pytest.mark.parametrize(("setting", "code"), [({}, 3), ({"stop": ""}, 3), ({"proceed": ""}, 0)], ids=str)
def test_a_dead_port_is_what_the_pipeline_says(nobody: Script, setting: dict[str, str], code: int) -> None:
    given = {"OPSPORTAL_WHEN_UNREACHABLE": next(iter(setting))} if setting else {}
    for command in (["register", *SHIP], ["ask", *SHIP], ["event", "DEP-1", "started"]):
        done = nobody(*command, OPSPORTAL_TRIES="1", **given)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert ("GOING ON WITHOUT ITS ANSWER" in done.stderr) == (code == 0)


def test_a_server_that_hangs_is_given_up_in_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        script = Script(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}")
        done = script("register", *SHIP, OPSPORTAL_TIMEOUT="1", OPSPORTAL_TRIES="2")
    assert done.returncode == 3
    assert done.stderr.count("no answer from the portal") == 2


class Answers(BaseHTTPRequestHandler):
    """Gives the prepared answers one after the other, the last one for ever."""

    prepared: list[tuple[int, dict[str, str], str]] = []
    seen: list[tuple[str, str, str]] = []

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        self.seen.append((self.path, self.headers.get("Idempotency-Key", ""), body))
        status, headers, text = self.prepared[min(len(self.seen), len(self.prepared)) - 1]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = _answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *arguments: Any) -> None:
        """Stay quiet."""


@contextmanager
def answering(*prepared: tuple[int, dict[str, str], Any]) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Serve these answers; yields the address, and what was asked."""
    texts = [(s, h, text if isinstance(text, str) else json.dumps(text)) for s, h, text in prepared]
    handler = type("Prepared", (Answers,), {"prepared": texts, "seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", handler.seen  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


BUSY = (503, {"Retry-After": "1"}, {"status": 503, "detail": "The database is away."})
REGISTERED: dict[str, Any] = {
    "key": "DEP-7",
    "decision": "allowed",
    "reasons": [],
    "change": None,
    "state": "registered",
}


def test_a_503_is_tried_again_with_the_same_key(tmp_path: Path) -> None:
    with answering(BUSY, BUSY, (201, {}, REGISTERED)) as (url, seen):
        done = Script(tmp_path, url)("register", *SHIP)
    assert (done.returncode, done.stdout) == (0, "DEP-7\n"), done.stderr
    posts = [one for one in seen if one[1]]
    assert len(posts) == 3
    assert len({key for _, key, _ in posts}) == 1
    assert len({body for _, _, body in posts}) == 1


def test_a_503_without_end_is_no_answer(tmp_path: Path) -> None:
    with answering(BUSY) as (url, seen):
        done = Script(tmp_path, url)("register", *SHIP, OPSPORTAL_TRIES="2")
    assert (done.returncode, len(seen)) == (3, 2)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (200, "<html>Log in to the guest network</html>"),
        (201, {"decision": "sure"}),
        (201, ""),
        (201, "{"),
        (201, '{"decision":'),
        (201, '{"key": "\\"decision\\":\\"allowed\\""}'),
        (201, {"reasons": [{"decision": "allowed"}], "nested": {"decision": "allowed"}}),
        (500, {"decision": "allowed"}),
        (302, {"decision": "allowed"}),
    ],
    ids=str,
)
def test_what_is_not_the_portals_answer_is_never_a_yes(tmp_path: Path, status: int, text: Any) -> None:
    with answering((status, {}, text)) as (url, _):
        done = Script(tmp_path, url)("register", *SHIP, OPSPORTAL_TRIES="1")
    assert done.returncode in (1, 3), done.stderr


def test_a_portal_that_goes_away_while_it_waits_is_no_yes(tmp_path: Path) -> None:
    pending = {**REGISTERED, "decision": "pending", "reasons": [{"code": "x", "rule": "y", "detail": "z"}]}
    with answering((201, {"Retry-After": "1"}, pending), BUSY) as (url, _):
        script = Script(tmp_path, url)
        done = script("register", *SHIP, OPSPORTAL_WAIT="3", OPSPORTAL_WHEN_UNREACHABLE="proceed")
    assert done.returncode == 2, done.stderr


def test_signs_in_reasons_are_shown_as_they_are(tmp_path: Path) -> None:
    reason = {
        "code": "a_rule",
        "rule": "r-1",
        "detail": 'Say "no", it\'s a \\ and\ta\nbreak → ünïcode 🚦 $(id) `id`',
    }
    with answering((201, {}, {**REGISTERED, "decision": "blocked", "reasons": [reason]})) as (url, _):
        done = Script(tmp_path, url)("register", *SHIP)
    assert done.returncode == 1
    assert 'a_rule (r-1): Say "no", it\'s a \\ and a break ' in done.stderr
    assert "$(id) `id`" in done.stderr


# --- wrong use ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["deploy"],
        ["register"],
        ["register", "--service", "s", "--environment", "e"],
        ["register", *SHIP, "--colour", "red"],
        ["register", *SHIP, "--change"],
        ["register", "--service", "s", "--environment", "../e", "--version", "1"],
        ["event", "DEP-1"],
        ["event", "DEP-1/../2", "started"],
        ["event", "DEP-1", "rollout", "--percent", "ten"],
        ["event", "DEP-1", "rollout", "--percent", "10", "--metric", "error_rate=low"],
        ["event", "DEP-1", "rollout", "--percent", "10", "--metric", 'error_rate=1,"x":2'],
    ],
    ids=str,
)
def test_wrong_use_is_told_apart_from_an_answer(nobody: Script, arguments: list[str]) -> None:
    done = nobody(*arguments)
    assert (done.returncode, done.stdout) == (64, ""), done.stderr


@pytest.mark.parametrize(
    "env",
    [
        {"OPSPORTAL_URL": ""},
        {"OPSPORTAL_TOKEN": ""},
        {"OPSPORTAL_TOKEN": 'x"\nheader = "X: y'},
        {"OPSPORTAL_WAIT": "long"},
        {"OPSPORTAL_WHEN_UNREACHABLE": "maybe"},
    ],
    ids=str,
)
def test_a_wrong_environment_is_told_apart_from_an_answer(nobody: Script, env: dict[str, str]) -> None:
    assert nobody("register", *SHIP, **env).returncode == 64


def test_a_report_without_a_deployment_is_left_out(nobody: Script) -> None:
    """A pipeline that went on without the portal has no key, and goes on."""
    assert nobody("event", "", "started").returncode == 0


def test_what_happened_already_is_registered_and_stops_nothing(tmp_path: Path) -> None:
    late = {**REGISTERED, "decision": "blocked", "change": "CHG-9", "state": "succeeded"}
    with answering((201, {}, late)) as (url, seen):
        done = Script(tmp_path, url)("register", *SHIP, "--started-at", "2026-03-02T07:00:00Z")
    assert (done.returncode, done.stdout) == (0, "DEP-7\n"), done.stderr
    assert "after the fact: blocked, under CHG-9" in done.stderr
    assert json.loads(seen[0][2])["started_at"] == "2026-03-02T07:00:00Z"


def test_what_happened_once_has_one_key_whichever_job_tells_of_it(tmp_path: Path) -> None:
    late = {**REGISTERED, "decision": "blocked", "change": "CHG-9", "state": "succeeded"}
    with answering((201, {}, late)) as (url, seen):
        gate = Script(tmp_path, url)
        for start, run in (("07:00", "1-1"), ("07:00", "1-2"), ("08:00", "1-2")):
            moment = f"2026-03-02T{start}:00Z"
            gate("register", *SHIP, "--started-at", moment, OPSPORTAL_IDEMPOTENCY_KEY=run)
    first, again, other = (key for _, key, _ in seen)
    assert first == again != other
    assert first.startswith("late.")
