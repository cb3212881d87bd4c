"""Reads of the page Conformance: each rule of the standard in force, and how it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from django.db.models import Max

from compliance.judging import Share, Status, Trend, Turn, months_back, overall, share_of, trend
from compliance.models import ConformanceState, ConformanceTurn, ControlRule, Framework
from compliance.selectors.judged_figures import is_about_figures
from compliance.subjects import kinds, subjects_of
from opsportal.standards.rules import Rule, Standard
from opsportal.standards.standing import Retain

MONTHS = 12
TREND_OVER = timedelta(days=30)
Subject = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One rule and how it stands for those of its subjects that are looked at."""

    rule: Rule
    status: Status
    since: datetime | None
    counts: Mapping[str, int]
    states: tuple[ConformanceState, ...]
    trend: Trend = ""

    @property
    def speaker(self) -> ConformanceState | None:
        """The subject whose words and time stand for the whole: as the whole is, and since `since`."""
        alike = [one for one in self.states if one.status == self.status]
        return next((one for one in alike if one.since == self.since), None)

    @property
    def because(self) -> str:
        """Why, in one sentence; of many subjects it names the one that it is about."""
        if self.speaker is None:
            return ""
        whose = self.speaker.subject_title or self.speaker.subject_key
        return f"{whose}: {self.speaker.because}" if self.total > 1 and whose else self.speaker.because

    @property
    def value(self) -> str:
        """What was found, where it is about one subject alone."""
        return self.states[0].value if len(self.states) == 1 else ""

    @property
    def deliverer(self) -> str:
        """Who has to deliver what is missing."""
        return self.speaker.deliverer if self.speaker else ""

    @property
    def total(self) -> int:
        return len(self.states)


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month (UTC) of a rule: how long it was met and breached, over all its subjects.

    `met_percent` is of the time with data, `data_percent` how much of the month that is, since the rule
    began to be looked at; None where there is none.
    """

    start: datetime
    status: Status
    met_percent: int | None
    data_percent: int | None


@dataclass
class Wanted:
    """What the list is narrowed by; `rules` None: all of them. `held_by` is one of `held_by(rule)`."""

    status: str = ""
    kind: str = ""
    held_by: str = ""
    text: str = ""
    service: str = ""
    team: str = ""
    rules: Collection[str] | None = None
    subjects: frozenset[Subject] | None = field(default=None)


def statuses_at(at: datetime) -> dict[tuple[str, str, str], str]:
    """Return how each rule stood for each of its subjects at `at` (aware UTC), where that was known."""
    newest = (
        ConformanceTurn.objects.filter(at__lte=at)
        .order_by()
        .values("rule_id", "subject_kind", "subject_key")
        .annotate(newest=Max("id"))
        .values("newest")
    )
    rows = ConformanceTurn.objects.filter(pk__in=newest).exclude(status="")
    found = rows.values_list("rule_id", "subject_kind", "subject_key", "status")
    return {(rule, kind, key): status for rule, kind, key, status in found}


def lines_of(standard: Standard, wanted: Wanted, now: datetime) -> list[Line]:
    """Return the rules of `standard` that fit, in its order, each with its states and its trend over 30 days.

    With a service or team, rules that are about none of its subjects are left out.
    """
    subjects = belonging(wanted.service, wanted.team, now) if wanted.service or wanted.team else None
    by_rule: dict[str, list[ConformanceState]] = {}
    for row in ConformanceState.objects.order_by("rule_id", "subject_title", "id"):
        if subjects is None or (row.subject_kind, row.subject_key) in subjects:
            by_rule.setdefault(row.rule_id, []).append(row)
    before: dict[str, list[str]] = {}
    for (rule_id, kind, key), status in statuses_at(now - TREND_OVER).items():
        if subjects is None or (kind, key) in subjects:
            before.setdefault(rule_id, []).append(status)
    found = []
    for rule in standard.rules:
        states = by_rule.get(rule.id, [])
        if (subjects is not None and not states) or not _fits(rule, wanted):
            continue
        line = _line(rule, states, before.get(rule.id, ()))
        if not wanted.status or line.status == wanted.status:
            found.append(line)
    return found


def line_of(rule: Rule) -> Line:
    """Return one rule with its states."""
    rows = ConformanceState.objects.filter(rule_id=rule.id).order_by("subject_title", "id")
    return _line(rule, list(rows))


def months_of(rule: Rule, now: datetime) -> list[Month]:
    """Return how the rule stood in each of the last twelve calendar months, oldest first."""
    rows = ConformanceTurn.objects.filter(rule_id=rule.id).order_by("at", "id")
    turns: dict[Subject, list[Turn]] = {}
    for kind, key, status, at in rows.values_list("subject_kind", "subject_key", "status", "at"):
        turns.setdefault((kind, key), []).append(Turn(at, cast(Status, status)))
    return [
        _month(start, [share_of(one, start, end) for one in turns.values()])
        for start, end in months_back(now, MONTHS)
    ]


def turns_of(rule: Rule, limit: int) -> Sequence[ConformanceTurn]:
    """Return the newest turns of a rule."""
    return list(ConformanceTurn.objects.filter(rule_id=rule.id).order_by("-at", "-id")[:limit])


def belonging(service: str, team: str, now: datetime) -> frozenset[Subject]:
    """Return every subject that belongs to this service and this team (slugs; `""`: any)."""
    return frozenset(
        (kind, one.key)
        for kind in kinds()
        for one in subjects_of(kind, now)
        if (not service or service in one.services or (kind, one.key) == ("service", service))
        and (not team or team in one.teams)
    )


def framework_choices() -> list[tuple[str, str]]:
    """Return the frameworks that something is mapped to, as pairs of slug and title."""
    rows = Framework.objects.filter(requirements__controls__rules__isnull=False).distinct()
    return [(row.slug, row.title) for row in rows.order_by("title", "id")]


def rules_of_framework(slug: str) -> frozenset[str]:
    """Return the ids of the rules by which controls of this framework are judged."""
    rows = ControlRule.objects.filter(control__requirements__framework__slug=slug)
    return frozenset(rows.values_list("rule", flat=True))


def tally(lines: Iterable[Line]) -> dict[str, int]:
    """Return how many rules are met, breached and without data."""
    counts = {"met": 0, "breached": 0, "no_data": 0}
    for line in lines:
        counts[line.status] += 1
    return counts


def held_by(rule: Rule) -> str:
    """Return how the portal holds a rule: its kind, but `target` for figures, `retention` for records."""
    if is_about_figures(rule):
        return "target"
    return "retention" if isinstance(rule.demand, Retain) else rule.kind


def _fits(rule: Rule, wanted: Wanted) -> bool:
    if wanted.rules is not None and rule.id not in wanted.rules:
        return False
    if wanted.kind and rule.kind != wanted.kind:
        return False
    if wanted.held_by and held_by(rule) != wanted.held_by:
        return False
    text = wanted.text.casefold()
    return not text or text in f"{rule.id} {rule.title} {rule.source.section} {rule.source.quote}".casefold()


def _line(rule: Rule, states: list[ConformanceState], before: Collection[str] = ()) -> Line:
    counts = {"met": 0, "breached": 0, "no_data": 0}
    for row in states:
        counts[row.status] += 1
    status = overall([row.status for row in states])
    since = [row.since for row in states if row.status == status]
    # A rule is breached since the first breach that still holds, and met since the last that was mended.
    found = (max(since) if status == "met" else min(since)) if since else None
    order = {"breached": 0, "no_data": 1, "met": 2}
    shown = tuple(sorted(states, key=lambda row: order[row.status]))
    return Line(rule, status, found, counts, shown, trend(overall(before), status) if before else "")


def _month(start: datetime, shares: list[Share]) -> Month:
    looked = [one for one in shares if one.data_percent is not None]
    percents = [one.met_percent for one in looked if one.met_percent is not None]
    known = [one.data_percent for one in looked if one.data_percent is not None]
    return Month(
        start,
        overall([one.status for one in looked]),
        sum(percents) // len(percents) if percents else None,
        sum(known) // len(known) if known else None,
    )
