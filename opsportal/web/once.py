"""A form is carried out once, however often it is sent: a double click, a reload of the answer, a bad line.

Each page that is rendered carries another token against forged forms, in all of its forms. The same person
who sends the same content to the same path with the same token sends the same form: its row is stored in the
transaction of its first write, where a twin that runs at the same moment waits. A refusal takes the row back
with everything else, so that what was refused can be sent again. Nothing is asked of a form or a view.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from django.contrib import messages
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from opsportal.core.writes import claiming
from opsportal.web.models import SentForm
from opsportal.web.public import is_public, signs_in_itself
from opsportal.web.requests import actor_of, is_htmx, now_of, page_before

TOKEN: Final = "csrfmiddlewaretoken"  # noqa: S105 - the name of a field
KEPT: Final = timedelta(days=1)
LONGEST: Final = 2_000
_BATCH = 1_000


class SentAlreadyError(Exception):
    """This form was carried out before."""


class OnceMiddleware:
    """Carries the same form out once, and leads its twin where that led. Innermost: it is about views.

    The answer to what htmx sends is a part of the page, so its twin has the page loaded anew. A form whose
    content may come again on purpose (a step that is ticked, opened again and ticked) carries a version.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not _may_be_a_form(request):
            return self.get_response(request)
        own = uuid4().hex
        with claiming(lambda: _claim(_known(request), own, now_of(request))):
            response = self.get_response(request)
        key, location = _known(request), response.headers.get("Location", "")
        if key and location and len(location) <= LONGEST:
            # The write stands; without its place the twin is led back to the page that it came from.
            with suppress(OperationalError, InterfaceError):
                SentForm.objects.filter(key=key, request=own).update(location=location)
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        """Read the form where it is one: after whoever answers one that is too large, or forged."""
        if _may_be_a_form(request):
            request.sent_form = _key(request)  # type: ignore[attr-defined]

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Lead the twin to where the first one led, or back to the page that it was sent from."""
        if not isinstance(exception, SentAlreadyError):
            return None
        messages.info(request, "This was sent before, and was done once. Load the page anew to do it again.")
        if is_htmx(request):
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        found = SentForm.objects.filter(key=_known(request)).values_list("location", flat=True).first()
        return HttpResponseRedirect(found or page_before(request))


def sent_prune(*, now: datetime) -> int:
    """Forget the forms that were sent more than a day before `now` (aware UTC); return how many.

    In batches, each a transaction of its own.
    """
    pruned = 0
    while True:
        old = SentForm.objects.filter(sent_at__lt=now - KEPT).order_by("sent_at")
        batch = list(old.values_list("pk", flat=True)[:_BATCH])
        pruned += SentForm.objects.filter(pk__in=batch).delete()[0]
        if len(batch) < _BATCH:
            return pruned


def _may_be_a_form(request: HttpRequest) -> bool:
    """Return whether somebody who is signed in may have sent it from a page; without a look at who it is."""
    path = request.path
    is_page = not (path.startswith("/api/") or is_public(path) or signs_in_itself(path))
    return request.method == "POST" and is_page


def _known(request: HttpRequest) -> str:
    return str(getattr(request, "sent_form", ""))


def _claim(key: str, own: str, now: datetime) -> None:
    """Store that this request carries the form out. Raises `SentAlreadyError` where another one did."""
    if not key:
        return
    row = SentForm(key=key, request=own, sent_at=now)
    SentForm.objects.bulk_create([row], ignore_conflicts=True)
    if not SentForm.objects.filter(key=key, request=own).exists():
        raise SentAlreadyError


def _key(request: HttpRequest) -> str:
    """Return what tells a form on the page of its reader from every other, empty for what is no such form."""
    # Who it is, is asked for a form alone: that question marks the answer as one of a session.
    if not request.POST.get(TOKEN) or not (actor := actor_of(request)).is_user:
        return ""
    digest = hashlib.sha256(f"{actor}\n{request.get_full_path()}".encode())
    for name, values in sorted(request.POST.lists()):
        digest.update(f"\n{name}\n{values!r}".encode(errors="surrogatepass"))
    for name, files in sorted(request.FILES.lists()):
        told = [(one.name, one.size) for one in files]
        digest.update(f"\n{name}\n{told!r}".encode(errors="surrogatepass"))
    return digest.hexdigest()
