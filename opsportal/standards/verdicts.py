"""Whether one rule's demand is met by the facts, and the sentence that says what to do where not. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from opsportal.core.errors import Reason
from opsportal.standards.language import is_filled, known
from opsportal.standards.rules import (
    Attest,
    Require,
    RequireChange,
    RequireCheck,
    RequireField,
    RequirePolicyHash,
    Rule,
    Standard,
    Steps,
)
from opsportal.standards.vocabulary import Fact, Facts, Value

EVIDENCE_MISSING = "evidence_missing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Met, not met, or (None) not known; with the reason where it is not met."""

    met: bool | None
    reason: Reason | None = None


MET = Verdict(True)


def judge(rule: Rule, point: str, standard: Standard, facts: Facts) -> Verdict:
    """Return whether `rule`, which applies at `point`, is met. A demand that refuses nothing is met."""
    seen = _Seen(standard, point, facts)
    match rule.demand:
        case Require():
            return _condition(rule, rule.demand, facts)
        case RequireField():
            return _field(rule, rule.demand, seen)
        case RequireCheck():
            return _check(rule, rule.demand, seen)
        case RequirePolicyHash():
            return _policy_hash(rule, seen)
        case RequireChange():
            return _change(rule, seen)
        case Steps():
            return _steps(rule, rule.demand, seen)
        case Attest():
            return _attestation(rule, rule.demand, facts)
    return MET


def unknown(rule: Rule, missing: Iterable[Fact], what: str = "") -> Verdict:
    """Return the verdict for want of `missing`; `what` replaces the generated sentence."""
    names = "; ".join(fact.title for fact in missing)
    text = what or f"Not known yet: {names}. Supply it and ask again. It is needed for: {_title(rule)}."
    return Verdict(None, Reason(EVIDENCE_MISSING, rule.id, text))


@dataclass(frozen=True, slots=True)
class _Seen:
    """The facts as they are seen at one point."""

    standard: Standard
    point: str
    facts: Facts

    def value(self, fact: str) -> Value:
        return known(self.standard.vocabulary.facts[fact], self.facts)

    def fed(self, feed: str) -> Value:
        return self.value(self.standard.vocabulary.points[self.point].feeds[feed])

    def number(self, feed: str) -> float | None:
        value = self.fed(feed)
        return value if isinstance(value, int | float) else None

    @property
    def fit(self) -> tuple[str, ...]:
        return self.standard.vocabulary.points[self.point].fit


def _broken(rule: Rule, code: str, sentence: str) -> Verdict:
    return Verdict(False, Reason(rule.code or code, rule.id, rule.message or sentence))


def _title(rule: Rule) -> str:
    return rule.title.rstrip(".")


def _condition(rule: Rule, demand: Require, facts: Facts) -> Verdict:
    holds = demand.condition.evaluate(facts)
    if holds is None:
        return unknown(rule, demand.condition.missing(facts))
    return MET if holds else _broken(rule, "requirement_not_met", f"{_title(rule)}.")


def _field(rule: Rule, demand: RequireField, seen: _Seen) -> Verdict:
    value = seen.value(demand.fact)
    why = f"The standard demands it: {_title(rule)}."
    if value is None:
        return unknown(rule, (), f"Not known yet: the {demand.title}. Fill it in. {why}")
    filled = value if isinstance(value, bool) else is_filled(value)
    return MET if filled else _broken(rule, "field_missing", f"Fill in the {demand.title}. {why}")


def _check(rule: Rule, demand: RequireCheck, seen: _Seen) -> Verdict:
    check = next(one for one in seen.standard.checks if one.id == demand.check)
    result = known(check.fact, seen.facts)
    name = f"The check “{check.id}” ({check.title})"
    if result == "passed":
        return MET
    if result is None:
        return unknown(rule, (), f"{name} was not reported. Run it and send its result with the deployment.")
    if result == "running":
        return Verdict(
            None, Reason("check_running", rule.id, f"{name} is still running. Ask again when it is done.")
        )
    return _broken(
        rule, "check_failed", f"{name} has not passed: {result}. Mend what it found and run it again."
    )


def _policy_hash(rule: Rule, seen: _Seen) -> Verdict:
    given, own = seen.fed("policy_hash"), seen.standard.policy_hash
    if not given:
        return unknown(
            rule,
            (),
            "The pipeline did not say which policy hash it validated."
            f" Send policy_hash with the deployment; this standard's is {own}.",
        )
    if given == own:
        return MET
    return _broken(
        rule,
        "policy_hash_mismatch",
        f"The pipeline validated another policy hash than this standard's ({own})."
        " Deploy with the policies in force, then validate them again.",
    )


def _change(rule: Rule, seen: _Seen) -> Verdict:
    has_change = seen.fed("has_change")
    if has_change is None:
        return unknown(
            rule, (), "It is not known yet which change this belongs to. Name it in the field change."
        )
    if has_change is False:
        return _broken(
            rule,
            "change_required",
            "No approved change covers this service and environment now. Raise one, have it approved,"
            " and name its key in the field change.",
        )
    state = seen.fed("change_state")
    if state is None:
        return unknown(rule, (), "The state of the change is not known yet. Ask again.")
    if state in seen.fit:
        return MET
    words = str(state).replace("_", " ")
    return _broken(rule, "change_not_approved", f"The change is {words}. Deploy under one that is approved.")


def _steps(rule: Rule, demand: Steps, seen: _Seen) -> Verdict:
    match seen.fed("event"):
        case "rollout":
            return _next_step(rule, demand, seen)
        case "succeeded":
            return _last_step(rule, demand, seen)
        case None:
            return unknown(rule, (), "It is not known what the pipeline reports. Name the event.")
    return MET


def _ladder(demand: Steps) -> str:
    return "Go in these steps: " + " → ".join(f"{step} %" for step in demand.percents) + "."


def _next_step(rule: Rule, demand: Steps, seen: _Seen) -> Verdict:
    percent, reached = seen.number("percent"), seen.number("reached")
    if percent is None:
        return unknown(rule, (), f"The rollout step has no percentage. {_ladder(demand)}")
    if percent not in demand.percents:
        return _broken(rule, "rollout_step", f"{percent} % is no step of this rollout. {_ladder(demand)}")
    before = max((step for step in demand.percents if step < percent), default=0)
    if before == 0 or (reached is not None and reached >= before):
        return MET
    if reached is None:
        return unknown(rule, (), f"It is not known whether {before} % was reached. {_ladder(demand)}")
    return _broken(rule, "rollout_step", f"{percent} % comes after {before} %. {_ladder(demand)}")


def _last_step(rule: Rule, demand: Steps, seen: _Seen) -> Verdict:
    reached = seen.number("reached")
    if reached is None:
        return unknown(rule, (), f"It is not known how far the rollout has come. {_ladder(demand)}")
    if reached >= demand.percents[-1]:
        return MET
    return _broken(rule, "rollout_incomplete", f"The rollout has only reached {reached} %. {_ladder(demand)}")


def _attestation(rule: Rule, demand: Attest, facts: Facts) -> Verdict:
    # Whoever gathers the facts names the attestations that were made; any other was not made.
    if facts.get(f"attest.{demand.id}") is True:
        return MET
    sentence = rule.message or f"Attest on the change: {demand.title}."
    return Verdict(False, Reason(rule.code or "attestation_missing", rule.id, sentence))
