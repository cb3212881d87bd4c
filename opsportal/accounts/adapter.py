"""Where django-allauth meets the portal: nobody signs up, and passwords are set by our own service."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from opsportal.accounts.models import User
from opsportal.accounts.services import sign_in_record, sign_in_refuse, user_set_password
from opsportal.core.clock import edge_now


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are added by administrators; what allauth writes of them goes through the services."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def set_password(self, user: User, password: str) -> None:
        """Set the password of `user`, who has shown the old one or a reset key, and renew the instance."""
        saved = user_set_password(actor=user.actor, now=edge_now(), user_id=user.pk, password=password)
        # allauth puts this instance's hash into the session under way, which then outlives the change.
        user.password, user.session_epoch, user.version = saved.password, saved.session_epoch, saved.version

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Record who has signed in, then go on."""
        sign_in_record(actor=user.actor, now=edge_now())
        response: HttpResponse = super().post_login(request, user, **kwargs)
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record that somebody was turned away."""
        sign_in_refuse(now=edge_now(), email=str(credentials.get("email", "")))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:profile")
