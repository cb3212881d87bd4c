"""A standard as data: rules with their sources, and the closed list of what a rule may demand. Pure.

A `Standard` is complete in itself: what it inherited is in it, each rule with the document that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar, Literal

from opsportal.standards.answers import Escalation, Trigger
from opsportal.standards.language import Expression
from opsportal.standards.standing import Climb, Standing
from opsportal.standards.vocabulary import BOOLEAN, NUMBER, Fact, Figure, Scalar, Vocabulary, choice

RuleKind = Literal["gate", "obligation", "target", "duty"]
Quorum = Literal["any", "all", "majority"] | int

CHECK_RESULTS = ("passed", "failed", "skipped", "running")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule stands: the document, the section, the line, and its own words."""

    document: str
    section: str
    line: int
    quote: str


@dataclass(frozen=True, slots=True)
class Require:
    """The condition must hold."""

    form: ClassVar[str] = "require"
    condition: Expression


@dataclass(frozen=True, slots=True)
class RequireField:
    """This field must be filled; `fact` says whether it is."""

    form: ClassVar[str] = "field"
    field: str
    title: str
    fact: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of approval.

    `roles` has one role, or several of which any holder may vote. `for_service`: whoever holds the
    role for one of the services, or for its team, may vote too. `reject`: one reject ends it, or is
    counted against the quorum. `several_hats`: one person's vote may count in more than one stage.
    """

    form: ClassVar[str] = "stage"
    id: str
    title: str
    order: int
    roles: tuple[str, ...]
    quorum: Quorum
    for_service: bool = False
    reject: Literal["ends", "counts"] = "ends"
    several_hats: bool = False

    @property
    def role(self) -> str:
        """The role that the stage is named after; the only one, but for few stages."""
        return self.roles[0]


@dataclass(frozen=True, slots=True)
class RequireCheck:
    """The CI check of this id must have passed."""

    form: ClassVar[str] = "check"
    check: str


@dataclass(frozen=True, slots=True)
class RequirePolicyHash:
    """The pipeline must have validated the policy hash that the standard declares."""

    form: ClassVar[str] = "policy_hash"


@dataclass(frozen=True, slots=True)
class RequireChange:
    """A fitting change that is approved must stand behind the deployment."""

    form: ClassVar[str] = "change"


@dataclass(frozen=True, slots=True)
class Steps:
    """A rollout goes up in these percentages, one after the other."""

    form: ClassVar[str] = "steps"
    percents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Permit:
    """Something that is otherwise not possible is allowed."""

    form: ClassVar[str] = "permit"
    permit: Literal["start_before_approval", "start_in_freeze"]


@dataclass(frozen=True, slots=True)
class Act:
    """What the pipeline is told when the threshold is passed."""

    form: ClassVar[str] = "action"
    action: Literal["roll_back", "hold"]


@dataclass(frozen=True, slots=True)
class Attest:
    """A person states that this is done."""

    form: ClassVar[str] = "attest"
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Owe:
    """Somebody owes something within a time.

    `owner` is `role:<slug>`, or a word that means somebody at the event: `requester`, `implementer` and
    `stage` (whoever holds the stage's role) of a change, `responder`, `commander`, `communications` and
    `declarer` of an incident.
    `remind` are times before the deadline, longest first; `climb` is ordered by `after`. `from_start`: the
    time runs from when the incident was declared (or opened again), whatever has happened since.
    """

    form: ClassVar[str] = "owe"
    what: str
    owner: str
    within: timedelta
    met_by: tuple[str, ...]
    void_by: tuple[str, ...] = ()
    remind: tuple[timedelta, ...] = ()
    climb: tuple[Climb, ...] = ()
    blocks: tuple[str, ...] = ()
    from_start: bool = False


Demand = (
    Require
    | RequireField
    | Stage
    | RequireCheck
    | RequirePolicyHash
    | RequireChange
    | Steps
    | Permit
    | Act
    | Attest
    | Owe
    | Standing
)

FORM_KINDS: Mapping[str, RuleKind] = MappingProxyType(
    {
        "require": "gate",
        "field": "gate",
        "stage": "gate",
        "check": "gate",
        "policy_hash": "gate",
        "change": "gate",
        "steps": "gate",
        "permit": "gate",
        "action": "target",
        "attest": "duty",
        "owe": "obligation",
        "recur": "obligation",
        "measure": "target",
        "recover": "target",
        "retain": "gate",
        "declare": "duty",
        "keep": "duty",
        "ready": "duty",
    }
)


@dataclass(frozen=True, slots=True)
class Role:
    """A role or board. `sees_restricted`: who holds it sees incidents that are restricted."""

    id: str
    title: str
    kind: Literal["board", "job"]
    sees_restricted: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """A result that the pipeline reports, as fact `check.<id>`."""

    id: str
    title: str

    @property
    def fact(self) -> Fact:
        return Fact(f"check.{self.id}", choice(*CHECK_RESULTS), f"the check “{self.id}” ({self.title})")


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that the pipeline reports during a rollout, as fact `metric.<id>`."""

    id: str
    title: str
    type: Literal["number", "boolean"]
    unit: str = ""
    default: int | float | bool | None = None

    @property
    def fact(self) -> Fact:
        default: Scalar | None = self.default
        kind = NUMBER if self.type == "number" else BOOLEAN
        return Fact(f"metric.{self.id}", kind, f"the metric “{self.id}” ({self.title})", default)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `origin` is the pack that has it, which is another one where it was inherited.

    `replaces` names the pack whose rule of the same id this one replaces, `reason` says why.
    """

    id: str
    kind: RuleKind
    title: str
    applies_to: tuple[str, ...]
    when: Expression | None
    demand: Demand
    source: Source
    also: tuple[Source, ...]
    origin: str
    message: str = ""
    code: str = ""
    reading: str = ""
    replaces: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A statement of the document that has no mechanism, and why."""

    source: Source
    reason: str
    origin: str
    also: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    """An inherited rule that the pack `dropped_by` leaves out, and why. `origin` is the pack that has it."""

    rule: str
    title: str
    source: Source
    origin: str
    dropped_by: str
    reason: str


@dataclass(frozen=True)
class Standard:
    """A loaded, checked, complete standard. Equal where its content is.

    `vocabulary` is what it was checked against, with the facts of its own checks and metrics. The
    holders of `review_by` owe the document's next review; the administrators, where it is empty.
    `extends_hash` is the content hash of the pack that it extends, as it was then.
    """

    name: str
    title: str
    version: str
    document: str
    document_sha256: str
    status: str
    updated: date | None
    next_review: date | None
    policy_hash: str
    description: str
    extends: str
    roles: tuple[Role, ...]
    checks: tuple[Check, ...]
    metrics: tuple[Metric, ...]
    rules: tuple[Rule, ...]
    listed: tuple[Listed, ...]
    vocabulary: Vocabulary = field(compare=False, repr=False)
    content_hash: str = ""
    review_by: str = ""
    review_source: Source | None = None
    dropped: tuple[Dropped, ...] = ()
    extends_hash: str = ""
    escalations: tuple[Escalation, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    figures: tuple[Figure, ...] = ()

    def figure(self, figure_id: str) -> Figure | None:
        """Return the figure of that id: one of the pack, or one that the portal computes; or None."""
        own = next((one for one in self.figures if one.id == figure_id), None)
        return own or self.vocabulary.figures.get(figure_id)

    def rule(self, rule_id: str) -> Rule | None:
        """Return the rule of that id, or None."""
        return self._by_id.get(rule_id)

    def rules_at(self, place: str) -> tuple[Rule, ...]:
        """Return the rules that apply to this point or event, in the order of the pack."""
        return self._by_place.get(place, ())

    def role(self, role_id: str) -> Role | None:
        return next((role for role in self.roles if role.id == role_id), None)

    def escalation(self, severity: str) -> Escalation | None:
        """Return whom the silence on an incident of this severity tells, or None where nothing says so."""
        return next((one for one in self.escalations if one.severity == severity), None)

    def asks_for(self, fact: str) -> bool:
        """Return whether any condition of any rule looks at this fact."""
        return fact in self._asked

    @cached_property
    def _asked(self) -> frozenset[str]:
        conditions = [
            condition
            for rule in self.rules
            for condition in (rule.when, rule.demand.condition if isinstance(rule.demand, Require) else None)
            if condition is not None
        ]
        return frozenset(fact.name for condition in conditions for fact in condition.missing({}))

    @cached_property
    def _by_id(self) -> dict[str, Rule]:
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def _by_place(self) -> dict[str, tuple[Rule, ...]]:
        places: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for place in rule.applies_to:
                places.setdefault(place, []).append(rule)
        return {place: tuple(rules) for place, rules in places.items()}
