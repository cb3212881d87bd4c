"""The back office of people: looked at here, written by the services, never deleted."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import django.contrib.auth.admin  # noqa: F401 - registers what is taken off again below
from allauth.account import admin as allauth_admin
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse

from opsportal.accounts.models import (
    Absence,
    Deputyship,
    Role,
    RoleHolding,
    Team,
    TeamMembership,
    User,
)
from opsportal.accounts.selectors import colleagues, in_force
from opsportal.accounts.services import (
    role_end,
    role_grant,
    team_create,
    team_join,
    team_leave,
    team_update,
    user_create,
    user_deactivate,
    user_erase,
    user_reactivate,
    user_update,
)
from opsportal.accounts.services.periods import utc_day
from opsportal.core.actor import Actor
from opsportal.web.admin import SEEN_VERSION, LookAdmin, WriteAdmin, WriteForm
from opsportal.web.admin_actions import carry_out
from opsportal.web.requests import actor_of, now_of

# Addresses belong to people and are written with them; Django's groups mean nothing here.
for model in (allauth_admin.EmailAddress, allauth_admin.EmailConfirmation, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class UserForm(WriteForm):
    """A person; the address is kept in lower case."""

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


@admin.register(User)
class UserAdmin(WriteAdmin):
    """People. Passwords are nobody's business but theirs."""

    form = UserForm
    list_display = [
        "full_name",
        "email",
        "is_active",
        "is_staff",
        "is_auditor",
        "is_guest",
        "time_zone",
        "last_login",
    ]
    list_filter = ["is_active", "is_staff", "is_auditor", "is_guest", "created_at"]
    search_fields = ["full_name", "email", "id"]
    fields = [
        "email",
        "full_name",
        "time_zone",
        "is_staff",
        "is_auditor",
        "id",
        "is_active",
        "created_at",
        "last_login",
        "erased_at",
        "version",
        SEEN_VERSION,
    ]
    readonly_fields = ["id", "is_active", "created_at", "last_login", "erased_at", "version"]
    actions = ["deactivate", "reactivate", "erase"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Search people; where somebody is chosen for a form, guests and those who left are not offered."""
        if request.path.endswith("/autocomplete/"):
            queryset = queryset.filter(pk__in=colleagues().order_by().values("pk"))
        return super().get_search_results(request, queryset, search_term)

    def write(
        self, request: HttpRequest, obj: User, values: dict[str, Any], version: int | None, *, change: bool
    ) -> Model:
        actor, now = actor_of(request), now_of(request)
        if change:
            return user_update(actor=actor, now=now, user_id=obj.pk, version=version, **values)
        return user_create(actor=actor, now=now, **values)

    @admin.action(description="Bar from signing in")
    def deactivate(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        actor, now = actor_of(request), now_of(request)
        return carry_out(
            self,
            request,
            rows,
            lambda row: user_deactivate(actor=actor, now=now, user_id=row.pk),
            action="deactivate",
            question="Bar these people from signing in, and end their sessions?",
            done="Barred",
        )

    @admin.action(description="Let sign in again")
    def reactivate(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        actor, now = actor_of(request), now_of(request)
        return carry_out(
            self,
            request,
            rows,
            lambda row: user_reactivate(actor=actor, now=now, user_id=row.pk),
            action="reactivate",
            question="Let these people sign in again?",
            done="Let in again",
        )

    @admin.action(description="Erase name and address for good")
    def erase(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        actor, now = actor_of(request), now_of(request)
        return carry_out(
            self,
            request,
            rows,
            lambda row: user_erase(actor=actor, now=now, user_id=row.pk),
            action="erase",
            question="Erase the names and addresses of these people? It cannot be undone.",
            done="Erased",
        )


class MembersFilter(admin.SimpleListFilter):
    """Teams that somebody is in today, and those that are empty."""

    title = "members today"
    parameter_name = "members"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "None")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Team]) -> QuerySet[Team]:
        members = Exists(
            TeamMembership.objects.filter(in_force(utc_day(now_of(request))), team=OuterRef("pk"))
        )
        match self.value():
            case "yes":
                return queryset.filter(members)
            case "no":
                return queryset.filter(~members)
        return queryset


@admin.register(Team)
class TeamAdmin(WriteAdmin):
    """Teams. The slug stays."""

    list_display = ["name", "slug", "description"]
    list_filter = [MembersFilter]
    search_fields = ["name", "slug"]
    fields = ["slug", "name", "description", "version", SEEN_VERSION]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["slug", "version"] if obj else ["version"]

    def write(
        self, request: HttpRequest, obj: Team, values: dict[str, Any], version: int | None, *, change: bool
    ) -> Model:
        actor, now = actor_of(request), now_of(request)
        if change:
            return team_update(actor=actor, now=now, slug=obj.slug, version=version, **values)
        return team_create(actor=actor, now=now, **values)


class PeriodAdmin(WriteAdmin):
    """Something that somebody has from a day to a day: added, and ended, never changed otherwise."""

    date_hierarchy = "valid_from"
    autocomplete_fields = ["user"]
    actions = ["end_today", "end_now"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def end(self, row: Any, *, actor: Actor, now: datetime, last_day: date) -> None:
        """Let one end with `last_day` (UTC)."""
        raise NotImplementedError

    @admin.action(description="End with today")
    def end_today(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        return self._end(request, rows, 0, "end_today", "End these with today?")

    @admin.action(description="End at once")
    def end_now(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        return self._end(request, rows, 1, "end_now", "End these at once?")

    def _end(
        self, request: HttpRequest, rows: QuerySet[Any], days_ago: int, action: str, question: str
    ) -> HttpResponse | None:
        actor, now = actor_of(request), now_of(request)
        last_day = utc_day(now) - timedelta(days=days_ago)
        return carry_out(
            self,
            request,
            rows,
            lambda row: self.end(row, actor=actor, now=now, last_day=last_day),
            action=action,
            question=question,
            done="Ended",
        )


@admin.register(TeamMembership)
class TeamMembershipAdmin(PeriodAdmin):
    """Who belongs to which team."""

    list_display = ["user", "team", "valid_from", "valid_until"]
    list_filter = ["team", "valid_from", "valid_until"]
    search_fields = ["user__full_name", "team__name", "team__slug"]
    list_select_related = ["user", "team"]
    autocomplete_fields = ["user", "team"]
    fields = ["team", "user", "valid_from", "valid_until"]

    def write(
        self,
        request: HttpRequest,
        obj: TeamMembership,
        values: dict[str, Any],
        version: int | None,
        *,
        change: bool,
    ) -> Model:
        person, team = values.pop("user"), values.pop("team")
        return team_join(
            actor=actor_of(request), now=now_of(request), team=team.slug, user_id=person.pk, **values
        )

    def end(self, row: TeamMembership, *, actor: Actor, now: datetime, last_day: date) -> None:
        team_leave(actor=actor, now=now, membership_id=row.pk, last_day=last_day)


@admin.register(RoleHolding)
class RoleHoldingAdmin(PeriodAdmin):
    """Who holds which role or board, for what."""

    list_display = ["user", "role", "valid_from", "valid_until", "scope_kind", "scope_key"]
    list_filter = ["role", "valid_from", "valid_until"]
    search_fields = ["user__full_name", "role__title", "role__slug", "scope_key"]
    list_select_related = ["user", "role"]
    autocomplete_fields = ["user", "role"]
    fields = ["role", "user", "valid_from", "valid_until", "scope_kind", "scope_key"]

    def write(
        self,
        request: HttpRequest,
        obj: RoleHolding,
        values: dict[str, Any],
        version: int | None,
        *,
        change: bool,
    ) -> Model:
        person, role = values.pop("user"), values.pop("role")
        return role_grant(
            actor=actor_of(request), now=now_of(request), role=role.slug, user_id=person.pk, **values
        )

    def end(self, row: RoleHolding, *, actor: Actor, now: datetime, last_day: date) -> None:
        role_end(actor=actor, now=now, holding_id=row.pk, last_day=last_day)


@admin.register(Absence)
class AbsenceAdmin(LookAdmin):
    """Who is away. Recorded on the page of the person."""

    list_display = ["person", "starts_at", "ends_at"]
    list_filter = ["starts_at", "ends_at"]
    search_fields = ["person__full_name"]
    list_select_related = ["person"]
    date_hierarchy = "starts_at"


@admin.register(Deputyship)
class DeputyshipAdmin(LookAdmin):
    """Who stands in for whom. Named on the page of the person."""

    list_display = ["principal", "deputy", "role", "absence", "starts_at", "ends_at"]
    list_filter = ["role"]
    search_fields = ["principal__full_name", "deputy__full_name"]
    list_select_related = ["principal", "deputy", "role", "absence"]
    date_hierarchy = "starts_at"


@admin.register(Role)
class RoleAdmin(LookAdmin):
    """Roles and boards. Standards declare them."""

    list_display = ["title", "slug", "kind"]
    list_filter = ["kind"]
    search_fields = ["title", "slug"]
