"""Pages of frameworks: which are loaded, and what of each is covered by which control."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.controlling.frameworks import MAX_BYTES
from compliance.controlling.words import STATUSES
from compliance.models import Control, Framework
from compliance.selectors.control_status import control_statuses
from compliance.selectors.controls import controls_loaded, framework_by_slug, requirements_of
from compliance.services.controls.frameworks import framework_import, frameworks_install
from compliance.web.controls_forms import FrameworkFile
from opsportal.core.access import may
from opsportal.core.errors import Conflict, Forbidden, InvalidInput
from opsportal.core.uploads import FileTooLarge, too_large
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of
from opsportal.web.uploads import answers_too_large

_WORST = ("not_met", "not_verifiable", "compensated", "met")


def _file_too_large(request: HttpRequest) -> HttpResponse:
    form = FrameworkFile({}, MultiValueDict(), empty_permitted=True, use_required_attribute=False)
    form.add_refusal(too_large(FileTooLarge()))
    return _list(request, form, status=413)


@answers_too_large(_file_too_large)
@require_http_methods(["GET", "HEAD", "POST"])
def framework_list(request: HttpRequest) -> HttpResponse:
    """List the frameworks that are loaded, or import one from its file."""
    if request.method != "POST":
        return _list(request, FrameworkFile())
    form = FrameworkFile(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, form, status=400)
    try:
        source = form.cleaned_data["file"].read(MAX_BYTES + 1)
        found, is_different = framework_import(actor=actor_of(request), now=now_of(request), source=source)
    except (InvalidInput, Conflict, Forbidden) as refusal:
        form.add_refusal(refusal)
        return _list(request, form, status=refusal.status)
    words = f"edition {found.edition}" if is_different else "nothing is different"
    messages.success(request, f"“{found.title}” is imported: {words}.")
    return redirect("compliance:framework", found.slug)


@require_POST
def frameworks_installed(request: HttpRequest) -> HttpResponse:
    """Load what the portal ships."""
    changed = frameworks_install(actor=actor_of(request), now=now_of(request))
    words = ", ".join(one.title for one in changed) or "Nothing is different"
    messages.success(request, f"Loaded: {words}.")
    return redirect("compliance:frameworks")


@require_safe
def framework_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what of a framework is covered: each requirement with its controls and how they stand."""
    framework = framework_by_slug(slug)
    now = now_of(request)
    requirements = list(requirements_of(framework))
    ids = {control.pk for row in requirements for control in row.controls.all()}
    controls = list(controls_loaded().filter(pk__in=ids, state="active"))
    judged = control_statuses(controls, now)
    remember_people(request, [("user", str(control.owner_id)) for control in controls])
    sections: dict[tuple[str, str], list[dict[str, Any]]] = {}
    counts: Counter[str] = Counter()
    for row in requirements:
        mine = [one for one in row.controls.all() if one.pk in judged]
        status = _worst([judged[one.pk].status for one in mine])
        if row.state == "current":
            counts[status] += 1
        sections.setdefault((row.section, row.section_title), []).append(
            {
                "requirement": row,
                "status": status,
                "controls": [{"control": one, "judged": judged[one.pk]} for one in mine],
            }
        )
    names = dict(STATUSES)
    context = {
        "framework": framework,
        "sections": [
            {"id": identifier, "title": title, "rows": rows} for (identifier, title), rows in sections.items()
        ],
        "counts": [
            (status, names.get(status, "Without a control"), counts[status])
            for status in ("met", "compensated", "not_verifiable", "not_met", "")
        ],
        "total": sum(counts.values()),
    }
    return render(request, "compliance/controls/framework.html", context)


def _worst(statuses: list[str]) -> str:
    """Return the worst of them, as a requirement stands; empty where no control answers it."""
    return next((status for status in _WORST if status in statuses), "")


def _list(request: HttpRequest, form: FrameworkFile, *, status: int = 200) -> HttpResponse:
    current = Q(requirements__state="current")
    rows = Framework.objects.annotate(
        total=Count("requirements", filter=current, distinct=True),
        covered=Count(
            "requirements",
            filter=current
            & Q(requirements__answered_by__isnull=False, requirements__controls__state="active"),
            distinct=True,
        ),
    ).order_by("title", "id")
    context = {
        "frameworks": list(rows),
        "form": form,
        "may_import": may(actor_of(request), "framework.import"),
        "controls": Control.objects.filter(state="active").count(),
    }
    return render(request, "compliance/controls/frameworks.html", context, status=status)
