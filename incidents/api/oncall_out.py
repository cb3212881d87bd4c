"""What goes out about on-call schedules: instants in UTC, the local time beside them, people with names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from incidents.api.oncall_bodies import LayerForm
from incidents.models import Override, Schedule
from incidents.oncall.overrides import Duty
from incidents.oncall.schedule import OnCall, Segment
from incidents.oncall.settings import Settings
from incidents.oncall.zones import clock, moment_instant
from opsportal.accounts.selectors import display_names
from opsportal.api.serializers import utc

Names = Mapping[tuple[str, str], str]


class RotaPersonOut(serializers.Serializer[Any]):
    """A person."""

    id = serializers.CharField()
    name = serializers.CharField()


class DutyOut(serializers.Serializer[Any]):
    """One person on call, and why: by a layer, by an exception, or for somebody."""

    user = RotaPersonOut()
    role = serializers.CharField()
    layer = serializers.CharField(help_text="Empty for who came by an exception alone.")
    override = serializers.IntegerField(allow_null=True, help_text="The id of the exception.")
    instead_of = RotaPersonOut(allow_null=True)


_TIMES: dict[str, Any] = {
    "from": serializers.DateTimeField(),
    "until": serializers.DateTimeField(allow_null=True),
    "from_local": serializers.CharField(),
    "until_local": serializers.CharField(allow_null=True),
}

OnCallOut = inline_serializer(
    "OnCallOut",
    {
        "schedule": serializers.CharField(),
        "time_zone": serializers.CharField(),
        "at": serializers.DateTimeField(),
        "on_call": inline_serializer("OnCallPerson", {**DutyOut().fields, **_TIMES}, many=True),
    },
)
ShiftsOut = inline_serializer(
    "ShiftsOut",
    {
        "schedule": serializers.CharField(),
        "time_zone": serializers.CharField(),
        "from": serializers.DateTimeField(),
        "to": serializers.DateTimeField(),
        "shifts": inline_serializer(
            "ShiftOut",
            {
                **_TIMES,
                "on_call": DutyOut(many=True),
                "gap": serializers.BooleanField(),
                "missing": serializers.ListField(child=serializers.CharField()),
            },
            many=True,
        ),
        "gaps": inline_serializer(
            "GapOut", {**_TIMES, "roles": serializers.ListField(child=serializers.CharField())}, many=True
        ),
    },
)


class ScheduleOut(serializers.Serializer[Any]):
    """A schedule with its present settings. `people` tells the names of those who are in them."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    team = serializers.CharField(allow_null=True)
    gap_policy = serializers.CharField()
    state = serializers.CharField()
    time_zone = serializers.CharField()
    must_cover = serializers.ListField(child=serializers.CharField())
    layers = LayerForm(many=True)
    people = RotaPersonOut(many=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class ScheduleRow(serializers.Serializer[Any]):
    """A schedule in a list."""

    slug = serializers.CharField()
    name = serializers.CharField()
    team = serializers.CharField(allow_null=True)
    gap_policy = serializers.CharField()
    state = serializers.CharField()
    time_zone = serializers.CharField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class SchedulePage(serializers.Serializer[Any]):
    """A page of schedules."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ScheduleRow(many=True)


class OverrideOut(serializers.Serializer[Any]):
    """An exception from a schedule."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    people = RotaPersonOut(many=True)
    instead_of = RotaPersonOut(allow_null=True)
    role = serializers.CharField()
    reason = serializers.CharField()
    state = serializers.CharField()
    cancelled_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class OverridePage(serializers.Serializer[Any]):
    """A page of exceptions."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = OverrideOut(many=True)


def schedule_row(schedule: Schedule) -> dict[str, Any]:
    """Return a schedule as a list shows it."""
    return {
        "slug": schedule.slug,
        "name": schedule.name,
        "team": schedule.team.slug if schedule.team else None,
        "gap_policy": schedule.gap_policy,
        "state": schedule.state,
        "time_zone": schedule.time_zone,
        "updated_at": utc(schedule.updated_at),
        "version": schedule.version,
    }


def schedule_out(schedule: Schedule, plan: Settings) -> dict[str, Any]:
    """Return a schedule with its settings, in the form in which they are written."""
    names = people_names(plan.people)
    return {
        **schedule_row(schedule),
        "description": schedule.description,
        **plan.as_data(),
        "people": [person_out(person, names) for person in sorted(plan.people)],
        "created_at": utc(schedule.created_at),
    }


def on_call_out(schedule: Schedule, at: datetime, found: Sequence[OnCall]) -> dict[str, Any]:
    """Return who is on call at an instant."""
    names = _names_of([one.duty for one in found])
    return {
        "schedule": schedule.slug,
        "time_zone": schedule.time_zone,
        "at": utc(at),
        "on_call": [{**duty_out(one.duty, names), **_times(schedule, one.start, one.until)} for one in found],
    }


def shifts_out(
    schedule: Schedule, start: datetime, end: datetime, segments: Sequence[Segment]
) -> dict[str, Any]:
    """Return the final schedule of a time: every instant of it, and the gaps once more by themselves."""
    names = _names_of([duty for segment in segments for duty in segment.duties])
    return {
        "schedule": schedule.slug,
        "time_zone": schedule.time_zone,
        "from": utc(start),
        "to": utc(end),
        "shifts": [
            {
                **_times(schedule, one.start, one.end),
                "on_call": [duty_out(duty, names) for duty in one.duties],
                "gap": one.is_gap,
                "missing": list(one.missing),
            }
            for one in segments
        ],
        "gaps": [
            {**_times(schedule, one.start, one.end), "roles": list(one.missing)}
            for one in segments
            if one.is_gap
        ],
    }


def override_out(row: Override, names: Names | None = None) -> dict[str, Any]:
    """Return an exception."""
    known = people_names([*row.people, row.instead_of]) if names is None else names
    return {
        "id": row.pk,
        "kind": row.kind,
        "start": utc(row.starts_at),
        "end": utc(row.ends_at),
        "people": [person_out(person, known) for person in row.people],
        "instead_of": person_out(row.instead_of, known) if row.instead_of else None,
        "role": row.role,
        "reason": row.reason,
        "state": row.state,
        "cancelled_at": utc(row.cancelled_at),
        "created_at": utc(row.created_at),
    }


def people_names(people: Iterable[str]) -> Names:
    """Return the name of each person who is named. One query."""
    return display_names(("user", person) for person in people if person)


def person_out(person: str, names: Names) -> dict[str, str]:
    return {"id": person, "name": names["user", person]}


def duty_out(duty: Duty, names: Names) -> dict[str, Any]:
    """Return one person on call, and why."""
    return {
        "user": person_out(duty.user_id, names),
        "role": duty.role,
        "layer": duty.layer,
        "override": duty.override,
        "instead_of": person_out(duty.instead_of, names) if duty.instead_of else None,
    }


def _names_of(duties: Iterable[Duty]) -> Names:
    return people_names({person for duty in duties for person in (duty.user_id, duty.instead_of)})


def _times(schedule: Schedule, start: datetime, end: datetime | None) -> dict[str, str | None]:
    shown = clock(schedule.time_zone)
    return {
        "from": utc(start),
        "until": utc(end),
        "from_local": shown.words(moment_instant(start)),
        "until_local": None if end is None else shown.words(moment_instant(end)),
    }
