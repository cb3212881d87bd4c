"""Reads of escalations: whom a target means at an instant, which plan applies, what stands still."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from incidents.escalating import CLOCK_TOLERANCE, Plan, Target, beginning_with, held_until, time_to_answer
from incidents.escalation_matrix import NOBODY_NAMED, plan_of_matrix
from incidents.models import (
    Escalation,
    EscalationMove,
    EscalationPolicy,
    Incident,
    ServicePolicy,
)
from incidents.selectors.duty import on_call_by_schedule, on_call_for_teams
from incidents.selectors.response import affected_by, people_who_see, roles_that_see_all
from opsportal.accounts.models import Absence, User
from opsportal.accounts.selectors import ADMINISTRATORS, absent_at, holders_of, stand_ins
from opsportal.calendar.hours import WorkingTime
from opsportal.calendar.selectors import working_calendar
from opsportal.catalog.models import Service
from opsportal.core.errors import NotFound
from opsportal.notify.models import ChannelTarget
from opsportal.notify.services import pageable
from opsportal.standards.selectors import standard_by_hash

GRACE = timedelta(seconds=60)
"""How late a step may be before the auditor calls it one that stands still (it is due at most 15 s late)."""

_TIERS = {"critical": 0, "core": 1, "supporting": 2}


@dataclass(frozen=True, slots=True)
class Scope:
    """What of an incident decides who is meant: services and teams (slugs), whoever has it."""

    services: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()


@dataclass(slots=True)
class Reached:
    """Whom targets mean: people (id -> why) and channels (slug -> why), and who of them cannot be told."""

    people: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    skipped: list[dict[str, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.people or self.channels)

    @property
    def told(self) -> list[dict[str, str]]:
        """Return them as an escalation's record keeps them."""
        people = [{"kind": "person", "id": key, "why": why} for key, why in self.people.items()]
        return people + [{"kind": "channel", "id": key, "why": why} for key, why in self.channels.items()]

    def skip(self, kind: str, key: str, why: str) -> None:
        self.skipped.append({"kind": kind, "id": key, "why": why})


@dataclass(frozen=True, slots=True)
class Choice:
    """The plan of an incident, where it is from, and its name there."""

    plan: Plan
    origin: str
    reference: str = ""


def scope_of(incident: Incident) -> Scope:
    """Return what of `incident` decides who is meant. One query."""
    direct = [one.service for one in affected_by(incident) if one.effect == "direct"]
    return Scope(
        services=tuple(sorted({service.slug for service in direct})),
        teams=tuple(sorted({service.owner_team.slug for service in direct})),
        assignees=(str(incident.assignee_id),) if incident.assignee_id else (),
    )


def choice_for(incident: Incident) -> Choice:
    """Return the plan of an incident: its route's policy, else its service's, else the standard's matrix for
    its severity, else that the administrators are told.

    Of several services that have a policy, the most critical one's counts, then the first by slug. A policy
    that is retired or unknown counts as none. Only the route's policy is taken as it is for an incident of
    security, or a restricted one: any other plan begins with `insiders_of` it.
    """
    policies = EscalationPolicy.objects.filter(state="active")
    policy = policies.filter(slug=incident.policy).first() if incident.policy else None
    if policy is not None:
        return Choice(policy.read_plan, Escalation.Origin.POLICY, policy.slug)
    rows = ServicePolicy.objects.filter(
        service__incidents__incident=incident, service__incidents__effect="direct", policy__state="active"
    ).select_related("service", "policy")
    ranked = sorted(rows, key=lambda row: (_TIERS.get(row.service.tier, 9), row.service.slug))
    policy = ranked[0].policy if ranked else None
    if policy is not None:
        plan = beginning_with(policy.read_plan, insiders_of(incident))
        return Choice(plan, Escalation.Origin.POLICY, policy.slug)
    return matrix_for(incident)


def matrix_for(incident: Incident) -> Choice:
    """Return what the standard under which `incident` runs has for its severity, its insiders first."""
    insiders = insiders_of(incident)
    row = standard_by_hash(incident.standard_hash).escalation(incident.severity)
    if row is not None:
        return Choice(beginning_with(plan_of_matrix(row), insiders), Escalation.Origin.STANDARD, row.id)
    return Choice(beginning_with(NOBODY_NAMED, insiders), Escalation.Origin.FALLBACK)


def insiders_of(incident: Incident) -> tuple[Target, ...]:
    """Return whom an incident of security, or a restricted one, tells first: the roles that see all such."""
    if not (incident.security or incident.is_restricted):
        return ()
    return tuple(Target("role", role) for role in roles_that_see_all())


def reached_by(targets: Iterable[Target], scope: Scope, now: datetime, incident: Incident | None) -> Reached:
    """Return whom `targets` mean at `now` (aware UTC), and who of them is away, unreachable or an outsider.

    Whoever is on call is told though they are marked as away. For whoever else is away their deputy is told.
    `incident` is None in a preview: then nobody is an outsider.
    """
    found = Reached()
    for target in targets:
        if target.kind in {"channel", "webhook"}:
            _channel(target, found)
            continue
        why = in_words(target)
        people = _people(target, scope, now)
        if target.kind not in {"on_call", "schedule"}:
            people = _present(people, target, found, now)
        for person in people:
            found.people.setdefault(person, why)
    _leave_out(found, incident, now)
    return found


def in_words(target: Target) -> str:
    """Return a target as the record names it: `role:cto`, `on_call:primary`, `schedule:payments:primary`."""
    return ":".join(part for part in (target.kind, target.key, target.role) if part)


def _people(target: Target, scope: Scope, now: datetime) -> list[str]:
    """Return the ids of those whom a target means, absent ones too."""
    match target.kind:
        case "schedule":
            return on_call_by_schedule(target.key, target.role, now)
        case "on_call":
            return on_call_for_teams(scope.teams, target.role, now)
        case "assignee":
            # As long as it is nobody's, whoever is on call has it.
            return list(scope.assignees) or on_call_for_teams(scope.teams, "primary", now)
        case "person":
            return [target.key]
        case "role":
            day = now.astimezone(UTC).date()
            holders = holders_of(target.key, day, services=scope.services, teams=scope.teams)
            return [str(pk) for pk in holders.values_list("pk", flat=True)]
    administrators = holders_of(ADMINISTRATORS, now.astimezone(UTC).date())
    return [str(pk) for pk in administrators.order_by("full_name", "pk").values_list("pk", flat=True)]


def _present(people: list[str], target: Target, found: Reached, now: datetime) -> list[str]:
    """Return those who are there, and the deputies of those who are not."""
    absent = Absence.objects.filter(absent_at(now), person__in=[UUID(one) for one in people])
    away = {str(pk) for pk in absent.values_list("person", flat=True)}
    if not away:
        return people
    role = target.key if target.kind == "role" else ""
    principals = {user.pk for user in User.objects.filter(pk__in=away)}
    deputies = [one for one in stand_ins(now, principals=principals) if one.covers(role)]
    for person in people:
        if person in away:
            found.skip("person", person, "away")
    present = [person for person in people if person not in away]
    return list(dict.fromkeys([*present, *(str(one.deputy.pk) for one in deputies)]))


def _channel(target: Target, found: Reached) -> None:
    if ChannelTarget.objects.filter(slug=target.key, state="on").exists():
        found.channels.setdefault(target.key, in_words(target))
    else:
        found.skip("channel", target.key, "missing")


def _leave_out(found: Reached, incident: Incident | None, now: datetime) -> None:
    """Take out who cannot be paged, and who may not know of a restricted incident."""
    reachable = {str(pk) for pk in pageable(found.people)}
    allowed = set(people_who_see(incident, found.people, now)) if incident is not None else set(found.people)
    for person in list(found.people):
        reason = "unreachable" if person not in reachable else "outsider" if person not in allowed else ""
        if reason:
            del found.people[person]
            found.skip("person", person, reason)


# --- what stands where -----------------------------------------------------------------------------------


def policy_by_slug(slug: str) -> EscalationPolicy:
    """Return the policy. Raises `NotFound`."""
    policy = EscalationPolicy.objects.filter(slug=slug).first()
    if policy is None:
        raise NotFound("There is no such escalation policy.")
    return policy


def policies() -> QuerySet[EscalationPolicy]:
    """Return all policies, those in use first, by name."""
    return EscalationPolicy.objects.order_by("state", "name", "id")


def policies_with_schedule(slug: str) -> list[EscalationPolicy]:
    """Return the policies in use of which a step, or the fallback, tells who is on call by this schedule."""
    found: list[EscalationPolicy] = []
    for policy in EscalationPolicy.objects.filter(state="active").order_by("slug"):
        plan = policy.read_plan
        targets = [*plan.fallback, *(target for step in plan.steps for target in step.targets)]
        if any((target.kind, target.key) == ("schedule", slug) for target in targets):
            found.append(policy)
    return found


def escalation_of(incident: Incident) -> Escalation | None:
    """Return the latest escalation of an incident, or None where it never had one."""
    return Escalation.objects.filter(incident=incident).order_by("-id").first()


def moves_of(escalation: Escalation) -> QuerySet[EscalationMove]:
    """Return what an escalation did, in order."""
    return escalation.log.order_by("number")


def must_acknowledge(escalation: Escalation) -> set[str]:
    """Return the ids of the people told in this pass at steps where everyone has to acknowledge."""
    plan = escalation.read_plan
    strict = [number for number, step in enumerate(plan.steps) if step.everyone_acknowledges]
    if not strict:
        return set()
    rows = escalation.log.filter(kind="told", pass_number=escalation.passes, step__in=strict)
    told: Iterable[list[dict[str, Any]]] = rows.values_list("told", flat=True)
    return {one["id"] for line in told for one in line if one["kind"] == "person"}


def acknowledged_in_this_pass(escalation: Escalation) -> set[str]:
    """Return the ids of the people who acknowledged since the last lapse."""
    rows = escalation.acknowledgements.filter(pass_number=escalation.passes)
    return set(rows.values_list("person", flat=True))


@dataclass(frozen=True, slots=True)
class Standstill:
    """An incident whose silence nobody hears: its id, key and why it is one."""

    incident: int
    key: str
    why: str


def standing_still(now: datetime, *, most: int = 100) -> list[Standstill]:
    """Return what should have moved and did not, at `now` (aware UTC).

    It asks the rows only, and none of what the tick decides by: escalations that are overdue, open incidents
    that nobody acknowledged and that have none, and those for which everybody was told and nobody answered
    in time. Of the last, what has low urgency under a plan that waits for working hours is silent by design
    outside of them, and is not among these until work begins.
    """
    late = Escalation.objects.filter(due_at__lt=now - GRACE).select_related("incident").order_by("due_at")
    under_way = Escalation.objects.filter(incident=OuterRef("pk")).exclude(state="stopped")
    # An escalation that counts as answered though its incident is not, and the other way round.
    answered = Escalation.objects.filter(incident=OuterRef("pk"), state="acknowledged")
    forgotten = Incident.objects.filter(state="triggered", updated_at__lt=now - GRACE).filter(
        ~Exists(under_way) | Exists(answered)
    )
    told = Escalation.objects.filter(state="exhausted", incident__state="triggered").select_related(
        "incident"
    )
    found = [Standstill(one.incident_id, one.incident.key, "late") for one in late[:most]]
    found += [Standstill(one.pk, one.key, "no_escalation") for one in forgotten.order_by("pk")[:most]]
    loud = (one for one in told.order_by("pk").iterator() if _is_unanswered(one, now))
    found += [Standstill(one.incident_id, one.incident.key, "nobody_answers") for one in islice(loud, most)]
    return found[:most]


def _is_unanswered(escalation: Escalation, now: datetime) -> bool:
    """Return whether the last who were told have had time to answer, and are expected to at `now`."""
    since = escalation.planned_at
    if now - time_to_answer(escalation.read_plan) < since <= now + CLOCK_TOLERANCE:
        return False
    return not waits_for_work(escalation, now)


def waits_for_work(escalation: Escalation, now: datetime) -> bool:
    """Return whether its plan lets this escalation wait, at `now` (aware UTC), for the next working hours."""
    plan = escalation.read_plan
    if not plan.hold_low:
        return False
    return held_until(plan, escalation.severity, now, working_time()) is not None  # type: ignore[arg-type]


def working_time() -> WorkingTime | None:
    """Return when the organisation works; None where nobody has said so."""
    calendar = working_calendar()
    return calendar.working_time if calendar is not None else None


def stale_acknowledgements(now: datetime) -> QuerySet[Escalation]:
    """Return acknowledgements that should have lapsed by `now` and did not, the longest first."""
    return (
        Escalation.objects.filter(Q(state="acknowledged") & Q(due_at__lt=now))
        .select_related("incident")
        .order_by("due_at")
    )


def service_policies(services: Iterable[Service]) -> dict[int, ServicePolicy]:
    """Return the policy of each of these services that has one, by the service's id."""
    rows = ServicePolicy.objects.filter(service__in=list(services)).select_related("policy")
    return {row.service_id: row for row in rows}
