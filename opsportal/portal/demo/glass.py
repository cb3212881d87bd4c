"""The glass was broken once in the demo's past, and somebody asks for it right now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from changes.models import BreakGlass
from changes.services.break_glass import break_glass_ask, break_glass_confirm, break_glasses_advance
from changes.services.closing import change_close
from opsportal.approvals.outcome import Decision
from opsportal.portal.demo.stage import Stage
from opsportal.portal.demo.story import DAY


@dataclass(frozen=True, slots=True)
class Broken:
    """One request: who asked so many hours `ago`, who confirmed it soon after, how it was reviewed."""

    who: str
    ago: float
    services: tuple[str, ...]
    minutes: int
    reason: str
    confirmed_by: str = ""
    version: str = ""
    lessons: str = ""
    review: str = ""


REQUESTS = (
    Broken(
        who="freya",
        ago=9 * DAY + 5,
        services=("orders-api",),
        minutes=45,
        reason="Orders are taken twice since the last release. The release before goes back now.",
        confirmed_by="ingrid",
        version="4.0.9",
        review="Back on 4.0.9 after eleven minutes. 214 orders were taken twice, all refunded.",
        lessons="The release before is kept ready from now on, with an approved procedure for going back.",
    ),
    Broken(
        who="omar",
        ago=0.3,
        services=("notifications",),
        minutes=30,
        reason="No mail goes out: the key of the mail sender ended. A new key waits in its configuration.",
    ),
)
"""Nobody has confirmed the last one yet."""
_ASK_TO_CONFIRM = timedelta(minutes=4)
_CONFIRM_TO_DEPLOY = timedelta(minutes=3)
_END_TO_VOTE = timedelta(hours=2)
_VOTE_TO_CLOSE = timedelta(hours=16)

Moments = Iterator[tuple[datetime, Callable[[datetime], None]]]


def glass_moments(stage: Stage) -> Moments:
    """Yield what happens around each request, with the instants at which it does."""
    for broken in REQUESTS:
        kept: list[int] = []
        asked = stage.before(broken.ago)
        yield asked, partial(_ask, stage, broken, kept)
        if not broken.confirmed_by:
            continue
        confirmed = asked + _ASK_TO_CONFIRM
        ended = confirmed + timedelta(minutes=broken.minutes)
        yield confirmed, partial(_confirm, stage, broken, kept)
        yield confirmed + _CONFIRM_TO_DEPLOY, partial(_deploy, stage, broken)
        yield ended, _end
        yield ended + _END_TO_VOTE, partial(_approve, stage, kept)
        yield ended + _END_TO_VOTE + _VOTE_TO_CLOSE, partial(_close, stage, broken, kept)


def _ask(stage: Stage, broken: Broken, kept: list[int], at: datetime) -> None:
    asked = break_glass_ask(
        actor=stage.person(broken.who),
        now=at,
        fields={
            "services": list(broken.services),
            "environment": "production",
            "minutes": broken.minutes,
            "reason": broken.reason,
        },
    )
    kept.append(asked.pk)


def _confirm(stage: Stage, broken: Broken, kept: list[int], at: datetime) -> None:
    break_glass_confirm(actor=stage.person(broken.confirmed_by), now=at, pk=kept[0])


def _deploy(stage: Stage, broken: Broken, at: datetime) -> None:
    stage.pass_gate(broken.services[0], broken.version, at)


def _end(at: datetime) -> None:
    break_glasses_advance(clock=lambda: at)


def _approve(stage: Stage, kept: list[int], at: datetime) -> None:
    stage.vote(at, _change_of(kept), Decision.APPROVE, "Right to go ahead.")


def _close(stage: Stage, broken: Broken, kept: list[int], at: datetime) -> None:
    change_close(
        actor=stage.person(broken.who),
        now=at,
        pk=_change_of(kept),
        review=broken.review,
        lessons_learned=broken.lessons,
        attestations={"documentation": "The page of the service tells how to go back."},
    )


def _change_of(kept: list[int]) -> int:
    found = BreakGlass.objects.values_list("change_id", flat=True).get(pk=kept[0])
    if found is None:
        raise ValueError("a glass that was broken has no change")
    return found
