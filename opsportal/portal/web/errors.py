"""Trouble outside of any view: unknown addresses, forged forms, crashes. API paths get a problem document."""

from __future__ import annotations

import sys

import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from opsportal.api.problems import problem_response
from opsportal.core.correlation import correlation_id
from opsportal.core.errors import Forbidden, InvalidInput, NotFound, Refusal, TooLarge, Unavailable
from opsportal.core.uploads import too_large
from opsportal.web import refusals
from opsportal.web.public import signs_in_itself, without_secret
from opsportal.web.requests import actor_of

log = structlog.get_logger(__name__)


class Crash(Refusal):
    """Our own mistake (500). The trace is in the log under the correlation id, never in the answer."""

    status = 500
    code = "internal_error"
    title = "That was our mistake"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses to read: malformed, too many fields, too large, a foreign host."""
    refusal: Refusal = InvalidInput.of("", "malformed", "This request cannot be read.")
    if isinstance(exception, RequestDataTooBig):
        log.info("too_large", path=without_secret(request.path))
        refusal = too_large(exception)
    if signs_in_itself(request.path):
        return problem_response(request, refusal)
    return _plain("413.html" if isinstance(refusal, TooLarge) else "400.html", refusal)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer `PermissionDenied` of Django and of libraries (the admin)."""
    if signs_in_itself(request.path):
        return problem_response(request, Forbidden())
    return refusals.answer(request, Forbidden())


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token is missing or old: a page that was open for too long, or a forgery."""
    log.warning("csrf_failed", reason=reason, path=without_secret(request.path))
    refusal = Forbidden(
        "This form was open for too long, or did not come from this portal."
        " Go back, load the page again, and send it once more.",
        code="csrf_failed",
    )
    return (
        problem_response(request, refusal) if signs_in_itself(request.path) else _plain("403.html", refusal)
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that leads nowhere."""
    if signs_in_itself(request.path):
        return problem_response(request, NotFound("There is no such endpoint."))
    refusal = NotFound()
    return refusals.answer(request, refusal) if actor_of(request).is_user else _plain("404.html", refusal)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a crash; where the database was away for middleware or session, say that (503) instead."""
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        away = Unavailable("The database is away.")
        return problem_response(request, away) if signs_in_itself(request.path) else refusals.unavailable()
    return (
        problem_response(request, Crash()) if signs_in_itself(request.path) else _plain("500.html", Crash())
    )


def _plain(template: str, refusal: Refusal) -> HttpResponse:
    notice = {
        "detail": refusal.detail if refusal.detail != refusal.title else "",
        "correlation": correlation_id(),
    }
    return HttpResponse(render_to_string(template, {"notice": notice}), status=refusal.status)
