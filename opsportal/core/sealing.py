"""Secrets that the portal must be able to use again, such as a receiver's signing secret, kept sealed.

Fernet (AES-128-CBC with HMAC-SHA256) under a key derived from the portal's own secret key: whoever reads
the database or a backup without that key reads nothing. A former key in `SECRET_KEY_FALLBACKS` still opens.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

_PURPOSE = b"opsportal.core.sealing"


class BrokenSealError(Exception):
    """It was sealed under another key of this portal, or it was changed."""


def seal(text: str) -> str:
    """Return `text` sealed; the same text is sealed differently each time."""
    return _box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Return what was sealed. Raises `BrokenSealError`."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise BrokenSealError from None


def _box() -> MultiFernet:
    return MultiFernet(
        [Fernet(_key(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _key(secret: str | bytes) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(force_bytes(secret))
    return base64.urlsafe_b64encode(derived)
