"""Files at a change: adding one, downloading it, removing it."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_POST, require_safe

from changes.selectors import change_by_key
from changes.services.attachments import change_attach, change_detach
from changes.services.scene import KIND
from changes.web.loading import change_number, change_seen
from changes.web.page import page_context
from opsportal.core.errors import InvalidInput, TooLarge
from opsportal.core.uploads import FileTooLarge, too_large
from opsportal.files.selectors import attachment_of
from opsportal.files.web.serving import attachment_response
from opsportal.web.forms import PortalForm
from opsportal.web.requests import actor_of, now_of
from opsportal.web.uploads import answers_too_large


class AttachForm(PortalForm):
    """One file, and what it is."""

    file = forms.FileField(error_messages={"required": "Choose a file."}, max_length=1_000)
    note = forms.CharField(required=False)


def file_too_large(request: HttpRequest, key: str) -> HttpResponse:
    """Say at the form that the file is too large. What else was typed was not read any more."""
    form = AttachForm({}, MultiValueDict(), empty_permitted=True, use_required_attribute=False)
    form.add_refusal(too_large(FileTooLarge()))
    return _shown(request, key, form, 413)


@answers_too_large(file_too_large)
@require_POST
def change_attached(request: HttpRequest, key: str) -> HttpResponse:
    """Attach a file; what is wrong with it is said at the form."""
    form = AttachForm(request.POST, request.FILES)
    status = 400
    try:
        if form.is_valid():
            upload = form.cleaned_data["file"]
            attachment = change_attach(
                actor=actor_of(request),
                now=now_of(request),
                pk=change_number(key),
                name=upload.name,
                chunks=upload.chunks(),
                note=form.cleaned_data["note"],
            )
            messages.success(request, f"{attachment.name} is attached.")
            return redirect(f"{reverse('changes:change', args=[key.upper()])}#attachments")
    except (InvalidInput, TooLarge) as refusal:
        form.add_refusal(refusal)
        status = refusal.status
    return _shown(request, key, form, status)


@require_safe
def attachment_download(request: HttpRequest, key: str, attachment: UUID) -> FileResponse:
    """Hand out a file, as a download."""
    found = attachment_of(KIND, change_by_key(key).key, attachment)
    return attachment_response(found, now=now_of(request))


@require_POST
def attachment_removed(request: HttpRequest, key: str, attachment: UUID) -> HttpResponse:
    """Remove a file, with a reason."""
    removed = change_detach(
        actor=actor_of(request),
        now=now_of(request),
        pk=change_number(key),
        attachment=attachment,
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, f"{removed.name} is removed.")
    return redirect(f"{reverse('changes:change', args=[key.upper()])}#attachments")


def _shown(request: HttpRequest, key: str, form: AttachForm, status: int) -> HttpResponse:
    seen = change_seen(key, actor=actor_of(request), now=now_of(request))
    context = {**page_context(request, seen), "attach_form": form}
    return render(request, "changes/change.html", context, status=status)
