"""What a pack changes about single inherited rules: values that it overrides, rules that it drops. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsportal.standards.content import rule_of
from opsportal.standards.reading import MAX_LONG, Problems, Reader
from opsportal.standards.rules import Dropped, Rule

VALUES = ("title", "when", "message", "code", "reading", "demand")
"""What can be overridden. A rule with another source, kind or place is a rule of its own."""


def read_overrides(
    readers: list[Reader], inherited: Mapping[str, Rule], origin: str, problems: Problems
) -> dict[str, Reader]:
    """Return, by id, a reader of each overridden rule: all that is inherited, with the new values in it.

    `origin` names the pack that overrides. What is wrong is noted.
    """
    found: dict[str, Reader] = {}
    for reader in readers:
        base = _base(reader, inherited)
        reason = reader.text("reason", required=True, longest=MAX_LONG)
        given = {key: reader.raw(key) for key in VALUES if reader.has(key)}
        reader.close()
        if base is None:
            continue
        if base.id in found:
            reader.note("rule", f"'{base.id}' is overridden twice; put all its values into one [[override]]")
        if not given:
            reader.note("", f"overrides nothing; it can override {', '.join(VALUES)}")
        before = rule_of(base)
        table = _merged(before, given, reader)
        if given and table == before:
            reader.note("", "changes nothing: the values are those of the inherited rule")
        if not table["demand"]:
            continue
        table |= {"origin": origin, "replaces": base.origin, "reason": reason}
        whole = Reader(table, problems, base.id)
        whole.word("id")
        found[base.id] = whole
    return found


def read_drops(readers: list[Reader], inherited: Mapping[str, Rule], origin: str) -> list[Dropped]:
    """Return the inherited rules that a pack drops, each with its reason. What is wrong is noted."""
    found: dict[str, Dropped] = {}
    for reader in readers:
        base = _base(reader, inherited)
        reason = reader.text("reason", required=True, longest=MAX_LONG)
        reader.close()
        if base is None:
            continue
        if base.id in found:
            reader.note("rule", f"'{base.id}' is dropped twice")
        found[base.id] = Dropped(base.id, base.title, base.source, base.origin, origin, reason)
    return list(found.values())


def _base(reader: Reader, inherited: Mapping[str, Rule]) -> Rule | None:
    identifier = reader.word("rule")
    reader.rule, reader.place = identifier or reader.place, ""
    if identifier and identifier not in inherited:
        reader.note("rule", "there is no inherited rule of this id")
    return inherited.get(identifier)


def _merged(before: Mapping[str, Any], given: Mapping[str, object], reader: Reader) -> dict[str, Any]:
    table = dict(before)
    for key, value in given.items():
        if key == "demand":
            table[key] = _demand(before["demand"], value, reader)
        elif value == "":
            table.pop(key, None)
        else:
            table[key] = value
    return table


def _demand(before: Mapping[str, Any], given: object, reader: Reader) -> dict[str, Any]:
    """Return the demand with single values of it replaced. Its form stays."""
    ((form, old),) = before.items()
    if not isinstance(given, dict) or set(given) != {form}:
        reader.note("demand", f"must have '{form}' alone; for another form, replace the rule whole")
        return {}
    new = given[form]
    return {form: {**old, **new} if isinstance(old, dict) and isinstance(new, dict) else new}
