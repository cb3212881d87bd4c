"""Writes of deputies: who stands in for whom while they are away."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from opsportal.accounts.models import Absence, Deputyship, Role, RoleHolding, User
from opsportal.accounts.services.people import require_worker
from opsportal.accounts.services.periods import utc_day
from opsportal.accounts.services.rows import locked_user, record, require_active
from opsportal.audit.canonical import JSON
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from opsportal.core.moments import clean_moment
from opsportal.core.versions import require_version
from opsportal.core.writes import write


def deputy_name(
    *,
    actor: Actor,
    now: datetime,
    principal_id: UUID | str,
    deputy_id: UUID | str,
    role: str = "",
    absence_id: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Deputyship:
    """Let a person stand in for the principal while they are away, and return it.

    With `role` (a slug) for that role only; with `absence_id` in that absence only, otherwise in every
    one from `starts_at` (now at the earliest) until `ends_at` (aware; None is open). Raises `NotFound`,
    `Forbidden` (nobody makes themselves a deputy), `InvalidInput`, and `Conflict` with code `inactive`,
    `erased` or `already_deputy`.
    """
    with write(actor=actor, now=now):
        principal = locked_user(principal_id)
        require(actor, "absence.set", principal)
        require_active(principal)
        deputy = _deputy(actor, principal, deputy_id)
        held = _role(principal, role, now)
        absence = _absence(principal, absence_id, now)
        start, end = _period(absence, starts_at, ends_at, now)
        row = Deputyship(
            principal=principal,
            deputy=deputy,
            role=held,
            absence=absence,
            starts_at=start,
            ends_at=end,
            updated_at=now,
        )
        _refuse_twin(row)
        row.save(force_insert=True)
        _record(actor, now, "deputy.named", row)
        return row


def deputy_change(
    *,
    actor: Actor,
    now: datetime,
    deputyship_id: int,
    ends_at: datetime | None,
    version: int | None = None,
) -> Deputyship:
    """Let a standing deputyship end at another time (aware; None is open), and return it.

    Raises `NotFound`, `Forbidden` (nobody prolongs their own), `Stale`, `InvalidInput`, and `Conflict` with
    code `over`, `of_an_absence` (it ends with that one) or `already_deputy`.
    """
    with write(actor=actor, now=now):
        principal = Deputyship.objects.filter(pk=deputyship_id).values_list("principal_id", flat=True).first()
        if principal is None:
            raise NotFound("There is no such deputyship.")
        # The person first, as for an absence; a twin waits here.
        require(actor, "absence.set", locked_user(principal))
        row = _locked(deputyship_id)
        if actor.is_user and actor.id == str(row.deputy_id):
            raise Forbidden("Nobody makes themselves a deputy: the person or another administrator has to.")
        require_version(row, version)
        _refuse_over(row, now)
        if row.absence_id is not None:
            raise Conflict("It ends with its absence: change that one.", code="of_an_absence")
        _, end = _period(None, row.starts_at, ends_at, now)
        if end != row.ends_at:
            row.ends_at = end
            _refuse_twin(row)
            row.version, row.updated_at = row.version + 1, now
            row.save()
            _record(actor, now, "deputy.changed", row)
        return row


def deputy_end(*, actor: Actor, now: datetime, deputyship_id: int, version: int | None = None) -> Deputyship:
    """Let a deputyship end now, and return it. One that has not begun goes; its history stays.

    The principal, the deputy and administrators may. Raises `NotFound`, `Forbidden`, `Stale`, and `Conflict`
    with code `over`.
    """
    with write(actor=actor, now=now):
        row = _locked(deputyship_id)
        if actor.id != str(row.deputy_id):
            require(actor, "absence.set", row.principal)
        require_version(row, version)
        _refuse_over(row, now)
        _record(actor, now, "deputy.ended", row)
        if row.starts_at >= now:
            row.delete()
        else:
            row.ends_at = now
            row.version, row.updated_at = row.version + 1, now
            row.save()
        return row


def _locked(deputyship_id: int) -> Deputyship:
    rows = Deputyship.objects.select_for_update(of=("self",)).select_related("principal", "deputy", "role")
    row = rows.filter(pk=deputyship_id).first()
    if row is None:
        raise NotFound("There is no such deputyship.")
    return row


def _refuse_over(row: Deputyship, now: datetime) -> None:
    if row.ends_at is not None and row.ends_at <= now:
        raise Conflict("This deputyship is over.", code="over")


def _deputy(actor: Actor, principal: User, deputy_id: UUID | str) -> User:
    try:
        identifier = deputy_id if isinstance(deputy_id, UUID) else UUID(str(deputy_id))
    except ValueError:
        identifier = None
    deputy = User.objects.filter(pk=identifier, is_guest=False).first() if identifier else None
    if deputy is None:
        raise InvalidInput.of("deputy", "unknown", "There is no such person.")
    if deputy.pk == principal.pk:
        raise InvalidInput.of("deputy", "self", "Nobody is their own deputy: choose somebody else.")
    if not deputy.is_active:
        raise InvalidInput.of("deputy", "inactive", "This person may not sign in: choose somebody else.")
    if actor.is_user and actor.id == str(deputy.pk):
        raise Forbidden("Nobody makes themselves a deputy: the person or another administrator has to do it.")
    return require_worker("deputy", deputy)


def _role(principal: User, slug: str, now: datetime) -> Role | None:
    if not slug:
        return None
    current = Q(valid_until__isnull=True) | Q(valid_until__gte=utc_day(now))
    held = RoleHolding.objects.filter(current, user=principal, role__slug=slug).select_related("role").first()
    if held is None:
        raise InvalidInput.of("role", "not_held", "They do not hold this role: choose one that they hold.")
    return held.role


def _absence(principal: User, absence_id: int | None, now: datetime) -> Absence | None:
    if absence_id is None:
        return None
    absence = Absence.objects.filter(pk=absence_id, person=principal, ends_at__gt=now).first()
    if absence is None:
        raise InvalidInput.of("absence", "unknown", "They have no such absence ahead of them.")
    return absence


def _period(
    absence: Absence | None, starts_at: datetime | None, ends_at: datetime | None, now: datetime
) -> tuple[datetime, datetime | None]:
    if absence is not None:
        return max(now, absence.starts_at), absence.ends_at
    start = now if starts_at is None else max(now, clean_moment(starts_at, field="starts_at"))
    end = None if ends_at is None else clean_moment(ends_at, field="ends_at")
    if end is not None and end <= start:
        raise InvalidInput.of("ends_at", "ends_before_start", "The end must lie after the start, and ahead.")
    return start, end


def _refuse_twin(row: Deputyship) -> None:
    same = Deputyship.objects.filter(principal=row.principal, deputy=row.deputy).exclude(pk=row.pk)
    same = same.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=row.starts_at))
    if row.ends_at is not None:
        same = same.filter(starts_at__lt=row.ends_at)
    same = same.filter(role=row.role, absence=row.absence)
    if same.exists():
        raise Conflict("They stand in for this already in that time.", code="already_deputy")


def _record(actor: Actor, now: datetime, action: str, row: Deputyship) -> None:
    data: dict[str, JSON] = {
        "deputyship": row.pk,
        "deputy": str(row.deputy_id),
        "role": row.role.slug if row.role else "",
        "absence": row.absence_id,
        "from": row.starts_at.isoformat(),
        "until": row.ends_at.isoformat() if row.ends_at else None,
    }
    record(
        actor=actor,
        now=now,
        action=action,
        kind="user",
        key=str(row.principal_id),
        data=data,
        by=str(actor),
    )
