"""Refusals and errors as RFC 9457 problem details, mapped in this one place."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    Refusal,
    RuleRefused,
    Unauthenticated,
    Unavailable,
)
from opsportal.core.ports import record_refusal
from opsportal.core.secrecy import shortened
from opsportal.core.uploads import too_large

CONTENT_TYPE = "application/problem+json"
log = structlog.get_logger(__name__)


def problem(refusal: Refusal, *, instance: str, status: int | None = None) -> dict[str, Any]:
    """Return the problem document of a refusal. `type` is `urn:opsportal:problem:<code>`."""
    document: dict[str, Any] = {
        "type": f"urn:opsportal:problem:{refusal.code}",
        "title": refusal.title,
        "status": status or refusal.status,
        "detail": refusal.detail,
        "instance": instance,
        "code": refusal.code,
    }
    if isinstance(refusal, InvalidInput):
        document["errors"] = [
            {"pointer": error.pointer, "code": error.code, "detail": error.detail} for error in refusal.errors
        ]
    if isinstance(refusal, RuleRefused):
        document["reasons"] = [reason.as_dict() for reason in refusal.reasons]
    return document


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer every expected trouble of an endpoint; None lets the unexpected become a logged 500."""
    request = context["request"]
    refusal, status, headers = _as_refusal(error)
    if refusal is None:
        return None
    if isinstance(refusal, Forbidden | Conflict):
        actor = getattr(getattr(request, "user", None), "actor", Actor.anonymous())
        try:
            record_refusal(actor, edge_now(), str(request.method), shortened(request.path), refusal)
        except (OperationalError, InterfaceError):
            log.exception("refusal_not_recorded")
    response = Response(problem(refusal, instance=shortened(request.path), status=status), status=status)
    response.content_type = CONTENT_TYPE
    for name, value in headers.items():
        response[name] = value
    return response


def problem_response(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Return the problem outside of an endpoint: unknown URL, crash, database away."""
    response = JsonResponse(
        problem(refusal, instance=shortened(request.path)), status=refusal.status, content_type=CONTENT_TYPE
    )
    if isinstance(refusal, Unavailable):
        response["Retry-After"] = str(refusal.retry_after)
    return response


def _as_refusal(error: Exception) -> tuple[Refusal | None, int, dict[str, str]]:  # noqa: PLR0911 - a table
    match error:
        case Unavailable():
            return error, error.status, {"Retry-After": str(error.retry_after)}
        case Unauthenticated():
            return error, error.status, {"WWW-Authenticate": "Bearer"}
        case Refusal():
            return error, error.status, {}
        case Http404():
            return NotFound(), 404, {}
        case PermissionDenied():
            return Forbidden(), 403, {}
        case RequestDataTooBig():
            return too_large(error), 413, {}
        case SuspiciousOperation():
            return InvalidInput.of("", "malformed", "This request cannot be read."), 400, {}
        case OperationalError() | InterfaceError():
            log.error("database_away", error=str(error))
            return Unavailable("The database is away."), 503, {"Retry-After": "5"}
        case exceptions.APIException():
            return _from_framework(error)
        case _:
            return None, 500, {}


def _from_framework(error: exceptions.APIException) -> tuple[Refusal, int, dict[str, str]]:
    detail = str(error.detail)
    match error:
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return Unauthenticated(detail), 401, {"WWW-Authenticate": "Bearer"}
        case exceptions.PermissionDenied():
            return Forbidden(detail), 403, {}
        case exceptions.NotFound():
            return NotFound(detail), 404, {}
        case exceptions.ParseError():
            return InvalidInput.of("", "malformed", detail), 400, {}
        case _:
            refusal = Refusal(detail, code=str(error.default_code))
            refusal.status = error.status_code
            refusal.title = HTTPStatus(error.status_code).phrase
            return refusal, error.status_code, {}
