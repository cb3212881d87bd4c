"""Which change a deployment belongs to, where the pipeline named none."""

from __future__ import annotations

from dataclasses import dataclass

from changes.gate.guarantees import guarantees
from changes.gate.inputs import (
    FIT,
    POINT,
    Candidate,
    Decision,
    Finding,
    GateInput,
    Template,
    blocked,
    gate_facts,
    worst,
)
from opsportal.standards import engine
from opsportal.standards.rules import RequireChange


@dataclass(frozen=True, slots=True)
class Choice:
    """Which change it is about: at most one of these is set; none is "no change at all"."""

    change: Candidate | None = None
    opens: Template | None = None
    doubt: Finding | None = None

    @property
    def settled(self) -> bool:
        return self.change is not None or self.opens is not None or self.doubt is not None


def choose(asked: GateInput) -> Choice:
    if asked.named:
        for one in asked.candidates:
            if one.key == asked.named:
                return Choice(change=one)
        raise LookupError(f"{asked.named} is not among the candidates")
    standing = [(one, worst(guarantees(one, asked))) for one in asked.candidates if one.names_place]
    fitting = [one for one, decision in standing if one.state in FIT and decision is Decision.ALLOWED]
    if fitting:
        return _one_of(fitting)
    # A standard change that the portal opened itself and that still waits: never open a second one.
    waiting = [one for one, decision in standing if decision is Decision.PENDING]
    opened = [one for one in waiting if one.from_template]
    if opened:
        return Choice(change=max(opened, key=lambda one: one.id))
    if asked.templates:
        return _template_of(asked.templates)
    if _needs_change(asked):
        approved = [one for one in waiting if one.state in FIT]
        late = [one for one, decision in standing if one.state in FIT and decision is Decision.EXPIRED]
        if approved or late:
            return _one_of(approved or late)
    return Choice()


def _one_of(changes: list[Candidate]) -> Choice:
    if len(changes) == 1:
        return Choice(change=changes[0])
    keys = ", ".join(one.key for one in sorted(changes, key=lambda one: one.id))
    return Choice(
        doubt=blocked(
            "ambiguous_change", "one_change", f"Several changes fit: {keys}. Name one in the field change."
        )
    )


def _template_of(templates: tuple[Template, ...]) -> Choice:
    if len(templates) == 1:
        return Choice(opens=templates[0])
    slugs = ", ".join(sorted(one.slug for one in templates))
    return Choice(
        doubt=blocked(
            "ambiguous_template",
            "one_template",
            f"Several standard-change templates fit: {slugs}. Open the change from one of them and name it"
            " in the field change.",
        )
    )


def _needs_change(asked: GateInput) -> bool:
    hits = engine.decide(asked.standard, POINT, gate_facts(asked, None)).hits
    return any(isinstance(hit.rule.demand, RequireChange) and hit.outcome != "allowed" for hit in hits)
