"""Reading the rules of a pack: own ones, inherited ones, and what it changes about those. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from opsportal.standards.demand_places import Names, Place
from opsportal.standards.demand_reading import read_demand
from opsportal.standards.language import Expression
from opsportal.standards.overriding import read_drops, read_overrides
from opsportal.standards.reading import FACT_WORD, MAX_LONG, Problems, Reader
from opsportal.standards.rules import FORM_KINDS, Attest, Dropped, Rule, Source, Stage, Standard

MAX_RULES = 500
KINDS = ("gate", "obligation", "target", "duty")


@dataclass(frozen=True, slots=True)
class Pack:
    """What the parts of one pack are read against. `resolved`: it is stored content, complete in itself."""

    name: str
    document: str
    resolved: bool
    problems: Problems


def read_rules(
    top: Reader, pack: Pack, names: Names, parent: Standard | None
) -> tuple[tuple[Rule, ...], list[Dropped]]:
    """Return the rules, inherited, overridden and own ones, and those that are dropped."""
    inherited = {rule.id: rule for rule in parent.rules} if parent else {}
    rules = dict(inherited)
    seen: set[str] = set()
    for number, reader in enumerate(top.tables("rule", most=MAX_RULES), 1):
        reader.rule, reader.place = reader.place, ""
        identifier = reader.word("id")
        reader.rule = identifier or reader.rule
        if identifier in seen:
            reader.note("id", "this id stands twice")
        rule = _rule(reader, identifier or str(number), pack, names, inherited.get(identifier))
        seen.add(identifier)
        if rule is not None:
            rules[rule.id] = rule
    if pack.resolved:
        dropped = [_dropped(reader, pack) for reader in top.tables("dropped", most=MAX_RULES)]
    else:
        dropped = _differently(top, pack, names, inherited=inherited, rules=rules, seen=seen)
    _unique_demands(tuple(rules.values()), pack.problems)
    return tuple(rules.values()), dropped


def _differently(
    top: Reader,
    pack: Pack,
    names: Names,
    *,
    inherited: Mapping[str, Rule],
    rules: dict[str, Rule],
    seen: Collection[str],
) -> list[Dropped]:
    """Put overridden rules in the place of inherited ones, take dropped ones out and return these."""
    problems = pack.problems
    overrides = read_overrides(top.tables("override", most=MAX_RULES), inherited, pack.name, problems)
    drops = read_drops(top.tables("drop", most=MAX_RULES), inherited, pack.name)
    for identifier, reader in overrides.items():
        rule = _rule(reader, identifier, replace(pack, resolved=True), names, None)
        if identifier in seen:
            reader.note("id", "is replaced by a rule of its own already; do one of both")
        if rule is not None:
            rules[identifier] = rule
    for one in drops:
        if one.rule in seen or one.rule in overrides:
            problems.note(one.rule, "drop", "is replaced or overridden as well; do one of both")
        rules.pop(one.rule, None)
    return drops


def _dropped(reader: Reader, pack: Pack) -> Dropped:
    source = reader.table("source", required=True)
    dropped = Dropped(
        reader.word("rule"),
        reader.text("title", required=True),
        read_source(source, pack) if source else Source("", "", 1, ""),
        read_origin(reader, pack),
        reader.text("dropped_by", required=True),
        reader.text("reason", required=True, longest=MAX_LONG),
    )
    reader.close()
    return dropped


def _rule(reader: Reader, identifier: str, pack: Pack, names: Names, replaced: Rule | None) -> Rule | None:
    kind = reader.one_of("kind", KINDS)
    applies_to = reader.words("applies_to", required=True)
    place = _place(reader, kind, applies_to, names)
    when = reader.expression("when", place.facts, names.vocabulary.facts)
    form, demand = read_demand(reader, place)
    if form and FORM_KINDS[form] != kind:
        reader.note("kind", f"a rule that demands '{form}' is of kind {FORM_KINDS[form]}, not {kind}")
    if form == "recur" and when is not None:
        _subjects_only(reader, when, place)
    if form == "action" and when is None:
        reader.note("when", "is missing: it is the threshold at which the action is asked for")
    message = reader.text("message", longest=500)
    if form == "require" and not message:
        reader.note("message", "is missing: the sentence that tells people what to do instead")
    source = reader.table("source", required=True)
    read = Rule(
        id=identifier,
        kind=cast(Literal["gate", "obligation", "target", "duty"], kind),
        title=reader.text("title", required=True),
        applies_to=applies_to,
        when=when,
        demand=demand or Attest("", ""),
        source=read_source(source, pack) if source else Source("", "", 1, ""),
        also=tuple(read_source(one, pack) for one in reader.tables("also")),
        origin=read_origin(reader, pack),
        message=message,
        code=reader.word("code", FACT_WORD, required=False),
        reading=reader.text("reading", longest=MAX_LONG, lines=True),
        reason=reader.text("reason", longest=MAX_LONG),
        replaces=reader.text("replaces") if pack.resolved else replaced.origin if replaced else "",
    )
    if replaced and not read.reason:
        reader.note("reason", f"is missing: why it replaces the rule of '{replaced.origin}'")
    if not replaced and read.reason and not pack.resolved:
        reader.note("reason", "has nothing to explain: no inherited rule has this id")
    reader.close()
    return read if demand is not None else None


def _place(reader: Reader, kind: str, applies_to: tuple[str, ...], names: Names) -> Place:
    known = names.vocabulary.events if kind == "obligation" else names.vocabulary.points
    what = "an event" if kind == "obligation" else "a point"
    for name in applies_to:
        if name not in known:
            there = ", ".join(sorted(known))
            reader.note(
                "applies_to", f"'{name[:60]}' is not {what}, which a {kind} applies to; there are: {there}"
            )
    found = tuple(name for name in applies_to if name in known)
    points = tuple(names.vocabulary.points[name] for name in found if name in names.vocabulary.points)
    return Place(names, points, names.facts_at(found), names.owners_at(found), found)


def _subjects_only(reader: Reader, when: Expression, place: Place) -> None:
    """Note facts that are not of the subject: before anything has happened to it, nothing else is known."""
    events = place.names.vocabulary.events
    about = {events[name].about for name in place.applies_to}
    strange = sorted(fact.name for fact in when.missing({}) if fact.area not in about)
    if strange:
        reader.note(
            "when", f"{', '.join(strange)}: it chooses subjects; what of an event counts goes into `counts`"
        )


def read_origin(reader: Reader, pack: Pack) -> str:
    """Return the name of the pack that has it."""
    return reader.text("origin", required=True) if pack.resolved else pack.name


def read_source(reader: Reader, pack: Pack) -> Source:
    """Return where it stands; in a pack as its author wrote it, that is in the pack's own document."""
    document = reader.text("document", required=True) if pack.resolved else pack.document
    source = Source(
        document,
        reader.text("section", required=True),
        reader.integer("line", lowest=1, highest=1_000_000),
        reader.text("quote", required=True, longest=MAX_LONG),
    )
    reader.close()
    return source


def _unique_demands(rules: tuple[Rule, ...], problems: Problems) -> None:
    """Note stages and attestations whose id stands twice at one point: one would hide the other."""
    seen: dict[tuple[str, str, str], str] = {}
    for rule in rules:
        if isinstance(rule.demand, Stage | Attest):
            for place in rule.applies_to:
                key = (rule.demand.form, place, rule.demand.id)
                first = seen.setdefault(key, rule.id)
                if first != rule.id:
                    problems.note(
                        rule.id,
                        f"demand.{rule.demand.form}.id",
                        f"'{rule.demand.id}' stands in rule '{first}' already",
                    )
