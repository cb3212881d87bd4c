"""The status page as anybody sees it: no sign-in, no cookie, no script."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from incidents.models import StatusComponent, StatusSubscriber
from incidents.selectors.statuspage import (
    StatusPage,
    notice_numbered,
    notices_of_month,
    page_data,
    status_page,
)
from incidents.services.statuspage.feed import CONTENT_TYPE, feed_of
from incidents.services.statuspage.links import CONFIRM, MANAGE, subscriber_in
from incidents.services.statuspage.subscribers import (
    subscriber_ask,
    subscriber_choose,
    subscriber_confirm,
    subscriber_leave,
)
from incidents.web.statuspage_forms import ChoiceForm, SubscribeForm
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound, Refusal
from opsportal.web.requests import now_of

ANYBODY = Actor.anonymous()
FRESH_SECONDS = 15


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Show how everything stands."""
    page = status_page(now_of(request))
    return _kept(request, render(request, "incidents/statuspage/page.html", _context(page)))


@require_safe
def as_json(request: HttpRequest) -> HttpResponse:
    """Give the front page to programs; any site may read it."""
    content = json.dumps(page_data(status_page(now_of(request))))
    response = _kept(request, HttpResponse(content, content_type="application/json"))
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """Give the feed."""
    return _kept(request, HttpResponse(feed_of(status_page(now_of(request))), content_type=CONTENT_TYPE))


@require_safe
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one notice with all that was said."""
    page = status_page(now_of(request))
    context = _context(page) | {"notice": notice_numbered(pk)}
    return _kept(request, render(request, "incidents/statuspage/notice.html", context))


@require_safe
def past(request: HttpRequest) -> HttpResponse:
    """Show the notices of a month; this one unless the query names another (`?month=2026-11`)."""
    now = now_of(request)
    month = _month(request.GET.get("month", ""), now.date())
    context = _context(status_page(now)) | {
        "month": month,
        "notices": notices_of_month(month),
        "before": _shifted(month, -1),
        "after": _shifted(month, 1) if month < now.date().replace(day=1) else None,
    }
    return _kept(request, render(request, "incidents/statuspage/history.html", context))


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Ask an address whether it wants to be told. The answer is the same for every address.

    Without a cookie there is no token against forged posts; what one could bring about is a question to
    an address, as this form lets anybody do.
    """
    form = SubscribeForm(_posted(request), components=_shown())
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            subscriber_ask(actor=ANYBODY, now=now_of(request), **form.cleaned_data)
        except Refusal as refusal:
            form.add_refusal(refusal)
            status = refusal.status
        else:
            return _said(request, "Look into your mail", "We have sent a link there. Follow it to confirm.")
    context = _context(status_page(now_of(request))) | {"form": form}
    return _private(render(request, "incidents/statuspage/subscribe.html", context, status=status))


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, signed: str) -> HttpResponse:
    """Ask with a button whether it was them: opening the link, as mail scanners do, changes nothing."""
    pk = subscriber_in(CONFIRM, signed)
    if request.method == "POST":
        subscriber_confirm(actor=ANYBODY, now=now_of(request), pk=pk)
        return _said(request, "You are subscribed", "Every mail has a link to change or end it.")
    context = _context(status_page(now_of(request))) | {"address": _subscriber(pk).email}
    return _private(render(request, "incidents/statuspage/confirm.html", context))


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def manage(request: HttpRequest, signed: str) -> HttpResponse:
    """Let a subscriber change or end their subscription; a mail program's POST ends it (RFC 8058)."""
    pk = subscriber_in(MANAGE, signed)
    if request.method == "POST" and request.POST.get("do") != "choose":
        subscriber_leave(actor=ANYBODY, now=now_of(request), pk=pk)
        return _said(request, "You are not subscribed any more", "Your address has been deleted here.")
    subscriber = _subscriber(pk)
    form = ChoiceForm(_posted(request), components=_shown(), initial={"components": subscriber.components})
    if form.is_valid():
        wanted = form.cleaned_data["components"]
        subscriber_choose(actor=ANYBODY, now=now_of(request), pk=pk, components=wanted)
        return _said(request, "Saved", "You hear of what you chose.")
    status = 400 if form.is_bound else 200
    context = _context(status_page(now_of(request))) | {"form": form, "address": subscriber.email}
    return _private(render(request, "incidents/statuspage/manage.html", context, status=status))


@require_safe
def moved(request: HttpRequest) -> HttpResponse:
    """Lead `/status` to the page."""
    return redirect("incidents:status", permanent=True)


def _context(page: StatusPage) -> dict[str, Any]:
    return {"page": page, "copy": False, "root": "/status/", "style": static("opsportal/status.css")}


def _posted(request: HttpRequest) -> QueryDict | None:
    """Return what was sent, nothing at all too: an empty form is a wrong one."""
    return request.POST if request.method == "POST" else None


def _shown() -> list[StatusComponent]:
    return list(StatusComponent.objects.filter(state="shown"))


def _subscriber(pk: int) -> StatusSubscriber:
    found = StatusSubscriber.objects.filter(pk=pk).exclude(state="left").first()
    if found is None:
        raise NotFound("This subscription has ended. You can subscribe anew on the status page.")
    return found


def _said(request: HttpRequest, heading: str, text: str) -> HttpResponse:
    context = _context(status_page(now_of(request))) | {"heading": heading, "text": text}
    return _private(render(request, "incidents/statuspage/said.html", context))


def _kept(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Let proxies keep a page for a moment: many look at the same time, and mostly when things are slow."""
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={FRESH_SECONDS}"}
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers=headers)
    for name, value in headers.items():
        response[name] = value
    return response


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response


def _month(text: str, today: date) -> date:
    try:
        given = date.fromisoformat(f"{text}-01") if text else today
    except ValueError:
        raise NotFound("There is no such month.") from None
    return min(given, today).replace(day=1)


def _shifted(month: date, by: int) -> date:
    number = month.year * 12 + month.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)
