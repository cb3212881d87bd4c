"""What recurs: somebody owes it once in every period, for each subject that the standard is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from compliance.cadence import Period, counts_for, due_at, first_owed, owed_after, period_named
from compliance.selectors.core import (
    about,
    applies,
    counts,
    last_counting,
    one_at_a_time,
    recurring,
    zone_of_periods,
)
from compliance.subjects import Known, subjects_of
from opsportal.accounts.selectors import ADMINISTRATORS
from opsportal.core.actor import Actor
from opsportal.core.writes import write
from opsportal.obligations.models import Obligation
from opsportal.obligations.services import obligation_open
from opsportal.obligations.services.end import end_row
from opsportal.obligations.services.standing import owed_locked
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.rules import Rule, Standard
from opsportal.standards.selectors import in_force_or_none
from opsportal.standards.standing import Recur
from opsportal.standards.vocabulary import Facts

ACTOR = Actor.system("compliance.cadence")
PREFIX = "every:"
"""What the occurrence of everything begins with that recurs: `every:2026-11`."""

Place = tuple[str, str, str]
"""Rule, kind and key of the subject."""


def cadence_satisfy(
    *,
    actor: Actor,
    now: datetime,
    standard: Standard,
    event: str,
    subject: Subject,
    at: datetime,
    facts: Facts,
    owner: Owner | None,
) -> None:
    """Meet what recurs for `subject` and is satisfied by `event` at `at` (aware UTC); open the next round.

    Something of a period that is over already, recorded late, meets that period alone.
    """
    rules = [rule for rule in recurring(standard, event) if applies(rule, facts) and counts(rule, facts)]
    if not rules:
        return
    with write(actor=actor, now=now):
        zone = zone_of_periods()
        owed = {
            row.rule_id: row
            for row in owed_locked(subject.kind, subject.key)
            if row.occurrence.startswith(PREFIX)
        }
        for rule in rules:
            row = owed.get(rule.id)
            _satisfy(rule, row, standard, subject, owner, actor=actor, now=now, at=at, zone=zone)


def cadences_follow(*, now: datetime) -> int:
    """See to it that all that recurs under the standard in force is owed, once, by whom it should be.

    Opens what is not owed yet for each subject that there is; voids what is owed under rules or for
    subjects that there are no longer, or under another edition of the rule. Repeating it changes nothing.
    Returns how many obligations it opened or voided.
    """
    found = in_force_or_none()
    if found is None:
        return 0
    standard, done = found.standard, 0
    with write(actor=ACTOR, now=now):
        one_at_a_time()
        zone = zone_of_periods()
        standing = _standing()
        wanted: dict[Place, tuple[Rule, Known]] = {}
        subjects: dict[str, list[Known]] = {}
        for rule in recurring(standard):
            kind = about(rule, standard)
            if kind not in subjects:
                subjects[kind] = subjects_of(kind, now)
            for known in subjects[kind]:
                if applies(rule, known.facts or {}):
                    wanted[rule.id, kind, known.key] = (rule, known)
        begun: dict[Place, datetime] = {}
        for place, row in standing.items():
            if place not in wanted or row.standard_hash != standard.content_hash:
                end_row(row, actor=ACTOR, now=now, outcome="void")
                begun[place] = row.opened_at
                done += 1
        for place, (rule, known) in wanted.items():
            if place in standing and place not in begun:
                continue
            kind = place[1]
            since = begun.get(place) or max(known.since, found.since)
            last = last_counting(rule, kind, known.key, standard)
            every = _demand(rule).every
            period = owed_after(every, last.observed_at, zone) if last else first_owed(every, since, zone)
            _open(rule, standard, known.subject(kind), known.owner, period, actor=ACTOR, now=now, zone=zone)
            done += 1
    return done


def _standing() -> Mapping[Place, Obligation]:
    rows = Obligation.objects.select_for_update(no_key=True).filter(
        ended_at__isnull=True, occurrence__startswith=PREFIX
    )
    return {(row.rule_id, row.subject_kind, row.subject_key): row for row in rows.order_by("id")}


def _satisfy(
    rule: Rule,
    row: Obligation | None,
    standard: Standard,
    subject: Subject,
    owner: Owner | None,
    *,
    actor: Actor,
    now: datetime,
    at: datetime,
    zone: str,
) -> None:
    demand = _demand(rule)
    if row is not None:
        # What is late stays owed until something happens in its own period or after it.
        if not counts_for(_period_of(row, demand), at, zone):
            return
        end_row(row, actor=actor, now=now, outcome="met")
    following = owed_after(demand.every, at, zone)
    _open(rule, standard, subject, owner, following, actor=actor, now=now, zone=zone)


def _period_of(row: Obligation, demand: Recur) -> Period:
    return period_named(demand.every, row.occurrence.removeprefix(PREFIX).partition("#")[0])


def _open(
    rule: Rule,
    standard: Standard,
    subject: Subject,
    owner: Owner | None,
    period: Period,
    *,
    actor: Actor,
    now: datetime,
    zone: str,
) -> None:
    demand = _demand(rule)
    role = demand.owner.partition(":")[2]
    occurrence = f"{PREFIX}{period.key}"
    ended = Obligation.objects.filter(
        rule_id=rule.id,
        subject_kind=subject.kind,
        subject_key=subject.key,
        occurrence__startswith=occurrence,
        ended_at__isnull=False,
    ).count()
    obligation_open(
        actor=actor,
        now=now,
        rule=rule.id,
        standard_hash=standard.content_hash,
        subject=subject,
        # What was voided when a rule or a subject went is owed anew when it comes back.
        occurrence=f"{occurrence}#{ended}" if ended else occurrence,
        what=demand.what,
        owner=Owner.role(role) if role else owner or Owner.role(ADMINISTRATORS),
        due_at=due_at(period, demand.grace, zone),
        remind=demand.remind,
        climb=demand.climb,
        source=asdict(rule.source),
    )


def _demand(rule: Rule) -> Recur:
    assert isinstance(rule.demand, Recur)  # noqa: S101 - rules are chosen by it
    return rule.demand
