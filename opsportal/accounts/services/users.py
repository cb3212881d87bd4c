"""Writes of people. Names and addresses stay in the user's own row: audit and messages carry its id."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import IntegrityError

from opsportal.accounts.models import User
from opsportal.accounts.services.passwords import WELCOME_WANTED
from opsportal.accounts.services.people import clean_email, clean_name, clean_time_zone, require_good_password
from opsportal.accounts.services.rows import (
    locked_user,
    record,
    require_active,
    require_another_administrator,
    require_not_erased,
)
from opsportal.audit.canonical import JSON
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput
from opsportal.core.faults import all_checked
from opsportal.core.versions import require_version
from opsportal.core.writes import write
from opsportal.outbox.services import outbox_put


def user_create(
    *,
    actor: Actor,
    now: datetime,
    email: str,
    full_name: str,
    time_zone: str = "UTC",
    password: str | None = None,
    hashed_password: str = "",
    is_staff: bool = False,
    is_auditor: bool = False,
    is_guest: bool = False,
) -> User:
    """Store a person and return them. Without `password` they get a mail to choose one.

    `hashed_password` stands in for it where it was hashed before (`make_password`), and checked.

    Raises `Forbidden` for anybody but administrators, `InvalidInput` for each wrong value and for an
    address that somebody has already.
    """
    with write(actor=actor, now=now):
        require(actor, "accounts.administer")
        values = all_checked(
            {
                "email": lambda: clean_email(email),
                "full_name": lambda: clean_name(full_name),
                "time_zone": lambda: clean_time_zone(time_zone),
            }
        )
        user = User(
            **values,
            is_staff=is_staff,
            is_auditor=is_auditor,
            is_guest=is_guest,
            created_at=now,
        )
        _require_one_hat(user)
        if password is not None:
            require_good_password(password, user)
        if hashed_password:
            user.password = hashed_password
        else:
            user.set_password(password)
        _save_with_address(user)
        hats = {"is_auditor": is_auditor, "is_guest": is_guest}
        data: dict[str, JSON] = {"is_staff": is_staff, **{hat: True for hat, worn in hats.items() if worn}}
        _record(actor, now, "user.created", user, data)
        if password is None and not hashed_password:
            outbox_put(now=now, topic=WELCOME_WANTED, payload={"user": str(user.pk)}, key=str(user.pk))
        return user


def user_update(
    *,
    actor: Actor,
    now: datetime,
    user_id: UUID | str,
    version: int | None = None,
    email: str | None = None,
    full_name: str | None = None,
    time_zone: str | None = None,
    is_staff: bool | None = None,
    is_auditor: bool | None = None,
) -> User:
    """Change what is given, leave what is None, and return the person.

    A person may change their own name and zone; the rest is the administrators'. Nobody makes
    themselves an administrator (reliability S8), and the last one stays one. Raises `Forbidden`,
    `Stale`, `Conflict` ("last_administrator", "inactive", "erased"), `InvalidInput`, `NotFound`.
    """
    with write(actor=actor, now=now):
        user = locked_user(user_id, with_administrators=is_staff is False)
        require(actor, "user.update", user)
        if email is not None or is_staff is not None or is_auditor is not None:
            require(actor, "accounts.administer")
        require_version(user, version)
        require_not_erased(user)
        wanted = {
            "email": None if email is None else clean_email(email),
            "full_name": None if full_name is None else clean_name(full_name),
            "time_zone": None if time_zone is None else clean_time_zone(time_zone),
            "is_staff": is_staff,
            "is_auditor": is_auditor,
        }
        changed = {name: v for name, v in wanted.items() if v is not None and v != getattr(user, name)}
        if not changed:
            return user
        data: dict[str, JSON] = {"fields": sorted(changed)}
        if "is_staff" in changed:
            _require_staff_change(actor, user, is_staff=changed["is_staff"] is True)
            data["is_staff"] = changed["is_staff"] is True
        if "is_auditor" in changed:
            # Nobody changes their own rights, in whichever direction.
            require(actor, "user.promote", user)
            data["is_auditor"] = changed["is_auditor"] is True
        for name, value in changed.items():
            setattr(user, name, value)
        _require_one_hat(user)
        user.version += 1
        _save_with_address(user)
        _record(actor, now, "user.updated", user, data)
        return user


def user_deactivate(
    *, actor: Actor, now: datetime, user_id: UUID | str, version: int | None = None, reason: str = ""
) -> User:
    """Bar a person from signing in, end their sessions, take administration from them; return them.

    Done already: nothing is written. Raises `Forbidden`, `Stale`, `NotFound`, and `Conflict`
    ("last_administrator") where nobody could administer the portal afterwards.
    """
    with write(actor=actor, now=now, reason=reason):
        user = locked_user(user_id, with_administrators=True)
        require(actor, "accounts.administer")
        require_version(user, version)
        if not user.is_active:
            return user
        require_another_administrator(user)
        was_staff = user.is_staff
        user.is_active = user.is_staff = False
        user.session_epoch += 1
        user.version += 1
        user.save()
        _record(actor, now, "user.deactivated", user, {"was_staff": was_staff})
        return user


def user_reactivate(*, actor: Actor, now: datetime, user_id: UUID | str, version: int | None = None) -> User:
    """Let a person sign in again (as nobody's administrator) and return them.

    Raises `Forbidden`, `Stale`, `NotFound`, and `Conflict` ("erased") for somebody who was erased.
    """
    with write(actor=actor, now=now):
        user = locked_user(user_id)
        require(actor, "accounts.administer")
        require_version(user, version)
        require_not_erased(user)
        if user.is_active:
            return user
        user.is_active = True
        user.version += 1
        user.save()
        _record(actor, now, "user.reactivated", user, {})
        return user


def user_set_password(*, actor: Actor, now: datetime, user_id: UUID | str, password: str) -> User:
    """Give a person a new password, which ends their sessions, and return them.

    Raises `Forbidden` for anybody but the person and the portal's own commands, `InvalidInput` for a
    weak one, `Conflict` ("inactive", "erased"), `NotFound`.
    """
    with write(actor=actor, now=now):
        user = locked_user(user_id)
        require(actor, "user.set_password", user)
        require_active(user)
        require_good_password(password, user)
        user.set_password(password)
        user.session_epoch += 1
        user.version += 1
        user.save()
        _record(actor, now, "user.password_set", user, {})
        return user


def _require_staff_change(actor: Actor, user: User, *, is_staff: bool) -> None:
    if is_staff:
        require(actor, "user.promote", user)
        require_active(user)
    else:
        require_another_administrator(user)


def _require_one_hat(user: User) -> None:
    if user.is_guest and (user.is_staff or user.is_auditor):
        raise InvalidInput.of("is_staff", "guest", "A guest from outside is given nothing else.")
    if user.is_staff and user.is_auditor:
        raise InvalidInput.of(
            "is_auditor", "administrator", "An auditor changes nothing: choose one of both."
        )


def _save_with_address(user: User) -> None:
    """Save the person, and the one verified address by which allauth knows them."""
    taken = InvalidInput.of("email", "taken", "Somebody has this address already.")
    if User.objects.filter(email=user.email).exclude(pk=user.pk).exists():
        raise taken
    try:
        user.save()
    except IntegrityError:  # somebody else took it between the look and the save
        raise taken from None
    EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )


def _record(actor: Actor, now: datetime, action: str, user: User, data: dict[str, JSON]) -> None:
    record(actor=actor, now=now, action=action, kind="user", key=str(user.pk), data=data)
