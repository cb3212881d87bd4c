"""Writes of absences. The reason stays in the person's own row: audit and messages carry none."""

from __future__ import annotations

from collections.abc import Mapping
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
from opsportal.core.versions import require_version
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
        _require_span(start, end)
        text = clean_text(reason, field="reason", max_length=MAX_REASON, lines=False)
        _refuse_overlap(person, start, end)
        absence = Absence.objects.create(
            person=person, starts_at=start, ends_at=end, reason=text, updated_at=now
        )
        _record(actor, now, "absence.recorded", absence)
        return absence


def absence_change(
    *, actor: Actor, now: datetime, absence_id: int, version: int | None = None, **fields: object
) -> Absence:
    """Change the given fields (`starts_at`, `ends_at`, `reason`) and return the absence.

    Who stands in for it does so from its new start to its new end. One that has begun keeps its start.
    Raises `NotFound`, `Forbidden`, `Stale`, `InvalidInput`, and `Conflict` with code `over` or
    `already_away`.
    """
    with write(actor=actor, now=now):
        absence = _locked(actor, now, absence_id)
        _refuse_own_gain(actor, absence.person, now)
        require_version(absence, version)
        before = (absence.starts_at, absence.ends_at, absence.reason)
        start, end = _moved(absence, fields, now)
        text = clean_text(
            fields.get("reason", absence.reason), field="reason", max_length=MAX_REASON, lines=False
        )
        if (start, end, text) == before:
            return absence
        _refuse_overlap(absence.person, start, end, but=absence.pk)
        for row in absence.deputyships.filter(ends_at__gt=now):
            row.starts_at, row.ends_at = (start if row.starts_at > now else row.starts_at), end
            _save(row, now)
        absence.starts_at, absence.ends_at, absence.reason = start, end, text
        _save(absence, now)
        _record(actor, now, "absence.changed", absence)
        return absence


def absence_end(*, actor: Actor, now: datetime, absence_id: int, version: int | None = None) -> Absence:
    """Let an absence end now, and what was delegated for it; return it.

    One that has not begun goes; its history stays. Raises `NotFound`, `Forbidden`, `Stale`, and `Conflict`
    with code `over`.
    """
    with write(actor=actor, now=now):
        absence = _locked(actor, now, absence_id)
        require_version(absence, version)
        begun = absence.starts_at < now
        for row in absence.deputyships.all():
            if not begun:
                row.delete()
            elif row.ends_at is None or row.ends_at > now:
                row.ends_at = max(now, row.starts_at + timedelta(microseconds=1))
                _save(row, now)
        absence.ends_at = now if begun else absence.ends_at
        _record(actor, now, "absence.ended", absence)
        if begun:
            _save(absence, now)
        else:
            absence.delete()
        return absence


def _locked(actor: Actor, now: datetime, absence_id: int) -> Absence:
    """Return an absence that is not over, after its person both locked. Raises as `absence_change`."""
    found = Absence.objects.filter(pk=absence_id).first()
    if found is None:
        raise NotFound("There is no such absence.")
    person = locked_user(found.person_id)
    require(actor, "absence.set", person)
    absence = Absence.objects.select_for_update().filter(pk=absence_id).first()
    if absence is None or absence.ends_at <= now:
        raise Conflict("This absence is over.", code="over")
    absence.person = person
    return absence


def _save(row: Absence | Deputyship, now: datetime) -> None:
    row.version += 1
    row.updated_at = now
    row.save()


def _moved(absence: Absence, fields: Mapping[str, object], now: datetime) -> tuple[datetime, datetime]:
    """Return start and end of an absence as they are to be. Raises `InvalidInput`."""
    start, end = (
        clean_moment(value, field=name) if isinstance(value := fields.get(name), datetime) else stands
        for name, stands in (("starts_at", absence.starts_at), ("ends_at", absence.ends_at))
    )
    if absence.starts_at <= now:
        if start != absence.starts_at:
            raise InvalidInput.of("starts_at", "begun", "It has begun; only its end can be another.")
        if end <= now:
            raise InvalidInput.of("ends_at", "in_the_past", "The end must lie ahead; to end it now, end it.")
    else:
        start = max(now, start)
    _require_span(start, end)
    return start, end


def _require_span(start: datetime, end: datetime) -> None:
    if end <= start:
        raise InvalidInput.of("ends_at", "ends_before_start", "The end must lie after the start, and ahead.")
    if end - start > LONGEST:
        raise InvalidInput.of("ends_at", "too_long", "An absence lasts a year at most.")


def _refuse_overlap(person: User, start: datetime, end: datetime, *, but: int = 0) -> None:
    others = Absence.objects.filter(person=person, starts_at__lt=end, ends_at__gt=start).exclude(pk=but)
    if others.exists():
        raise Conflict(
            "An absence in that time is recorded already; end that one first.", code="already_away"
        )


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
