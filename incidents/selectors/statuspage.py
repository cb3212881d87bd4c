"""What the public sees: how each component stands, what is going on, what is planned, what was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet

from incidents.models import StatusComponent, StatusNotice, StatusNoticeComponent, StatusUpdate
from incidents.public_status import (
    ENDED,
    IMPACT_WORDS,
    NOTICE_WORDS,
    OVERALL_WORDS,
    Day,
    Impact,
    Said,
    Spell,
    acts,
    days,
    gravest,
    spells,
)
from opsportal.core.errors import NotFound

DAYS = 90
MOST = 500
LATELY = timedelta(days=14)
MOST_LATELY = 30
MOST_PLANNED = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """A component, how it stands, and its last ninety days."""

    component: StatusComponent
    impact: Impact
    days: list[Day]

    @property
    def words(self) -> str:
        return IMPACT_WORDS[self.impact]

    @property
    def bad_days(self) -> int:
        """On how many of the days it did not simply work, announced maintenance aside."""
        return sum(1 for day in self.days if day.worst not in ("operational", "maintenance"))


@dataclass(frozen=True, slots=True)
class StatusPage:
    """All that the front page shows. `now` is aware UTC."""

    now: datetime
    title: str
    overall: Impact
    groups: list[tuple[str, list[Standing]]]
    current: list[StatusNotice]
    planned: list[StatusNotice]
    lately: list[StatusNotice]

    @property
    def words(self) -> str:
        return OVERALL_WORDS[self.overall]


def notices_loaded() -> QuerySet[StatusNotice]:
    """Return notices with their components and their updates, the newest update first."""
    parts = StatusNoticeComponent.objects.select_related("component").order_by(
        "component__position", "component__name"
    )
    return StatusNotice.objects.prefetch_related(
        Prefetch("parts", parts), Prefetch("updates", StatusUpdate.objects.order_by("-at", "-id"))
    )


def notice_numbered(pk: int) -> StatusNotice:
    """Return one notice, loaded. Raises `NotFound`."""
    notice = notices_loaded().filter(pk=pk).first()
    if notice is None:
        raise NotFound("There is no such notice.")
    return notice


def status_page(now: datetime) -> StatusPage:
    """Return the front page as it is at `now` (aware UTC). Five queries, whatever is in the tables."""
    since = now - timedelta(days=DAYS)
    rows = notices_loaded().filter(Q(ends_at__gte=since) | ~Q(state__in=ENDED)).order_by("-starts_at", "-id")
    notices = list(rows[:MOST])
    components = list(StatusComponent.objects.filter(state="shown"))
    standings = _standings(components, notices, now)
    current = [one for one in notices if acts(one.kind, one.state)]
    lately = [one for one in notices if one.state in ENDED and one.updated_at >= now - LATELY]
    planned = sorted(
        (one for one in notices if one.state == "scheduled"), key=lambda one: (one.starts_at, one.pk)
    )
    return StatusPage(
        now=now,
        title=settings.STATUS_TITLE,
        overall=gravest(one.impact for one in standings),
        groups=_grouped(standings),
        current=current,
        planned=planned[:MOST_PLANNED],
        lately=lately[:MOST_LATELY],
    )


def notices_of_month(month: date) -> list[StatusNotice]:
    """Return the notices that began in the month (UTC) of that day, the newest first, 500 at most."""
    start = datetime(month.year, month.month, 1, tzinfo=UTC)
    end = (start + timedelta(days=32)).replace(day=1)
    return list(notices_loaded().filter(starts_at__gte=start, starts_at__lt=end)[:MOST])


def page_data(page: StatusPage) -> dict[str, Any]:
    """Return the front page as `status.json` has it: times ISO 8601 UTC, states as words for machines."""
    return {
        "title": page.title,
        "status": page.overall,
        "description": page.words,
        "updated_at": _iso(page.now),
        "components": [
            {
                "slug": one.component.slug,
                "name": one.component.name,
                "group": group,
                "status": one.impact,
                "description": one.component.description,
            }
            for group, members in page.groups
            for one in members
        ],
        "incidents": [notice_data(one) for one in page.current if one.kind == "incident"],
        "maintenance": [
            notice_data(one) for one in [*page.current, *page.planned] if one.kind == "maintenance"
        ],
    }


def notice_data(notice: StatusNotice) -> dict[str, Any]:
    """Return a notice as `status.json` has it."""
    return {
        "id": notice.pk,
        "title": notice.title,
        "kind": notice.kind,
        "state": notice.state,
        "starts_at": _iso(notice.starts_at),
        "ends_at": _iso(notice.ends_at) if notice.ends_at else None,
        "url": f"{settings.PUBLIC_URL}/status/notices/{notice.pk}/",
        "components": {part.component.slug: part.impact for part in notice.parts.all()},
        "updates": [
            {"at": _iso(one.at), "state": one.state, "words": NOTICE_WORDS[one.state], "text": one.text}
            for one in notice.updates.all()
        ],
    }


def _standings(
    components: list[StatusComponent], notices: list[StatusNotice], now: datetime
) -> list[Standing]:
    impacts: dict[str, list[str]] = {}
    times: dict[str, list[Spell]] = {}
    for notice in notices:
        updates = [Said(one.at, one.state, one.impacts) for one in reversed(list(notice.updates.all()))]
        for part in notice.parts.all():
            slug = part.component.slug
            if acts(notice.kind, notice.state):
                impacts.setdefault(slug, []).append(part.impact)
            times.setdefault(slug, []).extend(spells(notice.kind, updates, slug, now))
    today = now.astimezone(UTC).date()
    return [
        Standing(
            one, gravest(impacts.get(one.slug, [])), days(times.get(one.slug, []), today=today, count=DAYS)
        )
        for one in components
    ]


def _grouped(standings: Iterable[Standing]) -> list[tuple[str, list[Standing]]]:
    groups: dict[str, list[Standing]] = {}
    for one in standings:
        groups.setdefault(one.component.group, []).append(one)
    return list(groups.items())


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
