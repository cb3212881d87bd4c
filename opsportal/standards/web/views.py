"""Pages of standards: the active one rule by rule, older ones, and which there are."""

from __future__ import annotations

from datetime import UTC

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from opsportal.standards.presentation import groups_of, quotation
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import InForce, in_force_or_none, standard_by_hash, versions
from opsportal.web.paging import page_of
from opsportal.web.people import remember_people
from opsportal.web.requests import now_of


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the standards that are stored, newest first."""
    page = page_of(versions(), request, order=("-id",))
    return render(request, "standards/index.html", {"page": page, "in_force": in_force_or_none()})


@require_safe
def active(request: HttpRequest) -> HttpResponse:
    """Show the active standard rule by rule; without one, say how to put one in force."""
    found = in_force_or_none()
    if found is None:
        return render(request, "standards/none.html", status=503)
    return _standard(request, found.standard, found)


@require_safe
def detail(request: HttpRequest, content_hash: str) -> HttpResponse:
    """Show a stored standard, such as the one that a change was submitted under."""
    return _standard(request, standard_by_hash(content_hash), in_force_or_none())


def _standard(request: HttpRequest, standard: Standard, found: InForce | None) -> HttpResponse:
    if found is not None:
        remember_people(request, [(found.by_kind, found.by_id)])
    return render(
        request,
        "standards/standard.html",
        {
            "standard": standard,
            "in_force": found if found and found.standard == standard else None,
            "review_overdue": standard.is_review_overdue(now_of(request).astimezone(UTC).date()),
            "groups": groups_of(standard),
            "listed": [(one, quotation(one.source)) for one in standard.listed],
        },
    )
