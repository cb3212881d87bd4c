"""The secret by which a receiver tells the outcome of one action; stored as its hash."""

from __future__ import annotations

import hashlib
import secrets

from opsportal.core import secrecy

PREFIX = secrecy.OUTCOME


def new_token() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
