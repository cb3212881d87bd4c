"""Codes by which somebody shows that what is sent to an address reaches them. Pure.

A code is made of the method and a nonce under the portal's secret key, each time that it is needed: the
database holds the nonce alone, which tells nobody the code.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from django.utils.crypto import constant_time_compare, salted_hmac

GOOD_FOR = timedelta(minutes=10)
MOST_TRIES = 5
_DIGITS = 6


def new_nonce() -> str:
    return secrets.token_urlsafe(24)


def code_of(method: UUID, nonce: str) -> str:
    """Return the six digits that belong to a method and the nonce of this occasion."""
    mac = salted_hmac("opsportal.notify.codes", f"{method}:{nonce}", algorithm="sha256").digest()
    return str(int.from_bytes(mac, "big") % 10**_DIGITS).zfill(_DIGITS)


def is_right(given: str, *, method: UUID, nonce: str) -> bool:
    """Return whether `given` (spaces do not count) is the code; how long that takes tells nothing."""
    bare = "".join(given.split())
    return bool(nonce) and constant_time_compare(bare, code_of(method, nonce))
