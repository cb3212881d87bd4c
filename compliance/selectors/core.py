"""Reads of evidence and of what is so of each rule."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

from compliance.models import Evidence
from opsportal.calendar.selectors import working_calendar
from opsportal.standards.engine import Demanded, standing
from opsportal.standards.models import Activation
from opsportal.standards.rules import Rule, Standard
from opsportal.standards.standing import Recur
from opsportal.standards.vocabulary import Facts, Kind, Scalar, Value

LOOKED_BACK = 200
"""So many of the newest events of a subject are looked through for one that counts."""


def zone_of_periods() -> str:
    """Return the zone in which months and days begin and end: the organisation's, else UTC."""
    calendar = working_calendar()
    return calendar.zone if calendar else "UTC"


def one_at_a_time() -> None:
    """Wait, inside a transaction, until no other tick of compliance is at work: they look at everything."""
    Activation.objects.select_for_update(no_key=True).order_by("-id").first()


def facts_as_data(facts: Facts) -> dict[str, object]:
    """Return facts as JSON: durations in seconds, times as ISO 8601 UTC. What is not known is left out."""
    return {name: _as_data(value) for name, value in facts.items() if value is not None}


def facts_of(evidence: Evidence, standard: Standard) -> dict[str, Value]:
    """Return the facts of the moment, typed as the vocabulary of `standard` says, less unknown ones."""
    known = standard.vocabulary.facts
    return {
        name: _value(value, known[name].type.kind) for name, value in evidence.facts.items() if name in known
    }


def recurring(standard: Standard, event: str = "") -> list[Rule]:
    """Return the rules of `standard` that something recurs; with `event`, those that it may satisfy."""
    return [
        rule
        for rule in standard.rules
        if isinstance(rule.demand, Recur) and (not event or event in rule.applies_to)
    ]


def about(rule: Rule, standard: Standard) -> str:
    """Return the kind of the subjects of a rule by which something recurs."""
    event = standard.vocabulary.events.get(rule.applies_to[0])
    return event.about if event else ""


def counts(rule: Rule, facts: Facts) -> bool:
    """Return whether an event with these facts counts for the rule. What is not known does not count."""
    demand = rule.demand
    if not isinstance(demand, Recur) or demand.counts is None:
        return True
    return demand.counts.evaluate(facts) is True


def applies(rule: Rule, facts: Facts) -> bool:
    """Return whether the rule is about a subject with these facts; what is not known is no exception."""
    return rule.when is None or rule.when.evaluate(facts) is not False


def last_counting(rule: Rule, kind: str, key: str, standard: Standard) -> Evidence | None:
    """Return the newest event of the subject that counts for the rule, or None."""
    rows = Evidence.objects.filter(event__in=rule.applies_to, subject_kind=kind, subject_key=key)
    for row in rows.order_by("-observed_at", "-id")[:LOOKED_BACK]:
        if counts(rule, facts_of(row, standard)):
            return row
    return None


def counted_since(
    rules: Collection[Rule], standard: Standard, since: datetime
) -> Iterator[tuple[Rule, Evidence]]:
    """Yield every event since then (aware UTC) with each rule for which it counts, newest first."""
    events = {event for rule in rules for event in rule.applies_to}
    rows = Evidence.objects.filter(event__in=events, observed_at__gte=since)
    for row in rows.order_by("-observed_at", "-id").iterator(chunk_size=2000):
        facts = facts_of(row, standard)
        for rule in rules:
            if row.event in rule.applies_to and counts(rule, facts):
                yield rule, row


def demanded(standard: Standard, place: str, facts: Facts, form: str) -> list[Demanded]:  # type: ignore[type-arg]
    """Return what the standard demands all the time at this place of such a subject, of one form."""
    return [one for one in standing(standard, place, facts) if one.demand.form == form]


def _as_data(value: Value) -> object:
    match value:
        case timedelta():
            return value.total_seconds()
        case datetime():
            return value.astimezone(UTC).isoformat()
        case tuple():
            return [_as_data(one) for one in value]
    return value


def _value(value: object, kind: Kind) -> Value:
    if kind is Kind.DURATION and isinstance(value, int | float):
        return timedelta(seconds=value)
    if kind is Kind.TIME and isinstance(value, str):
        return datetime.fromisoformat(value)
    if isinstance(value, list):
        return tuple(one for one in value if isinstance(one, str | int | float | bool))
    return value if isinstance(value, Scalar) else None
