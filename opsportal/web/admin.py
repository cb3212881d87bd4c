"""The bases of the back office: models that are looked at, and models whose writes go through a service."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Field, ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from simple_history.admin import SimpleHistoryAdmin

from opsportal.core import ports
from opsportal.core.errors import InvalidInput, NotFound, Refusal
from opsportal.core.writes import because
from opsportal.web import refusals
from opsportal.web.admin_actions import ReasonField
from opsportal.web.admin_export import export
from opsportal.web.admin_history import set_differences
from opsportal.web.admin_links import without_dead_links
from opsportal.web.admin_lists import CappedPaginator, NamedChangeList
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, is_guest, now_of

SEEN_VERSION = "seen_version"
REASON = "reason"


class BackOffice(admin.ModelAdmin):  # type: ignore[type-arg]
    """What every list of the back office can: search, filter, export. Nothing is written or deleted here.

    `actors_of(row)` names the (kind, id) of the people in a row who stand there by value; their names
    are then loaded by one query, for `admin_lists.name_of`.
    """

    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    show_facets = admin.ShowFacets.NEVER  # a count for each word of each filter, over the whole table
    paginator = CappedPaginator
    change_list_template = "admin/op_change_list.html"

    def get_list_select_related(self, request: HttpRequest) -> Any:
        """Join what the list shows of other tables, unless the class says what else."""
        if self.list_select_related:
            return self.list_select_related
        shown = [name for name in self.list_display if isinstance(name, str)]
        fields = {field.name for field in self.model._meta.concrete_fields if isinstance(field, ForeignKey)}
        return [name for name in shown if name in fields]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[NamedChangeList]:
        return NamedChangeList

    def opened_to_guest(self, request: HttpRequest) -> QuerySet[Any] | None:
        """Return the rows that the guest who asks may see; None, as here, where a guest sees none of it."""
        return None

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Render the page of a row, with plain words in place of links that its reader may not follow."""
        row = kwargs.get("obj")
        if row is not None and not self.has_change_permission(request, row):
            without_dead_links(self, request, row, context["adminform"])
        return super().render_change_form(request, context, *args, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows that may be seen at all: lists, forms, histories, look-ups all begin with it."""
        rows = super().get_queryset(request)
        if not is_guest(request):
            return rows
        opened = self.opened_to_guest(request)
        return rows.none() if opened is None else rows.filter(pk__in=opened.values("pk"))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let administrators and auditors look, and guests at what was opened to them."""
        if not is_guest(request):
            return super().has_view_permission(request, obj)
        opened = self.opened_to_guest(request)
        return opened is not None and (obj is None or opened.filter(pk=obj.pk).exists())

    def has_module_permission(self, request: HttpRequest) -> bool:
        if is_guest(request):
            return self.opened_to_guest(request) is not None
        return super().has_module_permission(request)

    def get_urls(self) -> list[URLPattern]:
        """Add the export and the kept searches to the pages of a model."""
        meta = self.model._meta
        name = f"{meta.app_label}_{meta.model_name}"
        view = self.admin_site.admin_view
        return [
            path("export/", view(self.export_view), name=f"{name}_export"),
            path("searches/", view(self.searches_view), name=f"{name}_searches"),
            *super().get_urls(),
        ]

    def searches_view(self, request: HttpRequest) -> HttpResponseBase:
        """Keep what the list is narrowed to under a name, or drop what was kept; back to the list."""
        if request.method != "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        meta = self.model._meta
        query = request.POST.get("query", "")
        actor, now = actor_of(request), now_of(request)
        if dropped := request.POST.get("drop", ""):
            if not dropped.isdecimal() or len(dropped) > 18:
                raise InvalidInput.of("drop", "unknown", "There is no such search.")
            ports.drop_search(actor=actor, now=now, pk=int(dropped))
            messages.success(request, "The search is removed.")
        else:
            name = request.POST.get("name", "")
            ports.keep_search(actor=actor, now=now, listed=meta.label_lower, name=name, query=query)
            messages.success(request, "The search is kept.")
        page = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        return redirect(f"{page}?{urlencode(parse_qsl(query, max_num_fields=50))}" if query else page)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Give the list out as a file, to whoever may look at it."""
        if request.method != "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        return export(self, request)

    def get_actions(self, request: HttpRequest) -> Any:
        """Return the actions for administrators; an auditor has none, and nobody deletes."""
        found = super().get_actions(request) if getattr(request.user, "is_staff", False) else {}
        return {name: action for name, action in found.items() if name != "delete_selected"}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list, or carry out an action on chosen rows, where their keys can be keys."""
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            _check_key(self.model._meta.pk, key, ACTION_CHECKBOX_NAME)
        kept = ports.kept_searches(actor_of(request), self.model._meta.label_lower)
        context = {"kept_searches": kept, "may_keep": not is_guest(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Show or take the form of one row. Django would look up what is no key, and fall over."""
        for field in self.model._meta.concrete_fields:
            if isinstance(field, ForeignKey):
                for key in filter(None, request.POST.getlist(field.name)):
                    _check_key(field.target_field, key, field.name)
        return super().changeform_view(request, *args, **kwargs)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Answer for what there is not as for what is hidden: not found, and no word of which it was."""
        raise NotFound("There is no such row.")

    # Django keeps the names of things in a log of its own; ours holds ids only, and cannot be changed.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None: ...  # type: ignore[override]

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None: ...  # type: ignore[override]


def _check_key(field: Field[Any, Any], key: str, name: str) -> None:
    try:
        value = field.to_python(key)
    except ValidationError:
        value = None
    if value is None or (isinstance(value, int) and not 0 < value < 2**63):
        raise InvalidInput.of(name, "unknown", "There is no such row.")


class GlanceAdmin(BackOffice):
    """A model without history (means of transport, heartbeats) that is looked at only."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return list(self.fields or [field.name for field in self.model._meta.fields])


class WrittenOnceAdmin(BackOffice):
    """A table whose rows never change: nothing to add, to change, to delete, and no history but itself."""

    actions = None


class LookAdmin(BackOffice, SimpleHistoryAdmin):  # type: ignore[misc]
    """A model that is looked at, with its history. Nothing is written or deleted here."""

    object_history_list_template = "admin/history_list.html"
    history_list_per_page = 50

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return all that is shown: `fields` where the class names them, else every column."""
        return list(self.fields or [field.name for field in self.model._meta.fields])

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        raise PermissionDenied

    def versions_seen(self, request: HttpRequest, pk: Any, versions: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of the `versions` of a row that whoever asks may see: all, where a row is seen."""
        return versions

    def get_history_queryset(
        self, request: HttpRequest, history_manager: Any, pk_name: str, object_id: Any
    ) -> QuerySet[Any]:
        versions = super().get_history_queryset(request, history_manager, pk_name, object_id)
        return self.versions_seen(request, object_id, versions)

    def history_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the versions of a row that may be seen. The library would go on without it."""
        self._require_seen(request, object_id)
        response: HttpResponse = super().history_view(request, object_id, *args, **kwargs)
        return response

    def _require_seen(self, request: HttpRequest, object_id: str) -> None:
        """Refuse the versions of a row that is hidden; of one that is gone the house sees them."""
        key = unquote(object_id)
        _check_key(self.model._meta.pk, key, "pk")
        if self.get_queryset(request).filter(pk=key).exists():
            return
        if is_guest(request) or self.model._default_manager.filter(pk=key).exists():
            raise NotFound("There is no such row.")

    def _require_version_seen(self, request: HttpRequest, key: str, version: str) -> None:
        model = getattr(self.model, self.model._meta.simple_history_manager_attribute).model
        rows = model.objects.filter(**{self.model._meta.pk.attname: key})
        if not version.isdecimal() or len(version) > 18 or not rows.filter(history_id=version).exists():
            raise NotFound("There is no such version.")
        if not self.versions_seen(request, key, rows).filter(history_id=version).exists():
            raise NotFound("There is no such version.")

    def set_history_delta_changes(
        self, request: HttpRequest, historical_records: Any, foreign_keys_are_objs: bool = True
    ) -> None:
        """Give each version of the page what changed in it, and know by one query who wrote them."""
        records = list(historical_records)
        older = records[-1].prev_record if records and historical_records.has_next() else None
        set_differences(records, older)
        historical_records.object_list = records
        remember_people(request, [_pair(record.history_user_id) for record in records])

    def history_form_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show an old version. The library would put it back on POST, whatever its settings say."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        key, version = args if args else (kwargs["object_id"], kwargs["version_id"])
        self._require_seen(request, str(key))
        self._require_version_seen(request, unquote(str(key)), str(version))
        request.is_old_version = True  # type: ignore[attr-defined]
        response: HttpResponse = super().history_form_view(request, *args, **kwargs)
        return response


def _pair(actor: str) -> tuple[str, str]:
    kind, _, identifier = str(actor or "").partition(":")
    return kind, identifier


class WriteForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that remembers which version its reader has seen, and asks why they write."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if SEEN_VERSION in self.fields:
            self.fields[SEEN_VERSION].initial = getattr(self.instance, "version", None)

    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = ReasonField()


class WriteAdmin(LookAdmin):
    """A model that administrators write, by `write` alone, which calls one service.

    Every write demands a reason. A refusal comes back as the form's own error, with what was typed
    still in it.
    """

    form = WriteForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return list(self.readonly_fields)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(getattr(request.user, "is_staff", False))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(getattr(request.user, "is_staff", False))

    def write(
        self, request: HttpRequest, obj: Any, values: dict[str, Any], version: int | None, *, change: bool
    ) -> Model:
        """Call the service that creates or updates `obj` with the form's cleaned values; return its row."""
        raise PermissionDenied

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        values = dict(form.cleaned_data)
        version, reason = values.pop(SEEN_VERSION, None), values.pop(REASON)
        with because(reason):
            saved = self.write(request, obj, values, version, change=change)
        obj.__dict__.update(saved.__dict__)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Put the reason last, where something can be written; hide the version where nothing can."""
        sets = super().get_fieldsets(request, obj)
        writes = self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)
        if writes and not getattr(request, "is_old_version", False):
            return [*sets, ("Reason", {"fields": [REASON]})]
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name != SEEN_VERSION]})
            for title, options in sets
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        refusal: Refusal | None = getattr(request, "form_refusal", None)
        return form if refusal is None else _refused(form, refusal)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Show the form; where the service refuses, show it again with the reason and the right status."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refusal as refusal:
            if refusal.status == 404:
                raise
            refusals.keep(request, refusal)
            request.form_refusal = refusal  # type: ignore[attr-defined]
            response = super().changeform_view(request, *args, **kwargs)
            response.status_code = refusal.status
            return response


def _refused(form: type[forms.ModelForm[Any]], refusal: Refusal) -> type[forms.ModelForm[Any]]:
    class Refused(form):  # type: ignore[misc,valid-type]
        def clean(self) -> Any:
            cleaned = super().clean()
            errors = refusal.errors if isinstance(refusal, InvalidInput) else ()
            for error in errors:
                name = error.pointer.strip("/").split("/")[0]
                self.add_error(name if name in self.fields else None, error.detail)
            if not errors:
                self.add_error(None, refusal.detail)
            return cleaned

    return Refused
