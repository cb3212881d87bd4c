"""What a standard asks of a change of this kind before it is written: fields, stages, freedoms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from changes.facts import CHANGE_TEXTS, calendar_facts, change_facts
from changes.models import Change, ChangeTarget, ChangeTemplate
from changes.outlook import Outlook
from opsportal.calendar.almanac import Almanac
from opsportal.catalog.models import Environment, Service
from opsportal.standards import engine
from opsportal.standards.engine import FieldDemand, StageDemand
from opsportal.standards.rules import Stage, Standard
from opsportal.standards.vocabulary import Facts

POINT = "change.submit"
_QUORUMS = {"any": "any one", "all": "all", "majority": "the majority"}


@dataclass(frozen=True, slots=True)
class Shape:
    """What the form asks for: fields by name with the rule that demands each, and who will be asked."""

    standard: Standard
    type: str
    template: ChangeTemplate | None
    demands: Mapping[str, FieldDemand]
    stages: tuple[StageDemand, ...]
    starts_early: bool = field(default=False)
    outlook: Outlook = field(default_factory=Outlook)

    @property
    def stage_lines(self) -> list[str]:
        return [stage_words(one.demand, self.standard, certain=one.certain) for one in self.stages]


def shape_of(
    standard: Standard,
    facts: Facts,
    *,
    type: str,
    template: ChangeTemplate | None = None,
    outlook: Outlook | None = None,
) -> Shape:
    """Return what `standard` asks of a change with these facts when it is submitted."""
    return Shape(
        standard=standard,
        type=type,
        template=template,
        demands={one.demand.field: one for one in engine.fields(standard, POINT, facts)},
        stages=engine.stages(standard, POINT, facts),
        starts_early=any(
            one.demand.permit == "start_before_approval"
            for one in engine.permits(standard, "change.start", facts)
        ),
        outlook=outlook or Outlook(),
    )


def facts_typed(
    values: Mapping[str, Any],
    *,
    type: str,
    template: ChangeTemplate | None,
    services: Iterable[Service],
    environments: Iterable[Environment],
    almanac: Almanac,
    now: datetime,
) -> dict[str, Any]:
    """Return the facts of a change that is only typed so far. Saves and reads nothing."""
    change = Change(type=type, template=template, template_hash=template.content_hash if template else "")
    for name in (*CHANGE_TEXTS, "risk", "window_start", "window_end", "activates"):
        if values.get(name):
            setattr(change, name, values[name])
    places = list(environments)
    targets = [
        ChangeTarget(change=change, service=service, environment=environment)
        for service in services
        for environment in places
    ]
    facts = change_facts(change, targets, now=now)
    return facts | calendar_facts(change, targets, almanac, now=now)


def stage_words(stage: Stage, standard: Standard, *, certain: bool = True) -> str:
    """Return a stage in words: "Security review: any one of Security Reviewer"."""
    quorum = _QUORUMS.get(str(stage.quorum), str(stage.quorum))
    titles = [role.title if (role := standard.role(slug)) else slug for slug in stage.roles]
    words = f"{stage.title}: {quorum} of {' or '.join(titles)}"
    return words if certain else f"{words}, in some cases"
