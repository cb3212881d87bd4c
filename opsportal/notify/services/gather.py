"""Digests: what is low waits in the one that gathers for its reader, until that closes and goes out.

Once: who closes a digest changes its state by a conditional UPDATE, and writes its text and its one
delivery in the same transaction. Killed in between, nothing has happened; afterwards the delivery goes
the way of all deliveries, under the same Message-ID at every attempt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from opsportal.accounts.models import User
from opsportal.core.connections import drop_broken_connection
from opsportal.core.correlation import new_correlation_id
from opsportal.core.faultpoints import reached
from opsportal.notify.channels.email import one_line
from opsportal.notify.models import Delivery, Digest, DigestItem, Notification
from opsportal.notify.states import DIGEST
from opsportal.notify.topics import topics
from opsportal.outbox.services import wakeup

Outcome = DigestItem.Outcome
_BATCH = 100
_log = structlog.get_logger(__name__)


class DigestError(Exception):
    """Some digests could not be closed; the others were."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notification for the digest of its reader by `channel`, which closes at `due_at` where it is new."""

    notification: Notification
    channel: str
    due_at: datetime


def digests_gather(waiting: Sequence[Waiting], *, now: datetime) -> None:
    """Put each of `waiting` into the digest that gathers for its reader and channel, or begin one.

    Inside a transaction. Locks the readers first, in one order: where a digest is closed meanwhile a new one
    begins, which has no place in the order of those that are locked already, and two who tell many people
    would wait for each other.
    """
    if not waiting:
        return
    readers = User.objects.select_for_update(no_key=True).order_by("pk")
    list(readers.filter(pk__in={each.notification.recipient_id for each in waiting}).values_list("pk"))
    left = {(each.notification.recipient_id, each.channel): list[Waiting]() for each in waiting}
    for each in waiting:
        left[each.notification.recipient_id, each.channel].append(each)
    items = list[DigestItem]()
    while left:
        Digest.objects.bulk_create(
            [
                Digest(recipient_id=person, channel=channel, due_at=group[0].due_at, created_at=now)
                for (person, channel), group in sorted(left.items())
            ],
            ignore_conflicts=True,
        )
        gathering = Digest.objects.select_for_update().filter(
            state="gathering", recipient__in={person for person, _ in left}
        )
        for digest in gathering.order_by("recipient_id", "channel"):
            for each in left.pop((digest.recipient_id, digest.channel), []):
                items.append(DigestItem(digest=digest, notification=each.notification))
    DigestItem.objects.bulk_create(items)


def digests_close(*, clock: Callable[[], datetime]) -> int:
    """Close every digest whose time has come and hand it to its channel; return how many go out.

    `clock` is the database's (aware UTC). Each has a transaction of its own. Raises `DigestError` at
    the end where one of them failed, so that the heart does not beat.
    """
    sent, failed = 0, set[UUID]()
    while True:
        now = clock()
        due = Digest.objects.filter(state="gathering", due_at__lte=now).exclude(pk__in=failed)
        some = list(due.order_by("due_at", "id").values_list("pk", flat=True)[:_BATCH])
        for pk in some:
            try:
                sent += _close(pk, now)
            except Exception:  # noqa: BLE001 - logged; one bad digest must not hold up the others
                _log.exception("notify.digest_failed", digest=str(pk))
                drop_broken_connection()
                failed.add(pk)
        if len(some) < _BATCH:
            break
    if failed:
        raise DigestError(f"{len(failed)} digests could not be closed")
    return sent


def _close(pk: UUID, now: datetime) -> bool:
    with transaction.atomic():
        ours = Digest.objects.filter(pk=pk, state="gathering", due_at__lte=now).update(
            state=DIGEST.move("gathering", "close"), due_at=None, closed_at=now
        )
        if not ours:
            return False
        digest = Digest.objects.select_related("recipient").get(pk=pk)
        items = list(digest.items.select_related("notification").order_by("notification__created_at", "id"))
        told = _sort_out(items, now) if digest.recipient.is_active else []
        DigestItem.objects.bulk_update(items, ["outcome"])
        if told:
            digest.subject = "1 reminder or news" if len(told) == 1 else f"{len(told)} reminders and news"
            digest.body = digest_text(told)
            digest.correlation_id = new_correlation_id()
            Delivery.objects.create(digest=digest, channel=digest.channel, due_at=now, created_at=now)
            transaction.on_commit(partial(wakeup.ask, "notify.deliver"), robust=True)
        else:
            digest.state = DIGEST.move("gathering", "drop")
        digest.save(update_fields=["state", "subject", "body", "correlation_id"])
        reached("notify.digest_before_commit")
        return bool(told)


def _sort_out(items: list[DigestItem], now: datetime) -> list[Notification]:
    """Give each item its outcome; return what is to be told, in the order in which it came up."""
    wanted = _still_wanted([item.notification for item in items], now)
    for item in items:
        if item.notification.read_at is not None:
            item.outcome = Outcome.READ
        else:
            item.outcome = Outcome.TOLD if item.notification.pk in wanted else Outcome.SETTLED
    return [item.notification for item in items if item.outcome == Outcome.TOLD]


def _still_wanted(rows: list[Notification], now: datetime) -> set[UUID]:
    by_topic: dict[str, list[Notification]] = defaultdict(list)
    for row in rows:
        by_topic[row.topic].append(row)
    wanted = set[UUID]()
    for name, same in by_topic.items():
        topic = topics.get(name)
        ask = topic.still_wanted if topic else None
        known = {row.reference for row in same if row.reference}
        matter = ask(same[0].recipient_id, known, now) if ask and known else known
        wanted |= {row.pk for row in same if not row.reference or row.reference in matter}
    return wanted


def digest_text(told: Iterable[Notification]) -> str:
    """Return the text of a digest: what is about the same thing stands together, with where it leads."""
    groups: dict[str, list[Notification]] = defaultdict(list)
    for row in told:
        groups[row.about].append(row)
    parts = []
    for about, rows in sorted(groups.items(), key=lambda group: not group[0]):  # the nameless last
        lines = [one_line(about) or "Other news"]
        lines += [f"- {one_line(row.subject)}" for row in rows]
        lines += [f"  {settings.PUBLIC_URL}{url}" for url in dict.fromkeys(row.url for row in rows) if url]
        parts.append("\n".join(lines))
    return "\n\n".join(["What could wait until now:", *parts])
