"""Roles that are filled by themselves: from who is on call for the affected services."""

from __future__ import annotations

from datetime import datetime

from incidents.models import Schedule
from incidents.selectors.oncall import on_call_at
from incidents.services.response.events import people_changed
from incidents.services.response.people import role_give
from incidents.services.response.scene import Scene
from opsportal.accounts.models import User
from opsportal.core.actor import Actor

ACTOR = Actor.system("incidents.on_call")
BY_DUTY = {
    "commander": "commander",
    "primary": "commander",
    "secondary": "deputy",
    "tertiary": "responder",
    "expert": "expert",
}
"""What somebody is in an incident who is on call in this role; others are not brought in by themselves."""


def roles_from_on_call(scene: Scene, *, now: datetime) -> None:
    """Give roles in a locked incident to who is on call for the teams of what is affected.

    By the schedules of those teams, in order of name. Nobody is brought into a restricted incident by a
    schedule: that is for people to decide. There is one commander and one deputy, and a commander on call
    goes ahead of a primary; who comes second, also by another schedule, helps as a responder.
    """
    if scene.incident.is_restricted:
        return
    teams = {one.service.owner_team_id for one in scene.direct}
    schedules = Schedule.objects.filter(team__in=teams, state="active").order_by("slug")
    duties = [(schedule.slug, duty) for schedule in schedules for duty in on_call_at(schedule.slug, now)]
    people = {
        str(person.pk): person
        for person in User.objects.filter(pk__in={duty.user_id for _, duty in duties}, is_active=True)
    }
    given: dict[str, str] = {}
    for slug, duty in sorted(duties, key=lambda one: one[1].role != "commander"):
        role = BY_DUTY.get(duty.role)
        person = people.get(duty.user_id)
        if role is None or person is None or duty.user_id in given:
            continue
        if role in {"commander", "deputy"} and role in given.values():
            role = "responder"
        given[duty.user_id] = role
        role_give(scene, role, person, actor=ACTOR, now=now, schedule=slug)
    if given:
        people_changed(scene, actor=ACTOR, now=now)
