"""Pages of evidence: bringing it, looking at its revisions, replacing and withdrawing it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.models import EvidenceItem, EvidenceRevision
from compliance.selectors.controls import (
    controls_answered_by,
    evidence_by_key,
    evidence_loaded,
    newest_revisions,
)
from compliance.services.controls.evidence import (
    KIND,
    Upload,
    case_of,
    evidence_add,
    evidence_revise,
    evidence_withdraw,
)
from compliance.web.controls_forms import EvidenceForm, SaidForm, control_choices
from compliance.web.parts import moments_of
from opsportal.core.access import may, require
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, TooLarge
from opsportal.core.uploads import FileTooLarge, too_large
from opsportal.files.selectors import attachment_of
from opsportal.files.web.serving import attachment_response
from opsportal.web import refusals
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of
from opsportal.web.uploads import answers_too_large


@require_safe
def evidence_list(request: HttpRequest) -> HttpResponse:
    """List evidence, newest first; with `?running-out`, what runs out first."""
    is_by_end = "running-out" in request.GET
    rows = evidence_loaded().filter(state="standing")
    if is_by_end:
        page = page_of(rows.filter(valid_until__isnull=False), request, order=("valid_until", "id"))
    else:
        page = page_of(rows, request, order=("-id",))
    newest = newest_revisions(page.items)
    remember_people(request, [("user", str(item.owner_id)) for item in page.items if item.owner_id])
    context = {
        "page": page,
        "rows": [{"item": item, "revision": newest[item.pk]} for item in page.items],
        "is_by_end": is_by_end,
        "now": now_of(request),
        "may_bring": may(actor_of(request), "evidence.begin", now_of(request)),
    }
    return render(request, "compliance/controls/evidence_list.html", context)


@require_safe
def evidence_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one piece of evidence with all of its revisions."""
    item = evidence_by_key(key)
    revisions = list(EvidenceRevision.objects.filter(item=item).order_by("-number")[:50])
    remember_people(request, [(one.actor_kind, one.actor_id) for one in revisions])
    is_mine = may(actor_of(request), "evidence.change", case_of(item, now_of(request)))
    context = {
        "item": item,
        "newest": revisions[0],
        "revisions": revisions,
        "now": now_of(request),
        "may_change": item.state == "standing" and is_mine,
        "moments": moments_of(request, KIND, item.key),
    }
    return render(request, "compliance/controls/evidence.html", context)


def _file_too_large(request: HttpRequest, key: str = "") -> HttpResponse:
    item = evidence_by_key(key) if key else None
    form = EvidenceForm({}, MultiValueDict(), item=item, empty_permitted=True, use_required_attribute=False)
    form.add_refusal(too_large(FileTooLarge()))
    return _form_page(request, form, item, status=413)


@answers_too_large(_file_too_large)
@require_http_methods(["GET", "HEAD", "POST"])
def evidence_write(request: HttpRequest, key: str = "") -> HttpResponse:
    """Bring new evidence, or a newer revision of it."""
    actor, now = actor_of(request), now_of(request)
    item = evidence_by_key(key) if key else None
    if item is None:
        require(actor, "evidence.begin", now)
    else:
        require(actor, "evidence.change", case_of(item, now))
    choices = control_choices(controls_answered_by(actor, now))
    if request.method != "POST":
        form = EvidenceForm(item=item, controls=choices, initial=_begin(request, item))
        return _form_page(request, form, item)
    form = EvidenceForm(request.POST, request.FILES, item=item, controls=choices)
    if not form.is_valid():
        return _form_page(request, form, item, status=400)
    given = form.cleaned_data["file"]
    upload = Upload(given.name, given.chunks()) if given else None
    try:
        if item is None:
            made, _ = evidence_add(actor=actor, now=now, fields=form.written(), upload=upload)
        else:
            made = evidence_revise(
                actor=actor,
                now=now,
                key=key,
                fields=form.written(),
                upload=upload,
                version=form.cleaned_data["version"],
            )
    except (InvalidInput, Conflict, Forbidden, TooLarge) as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return _form_page(request, form, item, status=refusal.status)
    messages.success(request, f"{made.key} is kept: revision {made.latest}.")
    return redirect("compliance:evidence-item", made.key)


@require_POST
def evidence_withdrawn(request: HttpRequest, key: str) -> HttpResponse:
    """Let evidence count no more."""
    form = SaidForm(request.POST)
    version = form.cleaned_data["version"] if form.is_valid() else None
    item = evidence_withdraw(
        actor=actor_of(request),
        now=now_of(request),
        key=key,
        reason=request.POST.get("note", ""),
        version=version,
    )
    messages.success(request, f"{item.key} is withdrawn.")
    return redirect("compliance:evidence-item", item.key)


@require_safe
def evidence_file(request: HttpRequest, key: str, attachment: UUID) -> FileResponse:
    """Hand out the file of a revision, as a download."""
    item = evidence_by_key(key)
    return attachment_response(attachment_of(KIND, item.key, attachment), now=now_of(request))


def _begin(request: HttpRequest, item: EvidenceItem | None) -> dict[str, Any]:
    if item is not None:
        return {"title": item.title, "version": item.version}
    return {"controls": [request.GET.get("control", "")]}


def _form_page(
    request: HttpRequest, form: EvidenceForm, item: EvidenceItem | None, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "item": item}
    return render(request, "compliance/controls/evidence_form.html", context, status=status)
