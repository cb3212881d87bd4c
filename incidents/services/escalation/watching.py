"""The auditor: what should have moved and did not. It shares no decision with the tick that it watches."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from incidents.selectors.escalation import Standstill, standing_still
from opsportal.accounts.models import User
from opsportal.core.clock import database_now
from opsportal.notify.models import Page
from opsportal.notify.services import page

WHY = {
    "late": "its next step is overdue",
    "no_escalation": "nobody has acknowledged it, and nobody is being told",
    "nobody_answers": "everybody was told, and nobody has answered",
}
AGAIN = timedelta(hours=1)
_MOST = 10
_log = structlog.get_logger(__name__)


def escalation_watch(*, now: datetime) -> list[Standstill]:
    """Page every administrator about what stands still at `now` (aware UTC), each thing once in an hour.

    Return it. The log says so as often; `/ready` and the home page say so all the while.
    """
    found = standing_still(now)
    administrators = list(User.objects.filter(is_staff=True, is_active=True).values_list("pk", flat=True))
    for one in found:
        key = _page_key(one, now)
        if key is None:
            continue
        paged = page(
            now=now,
            page_key=key,
            recipients=administrators,
            subject=f"{one.key} stands still: {WHY[one.why]}"[:200],
            body="The portal watches its own escalations and found this one. Look at the incident, and tell"
            " people yourself where it matters. The operations page shows which tick does not run.",
            url=f"/incidents/{one.key}/",
            urgency="high",
            about=one.key,
            reference=f"standstill:{one.key}",
        )
        if paged or not administrators:
            _log.error("incidents.stands_still", incident=one.key, why=one.why)
    return found


def _page_key(one: Standstill, now: datetime) -> str | None:
    """Return the key of the page that is due, None where the last is less than an hour old.

    It names its predecessor: of several who look at once, one pages, also while the clock has gone back.
    """
    begins = f"standstill:{one.incident}:{one.why}:"
    pages = Page.objects.filter(reference=f"standstill:{one.key}", page_key__startswith=begins)
    last = pages.order_by("-created_at").values_list("created_at", flat=True).first()
    if last is None:
        return f"{begins}first"
    return f"{begins}{last:%Y-%m-%dT%H:%M:%S.%f}" if not now - AGAIN < last <= now else None


def escalations_check() -> tuple[bool, str]:
    """Return whether every silence is heard, for `/ready`: how many are not, but not which.

    Whoever asks has not signed in, and one of them may be restricted.
    """
    found = standing_still(database_now(), most=_MOST)
    if not found:
        return True, "every escalation moves"
    count = f"at least {_MOST}" if len(found) == _MOST else str(len(found))
    return False, f"incidents whose silence nobody hears: {count}"
