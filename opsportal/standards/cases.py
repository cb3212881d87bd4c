"""Cases of a pack as data: facts, and what the standard has to say of them. Pure.

    [facts.normal]                          # a set of facts that cases start from
    change.type = "normal"

    [[case]]
    title = "a normal change goes to the reviewer, then to the board"
    at = "change.submit"                    # a point or an event
    given = "normal"                        # optional
    facts = { change.risk = "high" }        # optional, on top of it; durations as text: "24h"
    without = ["change.plan"]               # optional: these are not known
    outcome = "allowed"                     # at a point; with the ids of the rules that give reasons:
    reasons = []
    stages = ["technical-review", "cab"]    # ids, in order
    fields = ["description", "plan"]        # any order
    permits = []                            # ids of rules
    actions = []                            # "roll_back rule-id"
    owed = []                               # at an event: ids of rules
    ends = []                               # "met rule-id", "void rule-id"
    applies = []                            # anywhere: ids of rules that hold all the time

Of an escalation and of triggers:

    [[case]]
    title = "…"
    escalation = "sev1"                     # in place of `at`
    tells = ["0m on_call:primary", "15m role:cto"]

    [[case]]
    title = "…"
    given = "normal"
    lasting = "2m"                          # for how long it has been so
    triggers = ["high-latency"]             # ids; in place of `at`

What a case leaves out is not compared, but for `reasons`, which is empty unless it says otherwise.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from opsportal.standards import engine
from opsportal.standards.reading import PackError, Problem, Problems, Reader
from opsportal.standards.responding import SEVERITIES
from opsportal.standards.rules import Standard
from opsportal.standards.syntax import LanguageError, format_duration, parse_duration
from opsportal.standards.vocabulary import Fact, Facts, Kind, Value

TRIGGERS = "triggers"
ESCALATION = "escalation:"
LISTS = ("reasons", "stages", "fields", "permits", "actions", "owed", "ends", "applies")
_RULES = ("reasons", "permits", "actions", "owed", "applies", TRIGGERS)
"""Those that name the rules themselves, not what they demand."""
_IN_ORDER = ("stages", "tells")


@dataclass(frozen=True, slots=True)
class Case:
    """What is expected at `at` under `facts`. `expected` holds only what the case compares.

    `at` is also `triggers`, or `escalation:` and a severity. `lasting`: for how long it has been so.
    """

    title: str
    at: str
    facts: Facts
    outcome: str
    expected: Mapping[str, tuple[str, ...]]
    lasting: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of a case: what differs, and the ids of the rules that had a say in it."""

    case: Case
    differences: tuple[str, ...]
    touched: frozenset[str]


def load_cases(source: bytes, standard: Standard, *, file: str = "") -> list[Case]:
    """Return the cases of a TOML file. Raises `PackError` with everything that is wrong with it."""
    problems = Problems(file)
    try:
        table = tomllib.loads(source.decode())
    except (ValueError, RecursionError) as error:
        raise PackError([Problem(file, "", "", f"the file is not TOML: {error}")]) from None
    top = Reader(table, problems, "")
    sets = top.raw("facts")
    given = {name: _flat(values) for name, values in sets.items()} if isinstance(sets, dict) else {}
    cases = [_case(one, standard, given) for one in top.tables("case", most=1000)]
    top.close()
    problems.raise_any()
    return cases


def run_case(case: Case, standard: Standard) -> CaseResult:
    """Return what `standard` says of the case, held against what the case expects."""
    differences: list[str] = []
    touched: set[str] = set()
    if case.at in standard.vocabulary.points:
        decision = engine.decide(standard, case.at, case.facts)
        if case.outcome and decision.outcome != case.outcome:
            differences.append(f"outcome: expected {case.outcome}, got {decision.outcome}")
    for name, found in _found(case, standard).items():
        expected = case.expected.get(name, () if name == "reasons" else None)
        if expected is None:
            continue
        if name in _RULES:
            touched |= {item.rpartition(" ")[2] for item in found}
        ordered = name in _IN_ORDER
        if (tuple(found) if ordered else sorted(found)) != (expected if ordered else sorted(expected)):
            differences.append(f"{name}: expected {list(expected)}, got {found}")
    if "stages" in case.expected:
        touched |= {one.rule_id for one in engine.stages(standard, case.at, case.facts)}
    if "fields" in case.expected:
        touched |= {one.rule_id for one in engine.fields(standard, case.at, case.facts)}
    if escalation := standard.escalation(case.at.removeprefix(ESCALATION)):
        touched.add(escalation.id)
    return CaseResult(case, tuple(differences), frozenset(touched))


def _found(case: Case, standard: Standard) -> dict[str, list[str]]:
    at, facts = case.at, case.facts
    if at == TRIGGERS:
        return {TRIGGERS: [one.id for one in engine.triggers(standard, facts, case.lasting)]}
    if at.startswith(ESCALATION):
        escalation = standard.escalation(at.removeprefix(ESCALATION))
        return {
            "tells": [
                f"{format_duration(step.after)} {' '.join(step.who)}"
                for step in (escalation.steps if escalation else ())
            ]
        }
    if at in standard.vocabulary.events:
        return {
            "owed": [one.rule_id for one in engine.owed(standard, at, facts)],
            "ends": [f"{one.outcome} {one.rule.id}" for one in engine.ends(standard, at)],
            "applies": [one.rule_id for one in engine.standing(standard, at, facts)],
        }
    return {
        "reasons": [reason.rule for reason in engine.decide(standard, at, facts).reasons],
        "stages": [one.demand.id for one in engine.stages(standard, at, facts)],
        "fields": [one.demand.field for one in engine.fields(standard, at, facts)],
        "permits": [one.rule_id for one in engine.permits(standard, at, facts)],
        "actions": [f"{one.action} {one.rule.id}" for one in engine.actions(standard, at, facts)],
        "applies": [one.rule_id for one in engine.standing(standard, at, facts)],
    }


def _case(reader: Reader, standard: Standard, given: Mapping[str, Mapping[str, object]]) -> Case:
    title = reader.text("title", required=True)
    reader.rule, reader.place = title, ""
    vocabulary = standard.vocabulary
    at = _place(reader, standard)
    start = reader.text("given")
    if start and start not in given:
        reader.note("given", f"there is no [facts.{start}]")
    own = reader.raw("facts")
    raw = {**given.get(start, {}), **_flat(own if isinstance(own, dict) else {})}
    for name in reader.words("without"):
        raw.pop(name, None)
    facts = {name: _value(reader, name, value, vocabulary.facts) for name, value in raw.items()}
    outcome = reader.text("outcome")
    if outcome and outcome not in list(engine.Outcome):
        reader.note("outcome", "must be allowed, pending or refused")
    lists = (TRIGGERS,) if at == TRIGGERS else ("tells",) if at.startswith(ESCALATION) else LISTS
    expected = {name: reader.words(name) for name in lists if reader.has(name)}
    lasting = reader.duration("lasting") if at == TRIGGERS and reader.has("lasting") else timedelta()
    if at in vocabulary.points and not outcome and "applies" not in expected:
        reader.note("outcome", "is missing")
    reader.close()
    return Case(title, at, facts, outcome, expected, lasting)


def _place(reader: Reader, standard: Standard) -> str:
    if reader.has("escalation"):
        return ESCALATION + reader.one_of("escalation", SEVERITIES)
    if reader.has(TRIGGERS):
        return TRIGGERS
    return reader.one_of("at", [*standard.vocabulary.points, *standard.vocabulary.events])


def _flat(table: Mapping[str, object], before: str = "") -> dict[str, object]:
    return dict(_flattened(table, before))


def _flattened(table: Mapping[str, object], before: str) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        name = f"{before}.{key}" if before else key
        if isinstance(value, dict):
            yield from _flattened(value, name)
        else:
            yield name, value


def _value(reader: Reader, name: str, raw: object, facts: Mapping[str, Fact]) -> Value:
    """Return a fact's value as its type wants it: a list as tuple, a duration from its text."""
    if name.startswith("attest."):
        return raw is True
    fact = facts.get(name)
    if fact is None:
        reader.note("facts", f"'{name}' is not a fact")
        return None
    value: object = tuple(raw) if isinstance(raw, list) else raw
    if fact.type.kind is Kind.DURATION and isinstance(raw, str):
        try:
            value = parse_duration(raw)
        except LanguageError as error:
            reader.note("facts", f"{name}: {error}")
            return None
    if not fact.type.accepts(value):
        reader.note("facts", f"{name} must be {fact.type}")
        return None
    return value  # type: ignore[return-value]  # `accepts` has seen that it is one
