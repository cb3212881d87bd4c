"""Publishing a roster: what people were told, what differs now, and telling those whom it concerns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from incidents.models import Publication, PublishedShift, Schedule
from incidents.oncall.schedule import Segment
from incidents.roster.moves import Move, moves, span_text, wording
from incidents.roster.publishing import Changes, Published, changes, reminder_of, shifts_in, uid_of
from incidents.roster.spans import Shift, Span
from incidents.selectors.oncall import final_schedule_of
from incidents.services.roster.gaps import gaps_tell
from opsportal.accounts.models import User
from opsportal.core.actor import Actor
from opsportal.core.due import each_due
from opsportal.core.writes import write
from opsportal.notify.services import notify

ACTOR = Actor.system("incidents.roster")
BACK, AHEAD = timedelta(days=15), timedelta(days=180)
"""How far feeds reach: as far as people know it from Grafana OnCall."""
AGAIN = timedelta(hours=6)
"""So often it is published anew though nothing was written, since time goes on."""
REMIND = timedelta(hours=24)
TOPIC = "oncall.roster"
BATCH = 200


def schedule_publish(
    *, now: datetime, schedule_pk: int, because: str = "", by: str = "", only_due: bool = False
) -> int:
    """Publish the roster as it is now, and tell each person whose coming time on call differs from before.

    Return how many were told. `because` is one sentence, `by` the actor (as text) who changed it: they are
    not told of what they did. Nobody else hears of it. With `only_due` nothing is done where another worker
    has done it meanwhile, or is doing it.
    """
    with write(actor=ACTOR, now=now):
        publication = _claimed(schedule_pk, now, only_due=only_due)
        if publication is None:
            return 0
        schedule = publication.schedule
        window = Span(now - BACK, _midnight(now + AHEAD))
        segments = final_schedule_of(schedule, window.start, window.end)
        rows = PublishedShift.objects.filter(schedule=schedule, ends_at__gt=window.start).in_bulk()
        before = [_published(row) for row in rows.values()]
        after = shifts_in(segments)
        known_until = publication.until or window.end
        publication.until, publication.due_at = window.end, now + AGAIN
        publication.number += 1
        publication.save()
        _store(schedule, rows, changes(before, after, window), now)
        told = moves(
            [one.shift for one in before if not one.off],
            [shift for shift, _ in after],
            Span(now, known_until),
        )
        _tell(publication, told, because=because, by=by, now=now)
        if schedule.state == "active":
            gaps_tell(now=now, schedule=schedule, segments=_ahead(segments, now))
        return len(told)


def schedules_publish(*, clock: Callable[[], datetime]) -> int:
    """Publish every roster that is due anew and return how many were. `clock` is the database's.

    One in use that was never published is due at once.
    """
    now = clock()
    never = Schedule.objects.filter(state="active", publication=None).order_by("pk")
    rows = [Publication(schedule=schedule, due_at=now) for schedule in never[:BATCH]]
    if rows:
        with write(actor=ACTOR, now=now):
            Publication.objects.bulk_create(rows, ignore_conflicts=True)
    due = Publication.objects.filter(due_at__lte=now).order_by("due_at").values_list("schedule_id", flat=True)
    return each_due("rosters", due[:BATCH], _publish_due, now)


def shifts_remind(*, clock: Callable[[], datetime]) -> int:
    """Remind each person of the shift that begins tomorrow and return how many were reminded."""
    now = clock()
    due = PublishedShift.objects.filter(remind_at__lte=now).order_by("remind_at").values_list("pk", flat=True)
    return each_due("reminders", due[:BATCH], _remind, now)


def _publish_due(schedule_pk: int, now: datetime) -> int:
    schedule_publish(now=now, schedule_pk=schedule_pk, only_due=True)
    return 1


def _claimed(schedule_pk: int, now: datetime, *, only_due: bool) -> Publication | None:
    if not only_due:
        Schedule.objects.select_for_update().get(pk=schedule_pk)
        Publication.objects.get_or_create(schedule_id=schedule_pk, defaults={"due_at": now})
    rows = Publication.objects.select_related("schedule__team")
    if only_due:
        locked = rows.select_for_update(skip_locked=True, of=("self",)).filter(due_at__lte=now)
        return locked.filter(schedule=schedule_pk).first()
    return rows.select_for_update(of=("self",)).get(schedule=schedule_pk)


def _published(row: PublishedShift) -> Published:
    shift = Shift(str(row.person_id), row.role, row.starts_at, row.ends_at, row.layer)
    off = row.cancelled_at is not None
    return Published(row.pk, shift, str(row.stands_in_for_id or ""), off)


def _store(schedule: Schedule, rows: Mapping[int, PublishedShift], found: Changes, now: datetime) -> None:
    touched: list[PublishedShift] = []
    for pk in found.off:
        row = rows[pk]
        row.cancelled_at, row.remind_at = now, None
        touched.append(row)
    for one in found.changed:
        row = rows[one.pk or 0]
        row.ends_at, row.layer, row.cancelled_at = one.shift.end, one.shift.layer, None
        row.stands_in_for_id = UUID(one.instead_of) if one.instead_of else None
        touched.append(row)
    for row in touched:
        row.sequence += 1
        row.changed_at = now
    fields = ["ends_at", "layer", "cancelled_at", "remind_at", "stands_in_for", "sequence", "changed_at"]
    PublishedShift.objects.bulk_update(touched, fields, batch_size=100)
    PublishedShift.objects.bulk_create(
        PublishedShift(
            schedule=schedule,
            person_id=UUID(one.shift.user),
            role=one.shift.role,
            starts_at=one.shift.start,
            ends_at=one.shift.end,
            layer=one.shift.layer,
            stands_in_for_id=UUID(one.instead_of) if one.instead_of else None,
            uid=uid_of(schedule.pk, one.shift),
            changed_at=now,
            remind_at=reminder_of(one.shift.start, now, REMIND),
        )
        for one in found.new
    )


def _tell(
    publication: Publication, told: Mapping[str, tuple[Move, ...]], *, because: str, by: str, now: datetime
) -> None:
    schedule = publication.schedule
    people = User.objects.filter(pk__in=list(told), is_active=True)
    for person in people:
        if str(person.actor) == by:
            continue
        lines = wording(told[str(person.pk)], person.time_zone)
        notify(
            now=now,
            message_key=f"roster:{schedule.pk}:{publication.number}",
            recipients=[person.pk],
            subject=f"Your time on call in {schedule.name} has changed",
            body="\n".join([because or "The roster is different from what you were told.", "", *lines]),
            url="/my-on-call/",
            urgency="normal",
            topic=TOPIC,
            about=schedule.slug,
        )


def _remind(pk: int, now: datetime) -> int:
    with write(actor=ACTOR, now=now):
        row = (
            PublishedShift.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("schedule", "person")
            .filter(pk=pk, remind_at__lte=now)
            .first()
        )
        if row is None:
            return 0
        row.remind_at = None
        row.save(update_fields=["remind_at"])
        if row.cancelled_at is None and row.starts_at > now:
            line = span_text(Span(row.starts_at, row.ends_at), row.person.time_zone)
            notify(
                now=now,
                message_key=f"shift:{row.uid}:{row.sequence}",
                recipients=[row.person_id],
                subject=f"You are on call: {line}",
                body=f"{row.schedule.name}, as {row.role}: {line}.\n\nIf you cannot, offer it in time.",
                url="/my-on-call/",
                topic="oncall.reminder",
                about=row.schedule.slug,
                reference=row.uid,
            )
        return 1


def _ahead(segments: list[Segment], now: datetime) -> list[Segment]:
    return [one for one in segments if one.end > now]


def _midnight(moment: datetime) -> datetime:
    """Return the end of the day, so that what has no end is not changed by each minute that goes by."""
    return (moment.astimezone(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
