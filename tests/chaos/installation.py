"""A portal as a team runs it: supervisor, PostgreSQL, Valkey and mail server, each to be killed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tests.processes import ROOT, Process, free_port, wait_until
from tests.receivers import Receiver
from tests.servers import Mailbox, Postgres, Valkey

if TYPE_CHECKING:
    from tests.chaos.alerts import AlertSenders

ON_CALL = "on-call@chaos.example"
SCOPES = ("deployments:write", "deployments:read", "gate:read")
_ON_CALL_SETUP = """
import json
from datetime import timedelta
from incidents.services.alerts.integrations import integration_create
from incidents.services.oncall.schedules import schedule_create
from opsportal.core.clock import database_now
from opsportal.notify.models import ContactMethod
from opsportal.notify.services.contacts import contact_method_add, reach_plan_choose
from tests.makers import ROOT, make_service, make_team, make_user
from tests.oncalling import layer_of
now = database_now()
person = make_user("{on_call}", name="Olga")
make_service("chaos-api", team=make_team("chaos", person))
schedule_create(actor=ROOT, now=now - timedelta(days=1), slug="chaos", name="Chaos", team="chaos",
    settings={{"time_zone": "UTC", "layers": [layer_of("{on_call}", unit="week")]}})
push = contact_method_add(actor=person.actor, now=now, kind="ntfy", address="chaos-topic-of-olga")
ContactMethod.objects.filter(pk=push.pk).update(state="verified", verified_at=now)
reach_plan_choose(actor=person.actor, now=now, low=[],
    high=[{{"method": str(push.pk), "after": 0}}, {{"method": "account", "after": 0}}])
tokens = {{}}
for kind in ("own", "alertmanager"):
    _, tokens[kind] = integration_create(actor=ROOT, now=now, slug="chaos-" + kind, kind=kind,
        fields={{"name": "Chaos"}})
print(json.dumps(tokens))
"""
MARKS = {"web": "gunicorn", "worker": "opsportal.celery worker", "scheduler": "opsportal.celery beat"}


class Installation:
    """Everything that runs. Data lie in a folder of its own, which goes at the end."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="opsportal-chaos-"))
        self.postgres, self.valkey, self.mailbox = Postgres(durable=True), Valkey(durable=True), Mailbox()
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE chaos")
        self.port = free_port()
        self.receiver = Receiver()
        """Where pushes go."""
        self.senders: AlertSenders | None = None
        """Who sends alerts during the run that goes on."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("OPSPORTAL_")}
        self.env = own | self.mailbox.env
        self.env |= {
            "DATABASE_URL": self.postgres.url.replace("/postgres", "/chaos"),
            "REDIS_URL": self.valkey.url(),
            "OPSPORTAL_DATA": str(self.folder),
            "PORT": str(self.port),
            "DEMO": "1",
            "NTFY_URL": self.receiver.url,
            "OPSPORTAL_OUTBOUND_NETWORKS": "127.0.0.0/8",
        }
        self.supervisor = self._start()
        wait_until(lambda: self.status("/ready") == 200, seconds=600, what="the portal is ready")
        self.token = self.manage("token", "create", "chaos", "--scope", *SCOPES).strip()
        told = self.manage("shell", "-v0", "-c", _ON_CALL_SETUP.format(on_call=ON_CALL))
        tokens: dict[str, str] = json.loads(told.splitlines()[-1])
        self.alert_token, self.alertmanager_token = tokens["own"], tokens["alertmanager"]

    def _start(self, **env: str) -> Process:
        command = [sys.executable, "-m", "opsportal.run"]
        return Process(command, log=self.folder / "run.log", env={**self.env, **env})

    def restart(self, **env: str) -> None:
        """Stop the portal in good order and start it with more in its environment."""
        self.supervisor.stop(seconds=40)
        self.supervisor = self._start(**env)
        wait_until(lambda: self.status("/ready") == 200, seconds=600, what="the portal is ready again")

    def start_again(self) -> None:
        """Start the supervisor after it has ended."""
        self.supervisor = self._start()

    def manage(self, *arguments: str) -> str:
        """Return what a command prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def status(self, path: str) -> int:
        """Return the status of GET `path`, 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=3) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as answer:
            return answer.code
        except OSError:
            return 0

    def processes(self, kind: str) -> list[int]:
        """Return the process ids of `web`, `worker` or `scheduler`, the first one first."""
        listed = subprocess.run(
            ["ps", "-ww", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True
        )
        found = []
        for line in listed.stdout.splitlines():
            pid, state, command = line.split(maxsplit=2)
            if MARKS[kind] in command and not state.startswith("Z") and self._is_ours(int(pid)):
                found.append(int(pid))
        return sorted(found)

    def _is_ours(self, pid: int) -> bool:
        try:
            return str(self.folder).encode() in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False

    def signal_all(self, kind: str, signum: signal.Signals) -> None:
        """Send a signal to every process of a kind."""
        for pid in self.processes(kind):
            os.kill(pid, signum)

    def freeze_database(self, signum: signal.Signals) -> None:
        """Send SIGSTOP or SIGCONT to the server and to each of its own processes."""
        listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
        pairs = re.findall(r"(\d+)\s+(\d+)", listed.stdout)
        mine = [int(pid) for pid, parent in pairs if int(parent) == self.postgres.process.pid]
        for pid in (*mine, self.postgres.process.pid):
            os.kill(pid, signum)

    def stop(self) -> None:
        """Stop everything and remove the data."""
        self.supervisor.stop(seconds=40)
        self.valkey.stop()
        self.mailbox.stop()
        self.receiver.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
