"""Paging people: now, by one way after the other, until somebody says that they have it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from opsportal.accounts.models import User
from opsportal.core.correlation import correlation_id
from opsportal.notify.channels import ways
from opsportal.notify.models import ContactMethod, Delivery, Notification, Page, ReachPlan
from opsportal.notify.reach import ACCOUNT_EMAIL, Method, PageUrgency, Step, due_at, steps_of
from opsportal.notify.states import DELIVERY, PAGE
from opsportal.outbox.services import wakeup

_MAX_SUBJECT = 200


def page(
    *,
    now: datetime,
    page_key: str,
    recipients: Iterable[UUID | str],
    subject: str,
    body: str,
    url: str = "",
    urgency: PageUrgency = "high",
    about: str = "",
    reference: str = "",
) -> list[Page]:
    """Page these people (ids of users), each by the steps that they chose, and return the new pages.

    Whoever was paged under the same `page_key` is not paged again, and who is not active is left out.
    `url` is a path of the portal, `reference` (`INC-9`) what `page_stop` and an acknowledgement name.
    Quiet hours hold none of it. Of one reference each person has one page that waits: a newer one takes
    over, and keeps the time at which the first began. Joins the transaction under way, or has its own.
    """
    with transaction.atomic():
        people = _locked_people(recipients)
        known = Page.objects.filter(page_key=page_key, recipient__in=people)
        paged = set(known.values_list("recipient_id", flat=True))
        new_ones = [person for person in people if person.pk not in paged]
        began = _supersede([person.pk for person in new_ones], reference, now)
        pages = [
            Page(
                page_key=page_key,
                recipient=person,
                subject=subject[:_MAX_SUBJECT],
                body=body,
                url=url,
                urgency=urgency,
                about=about,
                reference=reference,
                started_at=began.get(person.pk, now),
                created_at=now,
                correlation_id=correlation_id(),
            )
            for person in new_ones
        ]
        Page.objects.bulk_create(pages)
        Delivery.objects.bulk_create(_deliveries(pages, urgency, now))
        _keep_in_the_inbox(pages)
        if pages:
            transaction.on_commit(partial(wakeup.ask, "notify.deliver"), robust=True)
    return pages


def page_stop(*, now: datetime, reference: str) -> int:
    """End every page about `reference`: nothing more of them goes out. Return how many were ended.

    What is being handed over at this moment still arrives. Joins the transaction under way.
    """
    with transaction.atomic():
        rows = Page.objects.select_for_update().filter(
            reference=reference, state__in=["paging", "failed"], purpose=Page.Purpose.PAGE
        )
        found = list(rows.order_by("pk").values_list("pk", flat=True)) if reference else []
        return pages_end(found, "stop", now=now)


def pageable(user_ids: Iterable[UUID | str], *, mail_counts: bool = True) -> set[UUID]:
    """Return which of these people a page can reach: active, with a verified way.

    Where `mail_counts`, the e-mail address of the account does: an administrator gave it, and they signed in
    by it. Else it takes a way of their own that is no mail.
    """
    found = User.objects.filter(pk__in={str(user) for user in user_ids}, is_active=True)
    if mail_counts:
        return set(found.exclude(email="").values_list("pk", flat=True))
    ways = ContactMethod.objects.filter(user__in=found, state="verified").exclude(kind="email")
    return set(ways.values_list("user_id", flat=True))


def pages_end(pks: Iterable[UUID], verb: str, *, now: datetime) -> int:
    """Move these pages, whose rows are locked, by `verb` and let nothing more of them go out."""
    pages = list(Page.objects.filter(pk__in=list(pks)))
    for row in pages:
        row.state = PAGE.move(row.state, verb)
        row.ended_at = now
    Page.objects.bulk_update(pages, ["state", "ended_at"])
    Delivery.objects.filter(page__in=pages, state="waiting").update(
        state=DELIVERY.move("waiting", "skip"), due_at=None, finished_at=now
    )
    return len(pages)


def circuit_of(kind: str, receiver: object) -> str:
    """Return what is left in peace together when a delivery of this kind fails; `""` for all of its kind."""
    way = ways.get(kind)
    return f"{kind}:{receiver}" if way is not None and way.own_circuit else ""


def _locked_people(recipients: Iterable[UUID | str]) -> list[User]:
    """Return the active ones with their rows locked: of one person, one page begins at a time."""
    people = User.objects.select_for_update(no_key=True).filter(
        pk__in={str(person) for person in recipients}, is_active=True
    )
    return list(people.order_by("pk"))


def _supersede(people: list[UUID], reference: str, now: datetime) -> dict[UUID, datetime]:
    """End what waits for these people about `reference`; return when each of that began."""
    if not reference:
        return {}
    rows = Page.objects.select_for_update().filter(
        reference=reference, recipient__in=people, state="paging", purpose=Page.Purpose.PAGE
    )
    older = list(rows.order_by("pk"))
    pages_end([row.pk for row in older], "supersede", now=now)
    return {row.recipient_id: row.started_at for row in older if row.recipient_id is not None}


def _deliveries(pages: list[Page], urgency: PageUrgency, now: datetime) -> list[Delivery]:
    people = [row.recipient_id for row in pages]
    methods = defaultdict[UUID, list[Method]](list)
    for row in ContactMethod.objects.filter(user__in=people, state="verified"):
        methods[row.user_id].append(Method(str(row.pk), row.kind))
    plans = {row.user_id: row for row in ReachPlan.objects.filter(user__in=people)}
    deliveries = list[Delivery]()
    for page_row in pages:
        person = page_row.recipient_id
        assert person is not None  # noqa: S101 - these are people's
        chosen = getattr(plans.get(person), urgency, None) or []
        for position, step in enumerate(steps_of(chosen, methods[person], urgency)):
            deliveries.append(_delivery(page_row, position, step, now))
    return deliveries


def _delivery(row: Page, position: int, step: Step, now: datetime) -> Delivery:
    own = None if step.method.key == ACCOUNT_EMAIL else UUID(step.method.key)
    return Delivery(
        page=row,
        position=position,
        method_id=own,
        channel=step.method.kind,
        circuit="" if own is None else circuit_of(step.method.kind, own),
        due_at=due_at(step, started_at=row.started_at, now=now),
        created_at=now,
    )


def _keep_in_the_inbox(pages: list[Page]) -> None:
    """Let the page stand in the portal's own list, too; it has no deliveries of its own there."""
    Notification.objects.bulk_create(
        [
            Notification(
                message_key=f"page:{row.page_key}"[:160],
                recipient=row.recipient,
                subject=row.subject,
                body=row.body,
                url=row.url,
                urgency=Notification.Urgency.HIGH,
                about=row.about,
                created_at=row.created_at,
                correlation_id=row.correlation_id,
            )
            for row in pages
        ],
        ignore_conflicts=True,
    )
