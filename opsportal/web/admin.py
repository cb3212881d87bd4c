"""The bases of the back office: models that are looked at, and models whose writes go through a service."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Field, ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from simple_history.admin import SimpleHistoryAdmin

from opsportal.core.errors import InvalidInput, Refusal
from opsportal.web import refusals

SEEN_VERSION = "seen_version"


class KeyCheck(admin.ModelAdmin):  # type: ignore[type-arg]
    """Refuses what cannot be the key of a row, where Django would look it up and fall over."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list, or carry out an action on chosen rows."""
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            _check_key(self.model._meta.pk, key, ACTION_CHECKBOX_NAME)
        return super().changelist_view(request, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Show or take the form of one row."""
        for field in self.model._meta.concrete_fields:
            if isinstance(field, ForeignKey):
                for key in filter(None, request.POST.getlist(field.name)):
                    _check_key(field.target_field, key, field.name)
        return super().changeform_view(request, *args, **kwargs)


def _check_key(field: Field[Any, Any], key: str, name: str) -> None:
    try:
        value = field.to_python(key)
    except ValidationError:
        value = None
    if value is None or (isinstance(value, int) and not 0 < value < 2**63):
        raise InvalidInput.of(name, "unknown", "There is no such row.")


class LookAdmin(KeyCheck, SimpleHistoryAdmin):  # type: ignore[misc]
    """A model that administrators look at, with its history. Nothing is written or deleted here."""

    show_full_result_count = False
    list_per_page = 50
    object_history_list_template = "admin/history_list.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return all that is shown: `fields` where the class names them, else every column."""
        return list(self.fields or [field.name for field in self.model._meta.fields])

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        raise PermissionDenied

    def history_form_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show an old version. The library would put it back on POST, whatever its settings say."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        response: HttpResponse = super().history_form_view(request, *args, **kwargs)
        return response

    # Django keeps the names of things in a log of its own; ours holds ids only, and cannot be changed.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None: ...  # type: ignore[override]

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None: ...  # type: ignore[override]


class GlanceAdmin(KeyCheck):
    """A model without history (means of transport, heartbeats) that administrators look at only."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in self.model._meta.fields]


class WriteForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that remembers which version its reader has seen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if SEEN_VERSION in self.fields:
            self.fields[SEEN_VERSION].initial = getattr(self.instance, "version", None)

    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class WriteAdmin(LookAdmin):
    """A model that administrators write, by `write` alone, which calls one service.

    A refusal comes back as the form's own error, with what was typed still in it.
    """

    form = WriteForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return list(self.readonly_fields)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(self.has_view_permission(request, obj))

    def write(
        self, request: HttpRequest, obj: Any, values: dict[str, Any], version: int | None, *, change: bool
    ) -> Model:
        """Call the service that creates or updates `obj` with the form's cleaned values; return its row."""
        raise PermissionDenied

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        values = dict(form.cleaned_data)
        version = values.pop(SEEN_VERSION, None)
        saved = self.write(request, obj, values, version, change=change)
        obj.__dict__.update(saved.__dict__)

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


def each_by_service(
    request: HttpRequest, rows: Iterable[Any], service: Callable[[Any], Any], done: str
) -> None:
    """Call `service` with each row of an action and tell what came of it; a refusal stops no other row."""
    count = 0
    for row in rows:
        try:
            service(row)
            count += 1
        except Refusal as refusal:
            refusals.keep(request, refusal)
            messages.error(request, f"{row}: {refusal.detail}")
    if count:
        messages.success(request, f"{done}: {count}.")


def ask_first(
    model_admin: admin.ModelAdmin[Any],
    request: HttpRequest,
    rows: QuerySet[Any],
    *,
    question: str,
    action: str,
) -> HttpResponse | None:
    """Return the page that asks whether an action is meant, or None where that was answered with yes."""
    if request.POST.get("sure"):
        return None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": question,
        "rows": rows,
        "action": action,
        "checkbox": ACTION_CHECKBOX_NAME,
        "opts": model_admin.model._meta,
    }
    return TemplateResponse(request, "admin/ask_first.html", context)
