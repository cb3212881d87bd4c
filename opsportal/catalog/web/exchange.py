"""Pages that bring the catalogue in and out as a file: what an import would do is shown before it is done."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from opsportal.catalog.selectors import entries
from opsportal.catalog.services import catalog_import, catalog_preview
from opsportal.catalog.services.imports import CHANGED, NEW, REFUSED, Plan
from opsportal.catalog.sheet import COLUMNS, csv_cells, is_json, json_document, read
from opsportal.catalog.web.answers import FORM_REFUSALS, refuse
from opsportal.catalog.web.forms import ImportForm
from opsportal.core.errors import InvalidInput
from opsportal.core.sheets import place_of
from opsportal.web.csv import csv_response
from opsportal.web.requests import actor_of, now_of


@require_safe
def services_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Download all services, one a line."""
    return csv_response("services", COLUMNS, (csv_cells(entry) for entry in entries()))


@require_safe
def services_json(request: HttpRequest) -> HttpResponse:
    """Download all services as JSON."""
    answer = HttpResponse(json_document(entries()), content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="services.json"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def services_import(request: HttpRequest) -> HttpResponse:
    """Read a file, show what it would do, and do that when the preview is confirmed."""
    if request.method != "POST":
        return render(request, "catalog/import.html", {"form": ImportForm()})
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "catalog/import.html", {"form": form}, status=400)
    try:
        content = _content(form)
        rows = read(content)
        plan = catalog_preview(actor=actor_of(request), now=now_of(request), rows=rows)
        if "apply" not in request.POST:
            return _preview(request, content, plan)
        done = catalog_import(
            actor=actor_of(request),
            now=now_of(request),
            rows=rows,
            fingerprint=form.cleaned_data["fingerprint"] or "none",
        )
    except FORM_REFUSALS as refusal:
        return render(request, "catalog/import.html", {"form": form}, status=refuse(request, form, refusal))
    messages.success(request, f"{done.count(NEW)} services are new, {done.count(CHANGED)} were changed.")
    return redirect("catalog:services")


def _content(form: ImportForm) -> bytes:
    given = form.cleaned_data["file"]
    content: bytes = given.read() if given else form.cleaned_data["text"].encode()
    if not content.strip():
        raise InvalidInput.of("file", "required", "Choose a file, or paste its text.")
    return content


def _preview(request: HttpRequest, content: bytes, plan: Plan) -> HttpResponse:
    text = content.decode("utf-8-sig")
    where = str if is_json(text) else place_of
    context = {
        "plan": plan,
        "told": [
            (line, [(error.detail, where(error.pointer)) for error in line.errors])
            for line in plan.lines
            if line.outcome in {NEW, CHANGED, REFUSED}
        ],
        "same": len(plan.lines) - plan.count(NEW) - plan.count(CHANGED) - plan.count(REFUSED),
        "text": text,
        "new": plan.count(NEW),
        "changed": plan.count(CHANGED),
        "refused": plan.count(REFUSED),
    }
    return render(request, "catalog/import_preview.html", context)
