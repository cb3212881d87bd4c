"""What every door for alerts does: know the sender, read the body, answer only what has been committed."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.ingest.arrived import Parsed
from incidents.ingest.own import FORMAT as OWN
from incidents.models import Integration
from incidents.permissions.alerts import SCOPE
from incidents.services.alerts.ingesting import Taken, alerts_ingest
from incidents.services.alerts.keys import require_signature
from incidents.services.alerts.senders import sender_by_account, sender_by_token
from opsportal.accounts.services.tokens import PREFIX as API_PREFIX
from opsportal.accounts.services.tokens import token_check
from opsportal.api.idempotency import HEADER
from opsportal.api.problems import CONTENT_TYPE, problem
from opsportal.api.views import ApiView
from opsportal.catalog.selectors import services_named
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import Forbidden, InvalidInput, Refusal, TooLarge, Unauthenticated, Unavailable
from opsportal.core.ports import record_refusal
from opsportal.web.public import without_secret

MAX_BODY = 2_097_152
"""Bytes; a picture inside an alert fits as well."""
RETRY_AFTER = 5
log = structlog.get_logger(__name__)


class Receiver(ApiView):
    """A door for alerts. A POST or PUT is answered here, in few steps; everything else as by any endpoint.

    Never 429 and never a redirect: senders do not come back after those. Away means 503 with `Retry-After`.
    """

    area = "alerts"
    http_method_names = ["post", "put", "options"]
    kinds: ClassVar[Mapping[str, Integration.Kind]]
    """The kind of integration that a service account gets, by the format of its first message."""

    def parse(self, body: bytes, now: datetime) -> Parsed:
        """Return the alerts of a body. Raises `InvalidInput`."""
        raise NotImplementedError

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a message at once; what asks for idempotency by a header goes the way of any endpoint."""
        bearer = HEADER in request.headers and API_PREFIX in request.META.get("HTTP_AUTHORIZATION", "")
        if request.method not in {"POST", "PUT"} or bearer:
            return super().dispatch(request, *args, **kwargs)
        now = edge_now()
        return answered(request, now, lambda: self._receive(request, now, str(kwargs.get("token", ""))))

    def post(self, request: Request, token: str = "") -> Response:
        """Take a message in under an Idempotency-Key."""
        request.data  # noqa: B018 - reading it reads the body
        now, body = edge_now(), bytes(getattr(request, "raw_body", b""))
        parsed = self.parse(body, now)
        principal: Any = request.user
        kind = self.kinds[parsed.format]
        integration = sender_by_account(actor=self.actor, now=now, account=principal.slug, kind=kind)
        taken = alerts_ingest(actor=self.actor, now=now, integration=integration, parsed=parsed)
        return Response(told(parsed, taken), status=202)

    def _receive(self, request: HttpRequest, now: datetime, token: str) -> HttpResponse:
        secret = secret_of(request) or token
        integration: Integration | None = None
        account = ""
        if secret.startswith(API_PREFIX):
            account, actor = account_of(secret, now)
        else:
            integration, actor = sender_by_token(secret)
        request.actor = actor  # type: ignore[attr-defined] # for the access line
        body = body_of(request)
        if integration is not None:
            require_signature(integration, request.headers, body, now)
        parsed = self.parse(body, now)
        if integration is None:
            kind = self.kinds[parsed.format]
            integration = sender_by_account(actor=actor, now=now, account=account, kind=kind)
        taken = alerts_ingest(
            actor=actor,
            now=now,
            integration=integration,
            parsed=parsed,
            sha256=hashlib.sha256(body).hexdigest(),
        )
        return JsonResponse(told(parsed, taken), status=202)


def answered(request: HttpRequest, now: datetime, receive: Any) -> HttpResponse:
    """Return what `receive` answers, or the problem document of why not, without the path's secret."""
    try:
        response: HttpResponse = receive()
    except Refusal as refusal:
        if isinstance(refusal, Forbidden):
            _record(request, now, refusal)
        return _refused(request, refusal)
    except UnreadablePostError:
        return _refused(request, InvalidInput.of("", "malformed", "The body ended early."))
    except (OperationalError, InterfaceError) as error:
        log.error("database_away", error=str(error))
        return _refused(request, Unavailable("The database is away.", retry_after=RETRY_AFTER))
    return response


def secret_of(request: HttpRequest) -> str:
    """Return the secret of the `Authorization` header, Bearer or Basic (as password, or else as user).

    `""` where there is no header. Raises `Unauthenticated` for one that cannot be read.
    """
    header: str = request.META.get("HTTP_AUTHORIZATION", "").strip()
    if not header:
        return ""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise Unauthenticated("The Authorization header cannot be read.") from None
        return password or user
    raise Unauthenticated("Send the token as 'Authorization: Bearer …', or as the password of Basic.")


def account_of(secret: str, now: datetime) -> tuple[str, Actor]:
    """Return the service account (its slug) of an API token, and who acts.

    Raises `Unauthenticated`, and `Forbidden` where the token lacks the scope.
    """
    token = token_check(secret, now)
    if SCOPE not in token.actor.scopes:
        raise Forbidden(f"This token lacks the scope {SCOPE}.", code="scope_missing")
    return token.account.slug, token.actor


def body_of(request: HttpRequest) -> bytes:
    """Return the body. Raises `TooLarge` past `MAX_BODY`, before any of it is parsed."""
    declared = str(request.META.get("CONTENT_LENGTH") or "0")
    if declared.isdigit() and int(declared) > MAX_BODY:
        raise TooLarge(f"The body may have {MAX_BODY} bytes at most.")
    body: bytes = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise TooLarge(f"The body may have {MAX_BODY} bytes at most.")
    return body


def told(parsed: Parsed, taken: Taken) -> dict[str, Any]:
    """Return what a sender is told of its message."""
    return {
        "status": "accepted",
        "message": taken.message,
        "accepted": len(parsed.alerts),
        "new": taken.stored.new,
        "repeated": taken.stored.repeated,
        "resolved": taken.stored.resolved,
        "refused": [
            {"pointer": error.pointer, "code": error.code, "detail": error.detail} for error in parsed.bad
        ],
        "warnings": [
            *(
                {
                    "pointer": pointer[:500],
                    "code": "control_characters",
                    "detail": "Held a NUL character, which cannot be stored: U+FFFD stands for it now.",
                }
                for pointer in parsed.changed[:100]
            ),
            *(
                {
                    "pointer": "",
                    "code": "unknown_service",
                    "detail": f"There is no service '{name[:60]}': the alert was kept without one.",
                }
                for name in (_unknown_services(parsed) if parsed.format == OWN and taken.stored.new else ())
            ),
        ],
    }


def _unknown_services(parsed: Parsed) -> list[str]:
    named = {alert.service for alert in parsed.alerts if alert.service}
    return sorted(named - set(services_named(named))) if named else []


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    document = problem(refusal, instance=without_secret(request.path))
    response = JsonResponse(document, status=refusal.status, content_type=CONTENT_TYPE)
    if isinstance(refusal, Unavailable):
        response["Retry-After"] = str(refusal.retry_after)
    if isinstance(refusal, Unauthenticated):
        response["WWW-Authenticate"] = "Bearer"
    return response


def _record(request: HttpRequest, now: datetime, refusal: Refusal) -> None:
    actor = getattr(request, "actor", Actor.anonymous())
    try:
        record_refusal(actor, now, str(request.method), without_secret(request.path), refusal)
    except (OperationalError, InterfaceError):
        log.exception("refusal_not_recorded")
