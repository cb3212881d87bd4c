"""Saying "I have it", by whichever way the page came."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.writes import write
from opsportal.notify.models import ContactMethod, Page
from opsportal.notify.services.paging import pages_end
from opsportal.notify.states import PAGE
from opsportal.outbox.services import outbox_put


def page_acknowledge(*, actor: Actor, now: datetime, pk: UUID) -> Page:
    """Let the actor say that they have what a page tells of, and return the page that this ended.

    Nothing more of it goes out, and `notify.page.acknowledged` tells whoever paged them. Said again,
    nothing is written. A link of an older page acknowledges the one that took over. What was sent to a
    channel target may be acknowledged by anybody who has an account: the topic says who. A test that is
    acknowledged is its receipt. Raises `NotFound`, `Forbidden` for somebody else's page, and
    `IllegalMove` where it is settled already.
    """
    with write(actor=actor, now=now):
        row = _locked(pk)
        require(actor, "page.acknowledge", row)
        if row.target_id is not None:
            _tell(actor, now, row)
            return row
        if row.state == "acknowledged":
            return row
        PAGE.move(row.state, "acknowledge")
        pages_end([row.pk], "acknowledge", now=now)
        if row.purpose == Page.Purpose.TEST:
            _confirm(row, now)
        else:
            _tell(actor, now, row)
        row.refresh_from_db()
        return row


def _locked(pk: UUID) -> Page:
    """Return the page with its row locked, or the one that took over from it."""
    locked = Page.objects.select_for_update(of=("self",)).select_related("target", "recipient")
    found = locked.filter(pk=pk).exclude(purpose=Page.Purpose.CODE).first()
    if found is None:
        raise NotFound("There is no such page.")
    # While we waited for its row, a newer page may have taken over; and once more from that one.
    while found.state == "superseded":
        later = Page.objects.filter(
            reference=found.reference, recipient_id=found.recipient_id, purpose=found.purpose
        ).exclude(state="superseded")
        newest = later.order_by("-created_at", "-id").values_list("pk", flat=True).first()
        if newest is None:
            return found
        found = locked.get(pk=newest)
    return found


def _tell(actor: Actor, now: datetime, row: Page) -> None:
    audit_record(
        actor=actor,
        now=now,
        action="page.acknowledged",
        object_kind="page",
        object_key=str(row.pk),
        data={"reference": row.reference},
    )
    if row.reference:
        outbox_put(
            now=now,
            topic="notify.page.acknowledged",
            payload={"reference": row.reference, "user": actor.id, "at": now.isoformat()},
            key=row.reference,
        )


def _confirm(row: Page, now: datetime) -> None:
    """Record that a message by this method really arrived."""
    if row.method_id is None:
        return
    method = ContactMethod.objects.select_for_update().filter(pk=row.method_id).first()
    if method is not None:
        method.confirmed_at = now
        method.version += 1
        method.save()
