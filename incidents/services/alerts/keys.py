"""The secrets of senders: made once, kept as hashes, or derived from the portal's own key."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils.crypto import salted_hmac

from incidents.models import Integration
from opsportal.core import secrecy
from opsportal.core.errors import Unauthenticated

INTEGRATION_PREFIX = secrecy.SENDER
CHECK_PREFIX = secrecy.HEARTBEAT
SHOWN = 12
_RANDOM = 28
"""With the prefix 32 characters, as PagerDuty's routing keys have; 166 random bits."""
_ALPHABET = string.ascii_letters + string.digits
_FORM = re.compile(rf"(?:{INTEGRATION_PREFIX}|{CHECK_PREFIX})[A-Za-z0-9]{{28}}")
_SALT = "incidents.alerts.signature"


def new_secret(prefix: str) -> str:
    """Return a new secret of 32 characters."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))


def is_secret(text: str) -> bool:
    """Return whether `text` has the form of such a secret."""
    return _FORM.fullmatch(text) is not None


def digest_of(secret: str) -> str:
    """Return the hash by which a secret is known."""
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def signing_secret(integration: Integration, *, back: int = 0) -> str:
    """Return the secret with which this sender signs; with `back=1` the one before it.

    It is derived from the portal's own key, so that nothing secret lies in the database.
    """
    generation = integration.signature_generation - back
    return salted_hmac(_SALT, f"{integration.pk}:{generation}", algorithm="sha256").hexdigest()


def require_signature(
    integration: Integration, headers: Mapping[str, str], body: bytes, now: datetime
) -> None:
    """Raise `Unauthenticated` unless the body is signed, where the integration demands that.

    The signature is the HMAC-SHA256 of the body in hexadecimal; where a header for the time is set, of
    `<unix seconds>:<body>`, and the time must be near `now` (aware UTC). The present secret and the one
    before it are good.
    """
    if not integration.signature_header:
        return
    given = headers.get(integration.signature_header, "").strip().lower()
    if not given:
        raise Unauthenticated(f"The header {integration.signature_header} with the signature is missing.")
    signed = body
    if integration.timestamp_header:
        stamp = headers.get(integration.timestamp_header, "").strip()
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            raise Unauthenticated(f"The header {integration.timestamp_header} holds no time in Unix seconds.")
        off = abs(now.timestamp() - int(stamp))
        if off > timedelta(seconds=integration.signature_skew).total_seconds():
            raise Unauthenticated("The signature is too old, or the clock of the sender is wrong.")
        signed = stamp.encode() + b":" + body
    for back in (0, 1):
        secret = signing_secret(integration, back=back).encode()
        expected = hmac.new(secret, signed, hashlib.sha256).hexdigest()
        if hmac.compare_digest(expected.encode(), given.encode()):
            return
    raise Unauthenticated("The signature does not fit the body.")
