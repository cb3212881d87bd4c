"""What comes in about on-call schedules and exceptions from them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from incidents.models import Schedule
from incidents.oncall.overrides import KINDS
from incidents.oncall.restrictions import DAYS
from incidents.oncall.roles import ROLES
from incidents.oncall.rotations import ADVANCES, UNITS
from opsportal.api.serializers import Body, Moment, Text, WholeNumber

WEEKDAYS = f"One of {', '.join(DAYS)}."
NAMES_OF_ROLES = f"One of {', '.join(ROLES)}."
PERSON = "A person's id or e-mail address."
LOCAL = "A local time in the schedule's zone, to the minute: 2026-11-23T09:00."


class RotationForm(serializers.Serializer[Any]):
    """Groups that take turns."""

    start = serializers.CharField(help_text=f"The first handover. {LOCAL}")
    unit = serializers.ChoiceField(UNITS)
    every = serializers.IntegerField(required=False, min_value=1, help_text="How many units a turn lasts.")
    groups = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(help_text=PERSON)),
        help_text="Who is on call together, in the order of the turns.",
    )
    advance = serializers.ChoiceField(
        ADVANCES, required=False, help_text="Whether days without covered time count; with the unit day only."
    )


class RestrictionForm(serializers.Serializer[Any]):
    """A time of day on weekdays, or one stretch in the week (with `begins_day` and `ends_day`)."""

    days = serializers.ListField(child=serializers.CharField(help_text=WEEKDAYS), required=False)
    begins_day = serializers.CharField(required=False, help_text=WEEKDAYS)
    begins = serializers.CharField(help_text="On the wall clock, e.g. 09:00.")
    ends_day = serializers.CharField(required=False, help_text=WEEKDAYS)
    ends = serializers.CharField(help_text="At or before the beginning: on the next day. Equal: 24 hours.")


class LayerForm(serializers.Serializer[Any]):
    """One rotation, its role, and what it hides: lower priorities of its role, where it covers."""

    name = serializers.CharField(max_length=60)
    role = serializers.CharField(required=False, help_text=NAMES_OF_ROLES)
    priority = serializers.IntegerField(required=False, min_value=0, max_value=100)
    rotation = RotationForm()
    restrictions = RestrictionForm(many=True, required=False)
    effective_from = serializers.CharField(required=False, allow_null=True, help_text=LOCAL)
    effective_until = serializers.CharField(required=False, allow_null=True, help_text=LOCAL)


class AsGiven(serializers.Field):  # type: ignore[type-arg]
    """Data that the engine itself reads: it says what is wrong, and where."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(LayerForm(many=True))
class Layers(AsGiven):
    """Layers of a schedule."""


@extend_schema_field(serializers.ListField(child=serializers.CharField(help_text=NAMES_OF_ROLES)))
class Roles(AsGiven):
    """Roles."""


SETTINGS = ("time_zone", "must_cover", "layers")


class ScheduleFields(Body):
    """What people write into a schedule."""

    name = Text(max_length=120, blank=False)
    description = Text(max_length=2_000, lines=True, required=False)
    team = Text(max_length=60, required=False, help_text="The slug of the team that owns it.")
    gap_policy = serializers.ChoiceField(Schedule.GapPolicy.choices, required=False)
    time_zone = Text(max_length=64, blank=False, help_text="A time zone by its name, e.g. Europe/Berlin.")
    must_cover = Roles(required=False, help_text="Roles whose absence is a gap.")
    layers = Layers(required=False)


class ScheduleBody(ScheduleFields):
    """A new schedule."""

    slug = Text(max_length=60, blank=False, help_text="Names it for good.")


class SchedulePatch(ScheduleFields):
    """What of a schedule is to be different, from now on."""

    version = WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


class ScheduleRetireBody(Body):
    """Why a schedule is retired."""

    reason = Text(max_length=200, required=False)
    version = WholeNumber(required=False, min_value=1)


class OverrideBody(Body):
    """A new exception: `people` instead of everybody, instead of one, or as well."""

    kind = serializers.ChoiceField(KINDS)
    start = Moment(help_text="One that has passed is now.")
    end = Moment(help_text="Not included.")
    people = serializers.ListField(
        child=Text(max_length=254, blank=False, help_text=PERSON), required=False, max_length=20
    )
    instead_of = Text(max_length=254, required=False, help_text=f"With the kind “instead”. {PERSON}")
    role = Text(max_length=20, required=False, help_text="One role, or empty for all.")
    reason = Text(max_length=200, required=False)


def settings_in(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body with its settings as one: those of them that are given."""
    given = {name: body.pop(name) for name in SETTINGS if name in body}
    return {**body, "settings": given} if given else body
