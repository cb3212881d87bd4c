"""What notify does about topics of others: tells people of reminders, breaches and climbs.

Who is told is found when it is handled: the holders of that day, without the people who have done
their part. What is no longer owed by then is not told of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opsportal.accounts.models import Role, User
from opsportal.notify.services import notify
from opsportal.obligations.models import Obligation
from opsportal.obligations.selectors import debtors, holders_among, subject_url
from opsportal.outbox.topics import Message
from opsportal.web import times


def on_reminder(message: Message) -> None:
    """Remind those who owe it and have not done their part."""
    if obligation := _owed(message):
        people = debtors(obligation, message.now.astimezone(UTC).date())
        left = times.relative(obligation.due_at, message.now)
        _tell(message, obligation, people, f"Due {left}: {obligation.what}", "This is a reminder.")


def on_breached(message: Message) -> None:
    """Tell those who owe it that its time has passed; the administrators, where nobody holds the role."""
    if obligation := _owed(message):
        people = debtors(obligation, message.now.astimezone(UTC).date())
        subject = f"Overdue: {obligation.what}"
        if people.exists() or obligation.excuses.exists():
            _tell(message, obligation, people, subject, "Its time has passed. It stays owed.", urgency="high")
        else:
            _tell_administrators(message, obligation, subject, "whoever owes it")


def on_climbed(message: Message) -> None:
    """Tell the holders of the role to which the standard takes it; administrators, where there are none."""
    if obligation := _owed(message):
        role = str(message.payload["role"])
        owner = obligation.owner
        on = message.now.astimezone(UTC).date()
        people = holders_among([role], on, owner.services, owner.teams)
        subject = f"Overdue, and now with you: {obligation.what}"
        title = Role.objects.filter(slug=role).values_list("title", flat=True).first() or role
        if people.exists():
            because = f"You are told because you hold the role {title}. It is late and still owed."
            _tell(message, obligation, people, subject, because, urgency="high")
        else:
            _tell_administrators(message, obligation, subject, f"the role {title}")


def _owed(message: Message) -> Obligation | None:
    return Obligation.objects.filter(pk=message.payload["obligation"], ended_at__isnull=True).first()


def _tell_administrators(message: Message, obligation: Obligation, subject: str, whom: str) -> None:
    people = User.objects.filter(is_staff=True, is_active=True)
    because = f"You are told because nobody holds {whom} today. It is late and still owed."
    _tell(message, obligation, people, subject, because, urgency="high")


def _tell(
    message: Message,
    obligation: Obligation,
    people: Iterable[User],
    subject: str,
    because: str,
    *,
    urgency: Literal["normal", "high"] = "normal",
) -> None:
    by_zone: dict[str, list[User]] = defaultdict(list)
    for person in people:
        by_zone[person.time_zone].append(person)
    for zone, readers in sorted(by_zone.items()):
        notify(
            now=message.now,
            message_key=f"obligation:{obligation.pk}:{message.payload['step']}",
            recipients=[reader.pk for reader in readers],
            subject=f"{subject} ({obligation.subject_key})",
            body=_body(obligation, because, due_text(obligation.due_at, zone, now=message.now)),
            url=subject_url(obligation) or "/obligations/",
            urgency=urgency,
        )


def _body(obligation: Obligation, because: str, due: str) -> str:
    about = f"{obligation.subject_key} {obligation.subject_title}".strip()
    lines = [because, "", f"What: {obligation.what}", f"About: {about}", f"Due: {due}"]
    if quote := obligation.source.get("quote"):
        where = f"{obligation.source.get('document', '')}, {obligation.source.get('section', '')}".strip(", ")
        lines += ["", f"The standard says ({where}, rule {obligation.rule_id}): “{quote}”"]
    return "\n".join(lines)


def due_text(due_at: datetime, zone: str, *, now: datetime) -> str:
    """Return an instant as people of a time zone (its name) read it, with UTC beside."""
    try:
        reader = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        reader = ZoneInfo("UTC")
    return f"{times.wall_clock(due_at, reader, now=now)} ({times.utc_beside(due_at, reader)})"
