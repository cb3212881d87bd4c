"""Who says whether a rule holds, by the form of its demand. Each area registers those that it knows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from compliance.judging import Judgement
from opsportal.standards.rules import Rule, Standard

Evaluate = Callable[[Sequence[Rule], Standard, datetime], dict[str, list[Judgement]]]
"""Takes all rules of one form at once, so that it can read what they need together. Returns by rule id."""
_evaluators: dict[str, Evaluate] = {}


def register(form: type, evaluate: Evaluate) -> None:
    """Say who judges rules of this form. Raises `ValueError` where somebody else does already."""
    name = form.form  # type: ignore[attr-defined]  # every demand has one
    if _evaluators.setdefault(name, evaluate) is not evaluate:
        raise ValueError(f"rules of the form '{name}' are judged already")


def judged_forms() -> tuple[str, ...]:
    """Return the forms that somebody judges."""
    return tuple(_evaluators)


def judgements(standard: Standard, now: datetime) -> dict[str, list[Judgement]]:
    """Return what is so of every rule of `standard` at `now` (aware UTC), by rule id.

    A rule of a form that nobody judges, or that is about nothing that there is, has an empty list.
    """
    found: dict[str, list[Judgement]] = {rule.id: [] for rule in standard.rules}
    by_form: dict[str, list[Rule]] = {}
    for rule in standard.rules:
        by_form.setdefault(rule.demand.form, []).append(rule)
    for form, rules in by_form.items():
        evaluate = _evaluators.get(form)
        if evaluate is not None:
            found.update(evaluate(rules, standard, now))
    return found
