"""Scopes of tokens. What an actor may do to an object is asked in the services."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from opsportal.core.errors import Forbidden, Unauthenticated


class HasScope(BasePermission):
    """Let signed-in people in, and tokens that carry `<area>:read` or `<area>:write` of the view."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return True, or raise `Unauthenticated` or `Forbidden` with what is missing."""
        area: str = view.area
        if not request.user.is_authenticated:
            raise Unauthenticated("Send a token as 'Authorization: Bearer …', or sign in.")
        actor = request.user.actor
        scope = f"{area}:{'read' if request.method in SAFE_METHODS or view.reads_only else 'write'}"
        if actor.is_service_account and scope not in actor.scopes:
            raise Forbidden(f"This token lacks the scope {scope}.", code="scope_missing")
        return True
