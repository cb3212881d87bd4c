"""Signing what the portal sends to others, as Standard Webhooks (standardwebhooks.com) lays it down. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"


def new_secret() -> str:
    """Return a fresh secret of 256 bits in the form in which receivers' libraries take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed_headers(body: bytes, *, message_id: str, at: datetime, secrets: Iterable[str]) -> dict[str, str]:
    """Return the three headers that let a receiver see who sent `body`, when, and that it is whole.

    `message_id` stays the same at a repeat, so that a receiver can leave out what it has had; `at` is
    aware. There is one signature for each of `secrets`: two while one is exchanged for another. Raises
    `ValueError` where a secret is none of ours.
    """
    stamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    signatures = [_signature(signed, _key(secret)) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _signature(signed: bytes, key: bytes) -> str:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a signing secret is not base64") from None
