"""Forms of django-allauth, where ours do otherwise (`ACCOUNT_FORMS`)."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ResetPasswordForm as BaseResetPasswordForm
from django.http import HttpRequest

from opsportal.accounts.services import password_reset_request
from opsportal.core.clock import edge_now


class ResetPasswordForm(BaseResetPasswordForm):  # type: ignore[misc]
    """Asks for a link to a new password; the worker sends it."""

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Ask for it, and return the address that was typed."""
        email: str = self.cleaned_data["email"]
        password_reset_request(now=edge_now(), email=email)
        return email
