"""External auditors: an audit is opened to a guest until a day, ends by itself; every look is recorded."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from compliance.auditing.states import TAKEN_IN, UNDER_WAY
from compliance.models import AuditorAccess, AuditRead
from compliance.services.audits import cleaning
from compliance.services.audits.scene import audit_locked, case_of, record, require_under_way
from opsportal.accounts.models import User
from opsportal.accounts.services import user_create
from opsportal.core import secrecy
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Forbidden, InvalidInput, NotFound
from opsportal.core.moments import in_words
from opsportal.core.versions import require_version
from opsportal.core.writes import write

PREFIX = secrecy.GUEST
LONGEST = timedelta(days=180)
_MACHINE = Actor.system("audits.access")


def access_grant(
    *,
    actor: Actor,
    now: datetime,
    audit: int,
    email: str,
    full_name: str,
    ends_at: datetime,
    starts_at: datetime | None = None,
) -> tuple[AuditorAccess, str]:
    """Open an audit to somebody from outside until `ends_at` (aware UTC); return the access and its secret.

    The account is made where it is missing: a guest, without a password. The secret is part of a link and is
    shown once. Raises `InvalidInput` (an end in the past or beyond 180 days, the address of a person of the
    house), `NotFound`, `Forbidden`, and `Conflict` for an audit that is over.
    """
    begins = cleaning.moment("starts_at")(starts_at) if starts_at else now
    ends = cleaning.moment("ends_at")(ends_at)
    if ends <= now:
        raise InvalidInput.of("ends_at", "past", "Must lie ahead.")
    if ends <= begins:
        raise InvalidInput.of("ends_at", "past", "Must lie after the beginning.")
    if ends - begins > LONGEST:
        raise InvalidInput.of("ends_at", "too_long", f"At most {LONGEST.days} days.")
    with write(actor=actor, now=now):
        about = audit_locked(audit, actor=actor)
        require(actor, "audit.lead", case_of(about))
        require_under_way(about, *TAKEN_IN["guest"])
        guest = _guest(email, full_name, now)
        secret = PREFIX + secrets.token_urlsafe(32)
        row = AuditorAccess(
            audit=about,
            person=guest,
            starts_at=begins,
            ends_at=ends,
            digest=_digest(secret),
            granted_by_id=UUID(actor.id),
            granted_at=now,
        )
        row.save(force_insert=True)
        _record(row, "granted", actor=actor, now=now)
        return row, secret


def access_revoke(*, actor: Actor, now: datetime, pk: int, version: int | None = None) -> AuditorAccess:
    """End an access now and return it. Raises `NotFound`, `Forbidden` and `Stale`."""
    with write(actor=actor, now=now):
        row = AuditorAccess.objects.select_for_update(of=("self",)).filter(pk=pk).first()
        if row is None:
            raise NotFound("There is no such access.")
        about = audit_locked(row.audit_id, actor=actor)
        require(actor, "audit.lead", case_of(about))
        require_version(row, version)
        if row.revoked_at is None:
            row.revoked_at = now
            row.version += 1
            row.save()
            _record(row, "revoked", actor=actor, now=now)
        return row


def access_of_link(secret: str, now: datetime) -> AuditorAccess:
    """Return the access of a link at `now` (the database's clock).

    Raises `NotFound` for an unknown secret, and `Forbidden` with code `access_over` or `access_ahead`.
    """
    row = (
        AuditorAccess.objects.filter(digest=_digest(secret)).select_related("person", "audit__lead").first()
        if secret.startswith(PREFIX)
        else None
    )
    if row is None:
        raise NotFound("There is no such link.")
    if not row.is_open(now) or not row.person.is_active:
        is_ahead = row.revoked_at is None and now < row.starts_at
        raise Forbidden(ending_of(row, now), code="access_ahead" if is_ahead else "access_over")
    return row


def access_entered(*, actor: Actor, now: datetime, pk: int) -> None:
    """Record that a guest came in by their link."""
    with write(actor=actor, now=now):
        row = AuditorAccess.objects.get(pk=pk)
        _record(row, "entered", actor=actor, now=now)


def read_record(*, actor: Actor, now: datetime, access: AuditorAccess, page: str, subject: str) -> None:
    """Record that a guest looks at a page (its name) of something (`FND-3`, a number), for good."""
    with write(actor=actor, now=now):
        AuditRead(
            access=access,
            audit_id=access.audit_id,
            reader=actor.id,
            page=page[:100],
            subject=subject[:200],
            at=now,
        ).save(force_insert=True)


OVER = "Your access to this audit has ended. Ask the lead auditor to open it again."


def ending_of(row: AuditorAccess, now: datetime) -> str:
    """Return in words why an access lets nobody in at `now`, and whom to ask, in the portal's zone."""
    audit, zone = row.audit, timezone.get_default_timezone()
    if row.revoked_at is None and now < row.starts_at:
        return f"This link opens {audit.key} on {in_words(row.starts_at, zone)}."
    ended = min(filter(None, (row.ends_at, row.revoked_at)))
    when = f"ended on {in_words(ended, zone)}" if ended <= now else "has ended"
    lead = audit.lead.display_name
    if audit.state in UNDER_WAY:
        return f"Your access to {audit.key} {when}. Ask the lead auditor, {lead}, to open it again."
    state = audit.get_state_display().lower()
    return f"Your access to {audit.key} {when}: it is {state}. Ask the lead auditor, {lead}, for the report."


def _guest(email: str, full_name: str, now: datetime) -> User:
    standing = User.objects.filter(email=email.strip().lower()).first()
    if standing is None:
        return user_create(
            actor=_MACHINE,
            now=now,
            email=email,
            full_name=full_name,
            hashed_password=make_password(None),
            is_guest=True,
        )
    if not standing.is_guest:
        raise InvalidInput.of("email", "taken", "Somebody of the house has this address.")
    if not standing.is_active:
        raise InvalidInput.of("email", "inactive", "This person may not sign in any more.")
    return standing


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _record(row: AuditorAccess, event: str, *, actor: Actor, now: datetime) -> None:
    data = {"audit": row.audit_id, "person": str(row.person_id), "ends_at": row.ends_at.isoformat()}
    record("auditor_access", str(row.pk), event, actor=actor, now=now, data=data)
