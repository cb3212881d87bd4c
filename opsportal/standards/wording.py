"""Rules in plain words, for people who do not read packs. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

from opsportal.standards.language import Expression
from opsportal.standards.rules import (
    Act,
    Attest,
    Demand,
    Owe,
    Permit,
    Require,
    RequireCheck,
    RequireField,
    RequirePolicyHash,
    Rule,
    Stage,
    Standard,
    Steps,
)
from opsportal.standards.standing import (
    Declare,
    Keep,
    Measure,
    Ready,
    Recover,
    Recur,
    Retain,
    Standing,
)
from opsportal.standards.syntax import (
    Both,
    Comparison,
    Either,
    FactName,
    Filled,
    ListLiteral,
    Literal,
    Node,
    Not,
)
from opsportal.standards.vocabulary import Fact, Kind

_VERBS = {
    "==": "is",
    "!=": "is not",
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
    "in": "is one of",
    "not in": "is none of",
    "contains": "include",
}
_OWNERS = {
    "requester": "whoever asked for the change",
    "implementer": "whoever implements the change",
    "stage": "whoever decides the stage",
    "responder": "whoever works on the incident",
    "action_owner": "the owner of the action item",
    "commander": "the incident commander",
    "communications": "whoever speaks for the incident",
    "declarer": "whoever declared the incident",
    "owner": "its owner",
    "finding_owner": "the owner of the finding",
    "lead_auditor": "the lead auditor",
    "request_owner": "whoever is asked for the evidence",
}
_SINCE = {True: " of its beginning", False: ""}
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_HOURS_UP_TO = timedelta(hours=72)


def duration_in_words(value: timedelta) -> str:
    """Return a length of time as people say it: "48 hours", "5 days"."""
    seconds = round(value.total_seconds())
    for length, unit in _UNITS:
        if unit == "day" and value <= _HOURS_UP_TO:
            continue
        if seconds and seconds % length == 0:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "no time"


def condition_in_words(condition: Expression) -> str:
    """Return a condition as a clause: "the type of the change is normal and …"."""
    return _clause(condition.tree, condition, within=False)


def demand_in_words(rule: Rule, standard: Standard) -> str:
    """Return what a rule demands as one sentence, without when it applies."""
    sentence = _demand(rule.demand, rule, standard)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def role_in_words(role: str, standard: Standard) -> str:
    """Return the title of a role of the standard."""
    found = standard.role(role)
    return found.title if found else role


def told_in_words(who: str, standard: Standard) -> str:
    """Return whom a step of an escalation names: "the Team Lead", "who is on call (secondary)"."""
    kind, _, key = who.partition(":")
    if kind == "role":
        return role_in_words(key, standard)
    if kind == "assignee":
        return "whoever has the incident"
    return f"{key} on call" if key else "on call"


_PERMITTED = {
    "start_before_approval": "it may start before it is approved",
    "start_in_freeze": "it may be carried out although a freeze holds",
}


def _demand(demand: Demand, rule: Rule, standard: Standard) -> str:
    text = "an approved change must stand behind it"
    match demand:
        case Require():
            text = f"this must be so: {condition_in_words(demand.condition)}"
        case RequireField():
            text = f"the {demand.title} must be filled in"
        case Stage():
            text = _stage(demand, standard)
        case RequireCheck():
            check = next(one for one in standard.checks if one.id == demand.check)
            text = f"the check “{check.id}” ({check.title}) must have passed"
        case RequirePolicyHash():
            text = f"the pipeline must have validated the policy hash {standard.policy_hash}"
        case Steps():
            text = "it goes up in these steps: " + " → ".join(f"{step} %" for step in demand.percents)
        case Permit():
            text = _PERMITTED[demand.permit]
        case Act():
            text = f"the pipeline is told to {demand.action.replace('_', ' ')}"
        case Attest():
            text = f"somebody must attest: {demand.title}"
        case Owe():
            text = _owe(demand, standard)
        case Recur() | Measure() | Recover() | Retain() | Declare() | Keep() | Ready():
            text = _standing(demand, standard)
    return text


def _standing(demand: Standing, standard: Standard) -> str:
    text = ""
    match demand:
        case Recur():
            parts = [f"{_who(demand.owner, standard)} owes once every {demand.every}: {demand.what}"]
            if demand.counts:
                parts.append(f"only what is so counts: {condition_in_words(demand.counts)}")
            parts += [
                f"{_late(climb.after)} it goes to {role_in_words(climb.role, standard)}"
                for climb in demand.climb
            ]
            text = "; ".join(parts)
        case Measure():
            text = _measure(demand, standard)
        case Recover():
            limits = [
                f"{what} at most {duration_in_words(limit)}" if limit else f"{what} none"
                for what, limit in (("time to restore", demand.rto), ("loss of data", demand.rpo))
                if limit is not None
            ]
            text = ", ".join(limits)
        case Retain():
            kept = "for ever" if not demand.keep.count else f"for {demand.keep} at least"
            text = f"records of the class “{_plain(demand.records)}” are kept {kept}"
        case Declare():
            text = f"{_who(demand.owner, standard)} declares once every {demand.every}: {demand.title}"
        case Keep():
            text = f"there is a {demand.sort} “{_plain(demand.name)}”"
            text += f", reviewed every {demand.review}" if demand.review else ""
        case Ready():
            text = f"each such service has this: {_plain(demand.item)}"
    return text


def _measure(demand: Measure, standard: Standard) -> str:
    figure = standard.figure(demand.figure) or standard.vocabulary.figures.get(demand.figure)
    title, unit = (figure.title, figure.unit.replace("_", " ")) if figure else (demand.figure, "")
    of = f" of {demand.component}" if demand.component else ""
    bound = {"at_least": "at least", "at_most": "at most", "above": "above", "below": "below"}[demand.bound]
    parts = [f"{title}{of} is {bound} {demand.target:f} {unit} ({demand.statistic}, {demand.window})"]
    if demand.acceptable is not None:
        parts.append(f"acceptable {demand.acceptable:f} {unit}")
    if demand.critical is not None:
        parts.append(f"critical {demand.critical:f} {unit}")
    return "; ".join(parts)


def _plain(word: str) -> str:
    return re.sub(r"[_-]", " ", word)


def _who(owner: str, standard: Standard) -> str:
    role = owner.partition(":")[2]
    return role_in_words(role, standard) if role else "its owner"


def _stage(stage: Stage, standard: Standard) -> str:
    found = [standard.role(role) for role in stage.roles]
    titles = " or ".join(role_in_words(role, standard) for role in stage.roles)
    is_board = all(role is not None and role.kind == "board" for role in found)
    one, many = (
        ("member of the", "members of the") if is_board else ("holder of the role", "holders of the role")
    )
    match stage.quorum:
        case "any" | 1:
            who = f"one {one} {titles}"
        case "all":
            who = f"all {many} {titles}"
        case "majority":
            who = f"the majority of the {titles}" if is_board else f"the majority of the {many} {titles}"
        case number:
            who = f"{number} {many} {titles}"
    parts = [f"stage {stage.order}, {stage.title}: {who} must approve"]
    if stage.for_service:
        parts.append("the role may be held for one of the services, or its team, alone")
    parts.append(
        "one reject ends it" if stage.reject == "ends" else "a reject is counted like any other vote"
    )
    if stage.several_hats:
        parts.append("one person may vote in several stages")
    return "; ".join(parts)


def _owe(owe: Owe, standard: Standard) -> str:
    role = owe.owner.partition(":")[2]
    owner = role_in_words(role, standard) if role else _OWNERS[owe.owner]
    parts = [f"{owner} owes within {duration_in_words(owe.within)}{_SINCE[owe.from_start]}: {owe.what}"]
    if owe.remind:
        parts.append(f"reminded {_series([duration_in_words(time) for time in owe.remind])} before")
    parts += [f"{_late(climb.after)} it goes to {role_in_words(climb.role, standard)}" for climb in owe.climb]
    if owe.blocks:
        titles = [standard.vocabulary.points[point].title for point in owe.blocks]
        parts.append(f"it must be met {_series(titles)}")
    return "; ".join(parts)


def _late(after: timedelta) -> str:
    return f"{duration_in_words(after)} late," if after else "when late,"


def _clause(node: Node, condition: Expression, *, within: bool) -> str:
    match node:
        case Both() | Either():
            word = " and " if isinstance(node, Both) else " or "
            text = word.join(_clause(one, condition, within=True) for one in node.operands)
            text = f"({text})" if within else text
        case Not():
            text = f"it is not so that {_clause(node.operand, condition, within=True)}"
        case Filled():
            fact = condition.facts[node.fact.name]
            text = f"{fact.title} is {'filled in' if fact.type.kind in (Kind.TEXT, Kind.LIST) else 'known'}"
        case FactName():
            text = _truth(condition.facts[node.name], holds=True)
        case Comparison():
            text = _comparison(node, condition)
        case Literal(value=bool() as value):
            text = "always" if value else "never"
        case _:
            text = _value(node, condition)
    return text


def _truth(fact: Fact, *, holds: bool) -> str:
    clause = fact.title.removeprefix("whether ")
    if clause == fact.title:
        return f"{fact.title} is {'true' if holds else 'not true'}"
    return clause if holds else f"it is not so that {clause}"


def _comparison(node: Comparison, condition: Expression) -> str:
    left, operator, right = node.left, node.operator, node.right
    if operator in ("in", "not in") and isinstance(right, FactName):
        verb = "include" if operator == "in" else "do not include"
        return f"{_value(right, condition)} {verb} {_value(left, condition)}"
    if operator in ("==", "!=") and isinstance(left, FactName) and isinstance(right, Literal):
        fact = condition.facts[left.name]
        if fact.type.kind is Kind.BOOLEAN:
            return _truth(fact, holds=(right.value is True) is (operator == "=="))
    return f"{_value(left, condition)} {_VERBS[operator]} {_value(right, condition)}"


def _value(node: Node, condition: Expression) -> str:
    match node:
        case FactName():
            return condition.facts[node.name].title
        case Literal():
            value = node.value
            if isinstance(value, timedelta):
                return duration_in_words(value)
            return str(value).replace("_", " ") if isinstance(value, str) else str(value)
        case ListLiteral():
            return _series([_value(item, condition) for item in node.items], "or")
    return _clause(node, condition, within=True)


def _series(items: list[str], word: str = "and") -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}"
