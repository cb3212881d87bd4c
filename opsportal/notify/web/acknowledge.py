"""The page behind a link that was sent with a page: it shows, and its button acknowledges.

Mail scanners open links. Opening this one changes nothing, and tells nobody that it was opened.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from opsportal.core.errors import Refusal
from opsportal.notify.selectors import page_behind
from opsportal.notify.services import page_acknowledge
from opsportal.web import refusals
from opsportal.web.requests import now_of

_TEMPLATE = "notify/acknowledge.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the link is about and whose it is; on POST, acknowledge in that person's name."""
    row = page_behind(token, now=now_of(request))
    if row is None or row.recipient is None:
        return render(request, _TEMPLATE, {"row": None}, status=404)
    context: dict[str, Any] = {"row": row, "person": row.recipient, "done": row.state == "acknowledged"}
    context["open"] = row.state in {"paging", "failed", "superseded"}
    if request.method != "POST":
        return render(request, _TEMPLATE, context)
    request.actor = row.recipient.actor  # type: ignore[attr-defined] # the link is their credential
    try:
        page_acknowledge(actor=row.recipient.actor, now=now_of(request), pk=row.pk)
    except Refusal as refusal:
        refusals.keep(request, refusal)
        return render(request, _TEMPLATE, {**context, "open": False}, status=refusal.status)
    return render(request, _TEMPLATE, {**context, "done": True})
