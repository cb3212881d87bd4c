"""Pages of the register of documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.models import Document
from compliance.policing.states import DOCUMENT
from compliance.selectors.kept import is_broken
from compliance.selectors.policies import document_by_key, documents_loaded, services_answered_by
from compliance.services.controls.evidence import Upload
from compliance.services.policies.documents import (
    KIND,
    case_of,
    document_edit,
    document_register,
    document_reinstate,
    document_retire,
    document_review,
    placed,
)
from compliance.web.controls_forms import SaidForm
from compliance.web.parts import moments_of
from compliance.web.policies_forms import DocumentFilter, DocumentForm, document_values
from opsportal.catalog.models import Service
from opsportal.core.access import may, require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound, TooLarge
from opsportal.core.uploads import FileTooLarge, too_large
from opsportal.files.selectors import attachment_of
from opsportal.files.web.serving import attachment_response
from opsportal.web import refusals
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of
from opsportal.web.uploads import answers_too_large

_STEPS: Mapping[str, tuple[Callable[..., Document], str, str, str, str, str]] = {
    "review": (document_review, "review", "Reviewed: it still holds", "eye", "", "is reviewed."),
    "retire": (document_retire, "write", "Retire it", "cross", "btn-outline-danger", "is retired."),
    "reinstate": (document_reinstate, "write", "Take it into use again", "undo", "", "is in use again."),
}


@require_safe
def document_list(request: HttpRequest) -> HttpResponse:
    """List the register by title: what is in use, unless something else is asked for."""
    form = DocumentFilter(request.GET)
    now = now_of(request)
    rows = documents_loaded()
    if form.is_valid():
        wanted = form.cleaned_data
        if wanted["q"]:
            rows = rows.filter(title__icontains=wanted["q"])
        if wanted["kind"]:
            rows = rows.filter(kind=wanted["kind"])
        rows = _in_state(rows, wanted["state"], now)
    else:
        rows = rows.none()
    page = page_of(rows, request, order=("title", "id"))
    remember_people(request, [("user", str(row.owner_id)) for row in page.items])
    context = {
        "page": page,
        "rows": [{"document": row, "is_broken": is_broken(row)} for row in page.items],
        "form": form,
        "now": now,
        "is_narrowed": any(request.GET.get(name) for name in form.fields),
        "may_register": may(actor_of(request), "document.begin", placed(None, now)),
    }
    status = 200 if form.is_valid() else 400
    return render(request, "compliance/policies/documents.html", context, status=status)


def _in_state(rows: Any, state: str, now: Any) -> Any:
    match state:
        case "broken":
            return rows.filter(state="registered", link__state="broken")
        case "overdue":
            return rows.filter(state="registered", review_due_at__lte=now)
        case "retired":
            return rows.filter(state="retired")
        case _:
            return rows.filter(state="registered")


@require_safe
def document_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show what the register says of one document."""
    actor, now = actor_of(request), now_of(request)
    document = document_by_key(key)
    case = case_of(document, now)
    remember_people(request, [("user", str(document.owner_id))])
    is_in_use = document.state == "registered"
    context = {
        "document": document,
        "link": getattr(document, "link", None),
        "now": now,
        "is_overdue": is_in_use and document.review_due_at is not None and document.review_due_at <= now,
        "may_edit": DOCUMENT.can(document.state, "edit") and may(actor, "document.write", case),
        "steps": [
            (verb, label, icon, look)
            for verb, (_, permission, label, icon, look, _) in _STEPS.items()
            if DOCUMENT.can(document.state, verb) and may(actor, f"document.{permission}", case)
        ],
        "moments": moments_of(request, KIND, document.key),
    }
    return render(request, "compliance/policies/document.html", context)


@require_POST
def document_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Review, retire or reinstate a document."""
    if verb not in _STEPS:
        raise NotFound("There is no such step.")
    step, _, _, _, _, words = _STEPS[verb]
    form = SaidForm(request.POST)
    version = form.cleaned_data["version"] if form.is_valid() else None
    document = step(actor=actor_of(request), now=now_of(request), key=key, version=version)
    messages.success(request, f"“{document.title}” {words}")
    return redirect("compliance:document", document.key)


@require_safe
def document_file(request: HttpRequest, key: str) -> FileResponse:
    """Hand out the stored file of a document, as a download."""
    document = document_by_key(key)
    if document.attachment is None:
        raise NotFound("The portal keeps no file of it.")
    return attachment_response(attachment_of(KIND, document.key, document.attachment), now=now_of(request))


def _file_too_large(request: HttpRequest, key: str = "") -> HttpResponse:
    document = document_by_key(key) if key else None
    form = DocumentForm(
        {},
        MultiValueDict(),
        document=document,
        services=_services(actor_of(request), now_of(request), document),
        empty_permitted=True,
        use_required_attribute=False,
    )
    form.add_refusal(too_large(FileTooLarge()))
    return _form_page(request, form, document, status=413)


@answers_too_large(_file_too_large)
@require_http_methods(["GET", "HEAD", "POST"])
def document_write(request: HttpRequest, key: str = "") -> HttpResponse:
    """Register a document, or change what the register says of it."""
    actor, now = actor_of(request), now_of(request)
    document = document_by_key(key) if key else None
    if document is None:
        require(actor, "document.begin", placed(None, now))
    else:
        require(actor, "document.write", case_of(document, now))
    services = _services(actor, now, document)
    if request.method != "POST":
        initial = (
            document_values(document)
            if document
            else {"owner": actor.id, "service": request.GET.get("service", ""), "review_every": "year"}
        )
        empty = DocumentForm(document=document, services=services, initial=initial)
        return _form_page(request, empty, document)
    form = DocumentForm(request.POST, request.FILES, document=document, services=services)
    if not form.is_valid():
        return _form_page(request, form, document, status=400)
    given = form.cleaned_data["file"]
    upload = Upload(given.name, given.chunks()) if given else None
    try:
        if document is None:
            made = document_register(actor=actor, now=now, fields=form.written(), upload=upload)
        else:
            made = document_edit(
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
        return _form_page(request, form, document, status=refusal.status)
    messages.success(request, f"“{made.title}” is in the register.")
    return redirect("compliance:document", made.key)


def _services(actor: Actor, now: datetime, document: Document | None) -> list[tuple[str, str]]:
    """Return what the actor may say that a document is about, what it is about already among it."""
    may_all = may(actor, "document.register", placed(None, now))
    rows = Service.objects.filter(state="active") if may_all else services_answered_by(actor, now)
    offered = [(row.slug, row.name) for row in rows.order_by("name")]
    if may_all or (document is not None and document.service is None):
        offered.insert(0, ("", "All of them"))
    elif document is None and len(offered) > 1:
        offered.insert(0, ("", "Choose one"))
    if document is not None and document.service is not None:
        own = (document.service.slug, document.service.name)
        if own not in offered:
            offered.append(own)
    return offered


def _form_page(
    request: HttpRequest, form: DocumentForm, document: Document | None, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "document": document}
    return render(request, "compliance/policies/document_form.html", context, status=status)
