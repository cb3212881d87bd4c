"""Recording that the standard in force was reviewed, and when it is to be reviewed next."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.core.ports import standard_review_changed
from opsportal.core.text import clean_text
from opsportal.core.writes import write
from opsportal.standards.models import Review, StandardVersion
from opsportal.standards.permissions import Reviewing
from opsportal.standards.selectors import in_force, reviews_of

MAX_NOTE = 2_000
LONGEST = timedelta(days=5 * 366)


def standard_review(*, actor: Actor, now: datetime, next_review: date | None, note: object = "") -> Review:
    """Record that `actor` reviewed the standard in force today, and the day of its next review.

    `now` is aware UTC; a day is a day of UTC. The same review twice on one day is one. Ends what is owed
    for the review, and opens the next one. Raises `Unavailable` without a standard, `Forbidden` and
    `InvalidInput`: the next review is tomorrow at the earliest, and within five years.
    """
    today = now.astimezone(UTC).date()
    with write(actor=actor, now=now):
        standard = in_force().standard
        require(actor, "standards.review", Reviewing(standard, today))
        text = clean_text(note, field="note", max_length=MAX_NOTE)
        if next_review is None:
            raise InvalidInput.of("next_review", "required", "Say on which day it is to be reviewed next.")
        if not today < next_review <= today + LONGEST:
            raise InvalidInput.of(
                "next_review", "out_of_range", "Must be a day after today, and within five years."
            )
        # Of two at once, the second one waits here, and then sees what the first one recorded.
        row = StandardVersion.objects.select_for_update().get(content_hash=standard.content_hash)
        newest = reviews_of(standard.content_hash).first()
        if newest is not None and _same(newest, actor, today, next_review, text):
            return newest
        review = Review.objects.create(
            standard=row,
            next_review=next_review,
            note=text,
            reviewed_at=now,
            reviewed_by_kind=actor.kind.value,
            reviewed_by_id=actor.id,
        )
        audit_record(
            actor=actor,
            now=now,
            action="standard.reviewed",
            object_kind="standard",
            object_key=row.name,
            data={
                "version": row.version,
                "hash": row.content_hash,
                "review": review.pk,
                "next_review": next_review.isoformat(),
            },
        )
        standard_review_changed(actor, now)
        return review


def _same(newest: Review, actor: Actor, today: date, next_review: date, note: str) -> bool:
    by = (newest.reviewed_by_kind, newest.reviewed_by_id)
    on = newest.reviewed_at.astimezone(UTC).date()
    return (by, on, newest.next_review, newest.note) == (
        (actor.kind.value, actor.id),
        today,
        next_review,
        note,
    )
