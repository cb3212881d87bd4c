"""What is so of rules by which somebody owes something: by their obligations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q

from compliance.judging import Judgement
from compliance.selectors.core import about, applies, last_counting
from compliance.subjects import Known, subjects_of
from opsportal.obligations.models import Obligation
from opsportal.standards.rules import Owe, Rule, Standard
from opsportal.standards.standing import Recur
from opsportal.standards.wording import role_in_words

WINDOW = timedelta(days=30)
KEPT = timedelta(days=365)
SHOWN = 5
EVERY = "every:"


def judge_owed(rules: Sequence[Rule], standard: Standard, now: datetime) -> dict[str, list[Judgement]]:
    """Judge rules of the form `owe`.

    Breached while something is overdue, or where something that was due in the last 30 days was late; met
    where in the last year something was owed and was not; without data where nothing was. What is void by
    now counts only where it had been late: a breach that happened is not forgiven by what came after it.
    """
    counts = ~Q(state="void") | Q(breached_at__isnull=False)
    rows = Obligation.objects.filter(rule_id__in=[rule.id for rule in rules], opened_at__gte=now - KEPT)
    recent = Q(due_at__gt=now - WINDOW, due_at__lte=now) & counts
    counted = {
        row["rule_id"]: row
        for row in rows.values("rule_id").annotate(
            all=Count("id", filter=counts),
            due=Count("id", filter=recent),
            late=Count("id", filter=recent & Q(breached_at__isnull=False)),
            overdue=Count("id", filter=Q(breached_at__isnull=False, ended_at__isnull=True)),
        )
    }
    late = _late(rules, now)
    return {rule.id: [_owed(rule, counted.get(rule.id, {}), late.get(rule.id, ()))] for rule in rules}


def _late(rules: Sequence[Rule], now: datetime) -> dict[str, tuple[tuple[str, str], ...]]:
    rows = Obligation.objects.filter(rule_id__in=[rule.id for rule in rules], breached_at__isnull=False)
    rows = rows.filter(Q(ended_at__isnull=True) | Q(due_at__gt=now - WINDOW)).order_by("-due_at")
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for rule_id, kind, key in rows.values_list("rule_id", "subject_kind", "subject_key")[:1000]:
        if len(found.get(rule_id, ())) < SHOWN:
            found[rule_id] = (*found.get(rule_id, ()), (kind, key))
    return found


def _owed(rule: Rule, counted: Mapping[str, Any], late: tuple[tuple[str, str], ...]) -> Judgement:
    assert isinstance(rule.demand, Owe)  # noqa: S101 - rules are chosen by it
    target = "all in time"
    if not counted.get("all"):
        return Judgement("no_data", target=target, because="Nothing was owed under it in the last year.")
    due, missed, overdue = counted["due"], counted["late"], counted["overdue"]
    value = f"{due - missed} of {due} in time" if due else "nothing due"
    if overdue:
        because = f"{overdue} of it {'is' if overdue == 1 else 'are'} overdue now."
        return Judgement("breached", value=value, target=target, because=because, records=late)
    if missed:
        because = f"{missed} that fell due in the last 30 days {'was' if missed == 1 else 'were'} late."
        return Judgement("breached", value=value, target=target, because=because, records=late)
    return Judgement("met", value=value, target=target, because="Nothing was late in the last 30 days.")


@dataclass(frozen=True, slots=True)
class _Round:
    """What is owed of a subject in the present round, and whether it was ever done."""

    due_at: datetime | None
    late: bool


def judge_recurring(rules: Sequence[Rule], standard: Standard, now: datetime) -> dict[str, list[Judgement]]:
    """Judge rules of the form `recur`, for each of their subjects.

    Breached while a round of it is overdue; met where it has happened; without data before the first time.
    """
    ids = [rule.id for rule in rules]
    rows = Obligation.objects.filter(rule_id__in=ids, occurrence__startswith=EVERY, ended_at__isnull=True)
    rounds = {
        (rule_id, kind, key): _Round(due, breached is not None or due <= now)
        for rule_id, kind, key, due, breached in rows.values_list(
            "rule_id", "subject_kind", "subject_key", "due_at", "breached_at"
        )
    }
    done = {
        (row["rule_id"], row["subject_kind"], row["subject_key"])
        for row in Obligation.objects.filter(rule_id__in=ids, occurrence__startswith=EVERY, state="met")
        .values("rule_id", "subject_kind", "subject_key")
        .annotate(last=Max("id"))
    }
    subjects: dict[str, list[Known]] = {}
    found: dict[str, list[Judgement]] = {}
    for rule in rules:
        kind = about(rule, standard)
        if kind not in subjects:
            subjects[kind] = subjects_of(kind, now)
        found[rule.id] = [
            _recurring(
                rule, standard, known, kind=kind, standing=rounds.get((rule.id, kind, known.key)), done=done
            )
            for known in subjects[kind]
            if applies(rule, known.facts or {})
        ]
    return found


def _recurring(
    rule: Rule,
    standard: Standard,
    known: Known,
    *,
    kind: str,
    standing: _Round | None,
    done: set[tuple[str, str, str]],
) -> Judgement:
    demand = rule.demand
    assert isinstance(demand, Recur)  # noqa: S101 - rules are chosen by it
    role = demand.owner.partition(":")[2]
    deliverer = f"holders of the role {role_in_words(role, standard)}" if role else "whoever answers for it"
    target = f"every {demand.every}"
    subject, title = (kind, known.key), known.title
    last = last_counting(rule, kind, known.key, standard)
    value = f"last on {last.observed_at:%Y-%m-%d}" if last else "never"
    records = ((last.record_kind, last.record_key),) if last else ()
    due = f"{standing.due_at:%Y-%m-%d %H:%M} UTC" if standing and standing.due_at else ""
    if standing and standing.late:
        because = f"It was due by {due}."
        return Judgement("breached", subject, title, value, target, because, deliverer, records)
    if last or (rule.id, kind, known.key) in done:
        because = f"It is due again by {due}." if due else "It has happened."
        return Judgement("met", subject, title, value, target, because, "", records)
    because = f"It has not happened yet; it is due by {due}." if due else "It has not happened yet."
    return Judgement("no_data", subject, title, value, target, because, deliverer)
