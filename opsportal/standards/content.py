"""The content of a standard as plain data, complete in itself, and its hash. Pure.

The form is that of a pack's TOML, with everything inherited written out and each rule's origin beside
it. Reading it back (`packs.restore`) gives the same standard, whatever has become of the parents.
"""

from __future__ import annotations

import hashlib
from typing import Any

from opsportal.audit.canonical import canonical_bytes
from opsportal.standards.answers import Escalation, Trigger
from opsportal.standards.rules import (
    Act,
    Attest,
    Demand,
    Dropped,
    Listed,
    Metric,
    Owe,
    Permit,
    Require,
    RequireChange,
    RequireCheck,
    RequireField,
    Role,
    Rule,
    Source,
    Stage,
    Standard,
    Steps,
)
from opsportal.standards.standing import Declare, Keep, Measure, Ready, Recover, Recur, Retain
from opsportal.standards.standing_content import standing_of
from opsportal.standards.syntax import format_duration
from opsportal.standards.vocabulary import BY_UNIT, Figure

Table = dict[str, Any]


def content_of(standard: Standard) -> Table:
    """Return the content of `standard`.

    What is empty is left out, so that a later version's optional keys keep the hashes of today.
    """
    head = {
        "name": standard.name,
        "title": standard.title,
        "version": standard.version,
        "document": standard.document,
        "document_sha256": standard.document_sha256,
        "status": standard.status,
        "updated": standard.updated.isoformat() if standard.updated else "",
        "next_review": standard.next_review.isoformat() if standard.next_review else "",
        "policy_hash": standard.policy_hash,
        "description": standard.description,
        "extends": standard.extends,
        "extends_hash": standard.extends_hash,
        "review_by": standard.review_by,
        "review_source": source_of(standard.review_source) if standard.review_source else "",
    }
    return _filled(
        {
            "standard": _filled(head),
            "role": [_role(role) for role in standard.roles],
            "check": [{"id": check.id, "title": check.title} for check in standard.checks],
            "metric": [_metric(metric) for metric in standard.metrics],
            "figure": [_figure(one) for one in standard.figures],
            "rule": [rule_of(rule) for rule in standard.rules],
            "escalation": [escalation_of(one) for one in standard.escalations],
            "trigger": [trigger_of(one) for one in standard.triggers],
            "dropped": [_dropped(dropped) for dropped in standard.dropped],
            "listed": [_listed(listed) for listed in standard.listed],
        }
    )


def content_bytes(standard: Standard) -> bytes:
    """Return the canonical JSON of the content."""
    return canonical_bytes(content_of(standard))


def hash_of(standard: Standard) -> str:
    """Return the SHA-256 (hex) of the content."""
    return hashlib.sha256(content_bytes(standard)).hexdigest()


def demand_of(demand: Demand) -> Table:
    """Return a demand as a pack writes it."""
    value: Any = True
    match demand:
        case Require():
            value = demand.condition.text
        case RequireField():
            value = demand.field
        case Stage():
            value = _stage(demand)
        case RequireCheck():
            value = demand.check
        case RequireChange():
            value = "approved"
        case Steps():
            value = list(demand.percents)
        case Permit():
            value = demand.permit
        case Act():
            value = demand.action
        case Attest():
            value = {"id": demand.id, "title": demand.title}
        case Owe():
            value = _owe(demand)
        case Recur() | Measure() | Recover() | Retain() | Declare() | Keep() | Ready():
            value = standing_of(demand)
    return {demand.form: value}


def source_of(source: Source) -> Table:
    """Return a source with its document."""
    return {
        "document": source.document,
        "section": source.section,
        "line": source.line,
        "quote": source.quote,
    }


def _filled(table: Table) -> Table:
    return {key: value for key, value in table.items() if value not in ("", None, [], False)}


def _role(role: Role) -> Table:
    return _filled(
        {"id": role.id, "title": role.title, "kind": role.kind, "sees_restricted": role.sees_restricted}
    )


def _metric(metric: Metric) -> Table:
    # As text, since canonical JSON has no fractions.
    default = "" if metric.default is None else str(metric.default).lower()
    return _filled(
        {"id": metric.id, "title": metric.title, "type": metric.type, "unit": metric.unit, "default": default}
    )


def _figure(figure: Figure) -> Table:
    own = "" if figure.range == BY_UNIT else figure.range
    return _filled({"id": figure.id, "title": figure.title, "unit": figure.unit, "range": own})


def rule_of(rule: Rule) -> Table:
    """Return a rule as a pack writes it, with its origin and the documents of its sources."""
    return _filled(
        {
            "id": rule.id,
            "kind": rule.kind,
            "title": rule.title,
            "applies_to": list(rule.applies_to),
            "when": rule.when.text if rule.when else "",
            "demand": demand_of(rule.demand),
            "message": rule.message,
            "code": rule.code,
            "source": source_of(rule.source),
            "also": [source_of(source) for source in rule.also],
            "reading": rule.reading,
            "origin": rule.origin,
            "replaces": rule.replaces,
            "reason": rule.reason,
        }
    )


def escalation_of(one: Escalation) -> Table:
    """Return an escalation as a pack writes it, with its origin and the documents of its sources."""
    return _filled(
        {
            "id": one.id,
            "title": one.title,
            "severity": one.severity,
            "steps": [{"after": format_duration(step.after), "who": list(step.who)} for step in one.steps],
            "urgency": one.urgency,
            "lapse": format_duration(one.lapse) if one.lapse else "",
            "repeat": one.repeat or None,
            "working_hours": one.working_hours,
            **_standing(one),
        }
    )


def trigger_of(one: Trigger) -> Table:
    """Return a trigger as a pack writes it, with its origin and the documents of its sources."""
    return _filled(
        {
            "id": one.id,
            "title": one.title,
            "when": one.when.text,
            "lasting": format_duration(one.lasting) if one.lasting else "",
            "actions": [_filled({"id": action.id, "tell": list(action.tell)}) for action in one.actions],
            "timeout": format_duration(one.timeout),
            **_standing(one),
        }
    )


def _standing(one: Escalation | Trigger) -> Table:
    return {
        "source": source_of(one.source),
        "also": [source_of(source) for source in one.also],
        "reading": one.reading,
        "origin": one.origin,
        "replaces": one.replaces,
        "reason": one.reason,
    }


def _dropped(dropped: Dropped) -> Table:
    return {
        "rule": dropped.rule,
        "title": dropped.title,
        "source": source_of(dropped.source),
        "origin": dropped.origin,
        "dropped_by": dropped.dropped_by,
        "reason": dropped.reason,
    }


def _listed(listed: Listed) -> Table:
    return _filled(
        {
            "source": source_of(listed.source),
            "also": [source_of(source) for source in listed.also],
            "reason": listed.reason,
            "origin": listed.origin,
        }
    )


def _stage(stage: Stage) -> Table:
    return _filled(
        {
            "id": stage.id,
            "title": stage.title,
            "order": stage.order,
            "role": list(stage.roles),
            "quorum": stage.quorum,
            "for_service": stage.for_service,
            "reject": stage.reject,
            "several_hats": stage.several_hats,
        }
    )


def _owe(owe: Owe) -> Table:
    return _filled(
        {
            "what": owe.what,
            "owner": owe.owner,
            "within": format_duration(owe.within),
            "met_by": list(owe.met_by),
            "void_by": list(owe.void_by),
            "remind": [format_duration(time) for time in owe.remind],
            "climb": [{"after": format_duration(climb.after), "role": climb.role} for climb in owe.climb],
            "blocks": list(owe.blocks),
            "from_start": owe.from_start,
        }
    )
