"""Pages across apps: home and search. They lay out what apps have registered, and know none of them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from opsportal.core.errors import InvalidInput
from opsportal.core.keys import parse_key
from opsportal.core.registry import SearchHit, key_urls, search_sources
from opsportal.core.text import clean_text
from opsportal.web.context import THEME_COOKIE, THEMES
from opsportal.web.panels import rendered_panels
from opsportal.web.requests import actor_of

MAX_SEARCH = 200
HITS_PER_SOURCE = 15
_YEAR = 365 * 24 * 60 * 60


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what waits for the reader, what is on, and what is broken."""
    return render(
        request,
        "portal/home.html",
        {place: rendered_panels(request, f"home.{place}") for place in ("waiting", "on", "broken")},
    )


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Go straight to the thing that a key names; else list what the apps find for the text."""
    text = clean_text(request.GET.get("q", ""), field="q", max_length=MAX_SEARCH, lines=False)
    parsed = parse_key(text)
    if parsed and (resolver := key_urls.get(parsed[0])) is not None:
        return redirect(resolver(parsed[1]))
    return render(request, "portal/search.html", {"search_text": text, "hits": _hits(request, text)})


def _hits(request: HttpRequest, text: str) -> list[SearchHit]:
    if not text:
        return []
    actor = actor_of(request)
    return [hit for source in search_sources.values() for hit in source(actor, text, HITS_PER_SOURCE)]


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the choice of light or dark in a cookie, so that the server draws the first paint right."""
    chosen = request.POST.get("theme", "")
    if chosen not in THEMES:
        raise InvalidInput.of("theme", "unknown", f"theme must be one of: {', '.join(THEMES)}.")
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = "/"
    response = redirect(target)
    response.set_cookie(
        THEME_COOKIE, chosen, max_age=_YEAR, secure=request.is_secure(), samesite="Lax", httponly=True
    )
    return response
