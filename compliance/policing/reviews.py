"""When something is to be looked at again, and whether an artefact is kept. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}


def end_of_review(reviewed_at: datetime, every: str) -> datetime:
    """Return the end (UTC) of the day by which the next review is due: so many days or months later.

    In a shorter month that is its last day: a month after 31 January is 28 February. `every` is a word of
    `DAYS` or `MONTHS`.
    """
    day = reviewed_at.astimezone(UTC)
    if every in DAYS:
        return (day + timedelta(days=DAYS[every])).replace(hour=23, minute=59, second=59, microsecond=0)
    months = day.month - 1 + MONTHS[every]
    year, month = day.year + months // 12, months % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return datetime(year, month, min(day.day, last), 23, 59, 59, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Artefact:
    """Something that a rule wants to be kept: a published policy, a registered document."""

    kind: str
    key: str
    title: str
    is_published: bool
    is_link_broken: bool
    reviewed_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptJudgement:
    """Whether an artefact is kept as a rule wants it: why, and what the best one found is."""

    status: Literal["met", "breached", "no_data"]
    because: str
    kind: str = ""
    key: str = ""


def judge_kept(artefacts: Iterable[Artefact], *, wanted: str, review: str, now: datetime) -> KeptJudgement:
    """Return whether at least one of `artefacts` is published, can be opened and was reviewed in time.

    `wanted` is what is asked for, in words; `review` a word of `end_of_review`, or empty where no review is
    asked for. Where none is kept, the reason is that of the one which is nearest to it. Nothing at all is
    `no_data`: nobody has delivered it, which is not the same as a bad one.
    """
    found = list(artefacts)
    if not found:
        return KeptJudgement("no_data", f"Nobody has registered or published it: {wanted}.")
    judged = [(_trouble(one, review, now), one) for one in found]
    trouble, best = min(judged, key=lambda pair: (pair[0][0], pair[1].key))
    if trouble[0] == 0:
        return KeptJudgement("met", f"{best.title} is in place.", best.kind, best.key)
    return KeptJudgement("breached", f"{best.title}: {trouble[1]}.", best.kind, best.key)


def _trouble(one: Artefact, review: str, now: datetime) -> tuple[int, str]:
    if not one.is_published:
        return 3, "is not published"
    if one.is_link_broken:
        return 2, "its link does not answer"
    if review and one.reviewed_at is None:
        return 1, "nobody has reviewed it yet"
    if review and one.reviewed_at is not None and end_of_review(one.reviewed_at, review) < now:
        return 1, "its review is overdue"
    return 0, ""
