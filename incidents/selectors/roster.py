"""Reads of the people's side of on-call: shifts, hours, quality, handovers, feeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from incidents.models import Handover, PublishedShift, Schedule, Shadow, ShiftSwap
from incidents.oncall.schedule import Segment
from incidents.roster.fairness import AHEAD as FAIR_AHEAD
from incidents.roster.fairness import Fairness, fairness_of
from incidents.roster.gaps import Gap, gaps_in
from incidents.roster.hours import Hours, Reckoning, hours_by_person
from incidents.roster.publishing import shifts_in
from incidents.roster.rest import RestWarning, rest_warnings
from incidents.roster.spans import Shift, Span
from incidents.selectors.oncall import final_schedule_of, settings_of
from opsportal.accounts.models import Absence, User
from opsportal.accounts.selectors import members_of
from opsportal.calendar.models import WorkingCalendar
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.registry import CalendarEntry
from opsportal.notify.models import Page
from opsportal.notify.services import pageable

GAPS_AHEAD = timedelta(days=30)
_MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Turnover:
    """At an instant one person goes off call and another one comes on, in one schedule (its key)."""

    schedule: int
    at: datetime
    outgoing: str
    incoming: str


def turnovers(start: datetime, end: datetime, role: str, *, schedule: int | None = None) -> list[Turnover]:
    """Return who hands over to whom in the role between two instants (aware, `end` not included), in order.

    Where several go and come at once each who comes has one who goes. Who comes after a gap has none.
    """
    begun = _begun(start, end, role)
    begun = begun.filter(schedule=schedule) if schedule is not None else begun
    coming: dict[tuple[int, datetime], list[str]] = {}
    for row in begun.order_by("starts_at", "person_id")[:_MOST_ROWS]:
        coming.setdefault((row.schedule_id, row.starts_at), []).append(str(row.person_id))
    found: list[Turnover] = []
    for (pk, at), people in coming.items():
        ended = PublishedShift.objects.filter(schedule=pk, role=role, ends_at=at, cancelled_at__isnull=True)
        going = [
            str(person)
            for person in ended.order_by("person_id").values_list("person_id", flat=True)
            if str(person) not in people
        ]
        found += [
            Turnover(pk, at, going[position % len(going)], person)
            for position, person in enumerate(people)
            if going
        ]
    return found


def schedules_turning(start: datetime, end: datetime, role: str) -> set[int]:
    """Return the keys of the schedules in which somebody comes on in the role between two instants (aware).

    One query, however many: on a Monday at nine it is nearly all of them.
    """
    return set(_begun(start, end, role).order_by().values_list("schedule_id", flat=True).distinct())


def _begun(start: datetime, end: datetime, role: str) -> QuerySet[PublishedShift]:
    return PublishedShift.objects.filter(
        role=role, starts_at__gte=start, starts_at__lt=end, cancelled_at__isnull=True
    )


def schedule_seen(slug: str) -> Schedule:
    """Return the schedule of this slug, with its team. Raises `NotFound`."""
    found = Schedule.objects.select_related("team").filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such schedule.")
    return found


def shifts_ahead(person: UUID, now: datetime) -> QuerySet[PublishedShift]:
    """Return the published shifts of a person that are not over, in order, each with its schedule."""
    return (
        PublishedShift.objects.filter(person=person, cancelled_at__isnull=True, ends_at__gt=now)
        .select_related("schedule", "stands_in_for")
        .order_by("starts_at", "id")
    )


def swaps_loaded() -> QuerySet[ShiftSwap]:
    """Return the offers with what pages and answers show of them."""
    return ShiftSwap.objects.select_related("schedule__team", "offered_by", "taken_by")


def swap_seen(pk: int) -> ShiftSwap:
    """Return the offer with this number. Raises `NotFound`."""
    found = swaps_loaded().filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such offer.")
    return found


def swaps_to_take(person: UUID, now: datetime) -> list[ShiftSwap]:
    """Return the open offers that a person could take: of schedules of theirs, by others, ahead."""
    rows = swaps_loaded().filter(state="open", starts_at__gt=now).exclude(offered_by=person)
    found: list[ShiftSwap] = []
    part: dict[int, bool] = {}
    for swap in rows.order_by("starts_at")[:_MOST_ROWS]:
        schedule = swap.schedule
        if schedule.pk not in part:
            part[schedule.pk] = str(person) in {str(one) for one in people_of(schedule, now)}
        if part[schedule.pk]:
            found.append(swap)
    return found


def people_of(schedule: Schedule, now: datetime) -> set[UUID]:
    """Return who takes part in a schedule: those in its rotations, and the members of its team."""
    found = {UUID(person) for person in settings_of(schedule).people}
    if schedule.team is not None:
        found |= set(members_of(schedule.team.slug, now.date()).values_list("pk", flat=True))
    return found


def shadows_around(schedule: Schedule, now: datetime) -> QuerySet[Shadow]:
    """Return who shadows now or will, in order."""
    rows = Shadow.objects.filter(schedule=schedule, state="standing", ends_at__gt=now)
    return rows.select_related("person", "follows").order_by("starts_at", "id")


def shadowing_of(person: UUID, now: datetime) -> QuerySet[Shadow]:
    """Return what a person shadows now or will, in order."""
    rows = Shadow.objects.filter(person=person, state="standing", ends_at__gt=now)
    return rows.select_related("schedule", "follows").order_by("starts_at", "id")


def handovers_loaded() -> QuerySet[Handover]:
    """Return the handovers with what pages and answers show of them."""
    return Handover.objects.select_related("schedule__team", "outgoing", "incoming").prefetch_related(
        "done__person"
    )


def handover_seen(pk: int) -> Handover:
    """Return the handover with this number. Raises `NotFound`."""
    found = handovers_loaded().filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such handover.")
    return found


def handovers_open(person: UUID) -> QuerySet[Handover]:
    """Return the handovers in which a person has a part and that are not over, the oldest first."""
    mine = Q(outgoing=person) | Q(incoming=person)
    return handovers_loaded().filter(mine, state__in=["open", "given", "received"]).order_by("at", "id")


def last_test(person: UUID) -> Page | None:
    """Return the last test of a channel of this person that was handed over, or None."""
    rows = Page.objects.filter(recipient=person, purpose=Page.Purpose.TEST)
    return rows.filter(deliveries__state="sent").order_by("-created_at").first()


@dataclass(frozen=True, slots=True)
class Away:
    """A shift in a time in which its person said to be away. The reason is nobody's business."""

    shift: PublishedShift
    start: datetime
    end: datetime


def away_on_shift(
    now: datetime, *, schedule: Schedule | None = None, person: UUID | None = None
) -> list[Away]:
    """Return the coming shifts that fall into an absence of their person, by time. Two queries."""
    overlapping = Absence.objects.filter(
        person=OuterRef("person"), starts_at__lt=OuterRef("ends_at"), ends_at__gt=OuterRef("starts_at")
    )
    rows = PublishedShift.objects.filter(Exists(overlapping), cancelled_at__isnull=True, ends_at__gt=now)
    rows = rows.filter(schedule=schedule) if schedule is not None else rows
    rows = rows.filter(person=person) if person is not None else rows
    shifts = list(rows.select_related("schedule", "person").order_by("starts_at", "id")[:_MOST_ROWS])
    absences: dict[UUID, list[Absence]] = {}
    for absence in Absence.objects.filter(person__in={row.person_id for row in shifts}, ends_at__gt=now):
        absences.setdefault(absence.person_id, []).append(absence)
    found: list[Away] = []
    for row in shifts:
        for absence in absences.get(row.person_id, ()):
            start, end = max(row.starts_at, absence.starts_at, now), min(row.ends_at, absence.ends_at)
            if start < end:
                found.append(Away(row, start, end))
    return found


def reckoning_of(zone: str) -> Reckoning:
    """Return what counts as night, weekend and holiday by the clock of `zone`.

    Holidays and free days are those of the organisation's calendar; without one there are none.
    """
    calendar = WorkingCalendar.objects.first()
    if calendar is None:
        return Reckoning(zone)
    return Reckoning(zone, holidays=calendar.working_time.days_off)


def hours_of(schedule: Schedule, period: Span) -> dict[str, Hours]:
    """Return the hours of each person in a schedule, by its clock, from the roster as it really was."""
    shifts = _shifts(final_schedule_of(schedule, period.start, period.end))
    return hours_by_person(shifts, period, reckoning_of(schedule.time_zone))


def pages_in(people: Iterable[str], period: Span) -> list[tuple[str, datetime]]:
    """Return who of these was paged when, in that time."""
    rows = Page.objects.filter(
        recipient__in=list(people),
        purpose=Page.Purpose.PAGE,
        created_at__gte=period.start,
        created_at__lt=period.end,
    )
    return [(str(person), at) for person, at in rows.values_list("recipient_id", "started_at")]


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a roster is: gaps ahead, how even it is, who lacks rest, cannot be reached, or is away."""

    gaps: list[Gap]
    fairness: Fairness
    rest: list[RestWarning]
    unreachable: list[User]
    away: list[Away]


def quality_of(schedule: Schedule, now: datetime) -> Quality:
    """Return what the quality page shows: a year of evenness, and 30 days of all else."""
    segments = final_schedule_of(schedule, now, now + FAIR_AHEAD)
    shifts = _shifts(segments)
    reckoning = reckoning_of(schedule.time_zone)
    year, month = Span(now, now + FAIR_AHEAD), Span(now, now + GAPS_AHEAD)
    by_design = schedule.gap_policy == "by_design"
    holes = [gap.span for gap in gaps_in(segments, year)] if by_design else []
    settings = settings_of(schedule)
    people = User.objects.filter(pk__in=settings.people)
    reached = pageable(settings.people)
    near = [shift for shift in shifts if shift.start < month.end]
    pages = pages_in(settings.people, Span(now - timedelta(days=7), now))
    return Quality(
        gaps=[] if by_design else gaps_in(segments, month),
        fairness=fairness_of(shifts, year, reckoning, members=settings.people, by_design=holes),
        rest=rest_warnings(near, reckoning, pages=pages),
        unreachable=[person for person in people if person.pk not in reached],
        away=away_on_shift(now, schedule=schedule),
    )


def shift_entries(rows: Iterable[PublishedShift], *, with_names: bool) -> list[CalendarEntry]:
    """Return published shifts as a calendar file shows them; names, but never addresses."""
    return [
        CalendarEntry(
            key=row.uid,
            title=f"{row.schedule.name}, {row.role}" + (f": {row.person.display_name}" if with_names else ""),
            kind="shift",
            start=row.starts_at,
            end=row.ends_at,
            url=f"/oncall/{row.schedule.slug}/",
            cancelled=row.cancelled_at is not None,
            version=row.sequence,
            changed_at=row.changed_at,
        )
        for row in rows
    ]


def own_entries(reader: Actor, _scope: str, start: datetime, end: datetime) -> list[CalendarEntry]:
    """Return the reader's own shifts for their feed, those that were called off as cancelled."""
    rows = PublishedShift.objects.filter(person=UUID(reader.id), ends_at__gt=start, starts_at__lt=end)
    loaded = rows.select_related("schedule", "person").order_by("starts_at", "id")
    return shift_entries(loaded[:_MOST_ROWS], with_names=False)


def schedule_entries(_reader: Actor, scope: str, start: datetime, end: datetime) -> list[CalendarEntry]:
    """Return the shifts of a schedule (its slug) for a feed, those that were called off as cancelled."""
    rows = PublishedShift.objects.filter(schedule__slug=scope, ends_at__gt=start, starts_at__lt=end)
    loaded = rows.select_related("schedule", "person").order_by("starts_at", "id")
    return shift_entries(loaded[: 4 * _MOST_ROWS], with_names=True)


def schedules_to_follow(_reader: Actor) -> list[tuple[str, str]]:
    """Return the schedules in use, as slug and name: what a feed may show."""
    return list(Schedule.objects.filter(state="active").order_by(F("name")).values_list("slug", "name"))


def _shifts(segments: Iterable[Segment]) -> list[Shift]:
    return [shift for shift, _ in shifts_in(segments)]
