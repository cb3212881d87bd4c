"""Looking whether the addresses of documents still answer: by a tick, through the guarded door."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from compliance.models import DocumentLink
from incidents.services.runbooks.link_check import AGAIN, LEASE, PATIENCE, SOON, Seen, look_at

_BATCH = 10
_BUDGET = timedelta(seconds=60)

_log = structlog.get_logger(__name__)


def document_links_check(*, clock: Callable[[], datetime]) -> int:
    """Look at the links that are due, the longest first, for a minute at most; return how many.

    `clock` is the database's (aware UTC). Each is claimed by pushing its time on; no transaction is open
    while somebody is called.
    """
    stop_at = time.monotonic() + _BUDGET.total_seconds()
    looked = 0
    while time.monotonic() < stop_at:
        claimed = _claim(clock())
        for link in claimed:
            link_keep(link, look_at(link.url), clock())
            looked += 1
        if len(claimed) < _BATCH:
            break
    return looked


def _claim(now: datetime) -> list[DocumentLink]:
    with transaction.atomic():
        due = DocumentLink.objects.select_for_update(skip_locked=True).filter(next_at__lte=now)
        links = list(due.order_by("next_at", "id")[:_BATCH])
        DocumentLink.objects.filter(pk__in=[link.pk for link in links]).update(next_at=now + LEASE)
    return links


def link_keep(link: DocumentLink, seen: Seen, now: datetime) -> None:
    """Keep what was seen, unless the document has moved to another address meanwhile."""
    failures = link.failures + 1 if seen.state == "broken" else 0
    is_certain = seen.state != "broken" or failures >= PATIENCE or "HTTP 4" in seen.detail
    DocumentLink.objects.filter(pk=link.pk, url=link.url).update(
        state=seen.state if is_certain else link.state,
        detail=seen.detail[:200],
        failures=min(failures, 1_000),
        checked_at=now,
        next_at=now + (AGAIN if is_certain else SOON),
    )
    if seen.state == "broken" and is_certain and link.state != "broken":
        _log.warning("documents.link_broken", document=link.document_id, detail=seen.detail)
