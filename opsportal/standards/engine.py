"""What a standard says about the facts. Pure: no database, no clock, no pack has a name here.

Every answer carries the rule that it comes from, and with it the source sentence. What is not known
is never taken for a yes: a gate then answers `pending`, a stage is asked for, an obligation is owed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Generic, Literal, TypeVar, cast

from opsportal.core.errors import Reason
from opsportal.standards.answers import Trigger
from opsportal.standards.rules import (
    Act,
    Attest,
    Demand,
    Owe,
    Permit,
    RequireField,
    Rule,
    Stage,
    Standard,
    Steps,
)
from opsportal.standards.standing import (
    Declare,
    Keep,
    Measure,
    Ready,
    Recover,
    Recur,
    Retain,
)
from opsportal.standards.verdicts import Verdict, judge, unknown
from opsportal.standards.vocabulary import Facts

F = TypeVar("F", bound=Demand)
STANDING_FORMS: tuple[type[Demand], ...] = (Recur, Measure, Recover, Retain, Declare, Keep, Ready)


class Outcome(StrEnum):
    ALLOWED = "allowed"
    PENDING = "pending"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Demanded(Generic[F]):
    """A demand that a rule makes here. Not `certain`: whether the rule applies is not known."""

    rule: Rule
    demand: F
    certain: bool = True

    @property
    def rule_id(self) -> str:
        return self.rule.id


StageDemand = Demanded[Stage]
FieldDemand = Demanded[RequireField]
AttestDemand = Demanded[Attest]
StepsDemand = Demanded[Steps]
PermitDemand = Demanded[Permit]
ObligationDemand = Demanded[Owe]


@dataclass(frozen=True, slots=True)
class Hit:
    """A gate rule that applied, and what came of it."""

    rule: Rule
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Decision:
    """A gate's answer: the outcome, all reasons for what is not "allowed", all rules that applied."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    hits: tuple[Hit, ...]

    @property
    def allowed(self) -> bool:
        return self.outcome is Outcome.ALLOWED


@dataclass(frozen=True, slots=True)
class Action:
    """What a passed threshold asks of the pipeline, and why."""

    action: Literal["roll_back", "hold"]
    reason: Reason
    rule: Rule


@dataclass(frozen=True, slots=True)
class Ending:
    """An event ends the obligations that this rule opened."""

    rule: Rule
    outcome: Literal["met", "void"]


def decide(standard: Standard, point: str, facts: Facts) -> Decision:
    """Return what `standard` says at `point` (`change.submit`) under `facts`.

    Refused where a rule is broken; else pending where it is not known whether one is; else allowed.
    All reasons are given, refusals first. A fact that is missing (or None) is "not known".
    """
    hits: list[Hit] = []
    refused: list[Reason] = []
    pending: list[Reason] = []
    for rule in standard.rules_at(point):
        if rule.kind not in ("gate", "duty"):
            continue
        applies = _applies(rule, facts)
        if applies is False:
            continue
        verdict = judge(rule, point, standard, facts)
        if applies is None and verdict.met is not True and rule.when is not None:
            verdict = unknown(rule, rule.when.missing(facts))
        hits.append(Hit(rule, _outcome(verdict)))
        if verdict.reason is not None:
            (refused if verdict.met is False else pending).append(verdict.reason)
    outcome = Outcome.REFUSED if refused else Outcome.PENDING if pending else Outcome.ALLOWED
    return Decision(outcome, (*refused, *pending), tuple(hits))


def stages(standard: Standard, point: str, facts: Facts) -> tuple[StageDemand, ...]:
    """Return the stages of approval that are needed, in order; none where none is needed.

    Where two rules ask for a stage of the same id, the first in the order of the pack is taken.
    """
    demanded: dict[str, StageDemand] = {}
    for one in _demanded(standard, point, facts, Stage):
        demanded.setdefault(one.demand.id, one)
    return tuple(sorted(demanded.values(), key=lambda one: one.demand.order))


def fields(standard: Standard, point: str, facts: Facts) -> tuple[FieldDemand, ...]:
    """Return the fields that must be filled, in the order of the pack.

    A field is given once, by the first rule that is sure to apply, else by the first that may.
    """
    demanded: dict[str, FieldDemand] = {}
    for one in _demanded(standard, point, facts, RequireField):
        name = one.demand.field
        if name not in demanded or (one.certain and not demanded[name].certain):
            demanded[name] = one
    return tuple(demanded.values())


def attestations(standard: Standard, point: str, facts: Facts) -> tuple[AttestDemand, ...]:
    """Return what people must attest."""
    return _demanded(standard, point, facts, Attest)


def steps(standard: Standard, point: str, facts: Facts) -> tuple[StepsDemand, ...]:
    """Return the ladders of rollout that hold; `decide` checks a reported step against all of them."""
    return _demanded(standard, point, facts, Steps)


def permits(standard: Standard, point: str, facts: Facts) -> tuple[PermitDemand, ...]:
    """Return what is permitted beyond the usual. A permit whose condition is not known is not given."""
    return tuple(one for one in _demanded(standard, point, facts, Permit) if one.certain)


def actions(standard: Standard, point: str, facts: Facts) -> tuple[Action, ...]:
    """Return what passed thresholds ask for, `roll_back` ahead of `hold`; a missing figure passes none."""
    found = [
        Action(
            one.demand.action,
            Reason(one.rule.code or "threshold_passed", one.rule.id, _sentence(one.rule)),
            one.rule,
        )
        for one in _demanded(standard, point, facts, Act)
        if one.certain
    ]
    return tuple(sorted(found, key=lambda one: one.action != "roll_back"))


def owed(standard: Standard, event: str, facts: Facts) -> tuple[ObligationDemand, ...]:
    """Return what `event` makes somebody owe."""
    return _demanded(standard, event, facts, Owe)


def standing(standard: Standard, place: str, facts: Facts) -> tuple[Demanded[Demand], ...]:
    """Return what `standard` demands all the time at this point or event of such a subject."""
    return tuple(
        found
        for form in STANDING_FORMS
        for found in cast(tuple[Demanded[Demand], ...], _demanded(standard, place, facts, form))
    )


def ends(standard: Standard, event: str) -> tuple[Ending, ...]:
    """Return the rules whose open obligations `event` meets or voids."""
    found: list[Ending] = []
    for rule in standard.rules:
        if isinstance(rule.demand, Owe):
            if event in rule.demand.met_by:
                found.append(Ending(rule, "met"))
            elif event in rule.demand.void_by:
                found.append(Ending(rule, "void"))
    return tuple(found)


def _applies(rule: Rule, facts: Facts) -> bool | None:
    return True if rule.when is None else rule.when.evaluate(facts)


def _demanded(standard: Standard, place: str, facts: Facts, form: type[F]) -> tuple[Demanded[F], ...]:
    found: list[Demanded[F]] = []
    for rule in standard.rules_at(place):
        if isinstance(rule.demand, form):
            applies = _applies(rule, facts)
            if applies is not False:
                found.append(Demanded(rule, rule.demand, certain=applies is True))
    return tuple(found)


def _outcome(verdict: Verdict) -> Outcome:
    if verdict.met is True:
        return Outcome.ALLOWED
    return Outcome.REFUSED if verdict.met is False else Outcome.PENDING


def _sentence(rule: Rule) -> str:
    return rule.message or f"{rule.title.rstrip('.')}."


def triggers(standard: Standard, facts: Facts, lasting: timedelta) -> tuple[Trigger, ...]:
    """Return the triggers whose condition holds and, as it has done so for `lasting`, long enough.

    A trigger acts on machines, so what is not known never sets one off.
    """
    return tuple(
        one for one in standard.triggers if one.when.evaluate(facts) is True and lasting >= one.lasting
    )
