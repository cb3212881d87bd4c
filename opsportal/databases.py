"""Database settings from one URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

PREPARE_AFTER = 5
"""How often a connection runs a hot statement before PostgreSQL prepares it (`opsportal.core.statements`).
Only those are prepared: what the ORM sends has its values written in."""

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;PRAGMA recursive_triggers=ON;"
)


def sqlite(path: Path) -> dict[str, Any]:
    """Return the settings of an embedded database file."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            # A transaction that begins by reading and then writes would fail at once where another
            # one writes; IMMEDIATE takes the write lock first and waits for it.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": _SQLITE_PRAGMAS,
        },
    }


def from_url(url: str) -> dict[str, Any]:
    """Return the settings for `postgresql://user:password@host:port/name?option=…` or `sqlite:///path`.

    `prepare_threshold=off` is for a pooler that does not know prepared statements.
    Raises `ImproperlyConfigured` for anything else, without repeating the password.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite(Path(unquote(parts.path[1:] if parts.path.startswith("//") else parts.path)))
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql:// or sqlite:///.")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    options.setdefault("connect_timeout", 3)
    options["prepare_threshold"] = _threshold(options.get("prepare_threshold", str(PREPARE_AFTER)))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(options.pop("port", "") or parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def _threshold(text: str) -> int | None:
    if text == "off":
        return None
    if not text.isdecimal():
        raise ImproperlyConfigured("prepare_threshold in DATABASE_URL must be a number, or off.")
    return int(text)
