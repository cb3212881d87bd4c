"""Pages of controls: the list with how each stands, one of them with its evidence beside it, writing one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.controlling.states import CONTROL
from compliance.models import Control, Framework
from compliance.permissions.controls import OwnedCase
from compliance.selectors.audits.controls import audited
from compliance.selectors.audits.seen import reads_audits
from compliance.selectors.control_status import control_statuses, rule_is_in
from compliance.selectors.controls import (
    control_by_key,
    controls_loaded,
    evidence_loaded,
    exceptions_loaded,
    newest_revisions,
)
from compliance.services.controls.controls import (
    KIND,
    case_of,
    control_create,
    control_edit,
    control_reinstate,
    control_retire,
    control_review,
)
from compliance.web.controls_forms import ControlFilter, ControlForm, SaidForm, values_of
from compliance.web.parts import SHOWN, moments_of
from opsportal.core.access import may, require
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from opsportal.standards.selectors import active_standard_or_none
from opsportal.web import refusals
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

_STEPS: Mapping[str, tuple[Callable[..., Control], str, str, str, str]] = {
    "review": (control_review, "Reviewed: it says what is done", "eye", "", "is reviewed."),
    "retire": (control_retire, "Retire it", "cross", "btn-outline-danger", "is retired."),
    "reinstate": (control_reinstate, "Take it into use again", "undo", "", "is in use again."),
}
_PERMISSIONS = {"review": "control.review", "retire": "control.retire", "reinstate": "control.retire"}


@require_safe
def control_list(request: HttpRequest) -> HttpResponse:
    """List controls by number, with how each stands and why."""
    form = ControlFilter(request.GET)
    rows = controls_loaded()
    if form.is_valid():
        wanted = form.cleaned_data
        rows = rows.filter(state=wanted["state"] or "active")
        if wanted["q"]:
            rows = rows.filter(title__icontains=wanted["q"])
        if wanted["framework"]:
            answering = Control.objects.filter(requirements__framework__slug=wanted["framework"])
            rows = rows.filter(pk__in=answering.values("pk"))
    else:
        rows = rows.none()
    page = page_of(rows, request, order=("id",))
    judged = control_statuses(page.items, now_of(request))
    remember_people(request, [("user", str(control.owner_id)) for control in page.items])
    context = {
        "page": page,
        "rows": [{"control": control, "judged": judged[control.pk]} for control in page.items],
        "form": form,
        "frameworks": Framework.objects.order_by("title"),
        "is_narrowed": any(request.GET.get(name) for name in form.fields),
        "may_write": may(actor_of(request), "control.write", OwnedCase("", "", now_of(request))),
    }
    return render(request, "compliance/controls/list.html", context, status=200 if form.is_valid() else 400)


@require_safe
def control_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one control: how it stands, what that rests on, and the evidence beside it."""
    actor, now = actor_of(request), now_of(request)
    control = control_by_key(key)
    standard = active_standard_or_none()
    items = list(evidence_loaded().filter(links__control=control).order_by("state", "-id")[:SHOWN])
    newest = newest_revisions(items)
    case = case_of(control, now)
    remember_people(request, [("user", str(control.owner_id))])
    context = {
        "control": control,
        "judged": control_statuses([control], now)[control.pk],
        "now": now,
        "evidence": [{"item": item, "revision": newest[item.pk]} for item in items],
        "exceptions": list(exceptions_loaded().filter(control=control)[:SHOWN]),
        "rules": [
            {"row": row, "is_in_force": rule_is_in(standard, row.pack, row.rule)}
            for row in control.rules.all()
        ],
        "linked_from": list(control.linked_from.select_related("control")),
        "may_edit": CONTROL.can(control.state, "edit") and may(actor, "control.write", case),
        "may_bring": control.state == "active" and may(actor, "evidence.add", case),
        "may_ask": may(actor, "exception.request"),
        "steps": [
            (verb, label, icon, look)
            for verb, (_, label, icon, look, _) in _STEPS.items()
            if CONTROL.can(control.state, verb) and may(actor, _PERMISSIONS[verb], case)
        ],
        "moments": moments_of(request, KIND, control.key),
        "audited": audited(actor, control),
        "reads_audits": reads_audits(actor),
    }
    return render(request, "compliance/controls/control.html", context)


@require_POST
def control_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Review, retire or reinstate a control."""
    if verb not in _STEPS:
        raise NotFound("There is no such step.")
    step, _, _, _, words = _STEPS[verb]
    form = SaidForm(request.POST)
    version = form.cleaned_data["version"] if form.is_valid() else None
    control = step(actor=actor_of(request), now=now_of(request), key=key, version=version)
    messages.success(request, f"{control.key} {words}")
    return redirect("compliance:control", control.key)


@require_http_methods(["GET", "HEAD", "POST"])
def control_write(request: HttpRequest, key: str = "") -> HttpResponse:
    """Write a new control, or change one."""
    actor, now = actor_of(request), now_of(request)
    control = control_by_key(key) if key else None
    require(actor, "control.write", case_of(control, now) if control else OwnedCase("", "", now))
    if request.method != "POST":
        initial = values_of(control) if control else {"owner": actor.id}
        return _form_page(request, ControlForm(control=control, initial=initial), control)
    form = ControlForm(request.POST, control=control)
    if not form.is_valid():
        return _form_page(request, form, control, status=400)
    try:
        if control is None:
            made = control_create(actor=actor, now=now, fields=form.written())
        else:
            version = form.cleaned_data["version"]
            made = control_edit(actor=actor, now=now, key=key, fields=form.written(), version=version)
    except (InvalidInput, Conflict, Forbidden) as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return _form_page(request, form, control, status=refusal.status)
    messages.success(request, f"{made.key} is saved.")
    return redirect("compliance:control", made.key)


def _form_page(
    request: HttpRequest, form: ControlForm, control: Control | None, *, status: int = 200
) -> HttpResponse:
    return render(request, "compliance/controls/form.html", {"form": form, "control": control}, status=status)
