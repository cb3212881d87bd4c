"""What is so of rules that are asked of the figures of incidents: targets, for which these are computed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from compliance.judging import Judgement
from compliance.measuring.units import text_of
from incidents.selectors.figures import incident_report
from opsportal.core.actor import Actor
from opsportal.core.lengths import length_in_words
from opsportal.standards.language import Expression
from opsportal.standards.rules import Require, Rule
from opsportal.standards.syntax import Comparison, FactName, Literal
from opsportal.standards.vocabulary import Facts
from opsportal.standards.wording import condition_in_words

POINT = "figures.incidents"
WINDOW = timedelta(days=90)
"""What `/incidents/figures/` shows where no period is asked for; a quarter against the one before."""
_SIGNS = {">=": "≥", "<=": "≤"}
ACTOR = Actor.system("compliance.conformance")


def is_about_figures(rule: Rule) -> bool:
    """Return whether a rule is a condition on the figures of incidents: nobody tries anything against it."""
    return isinstance(rule.demand, Require) and POINT in rule.applies_to


def judge_figures(rules: Sequence[Rule], now: datetime) -> dict[str, list[Judgement]]:
    """Judge such rules by the incidents and action items of the 90 days before `now` (aware UTC).

    They are the figures of `/incidents/figures/`, of all incidents whoever may see them. Without data is a
    rule whose figures nothing happened for, and one that does not apply has no subject.
    """
    if not rules:
        return {}
    facts = incident_report(ACTOR, now, now - WINDOW, now).facts()
    applying = {rule.id for rule in rules if rule.when is None or rule.when.evaluate(facts) is not False}
    return {rule.id: [_judged(rule, facts)] if rule.id in applying else [] for rule in rules}


def _judged(rule: Rule, facts: Facts) -> Judgement:
    demand = rule.demand
    assert isinstance(demand, Require)  # noqa: S101 - `is_about_figures`
    condition, holds = demand.condition, demand.condition.evaluate(facts)
    named = [(fact.title, facts[fact.name]) for fact in condition.facts.values() if fact.name in facts]
    words = [(title, _words(value)) for title, value in named]
    value = words[0][1] if len(words) == 1 else "; ".join(f"{title}: {one}" for title, one in words)
    target = _target(condition)
    if holds is None:
        because = "Nothing happened in the last 90 days that it could be computed of."
        return Judgement("no_data", value=value, target=target, because=because)
    because = "Computed from the incidents and action items of the last 90 days."
    return Judgement("met" if holds else "breached", value=value, target=target, because=because)


def _target(condition: Expression) -> str:
    """Return what is demanded, as measures say it where it is one figure against one value."""
    tree = condition.tree
    if isinstance(tree, Comparison) and isinstance(tree.left, FactName) and isinstance(tree.right, Literal):
        return f"{_SIGNS.get(tree.operator, tree.operator)} {_words(tree.right.value)}"
    return condition_in_words(condition)


def _words(value: object) -> str:
    if isinstance(value, timedelta):
        return length_in_words(value)
    # Every number among these figures is a share, 1 being all or as many as before.
    return text_of(100 * float(value), "percent", digits=4) if isinstance(value, int | float) else str(value)
