"""Reading what a standard says of an incident's silence, and of what answers it without people. Pure.

[[escalation]]                      # one row of the document's matrix
id = "p0"
severity = "sev1"
title = "Critical: …"
steps = [{ after = "0m", who = ["on_call:primary"] }, { after = "15m", who = ["role:cto"] }]

[[trigger]]
id = "service-unavailable"
title = "…"
when = 'metric.health_check_failures >= 3'
lasting = "2m"                      # optional
actions = [{ id = "restart_service" }, { id = "notify_oncall", tell = ["on_call:primary"] }]
timeout = "300s"
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Literal, TypeVar, cast

from opsportal.standards.answers import Escalation, EscalationStep, Trigger, TriggerAction
from opsportal.standards.demand_places import Names
from opsportal.standards.language import compile_expression
from opsportal.standards.reading import FACT_WORD, MAX_LONG, Reader
from opsportal.standards.rule_reading import Pack, read_origin, read_source
from opsportal.standards.rules import Source
from opsportal.standards.vocabulary import Fact

SEVERITIES = ("sev1", "sev2", "sev3", "sev4")
TARGETS = ("on_call", "on_call:primary", "on_call:secondary", "on_call:expert", "assignee")
"""Whom a step may name beside `role:<id>`: who is on call for the affected services, or has the incident."""
MAX_STEPS = 20
MAX_REPEAT = 9
LONGEST = timedelta(days=1)
_AREAS = ("metric", "alert", "incident")
"""What a trigger may ask of."""

E = TypeVar("E", Escalation, Trigger)


def read_escalations(
    top: Reader, pack: Pack, names: Names, inherited: Iterable[Escalation]
) -> tuple[Escalation, ...]:
    """Return one escalation for each severity that has one; an own one takes the inherited one's place."""
    before = {one.severity: one for one in inherited}
    found = _read(top.tables("escalation"), before, pack, names, _escalation)
    return tuple(found[severity] for severity in SEVERITIES if severity in found)


def read_triggers(top: Reader, pack: Pack, names: Names, inherited: Iterable[Trigger]) -> tuple[Trigger, ...]:
    """Return the triggers; an own one takes the place of the inherited one of its id."""
    before = {one.id: one for one in inherited}
    return tuple(_read(top.tables("trigger"), before, pack, names, _trigger).values())


def _read(
    readers: list[Reader],
    before: Mapping[str, E],
    pack: Pack,
    names: Names,
    read: Callable[[Reader, Pack, Names], E | None],
) -> dict[str, E]:
    found, own, ids = dict(before), set[str](), set[str]()
    for reader in readers:
        identifier = reader.word("id")
        reader.rule, reader.place = identifier or reader.place, ""
        if identifier in ids:
            reader.note("id", "this id stands twice")
        ids.add(identifier)
        one = read(reader, pack, names)
        reader.close()
        if one is None:
            continue
        place = str(getattr(one, "severity", one.id))
        if place in own:
            reader.note("id", f"there is one for {place} already")
        base = None if pack.resolved else before.get(place)
        _check_reason(reader, one, base, resolved=pack.resolved)
        own.add(place)
        found[place] = replace(one, replaces=base.origin) if base else one
    return found


def _check_reason(reader: Reader, one: E, base: E | None, *, resolved: bool) -> None:
    if base is not None and not one.reason:
        reader.note("reason", f"is missing: why it replaces that of '{base.origin}'")
    if base is None and one.reason and not resolved:
        reader.note("reason", "has nothing to explain: it replaces nothing inherited")


def _escalation(reader: Reader, pack: Pack, names: Names) -> Escalation | None:
    source = reader.table("source", required=True)
    lapse = reader.duration("lapse", required=False)
    if reader.has("lapse") and not lapse:
        reader.note("lapse", "must be longer than nothing")
    return Escalation(
        id=reader.word("id"),
        title=reader.text("title", required=True),
        severity=reader.one_of("severity", SEVERITIES),
        steps=_steps(reader, names),
        source=read_source(source, pack) if source else Source("", "", 1, ""),
        also=tuple(read_source(one, pack) for one in reader.tables("also")),
        origin=read_origin(reader, pack),
        urgency=cast(Literal["high", "low"], reader.one_of("urgency", ("high", "low"), default="high")),
        lapse=lapse,
        repeat=reader.integer("repeat", lowest=0, highest=MAX_REPEAT) if reader.has("repeat") else 0,
        working_hours=reader.boolean("working_hours"),
        reading=reader.text("reading", longest=MAX_LONG, lines=True),
        replaces=reader.text("replaces") if pack.resolved else "",
        reason=reader.text("reason", longest=MAX_LONG),
    )


def _steps(reader: Reader, names: Names) -> tuple[EscalationStep, ...]:
    steps: list[EscalationStep] = []
    for one in reader.tables("steps", most=MAX_STEPS):
        step = EscalationStep(one.duration("after"), _who(one, "who", names, required=True))
        if step.after > LONGEST:
            one.note("after", "must be a day at most")
        if steps and step.after <= steps[-1].after:
            one.note("after", "must be later than the step before it")
        one.close()
        steps.append(step)
    if not steps:
        reader.note("steps", "is missing: who is told, and after which time")
    return tuple(steps)


def _who(reader: Reader, key: str, names: Names, *, required: bool = False) -> tuple[str, ...]:
    found = reader.words(key, required=required)
    for one in found:
        role = one.removeprefix("role:")
        if one.startswith("role:") and role not in names.roles:
            declared = ", ".join(sorted(names.roles)) or "none"
            reader.note(key, f"'{role[:60]}' is not a role that this pack declares; declared: {declared}")
        elif not one.startswith("role:") and one not in TARGETS:
            reader.note(key, f"must be one of {', '.join(TARGETS)}, role:<id>; '{one[:60]}' is not")
    return found


def _trigger(reader: Reader, pack: Pack, names: Names) -> Trigger | None:
    facts: dict[str, Fact] = names.vocabulary.known_in(_AREAS)
    when = reader.expression("when", facts, names.vocabulary.facts)
    if not reader.has("when"):
        reader.note("when", "is missing: the condition under which it acts")
    source = reader.table("source", required=True)
    timeout = reader.duration("timeout")
    if reader.has("timeout") and not timedelta() < timeout <= LONGEST:
        reader.note("timeout", "must be longer than nothing, and a day at most")
    trigger = Trigger(
        id=reader.word("id"),
        title=reader.text("title", required=True),
        when=when or compile_expression("true", facts, elsewhere={}),
        actions=_actions(reader, names),
        timeout=timeout,
        source=read_source(source, pack) if source else Source("", "", 1, ""),
        also=tuple(read_source(one, pack) for one in reader.tables("also")),
        origin=read_origin(reader, pack),
        lasting=reader.duration("lasting", required=False),
        reading=reader.text("reading", longest=MAX_LONG, lines=True),
        replaces=reader.text("replaces") if pack.resolved else "",
        reason=reader.text("reason", longest=MAX_LONG),
    )
    return trigger if when is not None else None


def _actions(reader: Reader, names: Names) -> tuple[TriggerAction, ...]:
    actions: list[TriggerAction] = []
    for one in reader.tables("actions", most=MAX_STEPS):
        action = TriggerAction(one.word("id", FACT_WORD), _who(one, "tell", names))
        if any(action.id == other.id for other in actions):
            one.note("id", f"'{action.id}' stands twice")
        one.close()
        actions.append(action)
    if not actions:
        reader.note("actions", "is missing: what is done, in its order")
    return tuple(actions)
