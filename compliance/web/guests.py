"""External auditors: let in by their link, confined to what was opened to them, every look recorded first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth import login, logout
from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from compliance.auditing.reading import REFUSED
from compliance.models import AuditorAccess
from compliance.selectors.audits.seen import audits_open_to
from compliance.services.audits.access import OVER, access_entered, access_of_link, ending_of, read_record
from opsportal.core.clock import database_now
from opsportal.core.errors import Forbidden
from opsportal.web import refusals
from opsportal.web.lane import comes_from_a_machine
from opsportal.web.public import is_public
from opsportal.web.requests import actor_of

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
CAME_AS_GUEST = "opsportal_guest"
"""The cookie by which a guest, whose session is over, is told so. It lets nobody in."""
_REMEMBERED = timedelta(days=400)
_READS = frozenset({"GET", "HEAD"})
_NO_LOOKS = frozenset({"admin:jsi18n"})
"""Pages that show nothing: words for the calendar of a form."""


class GuestMiddleware:
    """Lets a guest see what was opened to them, by the database's clock, and nothing else.

    Closed by default: of the portal's pages only those of the back office, which shows a guest the rows of
    their audit alone, and signing out. Stands behind the sign-in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        _record(request, is_refused=response.status_code >= 400)
        if CAME_AS_GUEST not in request.COOKIES or is_public(request.path) or comes_from_a_machine(request):
            return response
        actor = actor_of(request)
        if actor.is_user and not actor.is_guest:
            response.delete_cookie(CAME_AS_GUEST)
        elif not actor.is_user and _leads_to_sign_in(response):
            access = _remembered(request)
            return response if access is None else _over(request, access)
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> HttpResponse | None:
        # Before anybody is asked for: who looks at the session makes the answer differ by cookie.
        if request.path.startswith("/static/") or is_public(request.path) or comes_from_a_machine(request):
            return None
        actor = actor_of(request)
        if not actor.is_guest:
            return None
        opened = list(audits_open_to(actor.id, database_now()))
        if not opened:
            last = _accesses().filter(person_id=UUID(actor.id)).order_by("-ends_at", "-id").first()
            logout(request)
            if last is None:
                return refusals.answer(request, Forbidden(OVER, code="access_over"))
            return _over(request, last)
        if request.path == "/":
            return HttpResponseRedirect("/admin/compliance/audit/")
        if not _is_opened(request):
            refusal = Forbidden("An external auditor reads the audit that was opened to them, and no more.")
            refusals.keep(request, refusal)
            return refusals.answer(request, refusal)
        request.guest_look = (opened, [*args, *kwargs.values()])  # type: ignore[attr-defined]
        return None


def _accesses() -> QuerySet[AuditorAccess]:
    return AuditorAccess.objects.select_related("audit__lead", "person")


def _leads_to_sign_in(response: HttpResponseBase) -> bool:
    return isinstance(response, HttpResponseRedirect) and response.url.startswith(reverse("account_login"))


def _remembered(request: HttpRequest) -> AuditorAccess | None:
    try:
        pk = signing.loads(request.COOKIES[CAME_AS_GUEST], salt=CAME_AS_GUEST, max_age=_REMEMBERED)
    except signing.BadSignature:
        return None
    return _accesses().filter(pk=pk).first()


def _over(request: HttpRequest, access: AuditorAccess) -> HttpResponse:
    """Tell a guest that their access is over, or that they are signed out and how they come in again."""
    now = database_now()
    is_open = access.is_open(now) and access.person.is_active
    context = {
        "heading": "You are signed out" if is_open else f"Your access to {access.audit.key} is over",
        "audit": access.audit,
        "is_open": is_open,
        "ending": "" if is_open else ending_of(access, now),
        "next": request.path,
    }
    return render(request, "compliance/audits/guest_over.html", context, status=403)


def _is_opened(request: HttpRequest) -> bool:
    if not request.path.startswith("/admin/"):
        return False
    return request.method in _READS or request.path.endswith("/export/")


def _record(request: HttpRequest, *, is_refused: bool) -> None:
    """Write down a guest's look before the answer leaves: what cannot be recorded is not seen.

    An answer of 400 and more showed nothing; it is kept as an attempt that was refused.
    """
    look: tuple[list[AuditorAccess], Iterable[object]] | None = getattr(request, "guest_look", None)
    if look is None:
        return
    opened, given = look
    match = request.resolver_match
    page = (match.view_name if match else "") or request.path
    if page in _NO_LOOKS:
        return
    subject = " ".join(f"{value}" for value in given if isinstance(value, str | int))
    for access in opened:
        read_record(
            actor=actor_of(request),
            now=database_now(),
            access=access,
            page=f"{REFUSED}{page}" if is_refused else str(page),
            subject=subject,
        )


@never_cache
@require_http_methods(["GET", "POST"])
def guest_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Show what a link opens; its button lets the guest in. Refuses it before and after its time."""
    try:
        access = access_of_link(secret, database_now())
    except Forbidden as refusal:
        refusals.keep(request, refusal)
        is_ahead = refusal.code == "access_ahead"
        context = {"heading": "Not yet" if is_ahead else "Your access is over", "ending": refusal.detail}
        return render(request, "compliance/audits/guest_over.html", context, status=refusal.status)
    if request.method == "GET":
        return render(request, "compliance/audits/guest.html", {"access": access, "audit": access.audit})
    if request.user.is_authenticated:
        logout(request)
    login(request, access.person, backend=BACKEND)
    request.session.set_expiry(min(int((access.ends_at - database_now()).total_seconds()), 12 * 3600))
    request.actor = access.person.actor  # type: ignore[attr-defined]
    access_entered(actor=access.person.actor, now=database_now(), pk=access.pk)
    response = HttpResponseRedirect(f"/admin/compliance/audit/{access.audit_id}/work/")
    response.set_cookie(
        CAME_AS_GUEST,
        signing.dumps(access.pk, salt=CAME_AS_GUEST),
        max_age=_REMEMBERED,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response
