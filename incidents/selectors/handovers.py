"""Which incidents a handover is about: those of what its schedule covers, and those of the two themselves."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from incidents.models import (
    Escalation,
    EscalationPolicy,
    Handover,
    Incident,
    IncidentRole,
    IncidentService,
    Schedule,
)
from incidents.states import OPEN

_MOST_INCIDENTS = 50


def incidents_handed_over(handover: Handover) -> QuerySet[Incident]:
    """Return the open incidents that a handover is about, the gravest first, then the latest.

    Those of services that the schedule covers (`covered_by`), and whatever is assigned to one of the two or
    gives them a role: that does not end with a shift. `handover` has its schedule loaded.
    """
    mine = _of_people((handover.outgoing_id, handover.incoming_id))
    rows = Incident.objects.filter(covered_by(handover.schedule) | mine, state__in=OPEN)
    return rows.order_by("severity", "-declared_at", "-pk")


def handed_over_keys(handover: Handover) -> list[str]:
    """Return the keys of those of them that everybody may see: what goes on record."""
    rows = incidents_handed_over(handover).filter(visibility=Incident.Visibility.OPEN)
    return [row.key for row in rows[:_MOST_INCIDENTS]]


def covered_by(schedule: Schedule) -> Q:
    """Return the condition "whoever is on call by this schedule answers for the incident".

    It affects a service of the schedule's team directly, or one whose escalation policy names the schedule;
    or it escalates by such a policy, because its route says so.
    """
    policies = [one for one in EscalationPolicy.objects.filter(state="active") if _names(one, schedule.slug)]
    own = Q(service__escalation__policy__in=[one.pk for one in policies])
    if schedule.team_id is not None:
        own |= Q(service__owner_team=schedule.team_id)
    touched = IncidentService.objects.filter(
        own, incident=OuterRef("pk"), effect=IncidentService.Effect.DIRECT
    )
    escalates = Escalation.objects.filter(
        incident=OuterRef("pk"),
        origin=Escalation.Origin.POLICY,
        reference__in=[one.slug for one in policies],
    )
    return Q(Exists(touched)) | Q(Exists(escalates))


def _names(policy: EscalationPolicy, schedule: str) -> bool:
    plan = policy.read_plan
    told = [target for step in range(len(plan.steps) + 1) for target in plan.targets_of(step)]
    return any(target.kind == "schedule" and target.key == schedule for target in told)


def _of_people(people: Iterable[UUID]) -> Q:
    people = list(people)
    roles = IncidentRole.objects.filter(incident=OuterRef("pk"), person__in=people, until__isnull=True)
    return Q(assignee__in=people) | Q(Exists(roles))
