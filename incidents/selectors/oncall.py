"""Who is on call, by the schedules that are stored; `incidents.oncall` decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from django.db.models import F, QuerySet

from incidents.models import Override, Schedule, ScheduleVersion
from incidents.oncall import overrides as exceptions
from incidents.oncall import schedule as engine
from incidents.oncall.leavers import without
from incidents.oncall.schedule import OnCall, Segment, Version
from incidents.oncall.settings import Settings
from incidents.oncall.stints import Stint, stints_of
from opsportal.accounts.models import User
from opsportal.core.moments import EARLIEST as BEGINNING

NEAR = timedelta(days=31)
"""How far around an instant exceptions are looked at, to tell since and until when somebody is on call."""

AHEAD = timedelta(days=28)
"""How far ahead a person's own shifts are looked for."""


def on_call_at(schedule_slug: str, at: datetime, role: str | None = None) -> list[OnCall]:
    """Return who is on call by the schedule at an instant (aware), the primary first; of one role, if given.

    By the settings as they were at that instant. Who was barred from the portal by then is not on call, and
    nobody comes forward in their place. An unknown schedule has nobody. Four queries at most, one more for
    settings that this process has not seen yet, and one where somebody was barred.
    """
    schedule = Schedule.objects.filter(slug=schedule_slug).first()
    if schedule is None:
        return []
    rows = list(_version_rows(schedule).filter(valid_from__lte=at).order_by("-number")[:1])
    if not rows:
        return []
    [row] = rows
    found = engine.on_call(
        _settings(row.pk, row.content_hash), overrides_of(schedule, at - NEAR, at + NEAR), at
    )
    until = None if row.number == schedule.latest else _valid_from(schedule, row.number + 1)
    within = [_cut(one, row.valid_from, until) for one in found]
    gone = gone_among(one.user_id for one in found)
    here = [one for one in within if one.user_id not in gone or at < gone[one.user_id]]
    return [one for one in here if role is None or one.role == role]


def on_call_now(schedules: Sequence[Schedule], now: datetime) -> dict[int, list[OnCall]]:
    """Return who is on call at `now` by each of these schedules, by its primary key. Three queries.

    By the latest settings of each: for the present, not for the past. Who was barred is left out.
    """
    plans = current_settings(schedules)
    near = _overrides_by_schedule(plans, now - NEAR, now + NEAR)
    found = {
        schedule.pk: engine.on_call(plans[schedule.pk], near.get(schedule.pk, ()), now)
        for schedule in schedules
        if schedule.pk in plans
    }
    barred = _barred(one.user_id for people in found.values() for one in people)
    return {pk: [one for one in people if one.user_id not in barred] for pk, people in found.items()}


def final_schedule_of(schedule: Schedule | str, start: datetime, end: datetime) -> list[Segment]:
    """Return the final schedule (a row or its slug) from `start` to `end`, aware: gapless, gaps included.

    An unknown schedule is one gap.
    """
    found = Schedule.objects.filter(slug=schedule).first() if isinstance(schedule, str) else schedule
    if found is None:
        return engine.final_schedule((), (), start, end)
    versions = versions_of(found, start, end)
    segments = engine.final_schedule(versions, overrides_of(found, start, end), start, end)
    gone = gone_among(duty.user_id for segment in segments for duty in segment.duties)
    return without(segments, gone, versions) if gone else segments


def gone_among(people: Iterable[str]) -> dict[str, datetime]:
    """Return who of these people (ids) is barred from the portal, and since when (aware UTC).

    One query, and one more where there is somebody.
    """
    barred = _barred(people)
    if not barred:
        return {}
    # The latest row of each that still had them active; what follows it barred them.
    rows = User.history.filter(id__in=barred, is_active=False).order_by("history_date", "history_id")
    active = User.history.filter(id__in=barred, is_active=True).values_list("id", "history_id")
    last_active: dict[str, int] = {}
    for person, number in active:
        last_active[str(person)] = max(number, last_active.get(str(person), 0))
    since: dict[str, datetime] = {}
    for person, number, at in rows.values_list("id", "history_id", "history_date"):
        if number > last_active.get(str(person), 0):
            since.setdefault(str(person), at)
    return {person: since.get(person, BEGINNING) for person in barred}


def _barred(people: Iterable[str]) -> list[str]:
    wanted = set(people)
    if not wanted:
        return []
    rows = User.objects.filter(pk__in=wanted, is_active=False).values_list("pk", flat=True)
    return [str(pk) for pk in rows]


def versions_of(schedule: Schedule, start: datetime, end: datetime) -> list[Version]:
    """Return the settings that were in force between two instants, in order."""
    rows = list(_version_rows(schedule).filter(valid_from__lt=end).order_by("number"))
    before = [position for position, row in enumerate(rows) if row.valid_from <= start]
    return [
        Version(row.valid_from, _settings(row.pk, row.content_hash))
        for row in rows[before[-1] if before else 0 :]
    ]


def settings_of(schedule: Schedule) -> Settings:
    """Return the latest settings of a schedule."""
    row = _version_rows(schedule).get(number=schedule.latest)
    return _settings(row.pk, row.content_hash)


def current_settings(schedules: Sequence[Schedule]) -> dict[int, Settings]:
    """Return the latest settings of each of these schedules, by its primary key."""
    rows = _light(
        ScheduleVersion.objects.filter(
            schedule__in=[one.pk for one in schedules], number=F("schedule__latest")
        )
    )
    return {row.schedule_id: _settings(row.pk, row.content_hash) for row in rows}


def overrides_of(schedule: Schedule, start: datetime, end: datetime) -> list[exceptions.Override]:
    """Return the exceptions that touch the time between two instants, as the engine takes them."""
    rows = Override.objects.filter(schedule=schedule, ends_at__gt=start, starts_at__lt=end)
    return [exception_of(row) for row in rows]


def exception_of(row: Override) -> exceptions.Override:
    """Return a stored exception as the engine takes it."""
    return exceptions.Override(
        number=row.pk,
        kind=exceptions.kind_named(row.kind),
        start=row.starts_at,
        end=row.ends_at,
        people=tuple(row.people),
        instead_of=row.instead_of,
        role=row.role,
        cancelled_at=row.cancelled_at,
    )


@dataclass(frozen=True, slots=True)
class Shift:
    """A time in which somebody is on call without a break, and by which schedule."""

    schedule: Schedule
    stint: Stint


def shifts_of(person: UUID | str, start: datetime, end: datetime) -> list[Shift]:
    """Return the shifts of a person that overlap `start` to `end` (aware), in order, cut to that time.

    Only schedules in use; three queries, and those of each schedule in which the person takes part.
    """
    wanted = str(person)
    schedules = list(Schedule.objects.filter(state="active"))
    if not schedules:
        return []
    plans = current_settings(schedules)
    near = _overrides_by_schedule(plans, start, end)
    found = [
        Shift(schedule, stint)
        for schedule in schedules
        if _names(wanted, plans[schedule.pk], near.get(schedule.pk, ()))
        for stint in stints_of(final_schedule_of(schedule, start, end), wanted)
    ]
    return sorted(found, key=lambda one: (one.stint.start, one.schedule.name))


def schedules_naming(person: str) -> list[Schedule]:
    """Return the schedules in use that name a person (an id): in a rotation or an exception."""
    schedules = list(Schedule.objects.filter(state="active").select_related("team").order_by("slug"))
    plans = current_settings(schedules)
    standing_in = Override.objects.filter(schedule__in=list(plans), cancelled_at__isnull=True)
    by_override = {row.schedule_id for row in standing_in if person in row.people}
    return [one for one in schedules if person in plans[one.pk].people or one.pk in by_override]


def _names(person: str, plan: Settings, overrides: Iterable[exceptions.Override]) -> bool:
    return person in plan.people or any(person in one.people for one in overrides)


def _overrides_by_schedule(
    plans: Mapping[int, Settings], start: datetime, end: datetime
) -> dict[int, list[exceptions.Override]]:
    found: dict[int, list[exceptions.Override]] = {}
    for row in Override.objects.filter(schedule__in=list(plans), ends_at__gt=start, starts_at__lt=end):
        found.setdefault(row.schedule_id, []).append(exception_of(row))
    return found


def _light(rows: QuerySet[ScheduleVersion]) -> QuerySet[ScheduleVersion]:
    """Leave out the settings themselves: this process mostly has read them already."""
    return rows.defer("settings")


def _version_rows(schedule: Schedule) -> QuerySet[ScheduleVersion]:
    return _light(ScheduleVersion.objects.filter(schedule=schedule))


def _valid_from(schedule: Schedule, number: int) -> datetime | None:
    return _version_rows(schedule).filter(number=number).values_list("valid_from", flat=True).first()


@lru_cache(maxsize=1_024)
def _settings(pk: int, content_hash: str) -> Settings:
    """Return the settings of a version. A version is never changed; its hash says that it is the same one."""
    row = ScheduleVersion.objects.get(pk=pk, content_hash=content_hash)
    return Settings.from_data(row.settings)


def _cut(one: OnCall, since: datetime, until: datetime | None) -> OnCall:
    """Return it as the settings that were in force can tell: not before them, nor after."""
    start = max(one.start, since)
    end = min(one.until or until, until) if until is not None else one.until
    return OnCall(one.duty, start, end)
