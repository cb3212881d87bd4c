"""What goes out about standards."""

from __future__ import annotations

from datetime import date
from typing import Any

from rest_framework import serializers

from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, utc
from opsportal.standards.comparison import Comparison, Value
from opsportal.standards.content import demand_of, escalation_of, source_of, trigger_of
from opsportal.standards.packs import MAX_BYTES
from opsportal.standards.presentation import RuleWords, words_of
from opsportal.standards.rules import Metric, Standard
from opsportal.standards.selectors import Line, consequences_of, overdue_since, reviews_of
from opsportal.standards.services.review import MAX_NOTE

REVIEWS = 20

NEXT_REVIEW = "As it was set when it was last reviewed, else the document's own."
OVERDUE = "The day of the next review where it has passed."
KINDS = ("gate", "obligation", "target", "duty")


class SourceOut(Body):
    """The sentence of the document; ` / ` where it is shortened."""

    document = Text(max_length=200)
    section = Text(max_length=200)
    line = WholeNumber()
    quote = Text(max_length=1_000)


class RoleOut(Body):
    """A role or board that the standard names."""

    id = Text(max_length=60)
    title = Text(max_length=120)
    kind = serializers.ChoiceField(["board", "job"])


class CheckOut(Body):
    """A check whose result pipelines report under this name."""

    id = Text(max_length=60)
    title = Text(max_length=200)


class MetricOut(Body):
    """A figure that pipelines report under this name."""

    id = Text(max_length=60)
    title = Text(max_length=200)
    type = serializers.ChoiceField(["number", "boolean"])
    unit = Text(max_length=20)


class RuleWordsOut(Body):
    """The rule in plain words."""

    place = Text(max_length=2_000)
    when = Text(max_length=5_000)
    demand = Text(max_length=5_000)


class RuleOut(Body):
    """One rule. `demand` has exactly one key, the form of the demand."""

    id = Text(max_length=60)
    kind = serializers.ChoiceField(KINDS)
    title = Text(max_length=200)
    applies_to = serializers.ListField(child=Text(max_length=60))
    when = Text(max_length=1_000)
    demand = serializers.DictField()
    message = Text(max_length=500)
    code = Text(max_length=60)
    source = SourceOut()  # type: ignore[assignment]
    also = SourceOut(many=True)
    reading = Text(max_length=1_000)
    origin = Text(max_length=60)
    replaces = Text(max_length=60)
    reason = Text(max_length=1_000)
    words = RuleWordsOut()


class EscalationOut(Body):
    """Whom the silence on an incident of a severity tells; durations as packs write them (`15m`)."""

    id = Text(max_length=60)
    title = Text(max_length=200)
    severity = Text(max_length=4, help_text="sev1 to sev4.")
    steps = serializers.ListField(child=serializers.DictField())
    urgency = serializers.ChoiceField(["high", "low"])
    lapse = Text(max_length=20, required=False, help_text="How long an acknowledgement holds.")
    repeat = WholeNumber(required=False)
    working_hours = Flag(required=False)
    source = SourceOut()  # type: ignore[assignment]
    also = SourceOut(many=True, required=False)
    reading = Text(max_length=1_000, required=False)
    origin = Text(max_length=60)
    replaces = Text(max_length=60, required=False)
    reason = Text(max_length=1_000, required=False)


class TriggerOut(Body):
    """What is done by itself once a condition has held long enough."""

    id = Text(max_length=60)
    title = Text(max_length=200)
    when = Text(max_length=1_000)
    lasting = Text(max_length=20, required=False)
    actions = serializers.ListField(child=serializers.DictField())
    timeout = Text(max_length=20)
    source = SourceOut()  # type: ignore[assignment]
    also = SourceOut(many=True, required=False)
    reading = Text(max_length=1_000, required=False)
    origin = Text(max_length=60)
    replaces = Text(max_length=60, required=False)
    reason = Text(max_length=1_000, required=False)


class ListedOut(Body):
    """A statement of the document that has no mechanism, and why."""

    source = SourceOut()  # type: ignore[assignment]
    reason = Text(max_length=1_000)
    origin = Text(max_length=60)


class ProposeBody(Body):
    """A pack to store: its TOML, or the name of one that is shipped."""

    source = Text(max_length=MAX_BYTES, lines=True, required=False)  # type: ignore[assignment]
    name = Text(max_length=60, required=False)


class ReviewOut(Body):
    """A review of the standard that was recorded."""

    at = Moment()
    next_review = serializers.DateField()
    note = Text(max_length=MAX_NOTE)


class ReviewBody(Body):
    """The standard was reviewed today."""

    next_review = serializers.DateField(help_text="A day after today, within five years.")
    note = Text(max_length=MAX_NOTE, lines=True, required=False)


class ValueOut(Body):
    """One value of the base and of the other standard; `key` is its place in the pack."""

    key = Text(max_length=200)
    label = Text(max_length=200)  # type: ignore[assignment]
    base = Text(max_length=5_000)
    own = Text(max_length=5_000)


class RuleDifferenceOut(Body):
    """A rule that differs, with the reason that the pack gives and the source of the base's rule."""

    id = Text(max_length=60)
    title = Text(max_length=200)
    kind = serializers.ChoiceField(["changed", "added", "dropped"])
    values = ValueOut(many=True)
    reason = Text(max_length=1_000)
    source = SourceOut()  # type: ignore[assignment]


class NamedOut(Body):
    """A version of a standard."""

    name = Text(max_length=60)
    version = Text(max_length=200)
    hash = Text(max_length=64)


class DifferencesOut(Body):
    """What a standard has other than its base; `base` is null where it extends none."""

    base = NamedOut(allow_null=True)
    own = NamedOut()
    head = ValueOut(many=True)
    rules = RuleDifferenceOut(many=True)


class StandardRow(Body):
    """A stored version of a standard, in a list."""

    name = Text(max_length=60)
    version = Text(max_length=200)
    edition = WholeNumber(help_text="Above 1 where the portal ships a pack of this version anew.")
    title = Text(max_length=200)
    hash = Text(max_length=64)
    active = Flag()
    status = Text(max_length=200)
    updated = serializers.DateField(allow_null=True)
    next_review = serializers.DateField(allow_null=True, help_text=NEXT_REVIEW)
    overdue_since = serializers.DateField(allow_null=True, help_text=OVERDUE)
    stored_at = Moment()
    url = Text(max_length=200)


class StandardPage(Body):
    """One page of standards."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = StandardRow(many=True)


class StandardOut(Body):
    """A standard with all its rules. The gate compares `policy_hash` where it is not empty."""

    name = Text(max_length=60)
    version = Text(max_length=200)
    title = Text(max_length=200)
    hash = Text(max_length=64)
    policy_hash = Text(max_length=200)
    active = Flag()
    active_since = Moment(allow_null=True)
    document = Text(max_length=200)
    document_sha256 = Text(max_length=64)
    status = Text(max_length=200)
    updated = serializers.DateField(allow_null=True)
    next_review = serializers.DateField(allow_null=True, help_text=NEXT_REVIEW)
    overdue_since = serializers.DateField(allow_null=True, help_text=OVERDUE)
    review_by = Text(max_length=60, help_text="The role that owes the review; empty: the administrators.")
    reviews = ReviewOut(many=True)
    extends = Text(max_length=60)
    description = Text(max_length=1_000)
    roles = RoleOut(many=True)
    checks = CheckOut(many=True)
    metrics = MetricOut(many=True)
    rules = RuleOut(many=True)
    escalations = EscalationOut(many=True)
    triggers = TriggerOut(many=True)
    listed = ListedOut(many=True)


class ProposedOut(StandardOut):
    """A standard that is stored, and what putting it in force would leave to be done."""

    vacant_roles = serializers.ListField(child=Text(max_length=60), help_text="Roles that nobody holds.")
    in_flight = serializers.DictField(
        child=WholeNumber(), help_text="How much runs on under other standards, up to 1,000 of each."
    )


def proposed_out(standard: Standard, today: date) -> dict[str, Any]:
    """Return what the API says of a standard that was stored on that day (of UTC)."""
    consequences = consequences_of(standard, today)
    return {
        **standard_out(standard, today),
        "vacant_roles": [role.id for role in consequences.vacant],
        "in_flight": dict(consequences.in_flight),
    }


def differences_out(own: Standard, comparison: Comparison | None) -> dict[str, Any]:
    """Return what the API says of what differs."""
    return {
        "base": _named(comparison.base) if comparison else None,
        "own": _named(own),
        "head": [_value(one) for one in comparison.head] if comparison else [],
        "rules": [
            {
                "id": one.id,
                "title": one.title,
                "kind": one.kind,
                "values": [_value(value) for value in one.values],
                "reason": one.reason,
                "source": source_of(one.source),
            }
            for one in (comparison.rules if comparison else ())
        ],
    }


def _named(standard: Standard) -> dict[str, str]:
    return {"name": standard.name, "version": standard.version, "hash": standard.content_hash}


def _value(value: Value) -> dict[str, str]:
    return {"key": value.key, "label": value.label, "base": value.base, "own": value.own}


def row_out(line: Line, active_hash: str) -> dict[str, Any]:
    """Return what the API says of a stored version in a list."""
    row, standard = line.row, line.standard
    return {
        "name": row.name,
        "version": row.version,
        "edition": row.edition,
        "title": row.title,
        "hash": row.content_hash,
        "active": row.content_hash == active_hash,
        "status": standard.status if standard else "",
        "updated": standard.updated.isoformat() if standard and standard.updated else None,
        "next_review": line.review_due.isoformat() if line.review_due else None,
        "overdue_since": line.overdue_since.isoformat() if line.overdue_since else None,
        "stored_at": utc(row.stored_at),
        "url": f"/standards/{row.content_hash}/",
    }


def standard_out(standard: Standard, today: date) -> dict[str, Any]:
    """Return what the API says of a standard on that day (of UTC), but for whether it is active."""
    reviews = list(reviews_of(standard.content_hash)[:REVIEWS])
    due = reviews[0].next_review if reviews else standard.next_review
    overdue = overdue_since(due, today)
    return {
        "name": standard.name,
        "version": standard.version,
        "title": standard.title,
        "hash": standard.content_hash,
        "policy_hash": standard.policy_hash,
        "document": standard.document,
        "document_sha256": standard.document_sha256,
        "status": standard.status,
        "updated": standard.updated.isoformat() if standard.updated else None,
        "next_review": due.isoformat() if due else None,
        "overdue_since": overdue.isoformat() if overdue else None,
        "review_by": standard.review_by,
        "reviews": [
            {"at": utc(one.reviewed_at), "next_review": one.next_review.isoformat(), "note": one.note}
            for one in reviews
        ],
        "extends": standard.extends,
        "description": standard.description,
        "roles": [{"id": one.id, "title": one.title, "kind": one.kind} for one in standard.roles],
        "checks": [{"id": one.id, "title": one.title} for one in standard.checks],
        "metrics": [_metric(one) for one in standard.metrics],
        "rules": [_rule(words_of(rule, standard)) for rule in standard.rules],
        "escalations": [escalation_of(one) for one in standard.escalations],
        "triggers": [trigger_of(one) for one in standard.triggers],
        "listed": [
            {"source": source_of(one.source), "reason": one.reason, "origin": one.origin}
            for one in standard.listed
        ],
    }


def _metric(metric: Metric) -> dict[str, Any]:
    return {"id": metric.id, "title": metric.title, "type": metric.type, "unit": metric.unit}


def _rule(words: RuleWords) -> dict[str, Any]:
    rule = words.rule
    return {
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
        "words": {"place": words.place, "when": words.when, "demand": words.demand},
    }
