"""Sending what waits: claim with a lease, look the address up, hand over, record.

At least once: who dies between hand-over and record leaves a lease that runs out, and the next one
sends again under the same Message-ID. Fenced: who stood still and lost the claim sends nothing and
finishes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from opsportal.core.connections import drop_broken_connection
from opsportal.core.correlation import correlated, new_correlation_id
from opsportal.core.faultpoints import reached
from opsportal.notify.channels import (
    Channel,
    ChannelAwayError,
    Envelope,
    RefusedError,
    SendError,
    TryAgainError,
    channels,
)
from opsportal.notify.models import ChannelHealth, Delivery, DeliveryAttempt, Digest, Notification
from opsportal.notify.schedule import loud_at
from opsportal.notify.selectors import rhythms_of
from opsportal.notify.states import DELIVERY
from opsportal.outbox import backoff

LEASE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(minutes=5)
_BUDGET_SECONDS = 15.0

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
    created_at: datetime
    message: Notification | Digest


def deliveries_send(*, clock: Clock) -> int:
    """Send what is due, the longest due first, for 15 s at most; return how many were handed over.

    `clock` is the database's (aware UTC). One is claimed at a time, so that a slow channel lets no
    lease of a waiting one run out. A channel that is away is left in peace for a while.
    """
    stop_at = time.monotonic() + _BUDGET_SECONDS
    sent = 0
    while time.monotonic() < stop_at:
        claim = delivery_claim(now=clock())
        if claim is None:
            break
        with correlated(claim.message.correlation_id or new_correlation_id()):
            sent += _deliver(claim, clock)
    return sent


def delivery_claim(*, now: datetime) -> Claim | None:
    """Claim the delivery that has been due longest, through a channel that is not paused; None if none is."""
    with transaction.atomic():
        paused = ChannelHealth.objects.filter(paused_until__gt=now).values("name")
        row = (
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("notification__recipient", "digest__recipient")
            .filter(state="waiting", due_at__lte=now)
            .exclude(channel__in=paused)
            .order_by("due_at", "id")
            .first()
        )
        if row is None:
            return None
        row.attempts.filter(outcome=Outcome.STARTED).update(outcome=Outcome.LOST, finished_at=now)
        claim = Claim(row.pk, row.attempt + 1, row.tries + 1, row.channel, row.created_at, row.message)
        Delivery.objects.filter(pk=row.pk).update(
            attempt=claim.attempt, tries=claim.tries, due_at=now + LEASE
        )
        DeliveryAttempt.objects.create(delivery=row, number=claim.attempt, started_at=now)
        return claim


def _deliver(claim: Claim, clock: Clock) -> int:
    log = _log.bind(delivery=str(claim.pk), channel=claim.channel, attempt=claim.attempt)
    reached("notify.claimed")
    try:
        if backoff.is_spent(claim.tries - 1):
            raise RefusedError("worker_died_at_each_try")
        channel = channels.get(claim.channel)
        if channel is None:
            raise TryAgainError("no_such_channel")
        if not claim.message.recipient.is_active:
            _record(claim, clock(), outcome=Outcome.SKIPPED)
            return 0
        if (again_at := _quiet_until(claim.message, clock())) is not None:
            _hold(claim, clock(), again_at)
            return 0
        _send(claim, channel, clock)
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
    _record(claim, clock(), outcome=Outcome.SENT)
    return 1


def _quiet_until(message: Notification | Digest, now: datetime) -> datetime | None:
    """Return when the quiet hours end in which its reader is now; None where it may go out."""
    if message.urgency == Notification.Urgency.HIGH:
        return None
    rhythm = rhythms_of([message.recipient])[message.recipient.pk]
    loud = loud_at(now, rhythm)
    return loud if loud > now else None


def _hold(claim: Claim, now: datetime, again_at: datetime) -> None:
    """Put it back until `again_at`: it has run into the quiet hours. It costs no try."""
    _record(replace(claim, tries=claim.tries - 1), now, outcome=Outcome.HELD, again_at=again_at)


def _send(claim: Claim, channel: Channel, clock: Clock) -> None:
    message = claim.message
    address = channel.address_of(message.recipient)
    if not address:
        raise RefusedError("no_address")
    envelope = Envelope(
        delivery_id=claim.pk,
        address=address,
        subject=message.subject,
        body=message.body,
        link=f"{settings.PUBLIC_URL}{message.url}" if message.url else "",
        urgent=message.urgency == Notification.Urgency.HIGH,
        created_at=claim.created_at,
        correlation_id=message.correlation_id,
    )

    def still_ours() -> None:
        reached("notify.before_send")
        # Renewing it proves that it is ours, and gives the hand-over a whole lease.
        renewed = Delivery.objects.filter(pk=claim.pk, attempt=claim.attempt, state="waiting").update(
            due_at=clock() + LEASE
        )
        if not renewed:
            raise LostError

    channel.send(envelope, before_hand_over=still_ours)


def _record_failure(claim: Claim, now: datetime, error: SendError) -> None:
    if isinstance(error, RefusedError):
        _record(claim, now, outcome=Outcome.REFUSED, error=error.code, verb="give_up")
    elif isinstance(error, ChannelAwayError):
        _pause(claim.channel, now, error.code)
        # It costs no try, but the row goes behind those that have not been tried.
        claim = replace(claim, tries=claim.tries - 1)
        _record(claim, now, outcome=Outcome.CHANNEL_AWAY, error=error.code, again_at=now)
    elif backoff.is_spent(claim.tries):
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
) -> None:
    """Record what came of an attempt: always on the attempt, on the delivery only while it is ours."""
    verb = verb or _VERBS.get(outcome, "")
    with transaction.atomic():
        ours = Delivery.objects.filter(pk=claim.pk, attempt=claim.attempt, state="waiting").update(
            state=DELIVERY.move("waiting", verb) if verb else "waiting",
            due_at=None if verb else again_at,
            finished_at=now if verb else None,
            tries=claim.tries,
            error=error,
        )
        DeliveryAttempt.objects.filter(delivery_id=claim.pk, number=claim.attempt).update(
            outcome=outcome, finished_at=now, error=error
        )
        if outcome == Outcome.SENT:
            ChannelHealth.objects.filter(name=claim.channel, failures__gt=0).update(
                failing_since=None, failures=0, paused_until=None, error=""
            )
    if not ours:
        _log.warning(
            "notify.superseded", delivery=str(claim.pk), attempt=claim.attempt, outcome=outcome.value
        )
    elif verb == "give_up":
        _log.error("notify.given_up", delivery=str(claim.pk), channel=claim.channel, error=error)


def _pause(channel: str, now: datetime, error: str) -> None:
    with transaction.atomic():
        ChannelHealth.objects.get_or_create(name=channel)
        row = ChannelHealth.objects.select_for_update().get(name=channel)
        row.failures += 1
        row.failing_since = row.failing_since or now
        row.paused_until = now + min(backoff.delay_after(row.failures), LONGEST_PAUSE)
        row.error = error
        row.save()
