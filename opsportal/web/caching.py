"""Who a request is known to come from, and what that means for caches."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import LazyObject

from opsportal.core.actor import Actor


def known_actor(request: HttpRequest) -> str:
    """Return who acted as far as it is known already: neither a log line nor a header asks the database."""
    actor = getattr(request, "actor", None)
    if actor is None and not isinstance(user := getattr(request, "user", None), LazyObject):
        actor = getattr(user, "actor", None)
    return str(actor) if isinstance(actor, Actor) else ""


def kept_by_no_proxy(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let no proxy keep what one person sees; the browser may keep it, but asks each time."""
    if known_actor(request):
        response.headers.setdefault("Cache-Control", "private, no-cache")
