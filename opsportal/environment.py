"""Typed reading of environment variables. A wrong value stops the start with one clear line."""

from __future__ import annotations

import os
from ipaddress import ip_network

from django.core.exceptions import ImproperlyConfigured

_YES = {"1", "true", "yes", "on"}
_NO = {"", "0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """Return the variable as text, stripped."""
    return os.environ.get(name, default).strip()


def flag(name: str, *, default: bool = False) -> bool:
    """Return the variable as a yes or no. Raises `ImproperlyConfigured` for anything else."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in _YES:
        return True
    if value.strip().lower() in _NO:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not '{value}'.")


def number(name: str, default: int) -> int:
    """Return the variable as a whole number. Raises `ImproperlyConfigured` for anything else."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not '{value}'.") from None


def words(name: str, default: str = "") -> list[str]:
    """Return the variable as a list, parted at commas."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def networks(name: str) -> list[str]:
    """Return the variable as a list of networks, parted at commas. Raises `ImproperlyConfigured`."""
    named = words(name)
    for text in named:
        try:
            ip_network(text)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must name networks like 10.1.0.0/16, not '{text}'.") from None
    return named
