"""What the public is told of an incident: in the words that somebody chose for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from uuid import UUID

from incidents.models import Incident, IncidentService, StatusComponent, StatusNotice
from incidents.permissions.statuspage import NoticeCase
from incidents.public_status import BY_SEVERITY, ENDED
from incidents.services.statuspage.notices import notice_move, notice_put
from opsportal.accounts.selectors import teams_of
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict
from opsportal.core.writes import write

_SUGGESTED = {"mitigated": "monitoring", "resolved": "resolved"}
_BY_ITSELF = {
    "resolved": ("resolved", "This is over."),
    "merged": ("resolved", "We follow this up together with another incident."),
    "reopened": ("investigating", "It is not over yet. We are looking into it again."),
}


def suggested_impacts(incident: Incident) -> dict[str, str]:
    """Return how the components of its services stand, as its severity suggests."""
    direct = incident.affected.filter(effect=IncidentService.Effect.DIRECT).values("service")
    shown = StatusComponent.objects.filter(state="shown", service__in=direct)
    return dict.fromkeys(shown.values_list("slug", flat=True), BY_SEVERITY[incident.severity])


def suggested_title(impacts: Mapping[str, str]) -> str:
    """Return a title for outsiders, who are told nothing of the incident's own words."""
    names = StatusComponent.objects.filter(slug__in=list(impacts)).values_list("name", flat=True)
    return f"Trouble with {', '.join(names)}"[:200]


def incident_publish(
    *,
    actor: Actor,
    now: datetime,
    incident: Incident,
    text: str,
    state: str = "",
    title: str | None = None,
    impacts: Mapping[str, str] | None = None,
) -> StatusNotice | None:
    """Tell the public `text` of an incident and return the notice.

    What is left out is as it was or, at first, as the incident suggests. None where the page shows nothing
    at all: then the organisation has another one. Raises `InvalidInput`, `IllegalMove`, `Forbidden`, and
    `Conflict` with code `restricted` where the incident is, `no_component` where it suggests none.
    """
    with write(actor=actor, now=now):
        if incident.is_restricted:
            raise Conflict(
                "This incident is restricted, so nothing of it is published. Lift the restriction first, or"
                " write a notice by hand.",
                code="restricted",
            )
        notice = StatusNotice.objects.select_for_update().filter(source=incident.key).first()
        standing = set(notice.parts.values_list("component__slug", flat=True)) if notice else set()
        named = dict(impacts) if impacts is not None else suggested_impacts(incident)
        if notice is None and not named and impacts is None:
            if not StatusComponent.objects.filter(state="shown").exists():
                return None
            raise Conflict(
                "Nothing on the status page belongs to the services of this incident. Choose under “Tell the"
                " public” what is concerned.",
                code="no_component",
            )
        require(actor, "status.notice", _case(actor, now, incident, {*standing, *named}))
        if notice is not None:
            wanted = state or _SUGGESTED.get(incident.state, notice.state)
            return notice_move(
                actor=actor,
                now=now,
                pk=notice.pk,
                state="investigating" if notice.state in ENDED and not state else wanted,
                text=text,
                title=title,
                impacts=impacts,
            )
        return notice_put(
            actor=actor,
            now=now,
            kind="incident",
            title=title or suggested_title(named),
            text=text,
            impacts=named,
            state=state or _SUGGESTED.get(incident.state, "investigating"),
            starts_at=incident.detected_at,
            source=incident.key,
        )


def _case(actor: Actor, now: datetime, incident: Incident, components: Collection[str]) -> NoticeCase:
    if not actor.is_user:
        return NoticeCase(owns_components=False)
    owners = StatusComponent.objects.filter(slug__in=components)
    teams = set(owners.values_list("service__owner_team__slug", flat=True))
    people = {str(incident.assignee_id), str(incident.acknowledged_by_id)}
    if incident.declared_by_kind == "user":
        people.add(incident.declared_by_id)
    has_role = incident.roles.filter(person_id=UUID(actor.id), until__isnull=True)
    return NoticeCase(
        owns_components=bool(teams) and teams <= teams_of(actor.id, now.astimezone(UTC).date()),
        works_on_it=actor.id in people or has_role.exists(),
    )


def notice_follow(*, actor: Actor, now: datetime, key: str, event: str) -> StatusNotice | None:
    """End the notice of the incident `key` with it, or open it again; return it, None where it needs none.

    `event` is what happened to the incident: `resolved`, `merged` or `reopened`. The same again changes
    nothing.
    """
    state, words = _BY_ITSELF[event]
    with write(actor=actor, now=now):
        notice = StatusNotice.objects.select_for_update().filter(source=key).first()
        if notice is None or (notice.state in ENDED) == (state in ENDED):
            return None
        return notice_move(actor=actor, now=now, pk=notice.pk, state=state, text=words)
