"""How a page says no: one mapping from `opsportal.core.errors` to pages and fragments."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from opsportal.core.correlation import correlation_id
from opsportal.core.errors import (
    Conflict,
    FieldError,
    Forbidden,
    IllegalMove,
    InvalidInput,
    NotFound,
    Reason,
    Refusal,
    RuleRefused,
    Stale,
    Unavailable,
)
from opsportal.core.keys import parse_key
from opsportal.core.ports import record_refusal
from opsportal.core.registry import key_urls
from opsportal.core.writes import claiming
from opsportal.web.public import without_secret
from opsportal.web.requests import actor_of, is_htmx, now_of

log = structlog.get_logger(__name__)

_ADVICE: dict[type[Refusal], str] = {
    InvalidInput: "Nothing was changed. Go back, mend what is named here, and send it once more.",
    NotFound: "The address may be mistyped, or it is something that only others may see. Try the search.",
    Forbidden: "If you think that you should be able to, ask an administrator which role you hold.",
    RuleRefused: "Do what the reasons ask for, then try again.",
    Stale: "Look at the present version first, then decide again.",
    IllegalMove: "Somebody may have been quicker. Look at its present state.",
    Conflict: "Look at the present state, then decide again.",
    Unavailable: "Try again in a few seconds.",
}


@dataclass(frozen=True, slots=True)
class RefusalNotice:
    """A refusal as a page or fragment shows it."""

    status: int
    code: str
    title: str
    detail: str
    advice: str
    reasons: tuple[Reason, ...] = ()
    errors: tuple[FieldError, ...] = ()
    back_url: str = ""
    back_label: str = ""
    correlation: str = field(default="")


def notice_of(refusal: Refusal, request: HttpRequest) -> RefusalNotice:
    """Return what there is to show of `refusal`, with the way back to the object of the URL."""
    back_url, back_label = _way_back(request)
    advice = next((_ADVICE[kind] for kind in type(refusal).__mro__ if kind in _ADVICE), "")
    return RefusalNotice(
        status=refusal.status,
        code=refusal.code,
        title=refusal.title,
        detail=refusal.detail if refusal.detail != refusal.title else "",
        advice=advice,
        reasons=refusal.reasons if isinstance(refusal, RuleRefused) else (),
        errors=refusal.errors if isinstance(refusal, InvalidInput) else (),
        back_url=back_url,
        back_label=back_label,
        correlation=correlation_id(),
    )


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Return the page for `refusal`, or for htmx the fragment that goes to the top of the page."""
    template = "components/refusal.html" if is_htmx(request) else "portal/refused.html"
    response = render(request, template, {"notice": notice_of(refusal, request)}, status=refusal.status)
    if isinstance(refusal, Unavailable):
        response["Retry-After"] = str(refusal.retry_after)
    return response


def keep(request: HttpRequest, refusal: Refusal) -> None:
    """Have the refusal written to the audit trail, once the refused write is rolled back.

    Kept is what an auditor asks for: forbidden, and not allowed now. A database that is away at this
    moment must not turn the refusal into a crash.
    """
    if not isinstance(refusal, Forbidden | Conflict):
        return
    try:
        with claiming(None):
            record_refusal(
                actor_of(request), now_of(request), str(request.method), without_secret(request.path), refusal
            )
    except (OperationalError, InterfaceError):
        log.exception("refusal_not_recorded")


def unavailable() -> HttpResponse:
    """Return the 503 page. It needs neither database nor session."""
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "5"})


def _way_back(request: HttpRequest) -> tuple[str, str]:
    match = request.resolver_match
    parsed = parse_key(str(match.kwargs.get("key", ""))) if match else None
    if parsed and (resolver := key_urls.get(parsed[0])) is not None:
        url = resolver(parsed[1])
        if url != request.path:
            return url, f"Back to {parsed[0]}-{parsed[1]}"
    return "/", "Home"
