"""Forgotten passwords: asked for on the sign-in page, answered by mail, from the worker."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from allauth.account.forms import default_token_generator
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
    token = default_token_generator.make_token(user)
    path = reverse(
        "account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": token}
    )
    context = {
        "user": user,
        "password_reset_url": f"{settings.PUBLIC_URL}{path}",
        "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
    }
    EmailMessage(
        subject="[opsportal] A new password",
        body=render_to_string("account/email/password_reset_key_message.txt", context),
        to=[user.email],
    ).send()
