"""The reader's notifications."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from opsportal.core.errors import InvalidInput, Stale
from opsportal.notify.selectors import inbox, settings_of, unread_count
from opsportal.notify.services import notification_read, notifications_choose, notifications_read_all
from opsportal.notify.web.forms import SettingsForm, initial_of
from opsportal.web import refusals
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


@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    """Show and take what the reader chooses: quiet hours, the digest, and channels by topic."""
    actor, status = actor_of(request), 200
    row = settings_of(actor.id)
    form = SettingsForm(request.POST or None, initial=initial_of(row), is_staff=actor.is_staff)
    if request.method == "POST":
        status = 400
        if form.is_valid():
            values = form.chosen()
            values["routes"] = {**row.routes, **values["routes"]}
            try:
                notifications_choose(actor=actor, now=now_of(request), **values)
            except (InvalidInput, Stale) as refusal:
                form.add_refusal(refusal)
                refusals.keep(request, refusal)
                status = refusal.status
            else:
                messages.success(request, "Saved.")
                return redirect("notify:settings")
    context = {"form": form, "row": row}
    return render(request, "notify/settings.html", context, status=status)
