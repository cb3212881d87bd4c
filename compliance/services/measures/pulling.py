"""Asking Prometheus servers for figures: claim with a lease, ask outside of any transaction, store.

At least once: who dies between the answer and its storing leaves a lease that runs out, and the same points
are asked for again, which changes nothing where they stand already.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from compliance.measuring.batch import component_slug
from compliance.measuring.prometheus import AnswerError, Sample, read, span_to_ask, url_of
from compliance.measuring.units import UnitError, factor_between
from compliance.models import PullSource
from compliance.selectors.measures.figures import known_figures
from compliance.services.measures.storing import SeriesKey, Stored, store_points
from opsportal.catalog.models import Service
from opsportal.core import outbound
from opsportal.core.actor import Actor
from opsportal.core.faultpoints import reached
from opsportal.core.sealing import BrokenSealError, unseal
from opsportal.core.writes import write

ACTOR = Actor.system("compliance.pull")
LEASE = timedelta(minutes=2)
CATCH_UP = timedelta(days=7)
LARGEST_ANSWER = 4_194_304
LONGEST_WAIT = timedelta(hours=1)
_BUDGET_SECONDS = 60.0
_log = structlog.get_logger(__name__)


class PullError(Exception):
    """Why a source gave nothing, in words of ours."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one question brought. `skipped` points could not be kept, `until` is how far is known now."""

    stored: Stored
    skipped: int
    until: datetime
    is_behind: bool


def sources_pull(*, clock: Callable[[], datetime]) -> int:
    """Ask the sources that are due, the longest due first, for a minute at most; return how many were asked.

    `clock` is the database's (aware UTC). A source that fails waits longer each time, up to an hour.
    """
    stop_at = time.monotonic() + _BUDGET_SECONDS
    asked = 0
    while time.monotonic() < stop_at:
        source = _claim(clock())
        if source is None:
            break
        asked += 1
        now = clock()
        try:
            pulled = _pull(source, now)
        except PullError as error:
            _failed(source, str(error), clock())
        else:
            reached("pull.stored")
            _done(source, pulled, clock())
    return asked


def _claim(now: datetime) -> PullSource | None:
    with transaction.atomic():
        row = (
            PullSource.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("service")
            .filter(state="active", next_at__lte=now)
            .order_by("next_at", "id")
            .first()
        )
        if row is not None:
            row.next_at = now + LEASE
            PullSource.objects.filter(pk=row.pk).update(next_at=row.next_at)
        return row


def _pull(source: PullSource, now: datetime) -> Pulled | None:
    step = timedelta(seconds=source.step)
    span = span_to_ask(source.fetched_until, now, step, CATCH_UP)
    if span is None:
        return None
    start, end = span
    figure = known_figures().get(source.figure)
    if figure is None or figure.is_own:
        raise PullError("the standard in force does not know its figure")
    try:
        rate = float(factor_between(source.unit or figure.unit, figure.unit))
    except UnitError as error:
        raise PullError(str(error)) from None
    answer = _ask(source, start, end, step)
    reached("pull.answered")
    try:
        found = read(answer, start, end)
    except AnswerError as error:
        raise PullError(str(error)) from None
    services = frozenset(Service.objects.values_list("slug", flat=True))
    points: dict[tuple[SeriesKey, datetime], float] = {}
    skipped = found.skipped
    for sample in found.samples:
        key = _key(source, sample, services)
        if key is None or (key, sample.at) in points:
            skipped += 1
            continue
        value = figure.limits.held(sample.value * rate)
        if value is None:
            skipped += 1
            continue
        points[key, sample.at] = value
    with write(actor=ACTOR, now=now):
        stored = store_points(
            [(key, at, value) for (key, at), value in points.items()],
            units={figure.id: figure.unit},
            now=now,
        )
        PullSource.objects.filter(pk=source.pk).update(fetched_until=end)
    return Pulled(stored, skipped, end, is_behind=end + step <= now)


def _ask(source: PullSource, start: datetime, end: datetime, step: timedelta) -> bytes:
    headers = {"Accept": "application/json", "User-Agent": "opsportal-measurements"}
    if source.token:
        try:
            headers["Authorization"] = f"Bearer {unseal(source.token)}"
        except BrokenSealError:
            raise PullError("its token cannot be read any more; enter it again") from None
    url = url_of(source.base_url, source.query, start, end, step)
    try:
        answer = outbound.call("GET", url, headers=headers, limit=LARGEST_ANSWER)
    except outbound.NotAllowedError as error:
        raise PullError(
            f"the portal does not call this address ({error.code}); see OPSPORTAL_OUTBOUND_NETWORKS"
        ) from None
    except outbound.OutboundError as error:
        raise PullError(f"the server did not answer ({error.code})") from None
    if answer.cut:
        raise PullError("the answer is longer than 4 MB, or broke off")
    if answer.status in {400, 422, 503}:
        return answer.body  # Prometheus says in it what kind of error it is
    if not answer.is_success:
        raise PullError(f"the server answered with HTTP {answer.status}")
    return answer.body


def _key(source: PullSource, sample: Sample, services: frozenset[str]) -> SeriesKey | None:
    """Return whose point it is; None where its label names no service, or no component."""
    if source.service is not None:
        service = source.service.slug
    elif source.service_label:
        service = sample.labels.get(source.service_label, "")
        if service not in services:
            return None
    else:
        service = ""
    component = ""
    if source.component_label:
        component = component_slug(sample.labels.get(source.component_label, ""))
        if not component:
            return None
    return SeriesKey(source.figure, service, component, f"pull:{source.slug}")


def _done(source: PullSource, pulled: Pulled | None, now: datetime) -> None:
    step = timedelta(seconds=source.step)
    if pulled is None:
        _keep(source, next_at=now + step)
        return
    error = (
        f"{pulled.skipped} points could not be kept: no such service or component, or no value it can have"
        if pulled.skipped
        else ""
    )
    if not pulled.stored.new and not pulled.stored.repeated and not pulled.skipped:
        error = "the query gave no points"
    _keep(
        source,
        next_at=now if pulled.is_behind else now + step,
        pulled_at=now,
        points=pulled.stored.new + pulled.stored.repeated,
        failures=0,
        error=error,
    )


def _failed(source: PullSource, error: str, now: datetime) -> None:
    failures = min(source.failures + 1, 1_000)
    wait = min(timedelta(seconds=source.step) * 2 ** min(failures - 1, 8), LONGEST_WAIT)
    _log.warning("measures.pull_failed", source=source.slug, error=error, failures=failures)
    _keep(
        source, next_at=now + max(wait, timedelta(seconds=source.step)), failures=failures, error=error[:300]
    )


def _keep(source: PullSource, **fields: object) -> None:
    # The lease is the fence: whoever edited the source or claimed it after us has moved `next_at`.
    PullSource.objects.filter(pk=source.pk, next_at=source.next_at).update(**fields)
