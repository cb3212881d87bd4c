"""The reader's notifications."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from opsportal.notify.selectors import inbox, unread_count
from opsportal.notify.services import notification_read, notifications_read_all
from opsportal.web.paging import page_of
from opsportal.web.requests import actor_of, now_of


@require_safe
def inbox_page(request: HttpRequest) -> HttpResponse:
    """List what the reader was told, newest first."""
    actor = actor_of(request)
    page = page_of(inbox(actor.id), request, order=("-created_at", "-id"))
    return render(request, "notify/inbox.html", {"page": page, "unread": unread_count(actor.id)})


@require_POST
def read(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Mark one as read and go where it leads, or back to the list."""
    row = notification_read(actor=actor_of(request), now=now_of(request), pk=pk)
    return redirect(row.url if request.POST.get("open") == "1" and row.url else "notify:inbox")


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all as read."""
    count = notifications_read_all(actor=actor_of(request), now=now_of(request))
    messages.success(request, f"{count} marked as read.")
    return redirect("notify:inbox")
