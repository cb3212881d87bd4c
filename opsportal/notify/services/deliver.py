"""Sending what waits: claim with a lease, look the address up, hand over, record.

Nothing of a page waits behind a channel that is away: the next step of that page has its turn at once.

At least once: who dies between hand-over and record leaves a lease that runs out, and the next one
sends again under the same Message-ID. Fenced: who stood still and lost the claim sends nothing and
finishes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connections, transaction
from django.db.models import Q

from opsportal.core.connections import drop_broken_connection
from opsportal.core.correlation import correlated, new_correlation_id
from opsportal.core.faultpoints import reached
from opsportal.notify.channels import (
    AddressRefusedError,
    ChannelAwayError,
    Envelope,
    RefusedError,
    Sender,
    SendError,
    TryAgainError,
    channels,
    ways,
)
from opsportal.notify.models import ChannelHealth, Delivery, DeliveryAttempt, Digest, Notification, Page
from opsportal.notify.schedule import loud_at
from opsportal.notify.selectors import rhythms_of
from opsportal.notify.services.page_steps import (
    envelope_of_page,
    is_still_wanted,
    method_failed,
    next_step_now,
    step_given_up,
)
from opsportal.notify.states import DELIVERY
from opsportal.outbox import backoff

LEASE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(minutes=1)
"""So that a page leaves at most a minute after its channel has come back."""
PATIENCE_OF_PAGES = timedelta(hours=2)
"""A page that could not leave for so long is no news any more; those who repeat it make a new one."""
_BUDGET_SECONDS = 6.0
_LONGEST_RECEIPT = 200

Clock = Callable[[], datetime]
Outcome = DeliveryAttempt.Outcome
_log = structlog.get_logger(__name__)


class LostError(Exception):
    """The delivery is no longer ours: the lease ran out and somebody took it over."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours for the lease, under this attempt's number."""

    pk: UUID
    attempt: int
    tries: int
    channel: str
    circuit: str
    created_at: datetime
    row: Delivery
    paused_until: datetime | None = None

    @property
    def message(self) -> Notification | Digest | Page:
        return self.row.message

    @property
    def most_tries(self) -> int:
        """After how many failed tries it is given up."""
        way = ways.get(self.channel) if self.row.page_id else None
        return way.tries if way else backoff.MAX_TRIES


def deliveries_send(*, clock: Clock, hands: int = 1) -> int:
    """Send what is due, pages first, for 6 s at most; return how many were handed over.

    `clock` is the database's (aware UTC). Each of `hands` works in a thread of its own and claims one at a
    time: a receiver that lets us wait holds up one of them, and no lease of what waits runs out. A channel
    that is away is left in peace for a while.
    """
    stop_at = time.monotonic() + _BUDGET_SECONDS
    first = delivery_claim(now=clock())
    if first is None:
        return 0
    if hands == 1:
        return _send_on(first, clock, stop_at)
    with ThreadPoolExecutor(max_workers=hands - 1, thread_name_prefix="deliver") as others:
        helping = [others.submit(_help, clock, stop_at) for _ in range(hands - 1)]
        sent = _send_on(first, clock, stop_at)
        return sent + sum(each.result() for each in helping)


def _help(clock: Clock, stop_at: float) -> int:
    try:
        claim = delivery_claim(now=clock())
        return _send_on(claim, clock, stop_at) if claim else 0
    finally:
        connections.close_all()


def _send_on(claim: Claim | None, clock: Clock, stop_at: float) -> int:
    """Send `claim` and what can be claimed after it."""
    sent = 0
    while claim is not None:
        with correlated(claim.message.correlation_id or new_correlation_id()):
            sent += _deliver(claim, clock)
        claim = delivery_claim(now=clock()) if time.monotonic() < stop_at else None
    return sent


def delivery_claim(*, now: datetime) -> Claim | None:
    """Claim what has been due longest, steps of pages before all else; None if nothing is due.

    What goes through a channel that is left in peace waits, but for the steps of pages: they are claimed,
    so that the next one has its turn.
    """
    with transaction.atomic():
        paused = dict(ChannelHealth.objects.filter(paused_until__gt=now).values_list("name", "paused_until"))
        held_back = Q(circuit__in=paused) | Q(circuit="", channel__in=paused)
        due = (
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related(
                "notification__recipient", "digest__recipient", "page__recipient", "page__target", "method"
            )
            .filter(state="waiting", due_at__lte=now)
            .order_by("due_at", "id")
        )
        row = (
            due.filter(page__isnull=False).first() or due.filter(page__isnull=True).exclude(held_back).first()
        )
        if row is None:
            return None
        row.attempts.filter(outcome=Outcome.STARTED).update(outcome=Outcome.LOST, finished_at=now)
        circuit = row.circuit or row.channel
        claim = Claim(
            row.pk,
            row.attempt + 1,
            row.tries + 1,
            row.channel,
            circuit,
            row.created_at,
            row,
            paused.get(circuit),
        )
        Delivery.objects.filter(pk=row.pk).update(
            attempt=claim.attempt, tries=claim.tries, due_at=now + LEASE
        )
        DeliveryAttempt.objects.create(delivery=row, number=claim.attempt, started_at=now)
        return claim


def _deliver(claim: Claim, clock: Clock) -> int:
    log = _log.bind(delivery=str(claim.pk), channel=claim.channel, attempt=claim.attempt)
    reached("notify.claimed")
    try:
        if claim.tries > claim.most_tries:
            raise RefusedError("worker_died_at_each_try")
        if not _is_wanted(claim):
            _record(claim, clock(), outcome=Outcome.SKIPPED)
            return 0
        if (again_at := _quiet_until(claim.message, clock())) is not None:
            _hold(claim, clock(), again_at)
            return 0
        if claim.paused_until is not None:
            raise ChannelAwayError("left_in_peace")
        receipt = _send(claim, _sender_of(claim), clock)
    except LostError:
        log.warning("notify.lost")
        return 0
    except SendError as error:
        log.warning("notify.failed", error=error.code, kind=type(error).__name__)
        _record_failure(claim, clock(), error)
        return 0
    except Exception as error:
        log.exception("notify.crashed")
        drop_broken_connection()
        _record_failure(claim, clock(), TryAgainError(type(error).__name__[:100]))
        return 0
    reached("notify.after_send")
    _record(claim, clock(), outcome=Outcome.SENT, receipt=receipt)
    return 1


def _is_wanted(claim: Claim) -> bool:
    message = claim.message
    if isinstance(message, Page):
        return is_still_wanted(message)
    return message.recipient.is_active


def _sender_of(claim: Claim) -> Sender:
    found: Sender | None = channels.get(claim.channel)
    if claim.row.page_id is not None:
        way = ways.get(claim.channel)
        if way is not None and not way.is_configured():
            raise ChannelAwayError("not_configured")
        found = way
    if found is None:
        raise TryAgainError("no_such_channel")
    return found


def _quiet_until(message: Notification | Digest | Page, now: datetime) -> datetime | None:
    """Return when the quiet hours end in which its reader is now; None where it may go out.

    They never hold a page, whatever its urgency.
    """
    if isinstance(message, Page) or message.urgency == Notification.Urgency.HIGH:
        return None
    rhythm = rhythms_of([message.recipient])[message.recipient.pk]
    loud = loud_at(now, rhythm)
    return loud if loud > now else None


def _hold(claim: Claim, now: datetime, again_at: datetime) -> None:
    """Put it back until `again_at`: it has run into the quiet hours. It costs no try."""
    _record(replace(claim, tries=claim.tries - 1), now, outcome=Outcome.HELD, again_at=again_at)


def _send(claim: Claim, sender: Sender, clock: Clock) -> str:
    envelope = _envelope(claim, clock())
    if not envelope.address:
        raise RefusedError("no_address")

    def still_ours() -> None:
        reached("notify.before_send")
        # Renewing it proves that it is ours, and gives the hand-over a whole lease.
        renewed = Delivery.objects.filter(pk=claim.pk, attempt=claim.attempt, state="waiting").update(
            due_at=clock() + LEASE
        )
        if not renewed:
            raise LostError

    return sender.send(envelope, before_hand_over=still_ours) or ""


def _envelope(claim: Claim, now: datetime) -> Envelope:
    message = claim.message
    if isinstance(message, Page):
        return envelope_of_page(claim.row, now=now)
    return Envelope(
        delivery_id=claim.pk,
        address=channels[claim.channel].address_of(message.recipient),
        subject=message.subject,
        body=message.body,
        link=f"{settings.PUBLIC_URL}{message.url}" if message.url else "",
        urgent=message.urgency == Notification.Urgency.HIGH,
        created_at=claim.created_at,
        correlation_id=message.correlation_id,
        now=now,
    )


def _record_failure(claim: Claim, now: datetime, error: SendError) -> None:
    page = claim.row.page
    if page is not None:
        next_step_now(page, now=now)
    if isinstance(error, AddressRefusedError) and claim.row.method is not None:
        method_failed(claim.row.method, error.code, now=now)
    if isinstance(error, ChannelAwayError):
        again_at = claim.paused_until or _pause(claim, now, error)
        if page is not None and now - claim.created_at > PATIENCE_OF_PAGES:
            _record(claim, now, outcome=Outcome.CHANNEL_AWAY, error=error.code, verb="give_up")
            return
        # It costs no try, but the row goes behind those that have not been tried. One receiver's own
        # failure is that of this message, too.
        if claim.circuit == claim.channel or claim.paused_until is not None:
            claim = replace(claim, tries=claim.tries - 1)
            again = again_at if page is not None else now
            _record(claim, now, outcome=Outcome.CHANNEL_AWAY, error=error.code, again_at=again)
            return
        error = TryAgainError(error.code)
    elif isinstance(error, TryAgainError) and error.slow:
        _pause(claim, now, error)
    if isinstance(error, RefusedError):
        _record(claim, now, outcome=Outcome.REFUSED, error=error.code, verb="give_up")
    elif claim.tries >= claim.most_tries:
        _record(claim, now, outcome=Outcome.TRY_AGAIN, error=error.code, verb="give_up")
    else:
        again_at = now + backoff.delay_after(claim.tries)
        _record(claim, now, outcome=Outcome.TRY_AGAIN, error=error.code, again_at=again_at)


_VERBS = {Outcome.SENT: "finish", Outcome.SKIPPED: "skip"}


def _record(
    claim: Claim,
    now: datetime,
    *,
    outcome: DeliveryAttempt.Outcome,
    error: str = "",
    verb: str = "",
    again_at: datetime | None = None,
    receipt: str = "",
) -> None:
    """Record what came of an attempt: always on the attempt, on the delivery only while it is ours."""
    verb = verb or _VERBS.get(outcome, "")
    with transaction.atomic():
        if verb == "give_up" and claim.row.page_id is not None:
            # Page first, then delivery: the order of those who stop a page.
            Page.objects.select_for_update().filter(pk=claim.row.page_id).first()
        ours = Delivery.objects.filter(pk=claim.pk, attempt=claim.attempt, state="waiting").update(
            state=DELIVERY.move("waiting", verb) if verb else "waiting",
            due_at=None if verb else again_at,
            finished_at=now if verb else None,
            tries=claim.tries,
            error=error,
        )
        DeliveryAttempt.objects.filter(delivery_id=claim.pk, number=claim.attempt).update(
            outcome=outcome, finished_at=now, error=error, receipt=receipt[:_LONGEST_RECEIPT]
        )
        if outcome == Outcome.SENT:
            ChannelHealth.objects.filter(name=claim.circuit, failures__gt=0).update(
                failing_since=None, failures=0, paused_until=None, error=""
            )
        if ours and verb == "give_up" and claim.row.page is not None:
            step_given_up(claim.row.page, now=now)
    if not ours:
        _log.warning(
            "notify.superseded", delivery=str(claim.pk), attempt=claim.attempt, outcome=outcome.value
        )
    elif verb == "give_up":
        _log.error("notify.given_up", delivery=str(claim.pk), channel=claim.channel, error=error)


def _pause(claim: Claim, now: datetime, error: SendError) -> datetime:
    """Leave the circuit in peace for a while; return until when."""
    with transaction.atomic():
        ChannelHealth.objects.get_or_create(name=claim.circuit)
        row = ChannelHealth.objects.select_for_update().get(name=claim.circuit)
        row.failures += 1
        row.failing_since = row.failing_since or now
        asked = error.retry_after if isinstance(error, ChannelAwayError) else None
        wanted = max(backoff.delay_after(row.failures), asked or timedelta(0))
        until: datetime = now + min(wanted, LONGEST_PAUSE)
        row.paused_until = until
        row.error = error.code
        row.save()
    return until
