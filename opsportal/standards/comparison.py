"""What differs between two standards, rule by rule and value by value, each with its reason. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from opsportal.standards.content import content_of, escalation_of, rule_of, trigger_of
from opsportal.standards.rules import Rule, Source, Standard

_HEAD = (
    "title",
    "version",
    "description",
    "document",
    "document_sha256",
    "status",
    "updated",
    "next_review",
    "review_by",
)
_HEAD_TOO = ("policy_hash",)
_ENTRIES = ("role", "check", "metric", "figure")
_NOT_VALUES = frozenset({"id", "origin", "replaces", "reason", "source", "also"})
_WORDS = {
    "applies_to": "asked at",
    "when": "condition",
    "demand.owe.within": "deadline",
    "demand.owe.from_start": "counted from the beginning",
    "demand.owe.owner": "owed by",
    "demand.owe.what": "what is owed",
    "demand.owe.met_by": "met by",
    "demand.owe.void_by": "pointless after",
    "demand.owe.remind": "reminders before",
    "demand.owe.climb": "climbs",
    "demand.owe.blocks": "blocks",
    "demand.stage.quorum": "quorum",
    "demand.stage.role": "role",
    "demand.stage.order": "order",
    "demand.stage.title": "stage",
    "demand.require": "what must be so",
    "next_review": "next review",
    "review_by": "reviewed by",
    "document_sha256": "document's SHA-256",
    "policy_hash": "policy hash",
}


@dataclass(frozen=True, slots=True)
class Value:
    """One value here and there, `""` where it has none. `key` is its place in the pack."""

    key: str
    base: str
    own: str

    @property
    def label(self) -> str:
        """What it is, in words."""
        area, _, place = self.key.partition(".")
        if area in {"escalation", "trigger"} or (area in _ENTRIES and "." in place):
            return f"{area} {place.replace('.', ': ').replace('_', ' ')}"
        return _WORDS.get(self.key, self.key.rpartition(".")[2].replace("_", " "))


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """A rule that differs: `kind` is `changed`, `added` or `dropped`. `source` is that of the base's rule."""

    id: str
    title: str
    kind: str
    values: tuple[Value, ...]
    reason: str
    source: Source


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `own` has other than `base`. `head` are differences outside of rules."""

    base: Standard
    own: Standard
    head: tuple[Value, ...]
    rules: tuple[RuleDifference, ...]

    def of(self, kind: str) -> list[RuleDifference]:
        """Return the differences of one kind."""
        return [one for one in self.rules if one.kind == kind]

    @property
    def changed(self) -> list[RuleDifference]:
        return self.of("changed")

    @property
    def added(self) -> list[RuleDifference]:
        return self.of("added")

    @property
    def dropped(self) -> list[RuleDifference]:
        return self.of("dropped")


def compare(base: Standard, own: Standard) -> Comparison:
    """Return what differs between two standards; reasons are those that `own` gives."""
    reasons = {one.rule: one.reason for one in own.dropped}
    differences = [_changed(rule, own.rule(rule.id), reasons) for rule in base.rules]
    added = [_added(rule) for rule in own.rules if base.rule(rule.id) is None]
    found = (one for one in (*differences, *added) if one is not None)
    head = (*_head(base, own), *_parts(base, own), *_answers(base, own))
    return Comparison(base, own, head, tuple(found))


def _changed(base: Rule, own: Rule | None, reasons: Mapping[str, str]) -> RuleDifference | None:
    if own is None:
        return RuleDifference(base.id, base.title, "dropped", (), reasons.get(base.id, ""), base.source)
    values = tuple(_values(_flat(rule_of(base)), _flat(rule_of(own))))
    if not values and base.source == own.source:
        return None
    if base.source != own.source:
        values += (Value("source", _quote(base.source), _quote(own.source)),)
    return RuleDifference(base.id, own.title, "changed", values, own.reason, base.source)


def _added(rule: Rule) -> RuleDifference:
    return RuleDifference(rule.id, rule.title, "added", (), rule.reason, rule.source)


def _quote(source: Source) -> str:
    return f"{source.quote} ({source.section}, line {source.line} of {source.document})"


def _head(base: Standard, own: Standard) -> Iterable[Value]:
    before, after = content_of(base)["standard"], content_of(own)["standard"]
    for key in (*_HEAD, *_HEAD_TOO):
        old, new = _text(before.get(key, "")), _text(after.get(key, ""))
        if old != new:
            yield Value(key, old, new)


def _parts(base: Standard, own: Standard) -> Iterable[Value]:
    """Yield the values of roles, checks, metrics and figures that differ, by their titles first."""
    contents = [content_of(standard) for standard in (base, own)]
    for name in _ENTRIES:
        before, after = ({one["id"]: one for one in content.get(name, ())} for content in contents)
        for key in sorted({*before, *after}):
            for value in _values(_flat(before.get(key, {})), _flat(after.get(key, {}))):
                place = f"{name}.{key}" if value.key == "title" else f"{name}.{key}.{value.key}"
                yield Value(place, value.base, value.own)


def _answers(base: Standard, own: Standard) -> Iterable[Value]:
    """Yield values of escalations (by severity) and of triggers (by id) that differ."""
    tables = (
        {f"escalation.{one.severity}": escalation_of(one) for one in standard.escalations}
        | {f"trigger.{one.id}": trigger_of(one) for one in standard.triggers}
        for standard in (base, own)
    )
    before, after = tables
    for key in dict.fromkeys([*before, *after]):
        for value in _values(_flat(before.get(key, {})), _flat(after.get(key, {}))):
            yield Value(f"{key}.{value.key}", value.base, value.own)


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return the values of a rule by their place: `demand.owe.within` -> `48h`."""
    found: dict[str, str] = {}
    for key, value in table.items():
        if not prefix and key in _NOT_VALUES:
            continue
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = _text(value)
    return found


def _values(before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[Value]:
    for key in dict.fromkeys([*before, *after]):
        if before.get(key, "") != after.get(key, ""):
            yield Value(key, before.get(key, ""), after.get(key, ""))


def _text(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_text(one) for one in value)
        case dict():
            return " ".join(f"{key} {_text(one)}" for key, one in value.items())
    return str(value)
