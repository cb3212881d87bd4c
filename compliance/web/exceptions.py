"""Pages of exceptions: asking for one, deciding, ending it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.controlling.states import EXCEPTION
from compliance.models import ControlException
from compliance.selectors.controls import exception_by_key, exceptions_loaded
from compliance.services.controls.exceptions import (
    KIND,
    case_of,
    exception_approve,
    exception_reject,
    exception_request,
    exception_revoke,
    exception_withdraw,
)
from compliance.web.controls_forms import ExceptionForm, SaidForm
from compliance.web.parts import moments_of
from opsportal.core.access import may, require
from opsportal.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from opsportal.web import refusals
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

_STEPS: Mapping[str, tuple[Callable[..., ControlException], str, str, str, str, bool]] = {
    "approve": (exception_approve, "exception.decide", "Accept it", "btn-primary", "is accepted.", False),
    "reject": (exception_reject, "exception.decide", "Reject it", "btn-outline-danger", "is rejected.", True),
    "withdraw": (exception_withdraw, "exception.withdraw", "Withdraw it", "", "is withdrawn.", False),
    "revoke": (exception_revoke, "exception.revoke", "Revoke it", "btn-outline-danger", "is revoked.", True),
}


@require_safe
def exception_list(request: HttpRequest) -> HttpResponse:
    """List exceptions: what is asked for and what is in force, unless all are asked for."""
    is_all = "all" in request.GET
    rows = exceptions_loaded()
    if not is_all:
        rows = rows.filter(state__in=["requested", "approved"])
    page = page_of(rows, request, order=("-id",))
    remember_people(request, [("user", str(row.requested_by_id)) for row in page.items])
    context = {
        "page": page,
        "is_all": is_all,
        "now": now_of(request),
        "may_ask": may(actor_of(request), "exception.request"),
    }
    return render(request, "compliance/controls/exceptions.html", context)


@require_safe
def exception_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one exception: why, how risky, what is done instead, until when."""
    actor, now = actor_of(request), now_of(request)
    row = exception_by_key(key)
    case = case_of(row, now)
    remember_people(
        request, [("user", str(one)) for one in (row.requested_by_id, row.decided_by_id) if one is not None]
    )
    context = {
        "exception": row,
        "now": now,
        "steps": [
            {"verb": verb, "label": label, "look": look, "is_needed": is_needed}
            for verb, (_, permission, label, look, _, is_needed) in _STEPS.items()
            if EXCEPTION.can(row.state, verb) and may(actor, permission, case)
        ],
        "moments": moments_of(request, KIND, row.key),
    }
    return render(request, "compliance/controls/exception.html", context)


@require_POST
def exception_step(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Accept, reject, withdraw or revoke an exception."""
    if verb not in _STEPS:
        raise NotFound("There is no such step.")
    step, _, _, _, words, _ = _STEPS[verb]
    form = SaidForm(request.POST)
    version = form.cleaned_data["version"] if form.is_valid() else None
    note = request.POST.get("note", "")
    row = step(actor=actor_of(request), now=now_of(request), key=key, note=note, version=version)
    messages.success(request, f"{row.key} {words}")
    return redirect("compliance:exception", row.key)


@require_http_methods(["GET", "HEAD", "POST"])
def exception_new(request: HttpRequest) -> HttpResponse:
    """Ask for an exception."""
    actor = actor_of(request)
    require(actor, "exception.request")
    if request.method != "POST":
        wanted = {name: request.GET.get(name, "") for name in ("rule", "control", "kind", "scope")}
        return _form_page(request, ExceptionForm(initial=wanted))
    form = ExceptionForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, status=400)
    try:
        row = exception_request(actor=actor, now=now_of(request), fields=form.written())
    except (InvalidInput, Conflict, Forbidden) as refusal:
        form.add_refusal(refusal)
        refusals.keep(request, refusal)
        return _form_page(request, form, status=refusal.status)
    messages.success(request, f"{row.key} is asked for. Somebody else decides.")
    return redirect("compliance:exception", row.key)


def _form_page(request: HttpRequest, form: ExceptionForm, *, status: int = 200) -> HttpResponse:
    return render(request, "compliance/controls/exception_form.html", {"form": form}, status=status)
