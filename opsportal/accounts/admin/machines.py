"""The back office of machines: their accounts, and their tokens without the secrets."""

from __future__ import annotations

from typing import Any

import django.contrib.auth.admin  # noqa: F401 - registers what is taken off again below
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from opsportal.accounts.models import (
    ApiToken,
    ServiceAccount,
)
from opsportal.accounts.services import (
    service_account_create,
    service_account_disable,
    service_account_enable,
    token_revoke,
)
from opsportal.web.admin import LookAdmin, WriteAdmin
from opsportal.web.admin_actions import carry_out
from opsportal.web.requests import actor_of, now_of


@admin.register(ServiceAccount)
class ServiceAccountAdmin(WriteAdmin):
    """Machines. Tokens are made by `manage.py token create`."""

    list_display = ["slug", "description", "team", "state", "created_at"]
    list_filter = ["state", "team"]
    search_fields = ["slug", "description", "id"]
    list_select_related = ["team"]
    autocomplete_fields = ["team"]
    fields = ["slug", "description", "team", "id", "state", "created_at"]
    readonly_fields = ["id", "state", "created_at"]
    actions = ["disable", "enable"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def write(
        self,
        request: HttpRequest,
        obj: ServiceAccount,
        values: dict[str, Any],
        version: int | None,
        *,
        change: bool,
    ) -> Model:
        team = values.pop("team")
        return service_account_create(
            actor=actor_of(request), now=now_of(request), team=team.slug if team else None, **values
        )

    @admin.action(description="Disable: none of its tokens works any more")
    def disable(self, request: HttpRequest, rows: QuerySet[ServiceAccount]) -> HttpResponse | None:
        actor, now = actor_of(request), now_of(request)
        return carry_out(
            self,
            request,
            rows,
            lambda row: service_account_disable(actor=actor, now=now, slug=row.slug),
            action="disable",
            question="Disable these accounts? None of their tokens works any more.",
            done="Disabled",
        )

    @admin.action(description="Enable")
    def enable(self, request: HttpRequest, rows: QuerySet[ServiceAccount]) -> HttpResponse | None:
        actor, now = actor_of(request), now_of(request)
        return carry_out(
            self,
            request,
            rows,
            lambda row: service_account_enable(actor=actor, now=now, slug=row.slug),
            action="enable",
            question="Let the tokens of these accounts work again?",
            done="Enabled",
        )


@admin.register(ApiToken)
class ApiTokenAdmin(LookAdmin):
    """API tokens, without their secrets."""

    list_display = ["prefix", "account", "scopes", "created_at", "expires_at", "revoked_at"]
    list_filter = ["account", "expires_at"]
    search_fields = ["prefix", "account__slug"]
    list_select_related = ["account"]
    fields = ["prefix", "account", "scopes", "created_at", "expires_at", "revoked_at"]
    actions = ["revoke"]

    @admin.action(description="Revoke for good")
    def revoke(self, request: HttpRequest, rows: QuerySet[ApiToken]) -> HttpResponse | None:
        actor, now = actor_of(request), now_of(request)
        return carry_out(
            self,
            request,
            rows,
            lambda row: token_revoke(actor=actor, now=now, token_id=row.pk),
            action="revoke",
            question="Revoke these tokens? It cannot be undone.",
            done="Revoked",
        )
