"""What the portal itself shows on pages of other apps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from opsportal.accounts.models import User
from opsportal.core.actor import Actor
from opsportal.portal.demo.people import PASSWORD, PEOPLE

LEADING = 8
"""How many of the demo's people the sign-in page shows at once; the others unfold."""


def demo_logins(actor: Actor, now: datetime, subject: Any) -> dict[str, Any] | None:
    """Return who is who in the demo, for the sign-in page; None outside of the demo."""
    if not settings.OPSPORTAL_DEMO_LOGINS:
        return None
    there = set(User.objects.filter(email__in=[one.email for one in PEOPLE]).values_list("email", flat=True))
    people = [one for one in PEOPLE if one.email in there]
    if not people:
        return None
    return {"people": people[:LEADING], "others": people[LEADING:], "password": PASSWORD}
