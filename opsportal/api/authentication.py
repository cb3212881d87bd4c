"""Who calls: sessions of people on the web, and nobody. Tokens live with accounts."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import SessionAuthentication as BaseSessionAuthentication
from rest_framework.request import Request

from opsportal.core.actor import Actor


class Anonymous:
    """Somebody who has not signed in."""

    is_authenticated = False
    is_anonymous = True
    is_active = False
    is_staff = False
    pk = None
    actor = Actor.anonymous()


class SessionAuthentication(BaseSessionAuthentication):
    """A person's web session, with CSRF protection. A request that bears a token never falls back to it."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        if "HTTP_AUTHORIZATION" in request.META:
            return None
        return super().authenticate(request)

    def authenticate_header(self, request: Request) -> str:
        return "Session"
