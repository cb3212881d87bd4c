"""What follows from a word to the public: its record, the mails that it owes, and the static copy."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F

from incidents.models import StatusCopy, StatusMail, StatusNotice, StatusSubscriber, StatusUpdate
from opsportal.audit.services import audit_record
from opsportal.core.actor import Actor
from opsportal.outbox.services import outbox_put, wakeup

KIND = "status_notice"
BATCH = 1_000


def copy_wanted() -> None:
    """Ask for a new edition of the static copy, in the transaction under way."""
    if not StatusCopy.objects.filter(pk=1).update(wanted=F("wanted") + 1):
        StatusCopy.objects.bulk_create([StatusCopy(pk=1, wanted=0)], ignore_conflicts=True)
        StatusCopy.objects.filter(pk=1).update(wanted=F("wanted") + 1)
    transaction.on_commit(partial(wakeup.ask, "incidents.status_copy"), robust=True)


def said(notice: StatusNotice, update: StatusUpdate, *, actor: Actor, now: datetime, action: str) -> None:
    """Put a word on record, owe its mails to those who want to hear of a component of it, renew the copy."""
    audit_record(
        actor=actor,
        now=now,
        action=f"status_notice.{action}",
        object_kind=KIND,
        object_key=str(notice.pk),
        data={"source": notice.source, "state": notice.state, "update": update.pk, "version": notice.version},
    )
    outbox_put(
        now=now,
        topic="incidents.status_notice.said",
        key=str(notice.pk),
        payload={"notice": notice.pk, "update": update.pk, "source": notice.source, "state": notice.state},
    )
    mails_owe(update, now=now)
    copy_wanted()


def mails_owe(update: StatusUpdate, *, now: datetime) -> int:
    """Owe a mail of `update` to each active subscriber of one of its components; return how many."""
    named = set(update.impacts)
    active = StatusSubscriber.objects.filter(state="active").order_by("pk")
    owed = [
        StatusMail(subscriber_id=pk, update=update, due_at=now, created_at=now)
        for pk, wanted in active.values_list("pk", "components").iterator(BATCH)
        if not wanted or named & set(wanted)
    ]
    StatusMail.objects.bulk_create(owed, ignore_conflicts=True, batch_size=BATCH)
    if owed:
        transaction.on_commit(partial(wakeup.ask, "incidents.status_mail"), robust=True)
    return len(owed)
