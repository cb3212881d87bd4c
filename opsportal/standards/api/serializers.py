"""What goes out about standards."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, utc
from opsportal.standards.content import demand_of, source_of
from opsportal.standards.models import StandardVersion
from opsportal.standards.presentation import RuleWords, words_of
from opsportal.standards.rules import Metric, Standard

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


class ListedOut(Body):
    """A statement of the document that has no mechanism, and why."""

    source = SourceOut()  # type: ignore[assignment]
    reason = Text(max_length=1_000)
    origin = Text(max_length=60)


class StandardRow(Body):
    """A stored version of a standard, in a list."""

    name = Text(max_length=60)
    version = Text(max_length=200)
    title = Text(max_length=200)
    hash = Text(max_length=64)
    active = Flag()
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
    next_review = serializers.DateField(allow_null=True)
    extends = Text(max_length=60)
    description = Text(max_length=1_000)
    roles = RoleOut(many=True)
    checks = CheckOut(many=True)
    metrics = MetricOut(many=True)
    rules = RuleOut(many=True)
    listed = ListedOut(many=True)


def row_out(row: StandardVersion, active_hash: str) -> dict[str, Any]:
    """Return what the API says of a stored version in a list."""
    return {
        "name": row.name,
        "version": row.version,
        "title": row.title,
        "hash": row.content_hash,
        "active": row.content_hash == active_hash,
        "stored_at": utc(row.stored_at),
        "url": f"/standards/{row.content_hash}/",
    }


def standard_out(standard: Standard) -> dict[str, Any]:
    """Return what the API says of a standard, but for whether it is active."""
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
        "next_review": standard.next_review.isoformat() if standard.next_review else None,
        "extends": standard.extends,
        "description": standard.description,
        "roles": [{"id": one.id, "title": one.title, "kind": one.kind} for one in standard.roles],
        "checks": [{"id": one.id, "title": one.title} for one in standard.checks],
        "metrics": [_metric(one) for one in standard.metrics],
        "rules": [_rule(words_of(rule, standard)) for rule in standard.rules],
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
