"""Lists of what audits are made of, with the filters that an auditor uses and steps on many rows at once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from compliance.admin.audits.rows import (
    AuditRows,
    mine_filter,
    of_audits,
    overdue_in,
    service_filter,
    words_filter,
)
from compliance.auditing.states import OPEN_FINDINGS
from compliance.models import (
    Audit,
    AuditMember,
    AuditReport,
    ControlTest,
    CorrectiveAction,
    EvidenceRequest,
    Finding,
    Population,
    Sample,
    SampleItem,
    WorkingNote,
)
from compliance.selectors.audits.seen import (
    actions_seen,
    finding_versions_seen,
    findings_seen,
    notes_seen,
    requests_seen,
)
from compliance.services.audits.actions import action_move
from compliance.services.audits.findings import finding_move
from compliance.services.audits.requests import request_move
from opsportal.web.admin import LookAdmin, WrittenOnceAdmin
from opsportal.web.admin_actions import carry_out
from opsportal.web.requests import actor_of, now_of


def _frameworks() -> Any:
    return Audit.objects.order_by("framework").values_list("framework", flat=True).distinct()[:100]


def work_url(audit: int) -> str:
    """Return the path of the page on which an audit is worked on."""
    return reverse("admin:compliance_audit_work", args=[audit])


class OfAudit(AuditRows):
    """Rows that link to the page of their audit. `way` leads to the audit's number."""

    way = "audit_id"

    @admin.display(description="Audit")
    def of(self, row: Any) -> str:
        number: Any = row
        for name in self.way.split("__"):
            number = getattr(number, name)
        return format_html('<a href="{}">AUD-{}</a>', work_url(number), number)


@admin.register(Finding)
class FindingAdmin(OfAudit, LookAdmin):
    """Findings."""

    seen = findings_seen
    list_display = ("key", "title", "of", "severity", "state", "owner", "service", "due_at")
    list_filter = (
        "state",
        "severity",
        overdue_in(*OPEN_FINDINGS),
        service_filter("service", listed=False),
        words_filter("audit__framework", "framework", _frameworks),
        mine_filter("owner"),
        ("owner", admin.RelatedOnlyFieldListFilter),
        "due_at",
    )
    search_fields = ("=id", "title", "condition", "owner__full_name")
    ordering = ("-id",)
    actions = ("report", "close")

    def versions_seen(self, request: HttpRequest, pk: Any, versions: QuerySet[Any]) -> QuerySet[Any]:
        return finding_versions_seen(actor_of(request), int(pk), versions)

    @admin.action(description="Report to their owners")
    def report(self, request: HttpRequest, rows: QuerySet[Finding]) -> HttpResponse | None:
        return self._move(request, rows, "report", "Report these findings to their owners?", "Reported")

    @admin.action(description="Close what is verified")
    def close(self, request: HttpRequest, rows: QuerySet[Finding]) -> HttpResponse | None:
        return self._move(request, rows, "close", "Close these findings?", "Closed")

    def _move(
        self, request: HttpRequest, rows: QuerySet[Any], verb: str, question: str, done: str
    ) -> HttpResponse | None:
        def service(row: Finding) -> object:
            return finding_move(actor=actor_of(request), now=now_of(request), pk=row.pk, verb=verb)

        return carry_out(self, request, rows, service, action=verb, question=question, done=done)


@admin.register(CorrectiveAction)
class CorrectiveActionAdmin(OfAudit, LookAdmin):
    """Corrective actions."""

    seen = actions_seen
    way = "finding__audit_id"
    list_display = ("key", "title", "of", "finding", "state", "owner", "due_at", "verified_by")
    list_select_related = ("finding", "finding__audit", "owner", "verified_by")
    list_filter = (
        "state",
        "finding__severity",
        overdue_in("open"),
        mine_filter("owner"),
        ("owner", admin.RelatedOnlyFieldListFilter),
        "due_at",
    )
    search_fields = ("=id", "title", "owner__full_name", "finding__title")
    ordering = ("-id",)
    actions = ("verify",)

    @admin.action(description="Verify after a re-test")
    def verify(self, request: HttpRequest, rows: QuerySet[CorrectiveAction]) -> HttpResponse | None:
        shown = request.POST.get("reason", "")

        def service(row: CorrectiveAction) -> object:
            return action_move(
                actor=actor_of(request), now=now_of(request), pk=row.pk, verb="verify", text=shown
            )

        question = "Have you tested again what these put right? Say what the re-test showed."
        return carry_out(self, request, rows, service, action="verify", question=question, done="Verified")


@admin.register(EvidenceRequest)
class EvidenceRequestAdmin(OfAudit, LookAdmin):
    """Evidence requests."""

    seen = requests_seen
    list_display = ("key", "title", "of", "kind", "state", "owner", "due_at", "answered_at", "rounds")
    list_filter = (
        "state",
        "kind",
        overdue_in("open"),
        mine_filter("owner"),
        ("owner", admin.RelatedOnlyFieldListFilter),
        "due_at",
    )
    search_fields = ("=id", "title", "owner__full_name")
    ordering = ("-id",)
    actions = ("accept", "cancel")

    @admin.action(description="Accept the answers")
    def accept(self, request: HttpRequest, rows: QuerySet[EvidenceRequest]) -> HttpResponse | None:
        return self._move(request, rows, "accept", "Accept the answers to these?", "Accepted")

    @admin.action(description="Cancel")
    def cancel(self, request: HttpRequest, rows: QuerySet[EvidenceRequest]) -> HttpResponse | None:
        return self._move(request, rows, "cancel", "Cancel these requests?", "Cancelled")

    def _move(
        self, request: HttpRequest, rows: QuerySet[Any], verb: str, question: str, done: str
    ) -> HttpResponse | None:
        remark = request.POST.get("reason", "")

        def service(row: EvidenceRequest) -> object:
            return request_move(
                actor=actor_of(request), now=now_of(request), pk=row.pk, verb=verb, remark=remark
            )

        return carry_out(self, request, rows, service, action=verb, question=question, done=done)


@admin.register(ControlTest)
class ControlTestAdmin(OfAudit, LookAdmin):
    """Tests of controls, of their design and of whether they were followed."""

    seen = of_audits("audit", ControlTest)
    list_display = ("control", "title", "of", "kind", "result", "tested_by", "tested_at")
    list_filter = ("kind", "result", words_filter("audit__framework", "framework", _frameworks), "tested_at")
    search_fields = ("control", "title", "=audit__id")
    ordering = ("-id",)


@admin.register(Population)
class PopulationAdmin(OfAudit, WrittenOnceAdmin):
    """Frozen populations."""

    seen = of_audits("audit", Population)
    list_display = ("id", "of", "kind", "count", "sha256", "frozen_by", "frozen_at")
    list_filter = ("kind", "frozen_at")
    search_fields = ("=id", "=audit__id", "sha256")
    fields = readonly_fields = ("audit", "kind", "query", "count", "sha256", "frozen_by", "frozen_at")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("content")  # a million keys are not for a list


@admin.register(Sample)
class SampleAdmin(OfAudit, WrittenOnceAdmin):
    """Samples, each to be drawn again by its seed."""

    seen = of_audits("population__audit", Sample)
    way = "population__audit_id"
    list_display = ("id", "of", "kind", "seed", "size", "drawn_by", "drawn_at")
    list_select_related = ("population", "drawn_by")
    list_filter = ("population__kind", "drawn_at")
    search_fields = ("=id", "seed")
    fields = readonly_fields = (
        "population",
        "test",
        "seed",
        "size",
        "method",
        "keys",
        "drawn_by",
        "drawn_at",
    )
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("population__content")

    @admin.display(description="Population", ordering="population__kind")
    def kind(self, row: Sample) -> str:
        return row.population.get_kind_display()


@admin.register(SampleItem)
class SampleItemAdmin(OfAudit, LookAdmin):
    """Items of samples, and what became of each."""

    seen = of_audits("sample__population__audit", SampleItem)
    way = "sample__population__audit_id"
    list_display = ("subject_key", "of", "position", "result", "tested_by", "tested_at")
    list_select_related = ("sample__population", "tested_by")
    list_filter = ("result", "sample__population__kind", "tested_at")
    search_fields = ("subject_key", "=sample__id")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("sample__population__content", "sample__keys")


@admin.register(AuditReport)
class AuditReportAdmin(OfAudit, WrittenOnceAdmin):
    """Reports as they were issued."""

    seen = of_audits("audit", AuditReport)
    list_display = ("id", "of", "number", "content_hash", "issued_by", "issued_at")
    list_filter = ("issued_at",)
    search_fields = ("=id", "=audit__id", "content_hash")
    fields = readonly_fields = ("audit", "number", "content", "content_hash", "issued_by", "issued_at")
    ordering = ("-id",)


@admin.register(AuditMember)
class AuditMemberAdmin(OfAudit, LookAdmin):
    """Who works on audits beside their leads."""

    seen = of_audits("audit", AuditMember)
    list_display = ("person", "of", "added_at")
    list_filter = ("added_at",)
    search_fields = ("=audit__id", "person__full_name")
    ordering = ("-id",)


@admin.register(WorkingNote)
class WorkingNoteAdmin(OfAudit, WrittenOnceAdmin):
    """Working notes: of the audits on which the reader works, and of no other."""

    seen = notes_seen
    for_guests = False
    list_display = ("id", "of", "about", "author", "written_at")
    list_filter = ("written_at",)
    search_fields = ("text", "about")
    fields = readonly_fields = ("audit", "about", "text", "author", "written_at")
    ordering = ("-id",)
