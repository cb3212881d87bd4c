"""The review of the standard in force, kept as something that somebody owes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta

from opsportal.accounts.selectors import ADMINISTRATORS
from opsportal.core.actor import Actor
from opsportal.core.writes import write
from opsportal.obligations.models import Obligation
from opsportal.obligations.services.end import end_row
from opsportal.obligations.services.open import obligation_open
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.selectors import InForce, in_force_or_none

RULE = "portal.standard-review"
SUBJECT = "standard"
REMIND = (timedelta(days=30), timedelta(days=7))


def standard_review_follow(*, actor: Actor, now: datetime) -> None:
    """See to it that the next review of the standard in force is owed, and no other one.

    Due when its day (of UTC) is over; a day that has passed already is overdue from the beginning. What
    was owed before is met by a later day for the same standard, and pointless under another one.
    Repeating it changes nothing. `now` is aware UTC.
    """
    with write(actor=actor, now=now):
        found = in_force_or_none()
        due_at = _end_of(found.review_due) if found and found.review_due else None
        standing = Obligation.objects.select_for_update().filter(
            subject_kind=SUBJECT, rule_id=RULE, ended_at__isnull=True
        )
        wanted = (found.standard.name, _occurrence(found)) if found and due_at else None
        for row in standing.order_by("id"):
            if (row.subject_key, row.occurrence) == wanted:
                continue
            is_met = found is not None and row.subject_key == found.standard.name
            is_met = is_met and (due_at is None or due_at > row.due_at)
            end_row(row, actor=actor, now=now, outcome="met" if is_met else "void")
        if found is not None and due_at is not None:
            _open(found, due_at, actor=actor, now=now)


def review_changed(actor: Actor, now: datetime) -> None:
    """Follow, as the port `standard_review_changed` calls it."""
    standard_review_follow(actor=actor, now=now)


def _open(found: InForce, due_at: datetime, *, actor: Actor, now: datetime) -> None:
    standard = found.standard
    obligation_open(
        actor=actor,
        now=now,
        rule=RULE,
        standard_hash=standard.content_hash,
        subject=Subject(SUBJECT, standard.name, standard.title),
        occurrence=_occurrence(found),
        what="Review the standard in force",
        owner=Owner.role(standard.review_by or ADMINISTRATORS),
        due_at=due_at,
        remind=REMIND,
        source=asdict(standard.review_source) if standard.review_source else None,
    )


def _occurrence(found: InForce) -> str:
    # By activation: what ended when another standard came is owed anew when this one comes back.
    return f"a{found.activation}:{found.review_due}"


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), UTC)
