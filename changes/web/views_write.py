"""Writing a change: choosing what kind it is, the form, and editing it later."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from changes.models import Change
from changes.services.cloning import change_clone
from changes.services.drafts import change_create, change_revise
from changes.services.submission import change_amend, change_raise, change_submit
from changes.states import CHANGE
from changes.web.forms import ChangeForm, changed_only, values_of
from changes.web.loading import Seen, change_number, change_seen
from changes.web.past import edits_since
from changes.web.places import places_of
from changes.web.shape import shape_of
from changes.web.writing import form_reshaped, form_started, form_stored, form_typed, usable_templates
from opsportal.core.access import require
from opsportal.core.errors import InvalidInput, Refusal, RuleRefused, Stale
from opsportal.standards.selectors import active_standard, versions
from opsportal.web import refusals
from opsportal.web.requests import actor_of, now_of

_TYPE_ORDER = ("standard", "normal", "emergency")


@require_http_methods(["GET", "HEAD", "POST"])
def change_new(request: HttpRequest) -> HttpResponse:
    """Choose the kind of change; then its form; then the draft, or the submitted change."""
    now = now_of(request)
    if request.method == "POST":
        return _created(request)
    if not (request.GET.get("type") or request.GET.get("template")):
        return _choice_of_types(request)
    change_type = request.GET.get("type") or "standard"
    values = {
        "type": change_type,
        "template": request.GET.get("template", ""),
        "risk": "medium",
        "services": request.GET.getlist("service"),
        "activates": request.GET.get("activates", ""),
        "implementer": actor_of(request).id,
    }
    form = form_started(values, now=now)
    template = form.shape.template
    if template is not None:
        form.initial.update(title=template.title, description=template.description)
    standard = versions().filter(content_hash=values["activates"]).first() if values["activates"] else None
    if standard is not None:
        form.initial.update(title=f"Put {standard.title} {standard.version} in force")
    return _form_page(request, form)


@require_POST
def change_shape(request: HttpRequest, key: str = "") -> HttpResponse:
    """Show the form anew with what was typed, shaped by it. Writes nothing."""
    seen = change_seen(key, actor=actor_of(request), now=now_of(request)) if key else None
    form = form_reshaped(request.POST, now=now_of(request), stored=seen.change if seen else None)
    return render(request, "changes/parts/form.html", _form_context(request, form, seen))


@require_http_methods(["GET", "HEAD", "POST"])
def change_edit(request: HttpRequest, key: str) -> HttpResponse:
    """Edit a change. What moved on meanwhile is shown beside what was typed."""
    seen = change_seen(key, actor=actor_of(request), now=now_of(request))
    require(seen.actor, "change.edit", seen.case)
    CHANGE.move(seen.change.state, "revise")
    values = values_of(seen.change, seen.targets)
    if request.method != "POST":
        return _form_page(request, form_started(values, now=seen.now, stored=seen.change), seen)
    form = form_typed(request.POST, now=seen.now, stored=seen.change)
    if not form.is_valid():
        return _form_page(request, form, seen, status=400)
    submits = request.POST.get("action") == "submit"
    try:
        change = (change_amend if submits else change_revise)(
            actor=seen.actor,
            now=seen.now,
            pk=seen.change.pk,
            fields=changed_only(form.written(), seen.change, seen.targets),
            version=form.cleaned_data["version"],
        )
    except Stale as refusal:
        refusals.keep(request, refusal)
        return _stale(request, form, seen)
    except (InvalidInput, RuleRefused) as refusal:
        return _refused(request, form, refusal, seen)
    return _done(request, change, "" if submits else f"{seen.key} is saved.")


@require_POST
def change_cloned(request: HttpRequest, key: str) -> HttpResponse:
    """Copy a change into a new draft, and go on with its form."""
    change = change_clone(actor=actor_of(request), now=now_of(request), pk=change_number(key))
    messages.success(request, f"{change.key} is a copy of {key.upper()}: a draft, without votes and window.")
    return redirect("changes:edit", change.key)


def submitted(request: HttpRequest, key: str, version: int | None = None) -> HttpResponse:
    """Submit the change, or show its form with what the standard still asks for."""
    seen = change_seen(key, actor=actor_of(request), now=now_of(request))
    try:
        change = change_submit(actor=seen.actor, now=seen.now, pk=seen.change.pk, version=version)
    except (InvalidInput, RuleRefused) as refusal:
        form = form_stored(values_of(seen.change, seen.targets), now=seen.now, stored=seen.change)
        form.is_valid()
        title = f"{seen.key} is not submitted yet. This is still missing:"
        return _refused(request, form, refusal, seen, title)
    return _done(request, change)


def _choice_of_types(request: HttpRequest) -> HttpResponse:
    standard = active_standard()
    shapes = [shape_of(standard, {"change.type": name}, type=name) for name in _TYPE_ORDER]
    return render(
        request,
        "changes/new.html",
        {
            "shapes": [(shape, Change.Type(shape.type).label) for shape in shapes],
            "standard": standard,
            "templates": [
                (template, places_of(template.targets.select_related("service", "environment")))
                for template in usable_templates(now_of(request))
            ],
        },
    )


def _created(request: HttpRequest) -> HttpResponse:
    actor, now = actor_of(request), now_of(request)
    if request.POST.get("action") == "shape":
        return _form_page(request, form_reshaped(request.POST, now=now))
    form = form_typed(request.POST, now=now)
    if not form.is_valid():
        return _form_page(request, form, status=400)
    submits = request.POST.get("action") == "submit"
    try:
        change = (change_raise if submits else change_create)(actor=actor, now=now, fields=form.written())
    except (InvalidInput, RuleRefused) as refusal:
        return _refused(request, form, refusal)
    return _done(request, change, "" if submits else f"{change.key} is saved as a draft.")


def _done(request: HttpRequest, change: Change, saved: str = "") -> HttpResponse:
    """Say what became of it and show the change; `saved` are the words where it was not submitted."""
    at_once = change.state == "approved"
    words = "approved at once: the standard asks nobody" if at_once else "submitted for approval"
    messages.success(request, saved or f"{change.key} is {words}.")
    return redirect("changes:change", change.key)


def _refused(
    request: HttpRequest, form: ChangeForm, refusal: Refusal, seen: Seen | None = None, title: str = ""
) -> HttpResponse:
    form.add_refusal(refusal)
    refusals.keep(request, refusal)
    context = {**_form_context(request, form, seen), "errors_title": title}
    return render(request, "changes/form.html", context, status=refusal.status)


def _stale(request: HttpRequest, form: ChangeForm, seen: Seen) -> HttpResponse:
    """Keep what was typed, show what changed meanwhile; sending it again overwrites that knowingly."""
    since = form.cleaned_data["version"]
    data = request.POST.copy()
    data["version"] = str(seen.change.version)
    form = form_typed(data, now=seen.now, stored=seen.change)
    form.is_valid()
    form.add_error(
        None,
        "Somebody else changed it while you were writing. See what changed; what you typed is kept."
        " Save again to put yours in its place.",
    )
    context = {**_form_context(request, form, seen), "meanwhile": edits_since(seen.change, since)}
    return render(request, "changes/form.html", context, status=409)


def _form_page(
    request: HttpRequest, form: ChangeForm, seen: Seen | None = None, *, status: int = 200
) -> HttpResponse:
    return render(request, "changes/form.html", _form_context(request, form, seen), status=status)


def _form_context(request: HttpRequest, form: ChangeForm, seen: Seen | None) -> dict[str, object]:
    return {
        "form": form,
        "seen": seen,
        "shape": form.shape,
        "type_label": Change.Type(form.shape.type).label,
        "makes_draft": seen is not None and seen.change.state != "draft",
    }
