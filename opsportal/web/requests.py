"""What a view asks of its request: who acts, when, and how the answer is shown."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now


def actor_of(request: HttpRequest) -> Actor:
    """Return who acts; asked for the first time it may read session and user."""
    actor = getattr(request, "actor", None)
    if isinstance(actor, Actor):
        return actor
    user = getattr(request, "user", None)
    actor = Actor.anonymous() if user is None or not user.is_authenticated else user.actor
    request.actor = actor  # type: ignore[attr-defined]
    return actor


def is_guest(request: HttpRequest) -> bool:
    """Return whether somebody from outside asks, who sees what was opened to them and nothing else."""
    return actor_of(request).is_guest


def now_of(request: HttpRequest) -> datetime:
    """Return the instant of this request (aware, UTC): the same one wherever it is asked for."""
    moment = getattr(request, "moment", None)
    if not isinstance(moment, datetime):
        moment = edge_now()
        request.moment = moment  # type: ignore[attr-defined]
    return moment


def is_htmx(request: HttpRequest) -> bool:
    """Return whether htmx asks for a fragment, rather than the browser for a page."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def page_before(request: HttpRequest) -> str:
    """Return the path of our page that the request came from, `/` where that is not known."""
    address = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path or "/"


def sign_in_url(came_from: str) -> str:
    """Return the path of the sign-in page that leads back to `came_from`, a path of ours."""
    page = reverse("account_login")
    return page if came_from in {"", "/"} else f"{page}?{urlencode({'next': came_from})}"
