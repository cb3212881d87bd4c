"""The back office's site: people come in by the portal's own sign-in, with its limits and its record."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from opsportal.core.errors import Forbidden
from opsportal.web.requests import sign_in_url


class OpsAdminSite(AdminSite):
    """Django's admin without a second way of signing in and of setting passwords."""

    # Without Django's list of one's last actions: it keeps the names of things, so nothing is written to it.
    index_template = "admin/op_index.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in administrators, auditors, and guests, who look at what was opened to them."""
        user = request.user
        works = any(getattr(user, hat, False) for hat in ("is_staff", "is_auditor", "is_guest"))
        return user.is_active and works

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the sign-in page; somebody who is signed in and has no business here is refused."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise Forbidden("Only administrators work here, and auditors look.")
        return redirect(sign_in_url(request.GET.get("next", "/admin/")))

    def password_change(  # type: ignore[override]  # a redirect is no template, and Django does not mind
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the portal's own page."""
        return redirect("account_change_password")
