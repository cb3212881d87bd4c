"""Reads of incidents, and who sees which: one filter for every face."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from incidents.models import Incident, IncidentEntry, IncidentRole, IncidentService, IncidentTask
from incidents.states import OPEN
from opsportal.accounts.models import User
from opsportal.accounts.selectors import roles_acted_on
from opsportal.catalog.models import Dependency, Service
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.statements import Objects
from opsportal.standards.selectors import active_standard_or_none


def sees_all(actor: Actor, now: datetime) -> bool:
    """Return whether `actor` sees restricted incidents as well at `now` (aware UTC).

    The portal itself does, administrators, and whoever holds (or stands in for) a role to which the active
    standard gives that.
    """
    if actor.is_system or actor.is_staff:
        return True
    if not actor.is_user:
        return False
    roles = roles_that_see_all()
    return bool(roles) and any(
        held.role in roles and not held.scope_kind for held in roles_acted_on(actor.id, now)
    )


def roles_that_see_all() -> tuple[str, ...]:
    """Return the roles to which the active standard gives restricted incidents, as it lists them."""
    standard = active_standard_or_none()
    return tuple(role.id for role in standard.roles if role.sees_restricted) if standard else ()


def seen_by(actor: Actor, now: datetime) -> Q:
    """Return the condition "`actor` may see this incident" at `now` (aware UTC).

    A restricted one is seen by those of `sees_all`, by whoever declared it, who has or had a role in it, to
    whom it or one of its tasks is given. Who has not signed in sees none.
    """
    return Q() if sees_all(actor, now) else _seen_besides(actor)


def hidden_from(actor: Actor, now: datetime) -> QuerySet[Incident] | None:
    """Return the incidents that `actor` may not see at `now` (aware UTC); None for those who see all."""
    if sees_all(actor, now):
        return None
    restricted = Incident.objects.filter(visibility=Incident.Visibility.RESTRICTED)
    return restricted.exclude(_seen_besides(actor))


def _seen_besides(actor: Actor) -> Q:
    """Return the condition "`actor` may see this incident" for one who does not see all."""
    if not (actor.is_user or actor.is_service_account):
        return Q(pk__in=[])
    seen = Q(visibility=Incident.Visibility.OPEN) | Q(
        declared_by_kind=actor.kind.value, declared_by_id=actor.id
    )
    if actor.is_user:
        person = UUID(actor.id)
        seen |= (
            Q(assignee=person)
            | Q(Exists(IncidentRole.objects.filter(incident=OuterRef("pk"), person=person)))
            | Q(Exists(IncidentTask.objects.filter(incident=OuterRef("pk"), owner=person)))
        )
    return seen


def sees(actor: Actor, incident: Incident, now: datetime) -> bool:
    """Return whether `actor` may see this incident at `now` (aware UTC)."""
    if not incident.is_restricted and (actor.is_user or actor.is_service_account or actor.is_system):
        return True
    return visible(actor, now).filter(pk=incident.pk).exists()


def visible(actor: Actor, now: datetime) -> QuerySet[Incident]:
    """Return the incidents that `actor` may see at `now` (aware UTC)."""
    return Incident.objects.filter(seen_by(actor, now))


def incident_seen(actor: Actor, number: int, now: datetime) -> Incident:
    """Return the incident of this number. Raises `NotFound`, also where `actor` may not see it."""
    incident = (
        visible(actor, now)
        .select_related("assignee", "acknowledged_by", "merged_into")
        .filter(pk=number)
        .first()
    )
    if incident is None:
        raise NotFound("There is no such incident.")
    return incident


def people_who_see(incident: Incident, people: Iterable[UUID | str], now: datetime) -> list[str]:
    """Return the ids of those of `people` who may see this incident at `now`, in the same order.

    For whoever tells people of it: an outsider is not told that a restricted one exists.
    """
    wanted = list(dict.fromkeys(str(person) for person in people))
    if not incident.is_restricted:
        return wanted
    found = {str(user.pk): user for user in User.objects.filter(pk__in=wanted, is_active=True)}
    return [
        person
        for person in wanted
        if person in found
        and Incident.objects.filter(seen_by(found[person].actor, now), pk=incident.pk).exists()
    ]


_AFFECTED = Objects(
    lambda marks: IncidentService.objects.filter(incident=marks.number("incident")).select_related(
        "service__owner_team"
    )
)


def affected_by(incident: Incident) -> tuple[IncidentService, ...]:
    """Return the services that it touches with their owner teams, the direct ones first. One query."""
    rows = _AFFECTED.all(incident=incident.pk)
    for one in rows:
        one.incident = incident
    return tuple(sorted(rows, key=lambda one: (one.effect != "direct", one.service.name, one.pk)))


def dependants_of_all(services: Collection[Service]) -> list[Service]:
    """Return what leans hard on one of `services`, at any remove, without these; each once, by name.

    One query for each remove. A ring of dependencies ends where it began.
    """
    known = {service.pk for service in services}
    fresh, found = set(known), dict[int, Service]()
    while fresh:
        rows = Dependency.objects.filter(depends_on__in=fresh, kind=Dependency.Kind.HARD).exclude(
            service__state="retired"
        )
        near = {row.service_id: row.service for row in rows.select_related("service__owner_team")}
        fresh = set(near) - known
        known |= fresh
        found |= {pk: near[pk] for pk in fresh}
    return sorted(found.values(), key=lambda service: (service.name, service.pk))


def open_incidents(actor: Actor, now: datetime) -> QuerySet[Incident]:
    """Return the incidents under way that `actor` may see, the gravest first, then the latest."""
    return visible(actor, now).filter(state__in=OPEN).order_by("severity", "-declared_at", "-pk")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a timeline as it stands now, with what stood in its place before, oldest first."""

    entry: IncidentEntry
    before: tuple[IncidentEntry, ...] = ()

    @property
    def is_edited(self) -> bool:
        return bool(self.before)


def timeline_of(incident: Incident) -> list[Line]:
    """Return the timeline in order of what happened; an edited line once, with what it said before."""
    entries = {entry.pk: entry for entry in incident.entries.order_by("pk")}
    replaced = {entry.replaces_id for entry in entries.values() if entry.replaces_id}
    lines = [
        Line(entry, tuple(_before(entry, entries))) for entry in entries.values() if entry.pk not in replaced
    ]
    return sorted(lines, key=lambda line: (line.entry.at, line.entry.pk))


def _before(entry: IncidentEntry, entries: dict[int, IncidentEntry]) -> list[IncidentEntry]:
    earlier: list[IncidentEntry] = []
    while entry.replaces_id is not None:
        entry = entries[entry.replaces_id]
        earlier.append(entry)
    return earlier[::-1]
