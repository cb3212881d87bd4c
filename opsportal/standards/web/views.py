"""Pages of standards: the active one rule by rule, older ones, which there are, and the review."""

from __future__ import annotations

from datetime import UTC, date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from opsportal.core.access import may, require
from opsportal.core.errors import Conflict, InvalidInput
from opsportal.standards.comparison import compare
from opsportal.standards.models import StandardVersion
from opsportal.standards.original import MAX_BYTES as MAX_DOCUMENT
from opsportal.standards.packs import MAX_BYTES
from opsportal.standards.permissions import Reviewing
from opsportal.standards.presentation import escalations_of, groups_of, quotation, triggers_of
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import (
    InForce,
    consequences_of,
    in_force_or_none,
    lines_of,
    overdue_since,
    reviews_of,
    versions,
)
from opsportal.standards.services import standard_propose, standard_review, standard_store
from opsportal.standards.shelf import (
    other_by_default,
    shipped_shelf,
    standard_readable,
    standing_of,
    standings_of,
)
from opsportal.standards.web.documents import pages_of
from opsportal.standards.web.forms import ProposeForm, ReviewForm
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of, now_of

REVIEWS = 20


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the standards that are stored, newest first, and those that are shipped with the portal."""
    page = page_of(versions(), request, order=("-id",))
    standings = standings_of([row.content_hash for row in page.items])
    lines = lines_of(page.items, _today(request))
    return render(
        request,
        "standards/index.html",
        {
            "page": page,
            "lines": [(line, standings[line.row.content_hash]) for line in lines],
            "shipped": shipped_shelf(),
            "in_force": in_force_or_none(),
            "may_propose": may(actor_of(request), "standards.propose"),
        },
    )


@require_safe
def active(request: HttpRequest) -> HttpResponse:
    """Show the active standard rule by rule; without one, say how to put one in force."""
    found = in_force_or_none()
    if found is None:
        return render(request, "standards/none.html", status=503)
    return _standard(request, found.standard, found)


@require_safe
def detail(request: HttpRequest, content_hash: str) -> HttpResponse:
    """Show a stored standard, such as the one that a change was submitted under, or a shipped one."""
    return _standard(request, standard_readable(content_hash), in_force_or_none())


@require_safe
def differences(request: HttpRequest, reference: str) -> HttpResponse:
    """Show what a standard has other than that of `?with=`, else than its base, or the one in force."""
    own, other = standard_readable(reference), request.GET.get("with", "")
    base = standard_readable(other) if other else other_by_default(own)
    context = {"own": own, "comparison": compare(base, own) if base else None}
    return render(request, "standards/differences.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest) -> HttpResponse:
    """Store a pack, so that a change can name it; what is wrong with it is told, fault by fault."""
    require(actor_of(request), "standards.propose")
    if request.method != "POST":
        form = ProposeForm(initial={"shipped": request.GET.get("shipped", "")})
        return render(request, "standards/propose.html", {"form": form, "shipped": shipped_shelf()})
    form, faults = ProposeForm(request.POST, request.FILES), list[str]()
    if form.is_valid():
        try:
            row = _proposed(form, request)
        except InvalidInput as refusal:
            form.add_error(None, refusal.detail)
            faults = [error.detail for error in refusal.errors]
        except Conflict as refusal:
            form.add_error(None, refusal.detail)
        else:
            messages.success(request, f"{row.title} {row.version} is stored. Raise the change that names it.")
            return redirect("standards:detail", row.content_hash)
    context = {"form": form, "faults": faults, "shipped": shipped_shelf()}
    return render(request, "standards/propose.html", context, status=400)


def _proposed(form: ProposeForm, request: HttpRequest) -> StandardVersion:
    actor, now, file = actor_of(request), now_of(request), form.cleaned_data["file"]
    if file is None:
        return standard_propose(actor=actor, now=now, name=form.cleaned_data["shipped"])
    given = form.cleaned_data["document"]
    document = given.read(MAX_DOCUMENT + 1) if given is not None else None
    source = file.read(MAX_BYTES + 1)
    return standard_store(actor=actor, now=now, source=source, file=file.name, document=document)


@require_POST
def reviewed(request: HttpRequest) -> HttpResponse:
    """Record that the standard in force was reviewed today."""
    form = ReviewForm(request.POST)
    try:
        if form.is_valid():
            standard_review(actor=actor_of(request), now=now_of(request), **form.cleaned_data)
            messages.success(request, "The review is recorded.")
            return redirect("standards:active")
    except InvalidInput as refusal:
        form.add_refusal(refusal)
    found = in_force_or_none()
    if found is None:
        return render(request, "standards/none.html", status=503)
    return _standard(request, found.standard, found, form=form, status=400)


def _today(request: HttpRequest) -> date:
    return now_of(request).astimezone(UTC).date()


def _standard(
    request: HttpRequest,
    standard: Standard,
    found: InForce | None,
    *,
    form: ReviewForm | None = None,
    status: int = 200,
) -> HttpResponse:
    reviews = list(reviews_of(standard.content_hash)[:REVIEWS])
    remember_people(request, [(one.reviewed_by_kind, one.reviewed_by_id) for one in reviews])
    if found is not None:
        remember_people(request, [(found.by_kind, found.by_id)])
    is_active = found is not None and found.standard == standard
    today = _today(request)
    due = reviews[0].next_review if reviews else standard.next_review
    pages = pages_of(standard)
    may_propose = not is_active and may(actor_of(request), "standards.propose")
    may_review = is_active and may(actor_of(request), "standards.review", Reviewing(standard, today))
    return render(
        request,
        "standards/standard.html",
        {
            "standard": standard,
            "in_force": found if is_active else None,
            "review_due": due,
            "overdue_since": overdue_since(due, today),
            "reviews": reviews,
            "document_url": pages.get(standard.document, ""),
            "standing": "in_force" if is_active else standing_of(standard.content_hash),
            "active_hash": found.standard.content_hash if found else "",
            "consequences": consequences_of(standard, today).lines if may_propose else None,
            "may_propose": may_propose,
            "review_form": (form or ReviewForm()) if may_review else None,
            "groups": groups_of(standard, pages),
            "escalations": escalations_of(standard, pages),
            "triggers": triggers_of(standard, pages),
            "listed": [(one, quotation(one.source, pages)) for one in standard.listed],
        },
        status=status,
    )
