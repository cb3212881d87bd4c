"""Looking whether the addresses in runbooks still answer: by a tick, through the guarded door."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from incidents.models import RunbookLink
from opsportal.core import outbound

LEASE = timedelta(minutes=5)
AGAIN = timedelta(days=1)
SOON = timedelta(hours=1)
PATIENCE = 3
"""So often in a row something must fail before it counts as broken: the network has bad minutes."""
_BATCH = 10
_BUDGET_SECONDS = 60.0
_AGENT = {"User-Agent": "opsportal-runbook-links", "Accept": "*/*"}
# It is there, but asks who we are: the people who follow the runbook can open it.
_GUARDED = frozenset({401, 403, 407})
_NO_HEAD = frozenset({405, 501})

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one look. `detail` has no address in it."""

    state: str
    detail: str


def links_check(*, clock: Callable[[], datetime]) -> int:
    """Look at the links that are due, the longest first, for a minute at most; return how many.

    `clock` is the database's (aware UTC). Each is claimed by pushing its time on; no transaction is open
    while somebody is called, so a worker that dies loses nothing but one look.
    """
    stop_at = time.monotonic() + _BUDGET_SECONDS
    looked = 0
    while time.monotonic() < stop_at:
        claimed = _claim(clock())
        for link in claimed:
            seen = look_at(link.address)
            _keep(link, seen, clock())
            looked += 1
        if len(claimed) < _BATCH:
            break
    return looked


def look_at(address: str) -> Seen:
    """Return what an address answers: HEAD first, GET where HEAD is not known. Nobody is waited for long."""
    try:
        answer = outbound.call("HEAD", address, headers=_AGENT, limit=0)
        if answer.status in _NO_HEAD:
            answer = outbound.call("GET", address, headers=_AGENT, limit=1)
    except outbound.NotAllowedError as error:
        return Seen("closed", f"the portal does not call this address ({error.code})")
    except outbound.OutboundError as error:
        return Seen("broken", error.code)
    if answer.status in _GUARDED:
        return Seen("fine", f"asks to sign in (HTTP {answer.status})")
    if answer.status < 400:
        return Seen("fine", f"HTTP {answer.status}")
    return Seen("broken", f"HTTP {answer.status}")


def _claim(now: datetime) -> list[RunbookLink]:
    with transaction.atomic():
        due = RunbookLink.objects.select_for_update(skip_locked=True).filter(next_at__lte=now)
        links = list(due.order_by("next_at", "id")[:_BATCH])
        RunbookLink.objects.filter(pk__in=[link.pk for link in links]).update(next_at=now + LEASE)
    return links


def _keep(link: RunbookLink, seen: Seen, now: datetime) -> None:
    failures = link.failures + 1 if seen.state == "broken" else 0
    is_certain = seen.state != "broken" or failures >= PATIENCE or "HTTP 4" in seen.detail
    RunbookLink.objects.filter(pk=link.pk).update(
        state=seen.state if is_certain else link.state,
        detail=seen.detail[:200],
        failures=min(failures, 1_000),
        checked_at=now,
        next_at=now + (AGAIN if is_certain else SOON),
    )
    if seen.state == "broken" and is_certain and link.state != "broken":
        _log.warning("runbooks.link_broken", runbook=link.runbook_id, link=link.pk, detail=seen.detail)
