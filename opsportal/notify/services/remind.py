"""Asking people once a week whether their ways still reach them: what was never tried fails at night."""

from __future__ import annotations

from datetime import datetime, timedelta

from opsportal.notify.models import ContactMethod, Notification
from opsportal.notify.services.notify import notify

TOPIC = "reach.test"
TESTED_WITHIN = timedelta(days=7)


def reach_remind(*, now: datetime) -> int:
    """Ask whoever has a verified way by which nothing has come for a week to test it (`now` is aware UTC).

    Each person once in each week of the calendar (UTC); return how many were asked.
    """
    year, week, _ = now.isocalendar()
    key = f"reach:{year}-{week}"
    untested = ContactMethod.objects.filter(
        state="verified", confirmed_at__lt=now - TESTED_WITHIN, user__is_active=True
    )
    asked = Notification.objects.filter(message_key=key).values("recipient_id")
    people = untested.exclude(user__in=asked).values_list("user_id", flat=True).distinct()
    return len(
        notify(
            now=now,
            message_key=key,
            recipients=list(people),
            subject="Do your pages still reach you?",
            body="By one of your ways nothing has come for a week. Send yourself a test, and say if it came.",
            url="/account/reach/",
            urgency="low",
            topic=TOPIC,
        )
    )
