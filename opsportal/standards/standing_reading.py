"""Reading what a rule demands all the time. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Literal, cast

from opsportal.standards.demand_places import Place, read_climbs, read_role
from opsportal.standards.reading import FACT_WORD, Reader
from opsportal.standards.standing import (
    PERIODS,
    Bound,
    Declare,
    Every,
    Keep,
    Measure,
    Ready,
    Recover,
    Recur,
    Retain,
    Span,
    SpanUnit,
    Standing,
    Statistic,
    Whole,
)
from opsportal.standards.vocabulary import Event, Fact

BOUNDS = ("at_least", "at_most", "above", "below")
STATISTICS = ("mean", "min", "max", "last", "sum", "p50", "p95", "p99")
WHOLES = ("organisation", "service")
ARTEFACT = re.compile(r"(?:document|policy):[a-z0-9](?:[a-z0-9_-]{0,58}[a-z0-9])?", re.ASCII)
WINDOW = re.compile(r"[1-9][0-9]{0,4}(?:\.[0-9]{1,4})?[smhdw]|day|week|month|quarter|year", re.ASCII)
SPAN = re.compile(r"(?P<count>[1-9][0-9]{0,3}) (?P<unit>hour|day|week|month|year)s?", re.ASCII)


def _recur(demand: Reader, place: Place) -> Standing | None:
    table = demand.table("recur", required=True)
    if table is None:
        return None
    events = _events(place)
    if not events or any(not event.about for event in events) or len({one.about for one in events}) != 1:
        demand.note(
            "recur", "applies to events of one kind of subject: an asset, a service, the organisation …"
        )
    read = Recur(
        what=table.text("what", required=True),
        owner=_owner(table, "owner", place),
        every=cast(Every, table.one_of("every", PERIODS)),
        counts=table.expression("counts", place.facts, place.names.vocabulary.facts),
        grace=table.duration("grace", required=False),
        remind=tuple(sorted(set(table.durations("remind")), reverse=True)),
        climb=read_climbs(table, place),
    )
    table.close()
    return read


def _events(place: Place) -> list[Event]:
    known = place.names.vocabulary.events
    return [known[name] for name in place.applies_to if name in known]


def _measure(demand: Reader, place: Place) -> Standing | None:
    table = demand.table("measure", required=True)
    if table is None:
        return None
    figure = table.word("figure", FACT_WORD)
    if figure and figure not in place.names.figures:
        known = ", ".join(sorted(place.names.figures)) or "none"
        table.note("figure", f"'{figure}' is neither a [[figure]] nor computed by the portal; known: {known}")
    window = table.text("window") or "30d"
    if not WINDOW.fullmatch(window):
        table.note("window", f"must be like 30d, 30.42d, 5m, month, quarter or year; '{window[:40]}' is not")
    target = _decimal(table, "target", required=True)
    read = Measure(
        figure=figure,
        bound=cast(Bound, table.one_of("is", BOUNDS)),
        target=target if target is not None else Decimal(),
        per=cast(Whole, table.one_of("per", WHOLES, default="service")),
        component=table.text("component", longest=60),
        acceptable=_decimal(table, "acceptable"),
        critical=_decimal(table, "critical"),
        statistic=cast(Statistic, table.one_of("statistic", STATISTICS, default="mean")),
        window=window,
        provider=_owner(table, "provider", place, default="owner"),
    )
    table.close()
    return read


def _recover(demand: Reader, place: Place) -> Standing | None:
    table = demand.table("recover", required=True)
    if table is None:
        return None
    read = Recover(
        rto=table.duration("rto") if table.has("rto") else None,
        rpo=table.duration("rpo") if table.has("rpo") else None,
    )
    if read.rto is None and read.rpo is None:
        demand.note("recover", "must have rto, rpo, or both")
    table.close()
    return read


def _retain(demand: Reader, place: Place) -> Standing | None:
    table = demand.table("retain", required=True)
    if table is None:
        return None
    read = Retain(
        records=table.word("records"),
        keep=_span(table, "keep"),
        then=cast(
            Literal["delete", "archive", "keep"],
            table.one_of("then", ("delete", "archive", "keep"), default="delete"),
        ),
    )
    table.close()
    return read


def _declare(demand: Reader, place: Place) -> Standing | None:
    table = demand.table("declare", required=True)
    if table is None:
        return None
    read = Declare(
        id=table.word("id"),
        title=table.text("title", required=True),
        owner=_owner(table, "owner", place),
        every=cast(Every, table.one_of("every", PERIODS, default="year")),
        per=cast(Whole, table.one_of("per", WHOLES, default="organisation")),
    )
    table.close()
    return read


def _keep(demand: Reader, place: Place) -> Standing | None:
    table = demand.table("keep", required=True)
    if table is None:
        return None
    artefact = table.text("artefact", required=True)
    if artefact and not ARTEFACT.fullmatch(artefact):
        table.note(
            "artefact", f"must be like document:architecture or policy:security; '{artefact[:60]}' is not"
        )
    review = table.one_of("review", PERIODS) if table.has("review") else None
    read = Keep(
        artefact,
        cast(Whole, table.one_of("per", WHOLES, default="organisation")),
        cast(Every, review) if review else None,
    )
    table.close()
    return read


def _ready(demand: Reader, place: Place) -> Standing | None:
    table = demand.table("ready", required=True)
    if table is None:
        return None
    read = Ready(table.word("item", FACT_WORD))
    table.close()
    return read


def _owner(table: Reader, key: str, place: Place, *, default: str = "") -> str:
    owner = table.text(key, required=not default) or default
    if owner.startswith("role:"):
        read_role(table, key, owner.removeprefix("role:"), place)
    elif owner and owner != "owner":
        table.note(key, f"must be owner or role:<id>; '{owner[:60]}' is not")
    return owner


def _decimal(table: Reader, key: str, *, required: bool = False) -> Decimal | None:
    """Return a number. Stored content has it as text, since canonical JSON has no fractions."""
    value = table.raw(key)
    if value is None:
        if required:
            table.note(key, "is missing")
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise InvalidOperation
        number = Decimal(str(value))
        if not number.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        table.note(key, "must be a number")
        return None
    return number


def _span(table: Reader, key: str) -> Span:
    text = table.text(key, required=True)
    if text == "forever":
        return Span(0)
    found = SPAN.fullmatch(text)
    if found is None:
        if text:
            table.note(key, f"must be like 7 years, 13 months, 30 days, or forever; '{text[:40]}' is not")
        return Span(0)
    return Span(int(found["count"]), cast(SpanUnit, found["unit"]))


def about_facts(facts: Mapping[str, Fact], about: str) -> dict[str, Fact]:
    """Return the facts of the subject alone: what is known of it before anything happens to it."""
    return {name: fact for name, fact in facts.items() if fact.area == about}


STANDING_READERS: Mapping[str, Callable[[Reader, Place], Standing | None]] = {
    "recur": _recur,
    "measure": _measure,
    "recover": _recover,
    "retain": _retain,
    "declare": _declare,
    "keep": _keep,
    "ready": _ready,
}
