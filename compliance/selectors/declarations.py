"""What the standard in force asks people to declare, and where each of it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from compliance.governing.declarations import Due, due_of
from compliance.governing.of_service import service_facts
from compliance.models import Declaration
from compliance.selectors.readiness import services_to_judge
from opsportal.accounts.models import Role
from opsportal.accounts.selectors import holds_role, teams_of
from opsportal.catalog.models import Service
from opsportal.core.actor import Actor
from opsportal.obligations.terms import Subject
from opsportal.standards.engine import standing
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import in_force_or_none
from opsportal.standards.standing import Declare

POINT = "duties.declare"
ORGANISATION = Subject("organisation", "organisation", "The organisation")


@dataclass(frozen=True, slots=True)
class Asked:
    """One declaration that a rule asks for, about the organisation or one service, and where it stands."""

    rule: str
    name: str
    title: str
    every: str
    per: str
    owner: str
    deliverer: str
    standard_hash: str
    subject: Subject
    due: Due
    last: Declaration | None

    def may_be_declared_by(self, actor: Actor, now: datetime) -> bool:
        """Return whether `actor` holds the role that the rule names, or belongs to the service's team."""
        on = now.astimezone(UTC).date()
        kind, _, role = self.owner.partition(":")
        if kind == "role":
            return holds_role(actor, role, on, services=self.subject.services, teams=self.subject.teams)
        return actor.is_user and bool(set(self.subject.teams) & teams_of(actor.id, on))


def asked(now: datetime) -> list[Asked]:
    """Return what the standard in force asks to be declared, the most pressing first; none without one."""
    found = in_force_or_none()
    return asked_by(found.standard, found.since, now) if found else []


def asked_by(standard: Standard, since: datetime, now: datetime) -> list[Asked]:
    """Return what `standard`, in force `since`, asks to be declared at `now`. Four queries at most."""
    if not any(isinstance(rule.demand, Declare) for rule in standard.rules_at(POINT)):
        return []
    reading = _Reading(standard, dict(Role.objects.values_list("slug", "title")), _latest(standard), now)
    lines: list[Asked] = []
    for one in standing(standard, POINT, {}):
        if isinstance(one.demand, Declare) and one.demand.per == "organisation":
            lines.append(reading.line(one.rule_id, one.demand, ORGANISATION, since))
    for service in services_to_judge():
        facts = service_facts(service.slug, service.tier, service.data_classification)
        for one in standing(standard, POINT, facts):
            if isinstance(one.demand, Declare) and one.demand.per == "service":
                begun = max(since, service.created_at)
                lines.append(reading.line(one.rule_id, one.demand, _subject(service), begun))
    return sorted(lines, key=lambda line: (line.due.due_at, line.title, line.subject.key))


@dataclass(frozen=True, slots=True)
class _Reading:
    """One look at all of them: titles of roles by slug, the latest declaration of each rule and subject."""

    standard: Standard
    titles: dict[str, str]
    latest: dict[tuple[str, str, str], Declaration]
    now: datetime

    def line(self, rule: str, demand: Declare, subject: Subject, since: datetime) -> Asked:
        last = self.latest.get((rule, subject.kind, subject.key))
        role = demand.owner.partition(":")[2]
        deliverer = self.titles.get(role, role) if role else "the team of the service"
        due = due_of(
            every=demand.every,
            since=since,
            declared_at=last.declared_at if last else None,
            valid_until=last.valid_until if last else None,
            deliverer=deliverer,
            now=self.now,
        )
        return Asked(
            rule,
            demand.id,
            demand.title,
            demand.every,
            demand.per,
            demand.owner,
            deliverer,
            self.standard.content_hash,
            subject,
            due,
            last,
        )


def _subject(service: Service) -> Subject:
    return Subject("service", service.slug, service.name, (service.slug,), (service.owner_team.slug,))


def _latest(standard: Standard) -> dict[tuple[str, str, str], Declaration]:
    rules = [rule.id for rule in standard.rules_at(POINT) if isinstance(rule.demand, Declare)]
    rows = Declaration.objects.filter(rule_id__in=rules).order_by("id")
    return {(row.rule_id, row.subject_kind, row.subject_key): row for row in rows}
