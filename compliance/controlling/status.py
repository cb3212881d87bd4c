"""Whether a control is met. Pure: what is known goes in, a status with its reasons comes out.

The status is never typed by anybody. What nobody can verify is not failed, and never met either; what an
accepted exception covers is compensated for as long as that lasts, and no longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["met", "not_met", "not_verifiable", "compensated"]
RuleStatus = Literal["met", "breached", "no_data", "gone"]

_WORST_FIRST: tuple[Status, ...] = ("not_met", "not_verifiable", "compensated", "met")


@dataclass(frozen=True, slots=True)
class RuleState:
    """How a mapped rule stands. `excused` is the key of the exception that covers all of its breaches."""

    rule: str
    status: RuleStatus
    since: datetime | None = None
    detail: str = ""
    excused: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceState:
    """The newest revision of a piece of evidence. `valid_until` is None where it does not run out."""

    key: str
    title: str
    shows: Literal["works", "fails"]
    observed_at: datetime
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CollectedState:
    """What the portal saw by itself of one kind of event: when last, and until when that speaks."""

    event: str
    title: str
    observed_at: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Excuse:
    """An accepted exception of the control itself, in force. `kind` as in `words.EXCEPTION_KINDS`."""

    key: str
    kind: Literal["exception", "alternative"]
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Basis:
    """One thing that a control is judged by: what it says, in words, since when, and where to read on."""

    status: Status
    words: str
    since: datetime | None
    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Judged:
    """The status of a control, since when it is so (aware UTC; None where nobody knows), and why."""

    status: Status
    since: datetime | None
    reasons: tuple[Basis, ...]


def judge_control(
    *,
    now: datetime,
    rules: Iterable[RuleState],
    evidence: Iterable[EvidenceState],
    collected: Iterable[CollectedState],
    excuses: Iterable[Excuse],
) -> Judged:
    """Return how a control stands at `now` (aware UTC).

    Not met as soon as one mapped rule is breached without an exception, or valid evidence shows that it
    fails. Else not verifiable where any rule has no data, or stands in no standard any more, where what
    the portal should have seen is missing or stale, where all evidence has run out, and where there is
    nothing to judge by. Else compensated where an exception covers something, else met. An exception of
    the control itself turns "not met" into compensated, and so does accepted other evidence with "not
    verifiable"; never the other way round.
    """
    pieces = list(evidence)
    reasons = [
        *(_of_rule(one) for one in rules),
        *_of_evidence(pieces, now),
        *(_of_collected(one, now) for one in collected),
    ]
    if not reasons:
        reasons = [Basis("not_verifiable", "No rule and no evidence stands behind it yet.", None, "", "")]
    reached = next(status for status in _WORST_FIRST if any(one.status == status for one in reasons))
    ordered = sorted(reasons, key=lambda one: _WORST_FIRST.index(one.status))
    wanted = {"not_met": "exception", "not_verifiable": "alternative"}.get(reached)
    excuse = next((one for one in excuses if one.kind == wanted and one.until > now), None)
    if excuse is not None:
        words = f"{excuse.key} is accepted until {excuse.until:%Y-%m-%d}."
        covered = Basis("compensated", words, excuse.since, "exception", excuse.key)
        return Judged("compensated", excuse.since, (covered, *ordered))
    return Judged(reached, _since(reached, ordered), tuple(ordered))


def _of_rule(one: RuleState) -> Basis:
    match one.status:
        case "met":
            return Basis("met", f"The rule {one.rule} holds.", one.since, "rule", one.rule)
        case "breached" if one.excused:
            words = f"The rule {one.rule} is breached, which {one.excused} accepts. {one.detail}".strip()
            return Basis("compensated", words, one.since, "rule", one.rule)
        case "breached":
            words = f"The rule {one.rule} is breached. {one.detail}".strip()
            return Basis("not_met", words, one.since, "rule", one.rule)
        case "gone":
            words = f"The rule {one.rule} is not in the standard in force any more: map another one."
            return Basis("not_verifiable", words, one.since, "rule", one.rule)
        case _:
            words = f"There is no data on the rule {one.rule}. {one.detail}".strip()
            return Basis("not_verifiable", words, one.since, "rule", one.rule)


def _of_evidence(pieces: list[EvidenceState], now: datetime) -> Iterable[Basis]:
    """Give each valid piece; what has run out counts only where nothing valid stands beside it."""
    valid = [one for one in pieces if one.valid_until is None or one.valid_until > now]
    for one in valid:
        if one.shows == "fails":
            yield Basis("not_met", f"{one.title} shows a failure.", one.observed_at, "evidence", one.key)
        else:
            yield Basis("met", f"{one.title} stands for it.", one.observed_at, "evidence", one.key)
    if pieces and not valid:
        last = max(pieces, key=lambda one: one.valid_until or one.observed_at)
        words = f"{last.title} has run out, and nothing newer has come."
        yield Basis("not_verifiable", words, last.valid_until, "evidence", last.key)


def _of_collected(one: CollectedState, now: datetime) -> Basis:
    if one.observed_at is None:
        words = f"The portal has not seen it yet: {one.title}."
        return Basis("not_verifiable", words, None, "event", one.event)
    if one.valid_until is not None and one.valid_until <= now:
        words = f"The portal has not seen it lately: {one.title}."
        return Basis("not_verifiable", words, one.valid_until, "event", one.event)
    return Basis("met", f"The portal saw it: {one.title}.", one.observed_at, "event", one.event)


def _since(status: Status, reasons: list[Basis]) -> datetime | None:
    """Return since when: of what is bad the first that went wrong, of what is met the last that came."""
    moments = [one.since for one in reasons if one.status == status and one.since is not None]
    if not moments:
        return None
    return max(moments) if status == "met" else min(moments)
