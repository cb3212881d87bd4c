"""The programme and the plans of audits: Django's forms, written by the services."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join

from compliance.admin.audits.forms import ControlsField
from compliance.admin.audits.rows import (
    AuditRows,
    is_administrator,
    mine_filter,
    overdue_in,
    service_filter,
    words_filter,
)
from compliance.admin.audits.work import WorkViews
from compliance.auditing.states import AUDIT, UNDER_WAY
from compliance.models import Audit, AuditProgramme, Control, Framework
from compliance.models.controls import CONTROL_PREFIX
from compliance.selectors.audits.controls import controls_named
from compliance.selectors.audits.seen import audits_seen, opinion_is_seen
from compliance.services.audits.planning import (
    audit_edit,
    audit_move,
    audit_plan,
    programme_move,
    programme_save,
)
from compliance.services.audits.scene import case_of
from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues
from opsportal.catalog.models import Service
from opsportal.core.access import may
from opsportal.core.keys import number_of
from opsportal.web.admin import SEEN_VERSION, WriteAdmin, WriteForm
from opsportal.web.admin_actions import carry_out
from opsportal.web.requests import actor_of, is_guest, now_of

# What is stored between bars, and how it is told to those who only look.
_TOLD = {"frameworks": "frameworks_told", "controls": "controls_told", "services": "services_told"}
_OPINION = ("opinion", "opinion_reason", "conclusion")


def auditors() -> QuerySet[User]:
    """Return who may lead an audit."""
    return colleagues().exclude(is_auditor=False, is_staff=False)


class ProgrammeForm(WriteForm):
    """An entry of the programme."""

    lead = forms.ModelChoiceField(queryset=User.objects.none(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "lead" in self.fields:
            self.fields["lead"].queryset = auditors()  # type: ignore[attr-defined]

    def clean_lead(self) -> str:
        found = self.cleaned_data.get("lead")
        return str(found.pk) if found else ""


@admin.register(AuditProgramme)
class AuditProgrammeAdmin(WriteAdmin):
    """What is audited again and again."""

    form = ProgrammeForm
    list_display = ("title", "kind", "every", "framework", "lead", "state", "updated_at")
    list_filter = ("state", "every")
    search_fields = ("title", "kind", "framework")
    fields = ("title", "kind", "every", "framework", "objective", "criteria", "lead", "state", SEEN_VERSION)
    readonly_fields = ("state",)
    ordering = ("title",)
    actions = ("retire", "resume")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(actor_of(request), "audit.plan")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(actor_of(request), "audit.plan")

    def get_actions(self, request: HttpRequest) -> Any:
        planner = may(actor_of(request), "audit.plan")
        found = admin.ModelAdmin.get_actions(self, request) if planner else {}
        return {name: action for name, action in found.items() if name != "delete_selected"}

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        return form.instance

    def write(
        self, request: HttpRequest, obj: Any, values: dict[str, Any], version: int | None, *, change: bool
    ) -> Model:
        pk = obj.pk if change else None
        return programme_save(
            actor=actor_of(request), now=now_of(request), fields=values, pk=pk, version=version
        )

    @admin.action(description="Take out of the programme")
    def retire(self, request: HttpRequest, rows: QuerySet[AuditProgramme]) -> HttpResponse | None:
        return self._move(request, rows, "retire", "Take these out of the programme?", "Taken out")

    @admin.action(description="Put back into the programme")
    def resume(self, request: HttpRequest, rows: QuerySet[AuditProgramme]) -> HttpResponse | None:
        return self._move(request, rows, "resume", "Put these back into the programme?", "Put back")

    def _move(
        self, request: HttpRequest, rows: QuerySet[Any], verb: str, question: str, done: str
    ) -> HttpResponse | None:
        def service(row: AuditProgramme) -> object:
            return programme_move(actor=actor_of(request), now=now_of(request), pk=row.pk, verb=verb)

        return carry_out(self, request, rows, service, action=verb, question=question, done=done)


class AuditForm(WriteForm):
    """The plan of an audit. Services stand as slugs, parted by blanks or commas."""

    framework = forms.CharField(
        max_length=60,
        required=False,
        help_text="What rules ask for as audit.framework. The first of the frameworks, where it is empty.",
    )
    frameworks = forms.ModelMultipleChoiceField(
        queryset=Framework.objects.order_by("title"),
        to_field_name="slug",
        required=False,
        help_text="Of the catalogue. Ctrl or ⌘ chooses several.",
    )
    controls = ControlsField(
        required=False, help_text="Those of the catalogue that are audited. None: the frameworks say."
    )
    services = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        help_text="Slugs of services, parted by blanks. None: all services.",
    )
    lead = forms.ModelChoiceField(
        queryset=User.objects.none(), required=False, help_text="You, where nobody is named."
    )
    programme = forms.ModelChoiceField(
        queryset=AuditProgramme.objects.none(),
        required=False,
        help_text="What you leave empty is taken from this entry of the programme.",
    )
    title = forms.CharField(max_length=200, required=False)
    kind = forms.CharField(max_length=40, required=False, help_text="What rules count: security, compliance…")
    due_at = forms.SplitDateTimeField(
        label="Report due", required=False, help_text="30 days after the period, where it is empty."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "lead" in self.fields:
            self.fields["lead"].queryset = auditors()  # type: ignore[attr-defined]
        if "programme" in self.fields:
            self.fields["programme"].queryset = AuditProgramme.objects.filter(state="active")  # type: ignore[attr-defined]
        if self.instance.pk:
            self.initial["services"] = " ".join(self.instance.service_slugs)
            self.initial["frameworks"] = list(self.instance.framework_slugs)
            numbers = [number_of(key, CONTROL_PREFIX) for key in self.instance.control_keys]
            self.initial["controls"] = [number for number in numbers if number]
            if "controls" in self.fields:
                standing = Control.objects.filter(Q(state="active") | Q(pk__in=self.initial["controls"]))
                self.fields["controls"].queryset = standing.order_by("id")  # type: ignore[attr-defined]

    def clean_lead(self) -> str:
        found = self.cleaned_data.get("lead")
        return str(found.pk) if found else ""

    def clean_frameworks(self) -> list[str]:
        return [row.slug for row in self.cleaned_data["frameworks"]]

    def clean_controls(self) -> list[str]:
        return [row.key for row in self.cleaned_data["controls"]]

    def _post_clean(self) -> None:
        """Leave the checks to the service: it knows more, and words them for people."""


@admin.register(Audit)
class AuditAdmin(WorkViews, AuditRows, WriteAdmin):
    """Audits: planned here, worked on in their own page."""

    form = AuditForm
    seen = audits_seen
    list_display = (
        "key",
        "work_link",
        "kind",
        "framework",
        "state",
        "lead",
        "period_until",
        "due_at",
        "opinion",
    )
    list_filter = (
        "state",
        overdue_in(*UNDER_WAY),
        service_filter("services", listed=True),
        words_filter(
            "framework",
            "framework",
            lambda: Audit.objects.order_by("framework").values_list("framework", flat=True).distinct()[:100],
        ),
        mine_filter("lead"),
        "opinion",
        "due_at",
        "period_until",
    )
    search_fields = ("=id", "title", "kind", "framework", "lead__full_name")
    readonly_fields = ("state", "begun_at", "closed_at", "cancelled_reason")
    ordering = ("-id",)
    actions = ("begin", "cancel")

    def may_act(self, request: HttpRequest) -> bool:
        return is_administrator(request) or super().may_act(request)

    def get_list_display(self, request: HttpRequest) -> Any:
        return [name for name in self.list_display if name != "opinion" or not is_guest(request)]

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [one for one in self.list_filter if one != "opinion" or not is_guest(request)]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Let no guest ask by an address for what their page does not show yet."""
        if is_guest(request) and lookup.split("__", maxsplit=1)[0] in _OPINION:
            return False
        return super().lookup_allowed(lookup, value, request)

    def versions_seen(self, request: HttpRequest, pk: Any, versions: QuerySet[Any]) -> QuerySet[Any]:
        audit = Audit.objects.filter(pk=pk).first()
        seen = audit is None or opinion_is_seen(actor_of(request), audit)
        return versions if seen else versions.filter(**dict.fromkeys(_OPINION, ""))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.may_follow_links = not is_guest(request)
        return row

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        scope = ["title", "kind", "frameworks", "controls", "framework", "services"]
        scope += ["period_from", "period_until", "lead", "due_at"]
        texts = ["objective", "criteria"]
        if obj is None:
            return ["programme", *scope, *texts]
        said = _OPINION if opinion_is_seen(actor_of(request), obj) else ()
        if not self.has_change_permission(request, obj):
            scope = [_TOLD.get(name, name) for name in scope]
        return [*scope, *texts, *said, *self.readonly_fields, SEEN_VERSION]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(actor_of(request), "audit.plan")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        actor = actor_of(request)
        if obj is None:
            return may(actor, "audit.plan")
        return (
            isinstance(obj, Audit) and AUDIT.can(obj.state, "edit") and may(actor, "audit.lead", case_of(obj))
        )

    def write(
        self, request: HttpRequest, obj: Any, values: dict[str, Any], version: int | None, *, change: bool
    ) -> Model:
        actor, now = actor_of(request), now_of(request)
        entry = values.pop("programme", None)
        given = {name: value for name, value in values.items() if value not in (None, "") or change}
        if change:
            given.pop("due_at", None) if given.get("due_at") is None else None
            given.pop("lead", None) if not given.get("lead") else None
            return audit_edit(actor=actor, now=now, pk=obj.pk, fields=given, version=version)
        return audit_plan(actor=actor, now=now, fields=given, programme=entry.pk if entry else None)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        name = "compliance_audit"
        return [
            path("<int:pk>/work/", view(self.work_view), name=f"{name}_work"),
            path("<int:pk>/do/<slug:step>/", view(self.step_view), name=f"{name}_step"),
            path("<int:pk>/samples/<int:sample>/", view(self.sample_view), name=f"{name}_sample"),
            path("<int:pk>/populations/<int:row>/<str:form>/", view(self.keys_view), name=f"{name}_keys"),
            path("<int:pk>/files/<str:key>/", view(self.file_view), name=f"{name}_file"),
            path("<int:pk>/report/", view(self.report_view), name=f"{name}_report"),
            path("<int:pk>/without-change/", view(self.without_change_view), name=f"{name}_without_change"),
            *super().get_urls(),
        ]

    @admin.display(description="Frameworks")
    def frameworks_told(self, row: Audit) -> str:
        titles = dict(Framework.objects.filter(slug__in=row.framework_slugs).values_list("slug", "title"))
        return _linked(
            row, (("compliance:framework", slug, titles.get(slug, slug)) for slug in row.framework_slugs)
        )

    @admin.display(description="Controls")
    def controls_told(self, row: Audit) -> str:
        found = controls_named(row.control_keys)
        return _linked(row, (("compliance:control", one.key, f"{one.key} {one.title}") for one in found))

    @admin.display(description="Services")
    def services_told(self, row: Audit) -> str:
        titles = dict(Service.objects.filter(slug__in=row.service_slugs).values_list("slug", "name"))
        return _linked(row, (("catalog:service", slug, titles.get(slug, slug)) for slug in row.service_slugs))

    @admin.display(description="Audit", ordering="title")
    def work_link(self, row: Audit) -> str:
        url = reverse("admin:compliance_audit_work", args=[row.pk])
        return format_html('<a href="{}">{}</a>', url, row.title)

    @admin.action(description="Begin the fieldwork")
    def begin(self, request: HttpRequest, rows: QuerySet[Audit]) -> HttpResponse | None:
        return self._move(request, rows, "begin", "Begin the fieldwork of these audits?", "Begun")

    @admin.action(description="Cancel")
    def cancel(self, request: HttpRequest, rows: QuerySet[Audit]) -> HttpResponse | None:
        return self._move(request, rows, "cancel", "Cancel these audits?", "Cancelled")

    def _move(
        self, request: HttpRequest, rows: QuerySet[Any], verb: str, question: str, done: str
    ) -> HttpResponse | None:
        reason = request.POST.get("reason", "")

        def service(row: Audit) -> object:
            return audit_move(
                actor=actor_of(request), now=now_of(request), pk=row.pk, verb=verb, reason=reason
            )

        return carry_out(self, request, rows, service, action=verb, question=question, done=done)


def _linked(row: Audit, things: Iterable[tuple[str, str, str]]) -> str:
    """Return the words of things (page, key, words), with links for those whom the pages are open to."""
    if not getattr(row, "may_follow_links", False):
        return "; ".join(words for _, _, words in things)
    links = ((reverse(page, args=[key]), words) for page, key, words in things)
    return format_html_join("; ", '<a href="{}">{}</a>', links)
