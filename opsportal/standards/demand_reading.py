"""Reading what a rule demands: exactly one form, which the place must accept. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, cast

from opsportal.standards.demand_places import (
    OWNERS,
    Place,
    read_climbs,
    read_known,
    read_reminders,
    read_role,
)
from opsportal.standards.reading import FACT_WORD, Reader
from opsportal.standards.rules import (
    FORM_KINDS,
    Act,
    Attest,
    Demand,
    Owe,
    Permit,
    Quorum,
    Require,
    RequireChange,
    RequireCheck,
    RequireField,
    RequirePolicyHash,
    Stage,
    Steps,
)
from opsportal.standards.standing_reading import STANDING_READERS

MAX_QUORUM = 100
PERMITS = ("start_before_approval", "start_in_freeze")
ACTIONS = ("roll_back", "hold")


def read_demand(rule: Reader, place: Place) -> tuple[str, Demand | None]:
    """Return the form and the demand of `rule`; what is wrong is noted."""
    demand = rule.table("demand", required=True)
    if demand is None:
        return "", None
    forms = [form for form in FORM_KINDS if demand.has(form)]
    if len(forms) != 1:
        for form in FORM_KINDS:
            demand.raw(form)
        found = f"has {', '.join(forms)}" if forms else "has none"
        rule.note("demand", f"must have exactly one of {', '.join(FORM_KINDS)}; this {found}")
        demand.close()
        return "", None
    form = forms[0]
    for point in place.points:
        if form not in point.demands and FORM_KINDS[form] != "obligation":
            takes = ", ".join(sorted(point.demands))
            rule.note(f"demand.{form}", f"{point.name} takes no such demand; it takes: {takes}")
    read = _READERS[form](demand, place)
    demand.close()
    return form, read


def _require(demand: Reader, place: Place) -> Demand | None:
    condition = demand.expression("require", place.facts, place.names.vocabulary.facts)
    return Require(condition) if condition else None


def _field(demand: Reader, place: Place) -> Demand | None:
    name = demand.text("field", required=True)
    fields = [point.field_named(name) for point in place.points]
    if not fields:  # where it applies is wrong, and noted already
        return None
    first = fields[0]
    if first is None or None in fields:
        possible = sorted({field.name for point in place.points for field in point.fields})
        demand.note(
            "field", f"'{name}' is no field that can be asked there; there are: {', '.join(possible)}"
        )
        return None
    return RequireField(first.name, first.title, first.fact)


def _stage(demand: Reader, place: Place) -> Demand | None:
    stage = demand.table("stage", required=True)
    if stage is None:
        return None
    read = Stage(
        id=stage.word("id"),
        title=stage.text("title", required=True),
        order=stage.integer("order", lowest=1, highest=99),
        roles=tuple(read_role(stage, "role", name, place) for name in stage.words("role", required=True)),
        quorum=_quorum(stage),
        for_service=stage.boolean("for_service"),
        reject=cast(Literal["ends", "counts"], stage.one_of("reject", ("ends", "counts"), default="ends")),
        several_hats=stage.boolean("several_hats"),
    )
    stage.close()
    return read if read.roles else None


def _quorum(stage: Reader) -> Quorum:
    if isinstance(stage.raw("quorum"), str):
        return cast(Quorum, stage.one_of("quorum", ("any", "all", "majority")))
    return stage.integer("quorum", lowest=1, highest=MAX_QUORUM)


def _check(demand: Reader, place: Place) -> Demand | None:
    name = demand.word("check", FACT_WORD)
    if name and name not in place.names.checks:
        declared = ", ".join(sorted(place.names.checks)) or "none"
        demand.note("check", f"'{name}' is not a check that this pack declares; declared: {declared}")
    return RequireCheck(name)


def _policy_hash(demand: Reader, place: Place) -> Demand | None:
    _must_be_true(demand, "policy_hash")
    if not place.names.policy_hash:
        demand.note("policy_hash", "the pack declares no policy_hash in [standard] that could be demanded")
    return RequirePolicyHash()


def _must_be_true(demand: Reader, key: str) -> None:
    if demand.raw(key) is not True:
        demand.note(key, "must be true; leave the rule out where it is not demanded")


def _change(demand: Reader, place: Place) -> Demand | None:
    demand.one_of("change", ("approved",))
    return RequireChange()


def _steps(demand: Reader, place: Place) -> Demand | None:
    value = demand.raw("steps")
    if not isinstance(value, list) or not value or not all(type(step) is int for step in value):
        demand.note("steps", "must be a list of whole percentages like [10, 50, 100]")
        return None
    if value != sorted(set(value)) or value[0] < 1 or value[-1] != 100:
        demand.note("steps", "must go up, from 1 at least, and end at 100")
        return None
    return Steps(tuple(value))


def _permit(demand: Reader, place: Place) -> Demand | None:
    word = demand.one_of("permit", PERMITS)
    return Permit(cast(Literal["start_before_approval", "start_in_freeze"], word))


def _action(demand: Reader, place: Place) -> Demand | None:
    return Act(cast(Literal["roll_back", "hold"], demand.one_of("action", ACTIONS)))


def _attest(demand: Reader, place: Place) -> Demand | None:
    attest = demand.table("attest", required=True)
    if attest is None:
        return None
    read = Attest(attest.word("id"), attest.text("title", required=True))
    attest.close()
    return read


def _owe(demand: Reader, place: Place) -> Demand | None:
    owe = demand.table("owe", required=True)
    if owe is None:
        return None
    within = owe.duration("within")
    if owe.has("within") and not within:
        owe.note("within", "must be longer than nothing")
    events = place.names.vocabulary.events
    read = Owe(
        what=owe.text("what", required=True),
        owner=_owner(owe, place),
        within=within,
        met_by=read_known(owe, "met_by", events, "an event", required=True),
        void_by=read_known(owe, "void_by", events, "an event"),
        remind=read_reminders(owe, within),
        climb=read_climbs(owe, place),
        blocks=read_known(owe, "blocks", place.names.vocabulary.points, "a point"),
        from_start=owe.boolean("from_start"),
    )
    if read.from_start and not set(OWNERS["incident"]) & set(place.owners):
        owe.note("from_start", "is for what happens to incidents, which have a start to count from")
    both = sorted(set(read.met_by) & set(read.void_by))
    if both:
        owe.note("void_by", f"{', '.join(both)} cannot both meet and void it")
    owe.close()
    return read


def _owner(owe: Reader, place: Place) -> str:
    owner = owe.text("owner", required=True)
    if owner.startswith("role:"):
        read_role(owe, "owner", owner.removeprefix("role:"), place)
    elif owner and owner not in place.owners:
        there = ", ".join([*place.owners, "role:<id>"])
        owe.note("owner", f"must be one of {there} there; '{owner[:60]}' is not")
    return owner


_READERS: Mapping[str, Callable[[Reader, Place], Demand | None]] = {
    "require": _require,
    "field": _field,
    "stage": _stage,
    "check": _check,
    "policy_hash": _policy_hash,
    "change": _change,
    "steps": _steps,
    "permit": _permit,
    "action": _action,
    "attest": _attest,
    "owe": _owe,
    **STANDING_READERS,
}
