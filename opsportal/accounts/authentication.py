"""How machines sign in to the API: a bearer token of a service account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from opsportal.accounts.models import ApiToken
from opsportal.accounts.services.tokens import token_check
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import Unauthenticated

SCHEME = "Bearer"


@dataclass(frozen=True, slots=True)
class TokenPrincipal:
    """What `request.user` is for a machine: no person, no administrator, only the actor of its token."""

    account_id: UUID
    slug: str
    actor: Actor

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False

    @property
    def pk(self) -> str:
        return str(self.account_id)

    def __str__(self) -> str:
        return self.slug


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer opk_…`. A bad token ends here: no other way of signing in is tried."""

    def authenticate(self, request: Request) -> tuple[TokenPrincipal, ApiToken] | None:
        """Return principal and token, or None where the request bears none.

        Raises `AuthenticationFailed` (401) for a token that is malformed, unknown, revoked, expired or of
        a disabled account.
        """
        header = str(request.META.get("HTTP_AUTHORIZATION", ""))
        scheme, _, secret = header.strip(" ").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        try:
            token = token_check(secret.strip(" "), edge_now())
        except Unauthenticated as refusal:
            raise AuthenticationFailed(refusal.detail) from None
        account = token.account
        return TokenPrincipal(account.pk, account.slug, token.actor), token

    def authenticate_header(self, request: Request) -> str:
        """Return what a 401 says of how to sign in."""
        return SCHEME


class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Documents the bearer token in the OpenAPI schema; drf-spectacular finds it by its class."""

    target_class = ApiTokenAuthentication
    name = "apiToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token of a service account (`opk_…`), made by `manage.py token create`.",
        }
