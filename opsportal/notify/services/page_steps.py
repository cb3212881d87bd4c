"""What sending asks of a page: what to hand over, whether it still matters, and who is next."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import Q

from opsportal.core.actor import Actor
from opsportal.core.sealing import BrokenSealError
from opsportal.core.writes import write
from opsportal.notify import ack_links, codes
from opsportal.notify.channels import Envelope, RefusedError
from opsportal.notify.models import ContactMethod, Delivery, Page
from opsportal.notify.services.targets import Sealed, sealed_of
from opsportal.notify.states import METHOD, PAGE
from opsportal.outbox.services import outbox_put

SENDER = Actor.system("notify.deliver")


def is_still_wanted(page: Page) -> bool:
    """Return whether `page`, as it was claimed, still has somebody who is to hear of it."""
    if page.state not in {"paging", "failed"}:
        return False
    if page.target is not None:
        return page.target.state == "on"
    return page.recipient is not None and page.recipient.is_active


def envelope_of_page(row: Delivery, *, now: datetime) -> Envelope:
    """Return what is handed over for a step of a page, with its address of this moment.

    Raises `RefusedError` where there is none any more.
    """
    page = row.page
    assert page is not None  # noqa: S101 - the caller has one
    is_code = page.purpose == Page.Purpose.CODE
    token = "" if is_code else ack_links.token_of(page.pk, now=now)
    where = _where(row, page)
    return Envelope(
        delivery_id=row.pk,
        address=where.address,
        secrets=where.secrets,
        subject=page.subject,
        body=_code_text(row) if is_code else page.body,
        link=f"{settings.PUBLIC_URL}{page.url}" if page.url else "",
        urgent=page.urgency == Page.Urgency.HIGH,
        created_at=row.created_at,
        correlation_id=page.correlation_id,
        # A room is no person: there, only a button that tells who pressed it acknowledges.
        ack_link=f"{settings.PUBLIC_URL}/ack/{token}/" if token and page.recipient_id else "",
        ack_token=token,
        recipient=page.recipient.display_name if page.recipient else "",
        reference=page.reference,
        about=page.about,
        now=now,
    )


def _where(row: Delivery, page: Page) -> Sealed:
    """Return the address, and the secrets that sign, of this moment."""
    if page.target is not None:
        try:
            return sealed_of(page.target)
        except BrokenSealError as error:
            raise RefusedError("sealed_under_another_key") from error
    if row.method is not None:
        if row.method.state != "verified" and page.purpose != Page.Purpose.CODE:
            raise RefusedError("not_verified")
        return Sealed(row.method.address)
    if page.recipient is not None and row.channel == "email":
        return Sealed(page.recipient.email)
    raise RefusedError("no_address")


def _code_text(row: Delivery) -> str:
    method = row.method
    if method is None or not method.code_nonce:
        raise RefusedError("code_used_up")
    code = codes.code_of(method.pk, method.code_nonce)
    return f"{code} is your code. It is good for 10 minutes. If you did not ask for it, do nothing."


def next_step_now(page: Page, *, now: datetime) -> None:
    """Let the next step of `page` that has not begun have its turn at once: this one did not get through."""
    waiting = Delivery.objects.filter(page=page, state="waiting", attempt=0)
    following = waiting.order_by("due_at", "position").values_list("pk", flat=True).first()
    if following is not None:
        Delivery.objects.filter(pk=following, state="waiting", due_at__gt=now).update(due_at=now)


def step_given_up(page: Page, *, now: datetime) -> None:
    """Say so (`notify.page.failed`) where that was the last step of `page` and nothing got through.

    Inside the transaction that gives the step up, with the page's row locked by its own change of state.
    """
    hope = Delivery.objects.filter(page=page).filter(Q(state="waiting") | Q(state="sent"))
    if hope.exists():
        return
    failed = Page.objects.filter(pk=page.pk, state="paging").update(
        state=PAGE.move("paging", "fail"), ended_at=now
    )
    if failed and page.purpose == Page.Purpose.PAGE:
        payload = {
            "reference": page.reference,
            "user": str(page.recipient_id or ""),
            "target": page.target.slug if page.target else "",
            "at": now.isoformat(),
        }
        outbox_put(now=now, topic="notify.page.failed", payload=payload, key=page.reference)


def method_failed(method: ContactMethod, code: str, *, now: datetime) -> None:
    """Record that a method leads nowhere: a verified one counts no more, another shows why no code came."""
    with write(actor=SENDER, now=now):
        rows = ContactMethod.objects.select_for_update().filter(state__in=["unverified", "verified"])
        row = rows.filter(pk=method.pk).first()
        if row is not None:
            if row.state == "verified":
                row.state = METHOD.move(row.state, "fail")
            row.error = code
            row.version += 1
            row.save()
