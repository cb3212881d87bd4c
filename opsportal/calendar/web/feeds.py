"""Feeds for calendar programs: the page of one's own, and what their addresses give."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from opsportal.calendar.feed_text import CONTENT_TYPE, answer
from opsportal.calendar.models import CalendarFeed
from opsportal.calendar.services import feed_create, feed_revoke
from opsportal.calendar.services.feeds import feed_of
from opsportal.catalog.web.answers import FORM_REFUSALS
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.registry import feed_sources
from opsportal.web import refusals
from opsportal.web.requests import actor_of, now_of


@require_http_methods(["GET", "HEAD", "POST"])
def feeds(request: HttpRequest) -> HttpResponse:
    """List one's own feeds; a new one's address is shown in the answer, and never again."""
    actor, address, status = actor_of(request), "", 200
    if request.method == "POST":
        try:
            kind, _, scope = request.POST.get("kind", "").partition(":")
            _, secret = feed_create(actor=actor, now=now_of(request), kind=kind, scope=scope)
            address = settings.PUBLIC_URL + reverse("calendar:feed", args=[secret])
        except FORM_REFUSALS as refusal:
            refusals.keep(request, refusal)
            messages.error(request, refusal.detail)
            status = refusal.status
    context = {
        "address": address,
        "feeds": list(CalendarFeed.objects.filter(user_id=actor.id)[:100]),
        "kinds": list(_kinds(actor)),
    }
    response = render(request, "calendar/feeds.html", context, status=status)
    if address:
        response["Cache-Control"] = "no-store"
    return response


@require_POST
def feed_revoked(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke one of one's own feeds."""
    feed_revoke(actor=actor_of(request), now=now_of(request), pk=pk)
    messages.success(request, "Revoked. Its address shows nothing any more.")
    return redirect("calendar:feeds")


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """Give the calendar file of a feed to whoever has its address. Writes nothing."""
    found, now = feed_of(secret), now_of(request)
    source = feed_sources.get(found.kind)
    if source is None:
        raise NotFound("What this feed showed is not there any more.")
    reader = Actor.user(found.user_id)
    entries = source.entries(reader, found.scope, now - source.back, now + source.ahead)
    name = f"opsportal: {found.title[0].lower()}{found.title[1:]}"
    known = request.headers.get("If-None-Match", "")
    sent = answer(known, entries, name=name, address=settings.PUBLIC_URL, now=now)
    headers = {"ETag": sent.etag, "Cache-Control": "private, no-cache"}
    if sent.content is None:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(sent.content, content_type=CONTENT_TYPE, headers=headers)


def _kinds(actor: Actor) -> Iterator[tuple[str, str]]:
    """Yield what a feed may show: the value of the choice, and its words."""
    for kind, source in feed_sources.items():
        if source.scopes is None:
            yield kind, source.title
        else:
            yield from ((f"{kind}:{key}", f"{source.title}: {title}") for key, title in source.scopes(actor))
