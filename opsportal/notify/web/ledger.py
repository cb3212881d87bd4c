"""The ledger of one page: each way, each attempt, and what the other side gave as its receipt."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from opsportal.core.access import require
from opsportal.core.errors import NotFound
from opsportal.notify.channels import ways
from opsportal.notify.selectors import page_with_attempts
from opsportal.web.people import remember_people
from opsportal.web.requests import actor_of


@require_safe
def page_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what came of a page to whom it is for, and to administrators and auditors."""
    actor = actor_of(request)
    row = page_with_attempts(pk)
    if row is None:
        raise NotFound("There is no such page.")
    require(actor, "page.see", row)
    remember_people(request, [("user", str(row.recipient_id))] if row.recipient_id else [])
    steps = [
        (step, way.title if (way := ways.get(step.channel)) else step.channel)
        for step in row.deliveries.all()
    ]
    return render(request, "notify/page.html", {"row": row, "steps": steps})
