"""Signed links by which one person acknowledges one page without signing in. Pure.

The link is only as good as the mailbox or phone that it was sent to, so it says yes to one page, in the
name of the one whose page it is, and no longer than a day. Opening it changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.core.signing import BadSignature, Signer

from opsportal.core import secrecy

PREFIX = secrecy.ACKNOWLEDGE
GOOD_FOR = timedelta(hours=24)


def token_of(page: UUID, *, now: datetime) -> str:
    """Return the token that acknowledges `page` for a day from `now` (aware) on."""
    return PREFIX + _signer().sign(f"{page.hex}.{int((now + GOOD_FOR).timestamp())}")


def page_of(token: str, *, now: datetime) -> UUID | None:
    """Return the page of which a token speaks; None where it is not ours or its day is over."""
    try:
        identifier, _, until = _signer().unsign(token.removeprefix(PREFIX)).partition(".")
        is_over = now.timestamp() >= int(until)
        return None if is_over or not token.startswith(PREFIX) else UUID(hex=identifier)
    except (BadSignature, ValueError):
        return None


def _signer() -> Signer:
    return Signer(salt="opsportal.notify.ack_links", sep=".")
