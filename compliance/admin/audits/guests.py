"""External auditors in the back office: what is opened to whom until when, and what they looked at."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from compliance.admin.audits.lists import OfAudit, work_url
from compliance.admin.audits.rows import is_administrator, of_audits
from compliance.auditing.reading import REFUSED, Look, look_of, rows_of_key
from compliance.models import AuditorAccess, AuditRead
from compliance.services.audits.access import access_revoke
from opsportal.web.admin import LookAdmin, WrittenOnceAdmin
from opsportal.web.admin_actions import carry_out
from opsportal.web.admin_lists import name_of
from opsportal.web.requests import actor_of, now_of


@admin.register(AuditorAccess)
class AuditorAccessAdmin(OfAudit, LookAdmin):
    """What is opened to external auditors, until when."""

    seen = of_audits("audit", AuditorAccess)
    for_guests = False
    list_display = ("id", "of", "person", "starts_at", "ends_at", "revoked_at", "granted_by")
    list_filter = ("starts_at", "ends_at", "revoked_at")
    search_fields = ("=audit__id", "person__full_name")
    fields = ("audit", "person", "starts_at", "ends_at", "revoked_at", "granted_by", "granted_at", "version")
    ordering = ("-id",)
    actions = ("revoke",)

    def may_act(self, request: HttpRequest) -> bool:
        return is_administrator(request) or super().may_act(request)

    @admin.action(description="End now")
    def revoke(self, request: HttpRequest, rows: QuerySet[AuditorAccess]) -> HttpResponse | None:
        def service(row: AuditorAccess) -> object:
            return access_revoke(actor=actor_of(request), now=now_of(request), pk=row.pk)

        question = "End the access of these external auditors now?"
        return carry_out(self, request, rows, service, action="revoke", question=question, done="Ended")


class Answered(admin.SimpleListFilter):
    """Whether what was asked for was shown."""

    title = "answer"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("shown", "Shown"), ("refused", "Refused")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "refused":
            return queryset.filter(page__startswith=REFUSED)
        return queryset.exclude(page__startswith=REFUSED) if self.value() == "shown" else queryset


@admin.register(AuditRead)
class AuditReadAdmin(OfAudit, WrittenOnceAdmin):
    """What external auditors asked for, and whether it was shown to them."""

    seen = of_audits("audit", AuditRead)
    for_guests = False
    list_display = ("at", "of", "who", "what", "kind", "view", "answer")
    list_filter = (Answered, "at")
    search_fields = ("=audit__id", "reader", "subject", "access__person__full_name")
    ordering = ("-id",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find also by the key that the list shows (`FND-3`), where the number alone is stored."""
        found, has_doubles = super().get_search_results(request, queryset, search_term)
        wanted = rows_of_key(search_term)
        if wanted is None:
            return found, has_doubles
        model, number = wanted
        of_it = Q(subject=str(number)) | Q(subject__startswith=f"{number} ")
        named = queryset.filter(of_it, page__contains=f"compliance_{model}_")
        return queryset.filter(
            Q(pk__in=found.order_by().values("pk")) | Q(pk__in=named.order_by().values("pk"))
        ), False

    def actors_of(self, row: AuditRead) -> list[tuple[str, str]]:
        return [("user", row.reader)]

    def look_up(self, rows: list[AuditRead]) -> None:
        """Load the titles of what was looked at: one query for each kind of it."""
        looks = {row.pk: look_of(row.page, row.subject) for row in rows}
        wanted: dict[str, set[int]] = {}
        for look in looks.values():
            if look.model and look.pk:
                wanted.setdefault(look.model, set()).add(look.pk)
        titles = {
            (model, found.pk): str(found)
            for model, keys in wanted.items()
            for found in _titled(model).filter(pk__in=keys)
        }
        for row in rows:
            row.look = looks[row.pk]  # type: ignore[attr-defined]
            row.title = titles.get((row.look.model, row.look.pk), "")  # type: ignore[attr-defined]

    @admin.display(description="Who")
    def who(self, row: AuditRead) -> str:
        return name_of(row, ("user", row.reader))

    @admin.display(description="What")
    def what(self, row: AuditRead) -> str:
        look = _look(row)
        named = getattr(row, "title", "") or look.key or (f"Number {look.pk}" if look.pk else "")
        url = _url_of(row, look)
        return format_html('<a href="{}">{}</a>', url, named) if url and named else named

    @admin.display(description="Kind")
    def kind(self, row: AuditRead) -> str:
        return _look(row).kind

    @admin.display(description="What of it")
    def view(self, row: AuditRead) -> str:
        return _look(row).view

    @admin.display(description="Answer")
    def answer(self, row: AuditRead) -> str:
        return "Refused" if _look(row).is_refused else "Shown"


def _look(row: AuditRead) -> Look:
    found = getattr(row, "look", None)
    return found if isinstance(found, Look) else look_of(row.page, row.subject)


def _titled(model: str) -> QuerySet[Any]:
    rows: QuerySet[Any] = apps.get_model("compliance", model)._base_manager.all()
    return rows.defer("content") if model in {"population", "auditreport"} else rows


def _url_of(row: AuditRead, look: Look) -> str:
    """Return where the reader of the list finds what was looked at."""
    page = row.page.removeprefix(REFUSED)
    match look.model:
        case "audit":
            return work_url(look.pk)
        case "sample":
            return reverse("admin:compliance_audit_sample", args=[row.audit_id, look.pk])
        case "":
            is_file = not look.is_refused and page == "admin:compliance_audit_file" and look.key
            return reverse("admin:compliance_audit_file", args=[row.audit_id, look.key]) if is_file else ""
        case _ if look.pk:
            return reverse(f"admin:compliance_{look.model}_change", args=[look.pk])
    return ""
