"""Gaps ahead: found when a roster is published, and told of once each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from incidents.models import Schedule, ToldGap
from incidents.oncall.schedule import Segment
from incidents.roster.gaps import Gap, gaps_in, met
from incidents.roster.moves import span_text
from incidents.roster.spans import Span
from opsportal.accounts.models import User
from opsportal.accounts.selectors import members_of
from opsportal.notify.services import notify

AHEAD = timedelta(days=30)
"""How far ahead gaps are looked for."""
TOPIC = "oncall.gaps"
_MOST_LINES = 20


def gaps_tell(*, now: datetime, schedule: Schedule, segments: Iterable[Segment]) -> int:
    """Tell the schedule's team of the gaps of the next 30 days that are new, and return how many are.

    Administrators are told where the schedule has no team, or the team nobody. What is a gap by design is
    none. A gap that goes on, moves an end or is told of already is not new; one that was closed and opens
    again is. Joins the transaction of the publication.
    """
    found = gaps_in(segments, Span(now, now + AHEAD)) if schedule.gap_policy == "tell" else []
    known = list(ToldGap.objects.filter(schedule=schedule))
    new: list[Gap] = []
    standing: set[int] = set()
    for gap in found:
        same = next((row for row in known if met(gap, Span(row.starts_at, row.ends_at))), None)
        if same is None:
            new.append(gap)
            continue
        standing.add(same.pk)
        if (same.ends_at, tuple(same.missing)) != (gap.span.end, gap.missing):
            same.ends_at, same.missing = gap.span.end, list(gap.missing)
            same.save()
    ToldGap.objects.filter(schedule=schedule).exclude(pk__in=standing).delete()
    ToldGap.objects.bulk_create(
        ToldGap(
            schedule=schedule,
            starts_at=gap.span.start,
            ends_at=gap.span.end,
            missing=list(gap.missing),
            told_at=now,
        )
        for gap in new
    )
    if new:
        _tell(schedule, new, now)
    return len(new)


def answerable(schedule: Schedule, now: datetime) -> list[UUID]:
    """Return who answers for a schedule: its team, else the administrators."""
    members = members_of(schedule.team.slug, now.date()) if schedule.team else User.objects.none()
    found = list(members.values_list("pk", flat=True))
    return found or list(User.objects.filter(is_staff=True, is_active=True).values_list("pk", flat=True))


def _tell(schedule: Schedule, new: list[Gap], now: datetime) -> None:
    lines = [
        f"{span_text(gap.span, schedule.time_zone)}: no {', '.join(gap.missing) or 'one'}"
        for gap in new[:_MOST_LINES]
    ]
    more = [f"… and {len(new) - _MOST_LINES} more"] if len(new) > _MOST_LINES else []
    notify(
        now=now,
        message_key=f"gaps:{schedule.pk}:{new[0].span.start.isoformat()}:{now.isoformat()}",
        recipients=answerable(schedule, now),
        subject=f"Nobody is on call in {schedule.name}: {len(new)} gap{'s' if len(new) > 1 else ''} ahead",
        body="\n".join(
            [
                "In this time nobody would be paged:",
                "",
                *lines,
                *more,
                "",
                "Fill them, or say that they are meant.",
            ]
        ),
        url=f"/oncall/{schedule.slug}/quality/",
        topic=TOPIC,
        about=schedule.slug,
    )
