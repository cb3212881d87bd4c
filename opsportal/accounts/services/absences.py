"""Writes of absences. The reason stays in the person's own row: audit and messages carry none."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from opsportal.accounts.models import Absence, Deputyship, User
from opsportal.accounts.models.absences import MAX_REASON
from opsportal.accounts.services.rows import locked_user, record, require_active
from opsportal.audit.canonical import JSON
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from opsportal.core.moments import clean_moment
from opsportal.core.text import clean_text
from opsportal.core.writes import write

LONGEST = timedelta(days=366)


def absence_record(
    *,
    actor: Actor,
    now: datetime,
    person_id: UUID | str,
    ends_at: datetime,
    starts_at: datetime | None = None,
    reason: object = "",
) -> Absence:
    """Record that a person is away from `starts_at` until `ends_at` (aware) and return it.

    It starts now where `starts_at` is None or past: what was done before does not change its meaning.
    Raises `NotFound`, `Forbidden` (also for an administrator who would act as their deputy then),
    `InvalidInput`, and `Conflict` with code `inactive`, `erased` or `already_away`.
    """
    with write(actor=actor, now=now):
        person = locked_user(person_id)
        require(actor, "absence.set", person)
        _refuse_own_gain(actor, person, now)
        require_active(person)
        start = now if starts_at is None else max(now, clean_moment(starts_at, field="starts_at"))
        end = clean_moment(ends_at, field="ends_at")
        if end <= start:
            raise InvalidInput.of(
                "ends_at", "ends_before_start", "The end must lie after the start, and ahead."
            )
        if end - start > LONGEST:
            raise InvalidInput.of("ends_at", "too_long", "An absence lasts a year at most.")
        text = clean_text(reason, field="reason", max_length=MAX_REASON, lines=False)
        if Absence.objects.filter(person=person, starts_at__lt=end, ends_at__gt=start).exists():
            raise Conflict(
                "An absence in that time is recorded already; end that one first.", code="already_away"
            )
        absence = Absence.objects.create(person=person, starts_at=start, ends_at=end, reason=text)
        _record(actor, now, "absence.recorded", absence)
        return absence


def absence_end(*, actor: Actor, now: datetime, absence_id: int) -> None:
    """Let an absence end now, and what was delegated for it. One that has not begun goes; its history stays.

    Raises `NotFound`, `Forbidden`, and `Conflict` with code `over`.
    """
    with write(actor=actor, now=now):
        found = Absence.objects.filter(pk=absence_id).first()
        if found is None:
            raise NotFound("There is no such absence.")
        person = locked_user(found.person_id)
        require(actor, "absence.set", person)
        absence = Absence.objects.select_for_update().filter(pk=absence_id).first()
        if absence is None or absence.ends_at <= now:
            raise Conflict("This absence is over.", code="over")
        begun = absence.starts_at < now
        for row in absence.deputyships.all():
            if not begun:
                row.delete()
            elif row.ends_at is None or row.ends_at > now:
                row.ends_at = max(now, row.starts_at + timedelta(microseconds=1))
                row.save()
        absence.ends_at = now if begun else absence.ends_at
        _record(actor, now, "absence.ended", absence)
        if begun:
            absence.save()
        else:
            absence.delete()


def _refuse_own_gain(actor: Actor, person: User, now: datetime) -> None:
    if not actor.is_user or actor.id == str(person.pk):
        return
    standing = Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    if Deputyship.objects.filter(standing, principal=person, deputy_id=UUID(actor.id)).exists():
        raise Forbidden(
            "You would stand in for them then: nobody raises their own rights. Another administrator has to"
            " record it."
        )


def _record(actor: Actor, now: datetime, action: str, absence: Absence) -> None:
    data: dict[str, JSON] = {
        "absence": absence.pk,
        "from": absence.starts_at.isoformat(),
        "until": absence.ends_at.isoformat(),
    }
    record(actor=actor, now=now, action=action, kind="user", key=str(absence.person_id), data=data)
