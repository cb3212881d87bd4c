"""Signed links to a subscription. Nothing secret is stored; a link shows a page, whose button POSTs."""

from __future__ import annotations

from django.conf import settings
from django.core import signing

from incidents.services.statuspage.subscribers import FORGET_AFTER
from opsportal.core.errors import NotFound

CONFIRM = "confirm"
MANAGE = "manage"
_AGES = {CONFIRM: FORGET_AFTER, MANAGE: None}
_SALT = "opsportal.statuspage"


def link_of(purpose: str, pk: int) -> str:
    """Return the whole address of a signed link for the subscriber `pk`."""
    signed = signing.dumps(pk, salt=f"{_SALT}.{purpose}")
    return f"{settings.PUBLIC_URL}/status/{purpose}/{signed}/"


def subscriber_in(purpose: str, signed: str) -> int:
    """Return the subscriber's number in a link. Raises `NotFound` where it is none, or too old."""
    try:
        found = signing.loads(signed, salt=f"{_SALT}.{purpose}", max_age=_AGES[purpose])
    except signing.BadSignature:
        raise NotFound("This link is incomplete or too old. Subscribe anew on the status page.") from None
    if not isinstance(found, int):
        raise NotFound("This link does not lead anywhere.")
    return found
