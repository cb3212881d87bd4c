"""Taking over schedules of another system: the file, what it would make, who is meant, and then all of it."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from incidents.importing.reading import MOST_BYTES
from incidents.services.roster.importing import ImportPlan, oncall_import, oncall_import_preview
from incidents.web.roster_forms import ImportForm, people_choices
from opsportal.catalog.web.answers import FORM_REFUSALS, refuse
from opsportal.core.access import require
from opsportal.core.errors import InvalidInput
from opsportal.web.requests import actor_of, now_of

PERSON = "person:"


@require_http_methods(["GET", "HEAD", "POST"])
def oncall_imported(request: HttpRequest) -> HttpResponse:
    """Read a file, show what it would make, and make that when the preview is confirmed."""
    actor, now = actor_of(request), now_of(request)
    require(actor, "oncall.import")
    if request.method != "POST":
        return render(request, "incidents/roster/import.html", {"form": ImportForm()})
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "incidents/roster/import.html", {"form": form}, status=400)
    fields = form.cleaned_data
    given = {
        name.removeprefix(PERSON): value
        for name, value in request.POST.items()
        if name.startswith(PERSON) and isinstance(value, str) and value
    }
    try:
        content = _content(fields)
        about: dict[str, Any] = {
            "actor": actor,
            "now": now,
            "content": content,
            "format": fields["format"],
            "given": given,
            "name": fields["name"],
            "zone": fields["zone"],
        }
        if "apply" not in request.POST:
            return _preview(request, form, content, oncall_import_preview(**about), given)
        done = oncall_import(**about, fingerprint=fields["fingerprint"] or "none")
    except FORM_REFUSALS as refusal:
        status = refuse(request, form, refusal)
        return render(request, "incidents/roster/import.html", {"form": form}, status=status)
    messages.success(
        request,
        f"Made: {len(done.schedules)} schedules, {len(done.policies)} escalation policies,"
        f" {len(done.routes)} alert routes. Look at them; their people are told.",
    )
    return redirect("incidents:schedules")


def _content(fields: dict[str, Any]) -> bytes:
    """Return the file: as it was uploaded, or as the preview sends it along."""
    given = fields["file"]
    if given:
        content: bytes = given.read(MOST_BYTES + 1)
        return content
    try:
        content = base64.b64decode(fields["text"], validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        raise InvalidInput.of("file", "required", "Choose a file.")
    return content


def _preview(
    request: HttpRequest, form: ImportForm, content: bytes, plan: ImportPlan, given: dict[str, str]
) -> HttpResponse:
    context = {
        "form": form,
        "plan": plan,
        "unknown": [
            {"match": one, "name": PERSON + one.person.ref, "chosen": given.get(one.person.ref, "")}
            for one in plan.unknown
        ],
        "given": [(PERSON + ref, value) for ref, value in given.items()],
        "people": people_choices(),
        "schedules": [
            {
                "slug": one.slug,
                "name": one.name,
                "team": one.team,
                "layers": one.settings["layers"],
                "exceptions": len(one.overrides),
            }
            for one in plan.schedules
        ],
        "text": base64.b64encode(content).decode(),
        "fields": form.cleaned_data,
    }
    return render(request, "incidents/roster/import_preview.html", context)
