"""People. The one erasable table of personal data; every other table holds only their opaque id."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from opsportal.audit.history import history
from opsportal.core.actor import Actor

# Fields that history never keeps: personal values, and what a sign-in touches.
_OUTSIDE_HISTORY = ["email", "full_name", "time_zone", "password", "last_login"]


class UserManager(BaseUserManager["User"]):
    """Makes users for Django's own commands; the portal's door is `accounts.services.users`."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Store and return a user with this address and password (unusable where None)."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Store and return an administrator, for `createsuperuser`."""
        return self.create_user(email, password, **{**fields, "is_staff": True})


class User(AbstractBaseUser):
    """A person who signs in by e-mail. `id` is the opaque identity used everywhere else.

    Django's own groups and permissions are left out: who may do what is said once, in each app's
    `permissions.py`. Administrators and auditors see everything in the admin, whose writes
    ask those same rules.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField("e-mail address", max_length=254, unique=True)
    full_name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField("may sign in", default=True)
    is_staff = models.BooleanField("administrator", default=False)
    is_auditor = models.BooleanField(
        "auditor", default=False, db_default=False, help_text="Reads everything, changes nothing."
    )
    is_guest = models.BooleanField(
        "guest",
        default=False,
        db_default=False,
        editable=False,
        help_text="From outside: reads only what was opened to them, for a while.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Part of every session's hash: one more, and all sessions of this person are over.
    session_epoch = models.PositiveIntegerField(default=1, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    history = history(excluded=_OUTSIDE_HISTORY)
    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]

    class Meta:
        ordering = ["full_name", "id"]
        constraints = [
            # With the unique column this makes addresses unique whatever their case.
            models.CheckConstraint(name="user_email_lower", condition=models.Q(email=Lower("email"))),
            models.CheckConstraint(
                name="user_erased_is_inactive",
                condition=models.Q(erased_at__isnull=True) | models.Q(is_active=False, is_staff=False),
            ),
            models.CheckConstraint(
                name="user_auditor_is_no_administrator",
                condition=models.Q(is_auditor=False) | models.Q(is_staff=False),
                violation_error_message="An auditor changes nothing: choose one of both.",
            ),
            models.CheckConstraint(
                name="user_guest_is_nothing_else",
                condition=models.Q(is_guest=False) | models.Q(is_auditor=False, is_staff=False),
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """Return the name to show; "former member 4f2c" for somebody who was erased."""
        return former_member(str(self.id)) if self.erased_at or not self.full_name else self.full_name

    @property
    def actor(self) -> Actor:
        """Return the actor on whose behalf this person's writes happen."""
        return Actor.user(
            self.id,
            is_staff=self.is_staff and self.is_active,
            is_auditor=self.is_auditor,
            is_guest=self.is_guest,
        )

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name.split(" ")[0]

    def has_perm(self, perm: str, obj: object | None = None) -> bool:
        """Return whether the admin lets them: administrators do and see all of it, auditors see it."""
        looks = self.is_auditor and perm.rpartition(".")[2].startswith("view_")
        return self.is_active and (self.is_staff or looks)

    def has_perms(self, perm_list: Iterable[str], obj: object | None = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and (self.is_staff or self.is_auditor)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a save of nothing but a sign-in's own fields leaves no history row."""
        fields = kwargs.get("update_fields")
        if fields is None or not set(fields) <= {"last_login", "password"}:
            super().save(*args, **kwargs)
            return
        self.skip_history_when_saving = True  # what simple-history looks for
        try:
            super().save(*args, **kwargs)
        finally:
            del self.skip_history_when_saving

    def get_session_auth_hash(self) -> str:
        """Return what ties a session to this password and epoch."""
        return self._session_hash(None)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Yield the same under each former secret key."""
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._session_hash(secret)

    def _session_hash(self, secret: str | bytes | None) -> str:
        value = f"{self.session_epoch}:{self.password}"
        return salted_hmac("opsportal.accounts.session", value, secret=secret, algorithm="sha256").hexdigest()


def former_member(identifier: str) -> str:
    """Return what is shown for a person whose name is gone or was never known here."""
    return f"former member {identifier.replace('-', '')[:4]}"
