"""Where the portal keeps its own data when nobody gives it a database or a broker.

Settings, the supervisor of ``make run`` and a ``manage.py`` command started meanwhile all ask here, so that
with the same environment they reach the same database file and the same broker. Nothing here imports Django.

Environment: ``OPSPORTAL_DATA`` (folder), ``DATABASE_URL``, ``REDIS_URL``, ``OPSPORTAL_SECRET_KEY``.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

# A Unix socket's address must fit into 108 bytes on Linux and 104 on macOS.
MAX_SOCKET_PATH = 100
DATABASE_NAME = "opsportal.sqlite3"


def project_root() -> Path:
    """Return the folder that holds ``manage.py`` and the ``opsportal`` package."""
    return Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    """Return the folder of the embedded data, made with mode 0700 where it is missing.

    ``OPSPORTAL_DATA`` names it (relative to the project root, not to where the command was started);
    without it, ``var/data`` under the project root. Raises ``OSError`` where it cannot be made.
    """
    folder = project_root() / (os.environ.get("OPSPORTAL_DATA") or "var/data")
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    return folder


def static_root() -> Path:
    """Return the folder that ``collectstatic`` fills and the web server reads."""
    return project_root() / (os.environ.get("OPSPORTAL_STATIC_ROOT") or "var/static")


def uses_embedded_database() -> bool:
    """Tell whether the database is the SQLite file in the data folder."""
    return not os.environ.get("DATABASE_URL")


def uses_embedded_broker() -> bool:
    """Tell whether the broker is the Valkey that ``make run`` starts."""
    return not os.environ.get("REDIS_URL")


def database_path() -> Path:
    """Return the path of the embedded SQLite database (the file need not exist yet)."""
    return data_folder() / DATABASE_NAME


def socket_path() -> Path:
    """Return the Unix socket of the embedded Valkey.

    It lies in the data folder; where that path would be too long for a socket, in a folder of mode 0700
    under the temporary folder, named by a hash of the data folder.
    """
    folder = data_folder()
    path = folder / "valkey.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"opsportal-{os.getuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.lstat().st_uid != os.getuid():
        raise PermissionError(f"{short} belongs to somebody else; set OPSPORTAL_DATA to a shorter path")
    return short / "valkey.sock"


def cache_url() -> str:
    """Return the address of Redis or Valkey as redis-py and Django's cache want it."""
    return os.environ.get("REDIS_URL") or f"unix://{socket_path()}?db=0"


def broker_url() -> str:
    """Return the same address as Celery wants it (it has its own scheme for Unix sockets)."""
    address = cache_url()
    parts = urlsplit(address)
    if parts.scheme != "unix":
        return address
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"


def secret_key() -> str:
    """Return ``OPSPORTAL_SECRET_KEY``, or the key in the data folder (made on first use, mode 0600)."""
    given = os.environ.get("OPSPORTAL_SECRET_KEY")
    if given:
        return given
    path = data_folder() / "secret_key"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    # Written aside and linked into place: of several processes that start at once, one wins and all read the
    # same complete key.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".secret_key-")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()
    return path.read_text(encoding="ascii").strip()
