"""First and forgotten passwords: a link by mail, from the worker; people set them on a page of their own."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.forms import EmailAwarePasswordResetTokenGenerator, default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from opsportal.accounts.models import User
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.core.writes import write
from opsportal.outbox.services import outbox_put

WELCOME_LASTS = timedelta(days=7)
WELCOME_WANTED = "accounts.welcome.wanted"
RESET_REQUESTED = "accounts.password_reset.requested"


def password_reset_request(*, now: datetime, email: str) -> None:
    """Have the link to a new password sent, where somebody who may sign in has this address.

    An unknown address leaves the same rows and takes the same time, so that nobody learns which
    addresses exist; the address is not kept.
    """
    actor = Actor.anonymous()
    with write(actor=actor, now=now):
        found = User.objects.filter(email=email.strip().lower(), is_active=True)
        known = found.values_list("pk", flat=True).first()
        key = str(known) if known else ""
        audit_record(
            actor=actor, now=now, action="user.password_reset_requested", object_kind="user", object_key=key
        )
        outbox_put(now=now, topic=RESET_REQUESTED, payload={"user": key}, key=key)


def reset_link_send(*, user_id: str) -> None:
    """Mail a link to a new password to this person; nothing where nobody or an inactive person is meant.

    The link is made here and now, so that no table ever holds it. Raises what the mail server raises.
    """
    user = User.objects.filter(pk=UUID(user_id), is_active=True).first() if user_id else None
    if user is None:
        return
    context = {
        "user": user,
        "password_reset_url": _link(user, default_token_generator),
        "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
    }
    _mail(user, "A new password", "account/email/password_reset_key_message.txt", context)


def welcome_send(*, user_id: str) -> None:
    """Mail a link to their first password to a new person; nothing where they have one, or may not sign in.

    The link works for 7 days, and not any more once a password is set. Raises what the mail server raises.
    """
    user = User.objects.filter(pk=UUID(user_id), is_active=True).first()
    if user is None or user.has_usable_password():
        return
    context = {
        "user": user,
        "link": _link(user, _WelcomeTokens()),
        "days": WELCOME_LASTS.days,
        "portal": settings.PUBLIC_URL,
        "again": f"{settings.PUBLIC_URL}{reverse('account_reset_password')}",
    }
    _mail(user, "Welcome: choose your password", "account/email/welcome_message.txt", context)


def first_password_link(*, user_id: UUID) -> str:
    """Return the link to their first password for a person who has none, for the command line; else `""`.

    It works for 7 days, and not any more once a password is set.
    """
    user = User.objects.get(pk=user_id)
    return "" if user.has_usable_password() else _link(user, _WelcomeTokens())


class _WelcomeTokens(EmailAwarePasswordResetTokenGenerator):  # type: ignore[misc]
    """Makes what the page of a reset link takes, dated ahead: it lasts longer than a forgotten password's."""

    def _now(self) -> datetime:
        moment: datetime = super()._now()
        return moment + WELCOME_LASTS - timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


def _link(user: User, tokens: EmailAwarePasswordResetTokenGenerator) -> str:
    keys = {"uidb36": user_pk_to_url_str(user), "key": tokens.make_token(user)}
    return f"{settings.PUBLIC_URL}{reverse('account_reset_password_from_key', kwargs=keys)}"


def _mail(user: User, subject: str, template: str, context: dict[str, object]) -> None:
    EmailMessage(
        subject=f"[opsportal] {subject}", body=render_to_string(template, context), to=[user.email]
    ).send()
