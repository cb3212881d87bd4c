"""The organisation and its services, as what rules are about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from compliance.governing.of_service import service_facts
from compliance.selectors.readiness import services_to_judge
from compliance.subjects import ORGANISATION, Known
from opsportal.accounts.models import TeamMembership
from opsportal.accounts.selectors import in_force
from opsportal.obligations.terms import Owner
from opsportal.standards.selectors import in_force_or_none


def organisation(now: datetime) -> Iterable[Known]:
    """Return the organisation itself, of which something can be owed since its standard is in force."""
    found = in_force_or_none()
    if found is not None:
        yield Known(ORGANISATION, "The organisation", found.since)


def services(now: datetime) -> Iterable[Known]:
    """Return the services in use; who has been in its team the longest answers for each. Two queries."""
    elders: dict[int, UUID] = {}
    rows = TeamMembership.objects.filter(in_force(now.astimezone(UTC).date()), user__is_active=True)
    for team, person in rows.order_by("valid_from", "id").values_list("team_id", "user_id"):
        elders.setdefault(team, person)
    for service in services_to_judge():
        elder = elders.get(service.owner_team_id)
        yield Known(
            service.slug,
            service.name,
            service.created_at,
            owner=Owner.user(elder) if elder else None,
            facts=service_facts(service.slug, service.tier, service.data_classification),
            services=(service.slug,),
            teams=(service.owner_team.slug,),
        )
