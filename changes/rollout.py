"""What a pipeline is told when it reports on a rollout: continue, hold or roll back. Pure.

A report may come twice, late or out of order, and then changes nothing. The states are those of
`states.DEPLOYMENT`; `failed` and `rolled_back` tell what has happened and are always taken; `rollout`,
`verified` and `succeeded` ask to go on, and are refused (`hold`, nothing moves) where a rule is broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from changes.states import DEPLOYMENT
from opsportal.core.errors import Reason
from opsportal.standards import engine
from opsportal.standards.rules import Act, Standard
from opsportal.standards.verdicts import unknown
from opsportal.standards.vocabulary import Facts, Value

POINT = "deployment.rollout"
EVENTS = ("started", "rollout", "verified", "succeeded", "failed", "rolled_back")
_ASKS = ("rollout", "verified", "succeeded")
_RUNNING = ("deploying", "verified")
_LEADS_TO = {
    "started": "deploying",
    "verified": "verified",
    "succeeded": "succeeded",
    "failed": "failed",
    "rolled_back": "rolled_back",
}


class Action(StrEnum):
    """What the pipeline does next, mildest first."""

    CONTINUE = "continue"
    HOLD = "hold"
    ROLL_BACK = "roll_back"


class Effect(StrEnum):
    """What the report did: moved the deployment, changed nothing, or was refused."""

    APPLIED = "applied"
    IGNORED = "ignored"
    FLAGGED = "flagged"


@dataclass(frozen=True, slots=True)
class Report:
    """What the pipeline says. `percent` goes with `rollout` only."""

    event: str
    percent: int | None = None
    metrics: Mapping[str, float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the deployment is before the report.

    `allowed`: the gate's decision lets it go ahead; `obeyed`: it has never been reported as started
    while it was not allowed; `reached` is the highest percentage so far; `recalled`: the pipeline was
    told to roll back.
    """

    state: str
    reached: int = 0
    allowed: bool = True
    obeyed: bool = True
    held: bool = False
    recalled: bool = False
    change: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer, and where the deployment is after the report."""

    action: Action
    reasons: tuple[Reason, ...]
    effect: Effect
    state: str
    reached: int


def advise(standing: Standing, report: Report, standard: Standard, facts: Facts) -> Advice:
    """Return what `report` does and what the pipeline is told.

    `facts` are those of the gate; the rollout's and the metrics' are added here. Where the report is
    `started`, the gate has been asked again beforehand: `standing.allowed` is its answer of now.
    """
    if not standing.allowed:
        return _not_allowed(standing, report)
    if standing.recalled and report.event in _ASKS and standing.state in _RUNNING:
        return _recalled(standing)
    if not DEPLOYMENT.can(standing.state, report.event):
        return _out_of_order(standing, report, standard, facts)
    if report.event not in _ASKS:
        return _taken(standing, report, standard, facts)
    return _asked(standing, report, standard, facts)


def _not_allowed(standing: Standing, report: Report) -> Advice:
    """Nothing moves. Whoever was told to hold and went on all the same is told to roll back."""
    running = standing.state in _RUNNING
    went_on = running or (not standing.obeyed and report.event in _ASKS)
    text = "This deployment is not allowed. " + (
        "Take back what was deployed." if went_on else "Do not start it, or stop where it is."
    )
    action = Action.ROLL_BACK if went_on else Action.HOLD
    reason = Reason("deployment_not_allowed", "portal.deployment_allowed", text)
    return Advice(action, (reason,), Effect.FLAGGED, standing.state, standing.reached)


def _recalled(standing: Standing) -> Advice:
    """Nothing moves: an order to roll back stands until the pipeline reports that it did."""
    text = "The pipeline was told to roll back. Do it, and report “rolled_back”."
    reason = Reason("roll_back_ordered", "portal.roll_back", text)
    return Advice(Action.ROLL_BACK, (reason,), Effect.FLAGGED, standing.state, standing.reached)


def _out_of_order(standing: Standing, report: Report, standard: Standard, facts: Facts) -> Advice:
    judged = list(_judged(standing, report, standard, facts, demand=False))
    if standing.state == "registered":
        judged.append(
            _hold("not_started", "deployment_order", "Report “started” first, and obey its answer.")
        )
    elif standing.state in ("failed", "rolled_back") and _LEADS_TO.get(report.event) != standing.state:
        words = DEPLOYMENT.names[standing.state].lower()
        judged.append(
            _hold("deployment_over", "deployment_order", f"This deployment is {words}. Register a new one.")
        )
    return _advice(judged, Effect.IGNORED, standing.state, standing.reached)


def _taken(standing: Standing, report: Report, standard: Standard, facts: Facts) -> Advice:
    judged = list(_judged(standing, report, standard, facts, demand=False))
    if report.event == "failed" and not judged:
        judged.append(
            _hold("deployment_failed", "deployment_order", "It failed. Do not roll it out any further.")
        )
    return _advice(judged, Effect.APPLIED, DEPLOYMENT.move(standing.state, report.event), standing.reached)


def _asked(standing: Standing, report: Report, standard: Standard, facts: Facts) -> Advice:
    judged = list(_judged(standing, report, standard, facts, demand=report.event == "rollout"))
    if standing.held:
        judged.append(
            _hold("change_held", "change_held", f"{standing.change} is held. Wait until it is released.")
        )
    if report.event == "rollout" and (report.percent or 0) < standing.reached:
        return _advice(judged, Effect.IGNORED, standing.state, standing.reached)
    broken = engine.decide(standard, POINT, _facts(standing, report, facts)).reasons
    if broken:
        judged.extend((Action.HOLD, reason) for reason in broken)
        return _advice(judged, Effect.FLAGGED, standing.state, standing.reached)
    if report.event == "rollout":
        # The traffic is there already: the step counts, whatever is answered.
        percent = report.percent or 0
        effect = Effect.APPLIED if percent > standing.reached else Effect.IGNORED
        return _advice(judged, effect, standing.state, percent)
    if judged:
        return _advice(judged, Effect.FLAGGED, standing.state, standing.reached)
    return _advice(judged, Effect.APPLIED, DEPLOYMENT.move(standing.state, report.event), standing.reached)


def _judged(
    standing: Standing, report: Report, standard: Standard, facts: Facts, *, demand: bool
) -> Iterator[tuple[Action, Reason]]:
    """Hold the metrics against the targets. With `demand`, a figure that is not known holds the rollout."""
    seen = _facts(standing, report, facts)
    for one in engine.actions(standard, POINT, seen):
        yield Action(one.action), one.reason
    if not demand:
        return
    for rule in standard.rules_at(POINT):
        if isinstance(rule.demand, Act) and rule.when is not None and rule.when.evaluate(seen) is None:
            verdict = unknown(rule, rule.when.missing(seen))
            if verdict.reason is not None:
                yield Action.HOLD, verdict.reason


def _facts(standing: Standing, report: Report, facts: Facts) -> dict[str, Value]:
    known: dict[str, Value] = {
        **facts,
        **{f"metric.{name}": figure for name, figure in report.metrics.items()},
        "rollout.event": report.event,
        "rollout.reached": standing.reached,
    }
    if report.percent is not None:
        known["rollout.percent"] = report.percent
    return known


def _advice(judged: list[tuple[Action, Reason]], effect: Effect, state: str, reached: int) -> Advice:
    order = list(Action)
    judged = sorted(judged, key=lambda one: -order.index(one[0]))
    action = judged[0][0] if judged else Action.CONTINUE
    return Advice(action, tuple(dict.fromkeys(reason for _, reason in judged)), effect, state, reached)


def _hold(code: str, guarantee: str, detail: str) -> tuple[Action, Reason]:
    return Action.HOLD, Reason(code, f"portal.{guarantee}", detail)
