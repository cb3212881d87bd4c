"""What every request passes: correlation and its log line, a database that is away, sign-in, refusals."""

from __future__ import annotations

import time
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils import timezone

from opsportal.core import correlation
from opsportal.core.errors import Refusal, Unauthenticated
from opsportal.web import refusals
from opsportal.web.caching import kept_by_no_proxy, known_actor
from opsportal.web.public import is_public, signs_in_itself, without_secret
from opsportal.web.requests import actor_of, is_htmx, page_before, sign_in_url

GetResponse = Callable[[HttpRequest], HttpResponseBase]
log = structlog.get_logger("opsportal.access")


class CorrelationMiddleware:
    """Takes or makes the correlation id, returns it, and writes one access line without query and body."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        identifier = correlation.accepted_or_new(request.headers.get(correlation.HEADER))
        with correlation.correlated(identifier):
            response = self.get_response(request)
            log.info(
                "request",
                method=request.method,
                path=without_secret(request.path),
                status=response.status_code,
                duration_ms=round((time.perf_counter() - started) * 1000, 1),
                actor=known_actor(request),
            )
        response[correlation.HEADER] = identifier
        return response


class DatabaseAwayMiddleware:
    """Answers 503 with Retry-After where the database is away or will not answer in time."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError | InterfaceError) and not signs_in_itself(request.path):
            log.error("database_away", error=str(exception))
            return refusals.unavailable()
        return None


class SignInRequiredMiddleware:
    """Lets nobody see a page without signing in, but for those in `opsportal.web.public`.

    Puts the reader's time zone in force, so that forms read and pages show their wall clock.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with timezone.override(timezone.get_default_timezone()):
            response = self.get_response(request)
        kept_by_no_proxy(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> HttpResponse | None:
        if signs_in_itself(request.path):
            return None
        if not actor_of(request).is_user:
            return None if is_public(request.path) else to_sign_in(request)
        timezone.activate(_zone_of(request))
        return None


class TooLargeMiddleware:
    """Answers a form with a file that is too large on the page that it came from.

    Stands before the check of forged forms: that check reads the form first, where only a bare error page
    could follow. Nothing but a page is answered here, so that a forged form gains nothing.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> HttpResponse | None:
        page = getattr(view, "page_of_too_large", None)
        if page is None or request.method != "POST" or not actor_of(request).is_user:
            return None
        try:
            request.POST  # noqa: B018 - reading it reads the form
        except UnreadablePostError:
            return None  # who sent it is gone
        except RequestDataTooBig:
            request._mark_post_parse_error()  # type: ignore[attr-defined] # as Django does before its own page
            log.info("too_large", path=without_secret(request.path))
        else:
            return None
        timezone.activate(_zone_of(request))
        try:
            answer: HttpResponse = page(request, *args, **kwargs)
        except Refusal as refusal:
            return refusals.answer(request, refusal)
        return answer


class RefusalMiddleware:
    """Turns every expected "no" of a page into its page, or into a fragment for htmx."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refusal) or signs_in_itself(request.path):
            return None
        if isinstance(exception, Unauthenticated):
            return to_sign_in(request)
        refusals.keep(request, exception)
        return refusals.answer(request, exception)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Return the answer that leads to the sign-in page and back afterwards."""
    here = request.get_full_path() if request.method in {"GET", "HEAD"} else page_before(request)
    if is_htmx(request):
        return HttpResponse(status=401, headers={"HX-Redirect": sign_in_url(page_before(request))})
    return HttpResponseRedirect(sign_in_url(here))


def _zone_of(request: HttpRequest) -> ZoneInfo:
    try:
        return ZoneInfo(getattr(request.user, "time_zone", "") or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
