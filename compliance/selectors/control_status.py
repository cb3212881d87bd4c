"""How controls stand: what is known of them, gathered for many at once and judged by the pure part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Count, Min

from compliance.controlling.status import (
    CollectedState,
    EvidenceState,
    Excuse,
    Judged,
    RuleState,
    judge_control,
)
from compliance.controlling.words import FRESH_FOR
from compliance.models import (
    ConformanceState,
    Control,
    Evidence,
    EvidenceItem,
    EvidenceRevision,
)
from compliance.selectors.controls import (
    InForce,
    control_exceptions_in_force,
    exceptions_in_force,
    newest_revisions,
)
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import active_standard_or_none
from opsportal.standards.vocabulary import declared

MOST_BREACHES = 5_000


def excuse_kind(kind: str) -> Literal["exception", "alternative"]:
    """Return a stored kind of exception as the word that the judging part knows."""
    return "alternative" if kind == "alternative" else "exception"


@dataclass(frozen=True, slots=True)
class _Found:
    """What conformance says of one rule: how many subjects stand how, the earliest since, and why."""

    counts: Mapping[str, int]
    since: Mapping[str, datetime]
    breaches: tuple[tuple[tuple[str, str], str], ...]


def control_statuses(controls: Collection[Control], now: datetime) -> dict[int, Judged]:
    """Return how each of these controls stands at `now` (aware UTC), by primary key.

    The controls are those of `controls_loaded`. A handful of queries, and one for each kind of event that
    they name, however many controls there are.
    """
    standard = active_standard_or_none()
    mapped = {row.rule for control in controls for row in control.rules.all()}
    found = _conformance(mapped)
    excused = exceptions_in_force(now, mapped) if mapped else []
    pieces = _evidence(controls)
    seen = _collected({row.event for control in controls for row in control.events.all()})
    excuses = control_exceptions_in_force(now, controls)
    return {
        control.pk: judge_control(
            now=now,
            rules=[
                _rule_state(row.pack, row.rule, standard, found.get(row.rule), excused)
                for row in control.rules.all()
            ],
            evidence=pieces.get(control.pk, []),
            collected=[_collected_state(control, row.event, seen) for row in control.events.all()],
            excuses=[
                Excuse(one.key, excuse_kind(one.kind), one.decided_at or one.requested_at, one.expires_at)
                for one in excuses.get(control.pk, [])
            ],
        )
        for control in controls
    }


def rule_is_in(standard: Standard | None, pack: str, rule: str) -> bool:
    """Return whether the standard in force still has this rule: the pack's own, or one that replaces it."""
    found = standard.rule(rule) if standard is not None else None
    return found is not None and pack in {found.origin, found.replaces}


def _conformance(rules: Collection[str]) -> dict[str, _Found]:
    if not rules:
        return {}
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    since: dict[str, dict[str, datetime]] = defaultdict(dict)
    rows = ConformanceState.objects.filter(rule_id__in=list(rules)).order_by()
    for row in rows.values("rule_id", "status").annotate(count=Count("id"), since=Min("since")):
        counts[row["rule_id"]][row["status"]] = row["count"]
        since[row["rule_id"]][row["status"]] = row["since"]
    breaches: dict[str, list[tuple[tuple[str, str], str]]] = defaultdict(list)
    if any("breached" in states for states in counts.values()):
        breached = rows.filter(status="breached").order_by("since", "id")
        for rule, kind, key, because in breached.values_list(
            "rule_id", "subject_kind", "subject_key", "because"
        )[:MOST_BREACHES]:
            breaches[rule].append(((kind, key), because))
    return {rule: _Found(counts[rule], since[rule], tuple(breaches[rule])) for rule in counts}


def _rule_state(
    pack: str, rule: str, standard: Standard | None, found: _Found | None, excused: Iterable[InForce]
) -> RuleState:
    if not rule_is_in(standard, pack, rule):
        return RuleState(rule, "gone")
    if found is None:
        return RuleState(rule, "no_data")
    fitting = [one for one in excused if one.rule == rule]
    if "breached" in found.counts:
        return _breached(rule, found, fitting)
    if "no_data" in found.counts:
        wholly = next((one for one in fitting if one.kind == "alternative" and one.subject is None), None)
        if wholly is not None:
            detail = "What cannot be verified is accepted by other evidence."
            return RuleState(rule, "breached", found.since.get("no_data"), detail, wholly.key)
        return RuleState(rule, "no_data", found.since.get("no_data"))
    return RuleState(rule, "met", found.since.get("met"))


def _breached(rule: str, found: _Found, fitting: list[InForce]) -> RuleState:
    """Return a breach, excused where every subject that breaches the rule is covered by an exception."""
    covering: list[str] = []
    for subject, because in found.breaches:
        cover = next((one for one in fitting if one.kind == "exception" and one.covers(rule, subject)), None)
        if cover is None:
            return RuleState(rule, "breached", found.since.get("breached"), because)
        covering.append(cover.key)
    is_whole = len(found.breaches) == found.counts["breached"]
    keys = ", ".join(dict.fromkeys(covering)) if is_whole else ""
    return RuleState(rule, "breached", found.since.get("breached"), "", keys)


def _evidence(controls: Collection[Control]) -> dict[int, list[EvidenceState]]:
    wanted = {control.pk for control in controls}
    items = list(
        EvidenceItem.objects.filter(state="standing", links__control__in=list(wanted))
        .distinct()
        .prefetch_related("links")
        .order_by("id")
    )
    newest = newest_revisions(items) if items else {}
    found: dict[int, list[EvidenceState]] = defaultdict(list)
    for item in items:
        state = _evidence_state(item, newest[item.pk])
        for link in item.links.all():
            if link.control_id in wanted:
                found[link.control_id].append(state)
    return found


def _evidence_state(item: EvidenceItem, revision: EvidenceRevision) -> EvidenceState:
    return EvidenceState(
        item.key,
        item.title,
        "fails" if revision.shows == "fails" else "works",
        revision.observed_at,
        revision.valid_until,
    )


def _collected(events: Collection[str]) -> dict[str, Evidence]:
    """Return the newest thing of each kind that the portal noted by itself: one short query for each kind."""
    found: dict[str, Evidence] = {}
    for event in sorted(events):
        newest = Evidence.objects.filter(event=event).order_by("-observed_at", "-id").first()
        if newest is not None:
            found[event] = newest
    return found


def _collected_state(control: Control, event: str, seen: Mapping[str, Evidence]) -> CollectedState:
    known = declared().events.get(event)
    title = known.title if known else event
    newest = seen.get(event)
    if newest is None:
        return CollectedState(event, title)
    until = newest.observed_at + FRESH_FOR[control.frequency]
    return CollectedState(event, title, newest.observed_at, until)
