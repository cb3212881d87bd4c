"""Actions of the back office on chosen rows: asked about first, with a reason, then by a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from opsportal.core.errors import InvalidInput, Refusal
from opsportal.core.text import clean_text
from opsportal.core.writes import because
from opsportal.web import refusals

MAX_REASON = 500
MOST_ROWS = 200


class ReasonField(forms.CharField):
    """Why somebody writes: kept for good with what they write."""

    def __init__(self) -> None:
        super().__init__(
            label="Why",
            max_length=MAX_REASON,
            strip=True,
            widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
            help_text="Kept for good in the history and in the audit trail: no names, no addresses.",
            error_messages={"required": "Say why: it is kept with the change."},
        )

    def clean(self, value: Any) -> str:
        try:
            return clean_text(super().clean(value), field="reason", max_length=MAX_REASON, required=True)
        except InvalidInput as refusal:
            raise forms.ValidationError(refusal.errors[0].detail) from None


class ReasonForm(forms.Form):
    """The question before an action."""

    use_required_attribute = False
    reason = ReasonField()


def carry_out(
    model_admin: admin.ModelAdmin[Any],
    request: HttpRequest,
    rows: QuerySet[Any],
    service: Callable[[Any], Any],
    *,
    action: str,
    question: str,
    done: str,
) -> HttpResponse | None:
    """Ask whether `action` is meant and why; once answered, call `service` with each row.

    Returns the page that asks, or None where it is done. A refusal is told and stops no other row.
    """
    chosen = list(rows[: MOST_ROWS + 1])
    if len(chosen) > MOST_ROWS:
        messages.error(request, f"At most {MOST_ROWS} rows at once: narrow the list first.")
        return None
    form = ReasonForm(request.POST if request.POST.get("sure") else None)
    if not form.is_valid():
        return _ask(model_admin, request, chosen, form, action=action, question=question)
    count = 0
    with because(form.cleaned_data["reason"]):
        for row in chosen:
            try:
                service(row)
                count += 1
            except Refusal as refusal:
                refusals.keep(request, refusal)
                messages.error(request, f"{row}: {refusal.detail}")
    if count:
        messages.success(request, f"{done}: {count}.")
    return None


def _ask(
    model_admin: admin.ModelAdmin[Any],
    request: HttpRequest,
    rows: list[Any],
    form: ReasonForm,
    *,
    action: str,
    question: str,
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": question,
        "rows": rows,
        "form": form,
        "action": action,
        "checkbox": ACTION_CHECKBOX_NAME,
        "opts": model_admin.model._meta,
    }
    status = 400 if form.is_bound else 200
    return TemplateResponse(request, "admin/ask_first.html", context, status=status)
