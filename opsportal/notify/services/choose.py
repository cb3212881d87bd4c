"""Choosing which news come, by which channel, and when."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, time
from uuid import UUID

from django.db import IntegrityError, transaction

from opsportal.accounts.models import User
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, Stale
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.notify.channels import channels
from opsportal.notify.models import Delivery, Digest, NotificationSettings
from opsportal.notify.schedule import LONGEST_QUIET, Rhythm, digest_due, loud_at, quiet_length
from opsportal.notify.topics import topics


def notifications_choose(
    *,
    actor: Actor,
    now: datetime,
    version: int | None = None,
    quiet_from: time | None,
    quiet_until: time | None,
    quiet_days: Collection[int],
    digest: str,
    digest_at: time,
    routes: Mapping[str, Collection[str]],
) -> NotificationSettings:
    """Store what the actor has chosen and return it; what waits already follows the new choice.

    Times are on their own wall clock, days are those on which the quiet hours begin (Monday is 0),
    `routes` gives the channels by topic. Raises `Forbidden` for who is no person, `Stale`, and
    `InvalidInput` for each wrong value.
    """
    with write(actor=actor, now=now):
        require(actor, "notification.choose")
        person = UUID(actor.id)
        row = NotificationSettings.objects.select_for_update().filter(user__pk=person).first()
        row = row or NotificationSettings(user_id=person)
        require_version(row, version)
        _check_quiet(quiet_from, quiet_until)
        row.quiet_from, row.quiet_until = quiet_from, quiet_until
        row.quiet_days = _days(quiet_days)
        row.digest, row.digest_at = _digest(digest), digest_at
        row.routes = _routes(routes)
        row.version += 1
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:  # two first choices at once
            raise Stale("You chose something else at the same moment. Look again.") from None
        zone = User.objects.values_list("time_zone", flat=True).get(pk=person)
        _apply(person, row.rhythm(zone), now)
        audit_record(
            actor=actor, now=now, action="notifications.chosen", object_kind="user", object_key=actor.id
        )
        return row


def _apply(person: UUID, rhythm: Rhythm, now: datetime) -> None:
    """Let what waits go when it would go if it came up now: never later than it was told to begin with."""
    loud = loud_at(now, rhythm)
    held = Delivery.objects.filter(state="waiting", tries=0, due_at__gt=now)
    held.filter(notification__recipient__pk=person).exclude(notification__urgency="high").update(due_at=loud)
    gathering = Digest.objects.filter(recipient__pk=person, state="gathering")
    gathering.update(due_at=loud if rhythm.digest == "none" else digest_due(now, rhythm))


def _check_quiet(start: time | None, end: time | None) -> None:
    if start is None and end is None:
        return
    if start is None or end is None:
        name = "quiet_from" if start is None else "quiet_until"
        raise InvalidInput.of(name, "required", "Give both times, or none for no quiet hours.")
    if quiet_length(start, end) > LONGEST_QUIET:
        raise InvalidInput.of(
            "quiet_until",
            "too_long",
            "Quiet hours last 20 hours at most, so that each day has an hour for news.",
        )


def _days(days: Collection[int]) -> list[int]:
    if not set(days) <= set(range(7)):
        raise InvalidInput.of("quiet_days", "unknown", "There is no such day.")
    return sorted(set(days))


def _digest(word: str) -> str:
    if word not in NotificationSettings.Digest.values:
        raise InvalidInput.of("digest", "unknown", "There is no such digest.")
    return word


def _routes(routes: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    if unknown := [topic for topic in routes if topics.get(topic) is None]:
        raise InvalidInput.of("routes", "unknown", f"There is no such topic: {unknown[0]}")
    if any(channels.get(name) is None for names in routes.values() for name in names):
        raise InvalidInput.of("routes", "unknown", "There is no such channel.")
    return {topic: [name for name in channels if name in names] for topic, names in routes.items()}
