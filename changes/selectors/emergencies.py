"""What is counted of emergencies, and which of them nobody has reviewed in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Q, QuerySet

from changes.models import BreakGlass, Change
from changes.states import OVER

REVIEWED_WITHIN = timedelta(hours=24)
"""An emergency without its review is flagged after this time, whatever the standard gives for it."""
_STILL_OPEN = Q(state__in=("draft", "in_review", "approved", "scheduled", "implementing", *OVER))


@dataclass(frozen=True, slots=True)
class Tally:
    """Emergencies, counted at one instant. `glasses` is how often the glass was broken this quarter."""

    open: int
    undecided: int
    unanswered: int
    overdue: int
    this_quarter: int
    last_quarter: int
    glasses: int

    @property
    def is_any(self) -> bool:
        return bool(self.open or self.this_quarter or self.last_quarter or self.glasses)


def review_overdue(now: datetime) -> Q:
    """Return the condition "an emergency that ended more than 24 h ago and has no review" at `now`."""
    since = now - REVIEWED_WITHIN
    # What was registered days afterwards could not be reviewed before it was registered.
    ended = Q(finished_at__lte=since, created_at__lte=since)
    return ended & Q(type=Change.Type.EMERGENCY, state__in=tuple(OVER), review="")


def is_review_overdue(change: Change, now: datetime) -> bool:
    """Return the same of one change."""
    return (
        change.type == Change.Type.EMERGENCY
        and change.state in OVER
        and not change.review
        and change.finished_at is not None
        and max(change.finished_at, change.created_at) <= now - REVIEWED_WITHIN
    )


def emergencies() -> QuerySet[Change]:
    """Return all emergency changes; the partial index on them holds no other change."""
    return Change.objects.filter(type=Change.Type.EMERGENCY)


def tally(now: datetime) -> Tally:
    """Return the numbers at `now` (aware UTC). Two queries, over emergencies alone."""
    this, last = quarter_begins(now), quarter_begins(quarter_begins(now) - timedelta(days=1))
    glasses = BreakGlass.objects.filter(confirmed_at__gte=this).count()
    counted = emergencies().aggregate(
        open=Count("pk", filter=_STILL_OPEN),
        undecided=Count("pk", filter=Q(retrospective_state="open")),
        unanswered=Count("pk", filter=Q(retrospective_state__in=["rejected", "answered"]) & _STILL_OPEN),
        overdue=Count("pk", filter=review_overdue(now)),
        this_quarter=Count("pk", filter=Q(created_at__gte=this)),
        last_quarter=Count("pk", filter=Q(created_at__gte=last, created_at__lt=this)),
    )
    return Tally(**counted, glasses=glasses)


def quarter_begins(moment: datetime) -> datetime:
    """Return the first instant of the quarter (of UTC) in which `moment` lies."""
    day = moment.astimezone(UTC)
    return datetime(day.year, 3 * ((day.month - 1) // 3) + 1, 1, tzinfo=UTC)
