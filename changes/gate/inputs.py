"""What the gate is asked and what it answers: frozen values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from opsportal.calendar import places
from opsportal.calendar.almanac import FreezeSpan
from opsportal.core.errors import Reason
from opsportal.standards import engine
from opsportal.standards.rules import Standard
from opsportal.standards.vocabulary import Facts, Value

POINT = "deployment.gate"
FIT = ("approved", "scheduled", "implementing")


class Decision(StrEnum):
    """The answers, best first; the order is the precedence."""

    ALLOWED = "allowed"
    PENDING = "pending"
    EXPIRED = "expired"
    BLOCKED = "blocked"
    WITHDRAWN = "withdrawn"

    @property
    def rank(self) -> int:
        """How far this is from "go ahead"; 0 is allowed."""
        return list(Decision).index(self)


@dataclass(frozen=True, slots=True)
class Place:
    """The service and the environment, as the catalogue knows them."""

    service: str
    tier: str
    data_classification: str
    environment: str
    environment_kind: str
    retired: bool = False

    @property
    def in_calendar(self) -> places.Place:
        """The same as windows and freezes see it."""
        return places.Place(self.service, self.tier, self.environment, self.environment_kind)


@dataclass(frozen=True, slots=True)
class Release:
    """What is to be deployed, and what the pipeline says of it. Empty is "not supplied"."""

    version: str = ""
    commit: str = ""
    artifact_digest: str = ""
    policy_hash: str = ""
    checks: Mapping[str, str] = field(default_factory=dict)
    succeeded_in: tuple[str, ...] = ()
    """The kinds of environment in which this version of this service has succeeded."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change as the gate sees it.

    `approved_hash` is the content hash of the approval request that approved the present revision, `""`
    where there is none. `standard` is what the change runs under, copied at its submission, None while
    it was never submitted. `names_place`: it names this service in this environment; `done_here`: a
    deployment under it has succeeded there already; `opened_for`: the key of what the portal opened it
    for, after the fact. `approved_stages` are the stages of its approval that are approved, each as the
    roles of which any could decide it; `open_conditions` what it was approved on and nobody has confirmed
    yet. `facts` are its `change.…` facts.
    """

    id: int
    key: str
    state: str
    type: str = "normal"
    retrospective: str = "none"
    held: bool = False
    window_start: datetime | None = None
    window_end: datetime | None = None
    content_hash: str = ""
    approved_hash: str = ""
    names_place: bool = True
    done_here: bool = False
    from_template: bool = False
    opened_for: str = ""
    standard: Standard | None = None
    approved_stages: tuple[tuple[str, ...], ...] = ()
    open_conditions: tuple[str, ...] = ()
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Template:
    """An approved standard-change template for this place, and the facts of the change that it would open."""

    id: int
    slug: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Glass:
    """A break-glass that two people have put in force for this place, until `ends_at` (aware UTC).

    `change` is the number of the emergency change under which everything that it lets pass is reviewed.
    """

    id: int
    key: str
    change: int
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class GateInput:
    """Everything that the gate decides by.

    `named` is the key of the change that the pipeline named (it is among the candidates then), `""`
    where it named none. `bound_hash` is set when a registered deployment is decided anew: the content
    hash that its change had at the registration.
    """

    now: datetime
    place: Place
    release: Release
    standard: Standard
    named: str = ""
    candidates: tuple[Candidate, ...] = ()
    templates: tuple[Template, ...] = ()
    bound_hash: str = ""
    freezes: tuple[FreezeSpan, ...] = ()
    glass: Glass | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stands against it, and the decision that it would be alone."""

    decision: Decision
    reason: Reason


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """The decision and all its reasons.

    `change` is the change that the deployment belongs to; `opens` is the template from which a
    registration would open one. `retry_at` says when a window opens or a freeze ends, where that is what is
    waited for. `passed` are the freezes that the change was let pass. `standard_hash` is of the standard of
    today. `glass` is set where only a break-glass lets it pass; the reasons are then those that stand
    against it, behind the one that names the glass.
    """

    decision: Decision
    reasons: tuple[Reason, ...]
    standard_hash: str = ""
    change: Candidate | None = None
    opens: Template | None = None
    retry_at: datetime | None = None
    passed: tuple[FreezeSpan, ...] = ()
    glass: Glass | None = None

    @property
    def allowed(self) -> bool:
        return self.decision is Decision.ALLOWED


def worst(findings: Iterable[Finding]) -> Decision:
    """Return the decision that these findings make together: `allowed` where there is none."""
    return max((one.decision for one in findings), key=lambda one: one.rank, default=Decision.ALLOWED)


def blocked(code: str, guarantee: str, detail: str) -> Finding:
    return Finding(Decision.BLOCKED, Reason(code, f"portal.{guarantee}", detail))


def pending(code: str, guarantee: str, detail: str) -> Finding:
    return Finding(Decision.PENDING, Reason(code, f"portal.{guarantee}", detail))


def withdrawn(detail: str) -> Finding:
    return Finding(Decision.WITHDRAWN, Reason("change_withdrawn", "portal.change_state", detail))


def findings_of(decision: engine.Decision) -> Iterator[Finding]:
    """Yield what a pack's rules have decided, each reason as a finding."""
    outcomes = {hit.rule.id: hit.outcome for hit in decision.hits}
    for reason in decision.reasons:
        waits = outcomes.get(reason.rule) is engine.Outcome.PENDING
        yield Finding(Decision.PENDING if waits else Decision.BLOCKED, reason)


def gate_facts(asked: GateInput, change: Facts | None) -> dict[str, Value]:
    """Return the facts at `deployment.gate`. What was not supplied is left out, never guessed."""
    return {
        **(change or {}),
        **release_facts(asked.place, asked.release),
        "deployment.has_change": change is not None,
    }


def release_facts(place: Place, release: Release) -> dict[str, Value]:
    """Return the facts of the service, the environment, the deployment and its checks."""
    supplied = {
        "deployment.version": release.version,
        "deployment.commit": release.commit,
        "deployment.artifact_digest": release.artifact_digest,
        "deployment.policy_hash": release.policy_hash,
        "service.slug": place.service,
        "service.tier": place.tier,
        "service.data_classification": place.data_classification,
        "environment.slug": place.environment,
        "environment.kind": place.environment_kind,
        **{f"check.{name}": result for name, result in release.checks.items()},
    }
    known: dict[str, Value] = {name: value for name, value in supplied.items() if value}
    if release.version:
        known["deployment.succeeded_in"] = release.succeeded_in
    return known
