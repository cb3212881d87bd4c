"""One incident under lock, with all that a step on it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from incidents.facts import incident_facts
from incidents.models import Incident, IncidentRole, IncidentService
from incidents.permissions.response import Case
from incidents.selectors.response import affected_by, sees, sees_all
from opsportal.accounts.selectors import ADMINISTRATORS
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound
from opsportal.core.statements import Objects
from opsportal.core.storing import update
from opsportal.obligations.terms import Owner, Subject
from opsportal.standards.rules import Standard
from opsportal.standards.selectors import standard_by_hash
from opsportal.standards.vocabulary import Value

KIND = "incident"
HIDDEN_TITLE = "Restricted incident"
"""What stands in place of the title where more people read it than may see the incident."""


@dataclass
class Scene:
    """A locked incident, the services that it touches, and who is who."""

    incident: Incident
    affected: tuple[IncidentService, ...]

    @property
    def key(self) -> str:
        return self.incident.key

    @cached_property
    def standard(self) -> Standard:
        """What it runs under: what was copied when it was declared."""
        return standard_by_hash(self.incident.standard_hash)

    @property
    def direct(self) -> list[IncidentService]:
        return [one for one in self.affected if one.effect == IncidentService.Effect.DIRECT]

    @property
    def services(self) -> list[str]:
        """The slugs of the services that are affected directly."""
        return sorted({one.service.slug for one in self.direct})

    @property
    def subject(self) -> Subject:
        """How lower rooms name it; without its title where it is restricted."""
        return Subject(
            KIND,
            self.key,
            HIDDEN_TITLE if self.incident.is_restricted else self.incident.title,
            services=tuple(self.services),
            teams=tuple(sorted({one.service.owner_team.slug for one in self.direct})),
        )

    def facts(self, now: datetime) -> dict[str, Value]:
        return incident_facts(self.incident, self.affected, now=now)

    @cached_property
    def roles(self) -> dict[str, list[IncidentRole]]:
        """Who has which role now, in the order in which they took it."""
        found: dict[str, list[IncidentRole]] = {}
        for one in _ROLES.all(incident=self.incident.pk):
            found.setdefault(one.role, []).append(one)
        return found

    def forget_people(self) -> None:
        """Read the roles anew when they are asked for next."""
        self.__dict__.pop("roles", None)

    def people(self) -> Mapping[str, Owner]:
        """Return whom the standard's words mean here.

        `responder` is who works on it: to whom it is given, who acknowledged it, who is on call for it.
        `commander` leads it, or else is the responder. The administrators, where there is nobody.
        """
        incident = self.incident
        first = {role: str(held[0].person_id) for role, held in self.roles.items()}
        declarer = incident.declared_by_id if incident.declared_by_kind == "user" else ""
        working = [incident.assignee_id, incident.acknowledged_by_id, first.get("responder")]
        responder = next((str(one) for one in working if one), first.get("commander", declarer))
        commander = first.get("commander", responder)
        nobody = Owner.role(ADMINISTRATORS)
        return {
            "responder": Owner.user(responder) if responder else nobody,
            "commander": Owner.user(commander) if commander else nobody,
            "communications": Owner.user(word)
            if (word := first.get("communications", commander))
            else nobody,
            "declarer": Owner.user(declarer or commander) if declarer or commander else nobody,
            "otherwise": nobody,
        }

    def case(self, actor: Actor, now: datetime) -> Case:
        """Return what `actor` is to it."""
        leaders = {str(one.person_id) for role in ("commander", "deputy") for one in self.roles.get(role, ())}
        if self.incident.declared_by_kind == "user":
            leaders.add(self.incident.declared_by_id)
        return Case(
            self.incident,
            secures=sees_all(actor, now),
            leads=actor.is_user and actor.id in leaders,
        )

    def require(self, actor: Actor, verb: str, now: datetime) -> Case:
        """Raise `Forbidden` unless `actor` may do `verb` to it; return what they are to it."""
        case = self.case(actor, now)
        require(actor, f"incident.{verb}", case)
        return case

    def save(self, now: datetime) -> None:
        """Save the incident as its next version."""
        self.incident.version += 1
        self.incident.updated_at = now
        update(self.incident)


_LOCKED = Objects(
    lambda marks: Incident.objects.select_for_update(of=("self",)).filter(pk=marks.number("pk"))
)
_ROLES = Objects(
    lambda marks: IncidentRole.objects.filter(incident=marks.number("incident"), until__isnull=True).order_by(
        "pk"
    )
)


def scenes_locked(*pks: int, actor: Actor, now: datetime) -> dict[int, Scene]:
    """Lock several incidents, in the order of their keys, and return them by it. Raises `NotFound`."""
    return {pk: scene_locked(pk, actor=actor, now=now) for pk in sorted(set(pks))}


def scene_locked(pk: int, *, actor: Actor, now: datetime) -> Scene:
    """Lock an incident and return it. Raises `NotFound`, also where `actor` may not see it."""
    incident = _LOCKED.first(pk=pk)
    if incident is None or not sees(actor, incident, now):
        raise NotFound("There is no such incident.")
    return Scene(incident, affected_by(incident))
