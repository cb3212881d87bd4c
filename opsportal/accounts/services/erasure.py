"""Erasing a person: what names them goes, the opaque id that histories hold stays."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Q

from opsportal.accounts.models import Absence, Deputyship, RoleHolding, SavedSearch, TeamMembership, User
from opsportal.accounts.services.periods import utc_day
from opsportal.accounts.services.rows import locked_user, record, require_another_administrator
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.versions import require_version
from opsportal.core.writes import write


def user_erase(*, actor: Actor, now: datetime, user_id: UUID | str, version: int | None = None) -> User:
    """Blank what names a person, end their sessions, roles and memberships, and return the row.

    It is shown as "former member 4f2c" from then on, and cannot come back. Other rooms that keep
    something personal clean up on the topic `accounts.user.erased`. Done already: nothing is written.
    Raises `Forbidden`, `Stale`, `NotFound`, `Conflict` ("last_administrator").
    """
    with write(actor=actor, now=now):
        user = locked_user(user_id, with_administrators=True)
        require(actor, "accounts.administer")
        require_version(user, version)
        if user.erased_at is not None:
            return user
        require_another_administrator(user)
        user.email = f"{user.pk}@erased.invalid"
        user.full_name = ""
        user.time_zone = "UTC"
        user.last_login = None
        user.set_unusable_password()
        user.is_active = user.is_staff = user.is_auditor = False
        user.erased_at = now
        user.session_epoch += 1
        user.version += 1
        user.save()
        EmailAddress.objects.filter(user=user).delete()
        _delete_sessions(user, now)
        _end_periods(user, now)
        _forget_absences(user, now)
        for search in SavedSearch.objects.filter(person=user):
            search.delete()
        record(actor=actor, now=now, action="user.erased", kind="user", key=str(user.pk), data={})
        return user


def _delete_sessions(user: User, now: datetime) -> None:
    # A session holds the address that was typed at sign-in, and names its person only inside its payload.
    for session in Session.objects.filter(expire_date__gt=now).iterator(chunk_size=500):
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


def _end_periods(user: User, now: datetime) -> None:
    today = utc_day(now)
    for model in (RoleHolding, TeamMembership):
        for row in model.objects.filter(user=user):
            if row.valid_from > today:
                row.delete()
            elif row.valid_until is None or row.valid_until > today:
                row.valid_until = today
                row.save()


def _forget_absences(user: User, now: datetime) -> None:
    for absence in Absence.objects.filter(person=user).exclude(reason=""):
        absence.reason, absence.updated_at = "", now
        absence.version += 1
        absence.save()
    standing = Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    for row in Deputyship.objects.filter(standing, Q(principal=user) | Q(deputy=user)):
        if row.starts_at >= now:
            row.delete()
        else:
            row.ends_at = row.updated_at = now
            row.version += 1
            row.save()
