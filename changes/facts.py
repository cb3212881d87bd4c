"""What rules may ask of changes, templates and deployments, and where and when they are asked.

`DECLARATIONS` joins the vocabulary in `ChangesConfig.ready()`. Whoever gathers the facts leaves out what
is not known (never a guess); the engine then answers "pending". Nothing here reads the database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from changes.states import CHANGE, RETROSPECTIVE
from opsportal.calendar.almanac import Almanac, remaining
from opsportal.calendar.places import Place
from opsportal.standards.vocabulary import (
    BOOLEAN,
    DURATION,
    NUMBER,
    TEXT,
    Declaration,
    Event,
    Fact,
    Field,
    Point,
    Value,
    choice,
    many,
)

if TYPE_CHECKING:
    from changes.models import Change, ChangeTarget, ChangeTemplate
    from opsportal.standards.rules import Standard

RISKS = ("low", "medium", "high")
TIERS = ("critical", "core", "supporting")
CLASSIFICATIONS = ("public", "internal", "confidential", "restricted")
ENVIRONMENT_KINDS = ("development", "testing", "staging", "production")
ROLLOUT_EVENTS = ("started", "rollout", "verified", "succeeded", "failed", "rolled_back")

CHANGE_TEXTS = {
    "title": "title",
    "description": "description",
    "justification": "justification",
    "risk_assessment": "risk assessment",
    "impact": "impact",
    "plan": "implementation plan",
    "test_evidence": "test evidence",
    "rollback_plan": "rollback plan",
    "review": "post-implementation review",
    "lessons_learned": "lessons learned",
}
TEMPLATE_TEXTS = {
    "title": "title",
    "description": "description",
    "plan": "procedure",
    "rollback_plan": "rollback plan",
}

_CHANGE_FACTS = (
    Fact("change.type", choice("standard", "normal", "emergency"), "the type of the change"),
    Fact("change.risk", choice(*RISKS), "the risk of the change"),
    *(Fact(f"change.{name}", TEXT, f"the {title} of the change") for name, title in CHANGE_TEXTS.items()),
    Fact("change.has_template", BOOLEAN, "whether the change uses an approved template"),
    Fact("change.has_window", BOOLEAN, "whether the change has a window"),
    Fact("change.production", BOOLEAN, "whether the change touches production"),
    Fact("change.activates_standard", BOOLEAN, "whether the change puts a standard in force"),
    Fact("change.rolled_back_later", BOOLEAN, "whether the change was rolled back after its implementation"),
    Fact("change.retrospective", BOOLEAN, "whether the change was started ahead of its approval"),
    Fact("change.service_tiers", many(choice(*TIERS)), "the tiers of the services that the change names"),
    Fact(
        "change.data_classifications",
        many(choice(*CLASSIFICATIONS)),
        "the data classifications of the services that the change names",
    ),
    Fact(
        "change.environment_kinds",
        many(choice(*ENVIRONMENT_KINDS)),
        "the kinds of environment that the change names",
    ),
    Fact("change.services", many(TEXT), "the services that the change names"),
    Fact("change.environments", many(TEXT), "the environments that the change names"),
    # From the submission (of a draft: from now) to the start of the window; not known without a window.
    Fact("change.lead_time", DURATION, "the time between submission and the start of the window"),
    # The same in working time; not known either where nobody has said when the organisation works.
    Fact(
        "change.business_lead_time",
        DURATION,
        "the working time between submission and the start of the window",
    ),
    Fact("change.window_length", DURATION, "the length of the window"),
    # For each place that it names, wholly in one occurrence; not known without a window or a place.
    Fact(
        "change.in_maintenance_window",
        BOOLEAN,
        "whether the window lies in a recurring maintenance window for every place that the change names",
    ),
    # What is still to come of its window, without one this instant; not known without a place.
    Fact("change.frozen", BOOLEAN, "whether a freeze holds for a place that the change names in its window"),
    Fact("change.state", choice(*CHANGE.states), "the state of the change"),
    # Both known from the end of the implementation on; a rollback of what failed is a new end.
    Fact("change.outcome", choice("implemented", "failed", "rolled_back"), "how the implementation ended"),
    Fact("change.time_since_end", DURATION, "the time since the implementation ended"),
)

_STAGE_FACTS = (
    Fact("stage.id", TEXT, "the stage that was opened or decided"),
    Fact("stage.role", TEXT, "the role that decides the stage"),
)

_DEPLOYMENT_FACTS = (
    Fact("service.tier", choice(*TIERS), "the tier of the service"),
    Fact("service.data_classification", choice(*CLASSIFICATIONS), "the data classification of the service"),
    Fact("service.slug", TEXT, "the service"),
    Fact("environment.kind", choice(*ENVIRONMENT_KINDS), "the kind of the environment"),
    Fact("environment.slug", TEXT, "the environment"),
    Fact("deployment.has_change", BOOLEAN, "whether a change fits this deployment"),
    Fact("deployment.version", TEXT, "the version"),
    Fact("deployment.commit", TEXT, "the commit"),
    Fact("deployment.artifact_digest", TEXT, "the artefact's digest"),
    Fact("deployment.policy_hash", TEXT, "the policy hash that the pipeline validated"),
    Fact(
        "deployment.succeeded_in",
        many(choice(*ENVIRONMENT_KINDS)),
        "the kinds of environment in which this version has succeeded",
    ),
    Fact("rollout.event", choice(*ROLLOUT_EVENTS), "what the pipeline reports"),
    Fact("rollout.percent", NUMBER, "the percentage of this rollout step"),
    # The highest percentage that this deployment has reached before this event; 0 at first.
    Fact("rollout.reached", NUMBER, "the percentage that the rollout has reached before"),
)

_TEMPLATE_FACTS = (
    *(
        Fact(f"template.{name}", TEXT, f"the {title} of the template")
        for name, title in TEMPLATE_TEXTS.items()
    ),
    Fact("template.risk", choice(*RISKS), "the risk of the template"),
)


def _change_field(name: str, title: str, fact: str = "") -> Field:
    return Field(name, title, f"change.{fact or name}")


_REQUEST_FIELDS = (
    *(
        _change_field(name, title)
        for name, title in CHANGE_TEXTS.items()
        if name not in ("review", "lessons_learned")
    ),
    _change_field("risk", "risk"),
    _change_field("services", "services"),
    _change_field("environments", "environments"),
    _change_field("window", "window", "has_window"),
    _change_field("template", "template", "has_template"),
)
_CLOSING_FIELDS = tuple(_change_field(name, CHANGE_TEXTS[name]) for name in ("review", "lessons_learned"))
_TEMPLATE_FIELDS = (
    *(Field(name, title, f"template.{name}") for name, title in TEMPLATE_TEXTS.items()),
    Field("risk", "risk", "template.risk"),
)

_GATE_AREAS = ("change", "service", "environment", "deployment", "check")

_POINTS = (
    Point(
        "change.submit",
        "when a change is submitted",
        areas=("change",),
        demands=frozenset({"require", "field", "stage"}),
        fields=_REQUEST_FIELDS,
    ),
    Point(
        "change.schedule",
        "when a change is scheduled",
        areas=("change",),
        demands=frozenset({"require", "field"}),
        fields=(_change_field("window", "window", "has_window"),),
    ),
    Point(
        "change.start",
        "when the implementation of a change starts",
        areas=("change",),
        demands=frozenset({"require", "permit"}),
    ),
    Point(
        "change.close",
        "when a change is closed",
        areas=("change",),
        demands=frozenset({"require", "field", "attest"}),
        fields=_CLOSING_FIELDS,
    ),
    Point(
        "template.submit",
        "when a standard-change template is submitted",
        areas=("template",),
        demands=frozenset({"require", "field", "stage"}),
        fields=_TEMPLATE_FIELDS,
    ),
    Point(
        "deployment.gate",
        "when a pipeline asks whether it may deploy",
        areas=_GATE_AREAS,
        demands=frozenset({"require", "check", "policy_hash", "change"}),
        feeds={
            "policy_hash": "deployment.policy_hash",
            "has_change": "deployment.has_change",
            "change_state": "change.state",
        },
        fit=("approved", "scheduled", "implementing"),
    ),
    Point(
        "deployment.rollout",
        "when a pipeline reports on a rollout",
        areas=(*_GATE_AREAS, "metric", "rollout"),
        demands=frozenset({"require", "steps", "action"}),
        feeds={"event": "rollout.event", "percent": "rollout.percent", "reached": "rollout.reached"},
    ),
)

_CHANGE_EVENTS = {
    "submitted": "a change is submitted",
    "approved": "a change is approved",
    "rejected": "a change is rejected",
    "withdrawn": "a change is withdrawn",
    "revised": "a change is revised",
    "scheduled": "a change is scheduled",
    "started": "the implementation of a change starts",
    "implemented": "a change is implemented",
    "failed": "the implementation of a change fails",
    "rolled_back": "a change is rolled back",
    "reviewed": "the post-implementation review of a change is written",
    "closed": "a change is closed",
    "cancelled": "a change is cancelled",
    "retrospective_approved": "a change is approved in retrospect",
    "retrospective_rejected": "a change is rejected in retrospect",
    "objection_answered": "an objection in retrospect is answered",
    "objection_accepted": "the answer to an objection is accepted",
    "objection_upheld": "the answer to an objection is not enough",
    "rolled_back_later": "a change is rolled back after its implementation",
}
_STAGE_EVENTS = {
    "stage_opened": "a stage of a change's approval opens",
    "stage_decided": "a stage of a change's approval is decided",
}
_TEMPLATE_EVENTS = {
    "submitted": "a template is submitted",
    "approved": "a template is approved",
    "rejected": "a template is rejected",
}

_EVENTS = (
    *(Event(f"change.{name}", title, ("change",)) for name, title in _CHANGE_EVENTS.items()),
    *(Event(f"change.{name}", title, ("change", "stage")) for name, title in _STAGE_EVENTS.items()),
    *(Event(f"template.{name}", title, ("template",)) for name, title in _TEMPLATE_EVENTS.items()),
)

DECLARATIONS: tuple[Declaration, ...] = (
    *_CHANGE_FACTS,
    *_STAGE_FACTS,
    *_DEPLOYMENT_FACTS,
    *_TEMPLATE_FACTS,
    *_POINTS,
    *_EVENTS,
)


def change_facts(change: Change, targets: Collection[ChangeTarget], *, now: datetime) -> dict[str, Value]:
    """Return the facts of a change at `now` (aware UTC). Reads no row: `targets` have their service and
    environment loaded, `change` its template.

    Without a window, its length and the lead time are not known; before the end, neither are the outcome
    and the time since then.
    """
    facts: dict[str, Value] = {f"change.{name}": getattr(change, name) for name in CHANGE_TEXTS}
    facts |= {
        "change.type": change.type,
        "change.risk": change.risk,
        "change.state": change.state,
        "change.has_template": uses_approved_template(change, now),
        "change.has_window": change.window_start is not None,
        "change.activates_standard": bool(change.activates),
        "change.rolled_back_later": change.rolled_back_later_at is not None,
        "change.retrospective": change.retrospective_state != RETROSPECTIVE.initial,
        "change.services": _each(target.service.slug for target in targets),
        "change.service_tiers": _each(target.service.tier for target in targets),
        "change.data_classifications": _each(target.service.data_classification for target in targets),
        "change.environments": _each(target.environment.slug for target in targets),
        "change.environment_kinds": _each(target.environment.kind for target in targets),
        "change.production": any(target.environment.kind == "production" for target in targets),
    }
    if change.window_start and change.window_end:
        facts["change.lead_time"] = change.window_start - (change.submitted_at or now)
        facts["change.window_length"] = change.window_end - change.window_start
    if change.outcome:
        facts["change.outcome"] = change.outcome
    if change.finished_at is not None:
        facts["change.time_since_end"] = now - change.finished_at
    return facts


CALENDAR_FACTS = ("change.business_lead_time", "change.in_maintenance_window", "change.frozen")


def asks_calendar(standards: Iterable[Standard]) -> bool:
    """Return whether a rule of one of these standards asks for what the calendar says of a change."""
    return any(standard.asks_for(fact) for standard in standards for fact in CALENDAR_FACTS)


def calendar_facts(
    change: Change, targets: Collection[ChangeTarget], almanac: Almanac, *, now: datetime
) -> dict[str, Value]:
    """Return what the calendar says of a change at `now` (aware UTC). Reads no row; as `change_facts`."""
    places = [place_of(target) for target in targets]
    facts: dict[str, Value] = {}
    if places:
        facts["change.frozen"] = bool(
            almanac.freezes_over(places, *remaining(change.window_start, change.window_end, now))
        )
    if change.window_start and change.window_end:
        lead_time = almanac.working_time_between(change.submitted_at or now, change.window_start)
        maintained = almanac.is_maintained(places, change.window_start, change.window_end)
        facts |= {
            name: value
            for name, value in (
                ("change.business_lead_time", lead_time),
                ("change.in_maintenance_window", maintained),
            )
            if value is not None
        }
    return facts


def place_of(target: ChangeTarget) -> Place:
    """Return a place of a change as windows and freezes see it. Its service and environment are loaded."""
    service, environment = target.service, target.environment
    return Place(service.slug, service.tier, environment.slug, environment.kind)


def template_facts(template: ChangeTemplate) -> dict[str, Value]:
    """Return the facts of a template. Reads no row."""
    facts: dict[str, Value] = {f"template.{name}": getattr(template, name) for name in TEMPLATE_TEXTS}
    return facts | {"template.risk": template.risk}


def uses_approved_template(change: Change, now: datetime) -> bool:
    """Return whether its template is approved, still valid on that day (UTC), and what was copied from it."""
    template = change.template
    if template is None or template.state != "approved" or template.content_hash != change.template_hash:
        return False
    return template.valid_until is None or now.astimezone(UTC).date() <= template.valid_until


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))
