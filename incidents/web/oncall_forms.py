"""Forms of on-call schedules: the schedule, each of its layers, and an exception from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms

from incidents.models import Schedule
from incidents.oncall.layers import Layer
from incidents.oncall.reading import LONGEST, MAX_NAME
from incidents.oncall.restriction_text import EXAMPLES, restriction_lines, restrictions_data
from incidents.oncall.roles import PRIMARY, TITLES
from incidents.oncall.rotations import UNITS
from opsportal.web.forms import LocalMomentField, PortalForm

ROLES = list(TITLES.items())
ADVANCES = [
    ("calendar", "Turns go by the calendar"),
    ("covered_days", "Only days with covered time count (days only)"),
]
KINDS = [
    ("instead", "One person instead of another, while that one is on call"),
    ("also", "As well as those who are on call"),
    ("replace", "Instead of everybody (name nobody for a gap)"),
]
NAMING = "A name or an e-mail address."


class WallInput(forms.DateTimeInput):
    """A date and a time on the wall clock of the schedule, by the browser's own picker."""

    input_type = "datetime-local"


class WallField(forms.CharField):
    """A local time of the schedule's zone, as text: the engine reads it."""

    widget = WallInput

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=30, **options)


class ScheduleForm(PortalForm):
    """What a schedule is, its layers aside."""

    always = ("name", "slug", "time_zone")

    name = forms.CharField(max_length=120)
    slug = forms.CharField(
        max_length=60, label="Short name", help_text="In addresses, for good: payments or payments-night."
    )
    description = forms.CharField(max_length=2_000, required=False, widget=forms.Textarea)
    team = forms.ChoiceField(required=False)
    time_zone = forms.CharField(
        max_length=64,
        initial="UTC",
        label="Time zone",
        help_text="Handovers and restrictions are on its clocks.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
    )
    must_cover = forms.MultipleChoiceField(
        choices=ROLES,
        required=False,
        initial=[PRIMARY],
        label="Must always be covered",
        help_text="Where nobody has one of these roles, that is a gap.",
        widget=forms.CheckboxSelectMultiple,
    )
    gap_policy = forms.ChoiceField(choices=Schedule.GapPolicy.choices, initial="tell", label="Gaps")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, teams: Sequence[tuple[str, str]], new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team: Any = self.fields["team"]
        team.choices = [("", "None"), *teams]
        if not new:
            del self.fields["slug"]

    @staticmethod
    def initial_of(schedule: Schedule, must_cover: Sequence[str]) -> dict[str, Any]:
        """Return what the form shows of a schedule."""
        return {
            "name": schedule.name,
            "description": schedule.description,
            "team": schedule.team.slug if schedule.team else "",
            "time_zone": schedule.time_zone,
            "must_cover": list(must_cover),
            "gap_policy": schedule.gap_policy,
            "version": schedule.version,
        }


class LayerForm(PortalForm):
    """One layer. `people` holds a turn in each line; those who are on call together stand side by side."""

    always = ("name", "start", "people")
    pointers = {
        "rotation": "people",
        "effective_from": "effective_from",
        "effective_until": "effective_until",
    }

    name = forms.CharField(max_length=MAX_NAME)
    role = forms.ChoiceField(choices=ROLES)
    priority = forms.IntegerField(
        min_value=0, max_value=100, initial=1, help_text="A higher one hides lower ones of its role."
    )
    start = WallField(label="First handover", help_text="Later ones are at its time of day, weekday or day.")
    every = forms.IntegerField(min_value=1, initial=1, label="A turn lasts")
    unit = forms.ChoiceField(choices=[(unit, f"{unit}s") for unit in UNITS], initial="week", label="Unit")
    advance = forms.ChoiceField(choices=ADVANCES, initial="calendar", label="Counting")
    people = forms.CharField(
        max_length=20_000,
        label="Turns",
        help_text=f"A turn in each line. {NAMING} Those on call together: with commas between.",
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )
    covers = forms.CharField(
        max_length=2_000,
        required=False,
        label="Covers only",
        help_text=f"Empty for always. Else a time in each line: {EXAMPLES}.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    effective_from = WallField(required=False, label="In effect from")
    effective_until = WallField(required=False, label="Until")

    @staticmethod
    def initial_of(layer: Layer, names: Mapping[str, str]) -> dict[str, Any]:
        """Return what the form shows of a layer; `names` are what people are called in it."""
        rotation = layer.rotation
        return {
            "name": layer.name,
            "role": layer.role,
            "priority": layer.priority,
            "start": wall_text(rotation.start),
            "every": rotation.every,
            "unit": rotation.unit,
            "advance": rotation.advance,
            "people": "\n".join(", ".join(names[person] for person in group) for group in rotation.groups),
            "covers": restriction_lines(layer.restrictions),
            "effective_from": wall_text(layer.effective_from),
            "effective_until": wall_text(layer.effective_until),
        }

    def clean_covers(self) -> list[dict[str, Any]]:
        try:
            return restrictions_data(self.cleaned_data["covers"])
        except ValueError as error:
            raise forms.ValidationError(str(error), code="not_understood") from None

    def clean_every(self) -> int:
        most = LONGEST.get(str(self.data.get(self.add_prefix("unit"), "")), LONGEST["hour"])
        every = int(self.cleaned_data["every"])
        if every > most:
            raise forms.ValidationError(f"At most {most}.", code="out_of_range")
        return every

    def as_data(self) -> dict[str, Any]:
        """Return the layer as the engine reads it, with people as they were typed."""
        given = self.cleaned_data
        groups = [
            [person.strip() for person in line.split(",") if person.strip()]
            for line in given["people"].splitlines()
            if line.strip()
        ]
        return {
            "name": given["name"],
            "role": given["role"],
            "priority": given["priority"],
            "rotation": {
                "start": given["start"],
                "unit": given["unit"],
                "every": given["every"],
                "groups": groups,
                "advance": given["advance"],
            },
            "restrictions": given["covers"],
            "effective_from": given["effective_from"] or None,
            "effective_until": given["effective_until"] or None,
        }

    def add_wrong(self, steps: Sequence[str], detail: str) -> None:
        """Add what the engine found wrong at these steps of the layer's data."""
        head = steps[0] if steps else ""
        if head == "rotation" and len(steps) > 1:
            head = {"groups": "people"}.get(steps[1], steps[1])
            if steps[1] == "groups" and len(steps) > 2:
                detail = f"Turn {int(steps[2]) + 1}: {detail}"
        name = {"restrictions": "covers"}.get(head, head)
        self.add_error(name if name in self.fields else None, detail)


class OverrideForm(PortalForm):
    """An exception. Times are those of the reader."""

    always = ("start", "end")
    pointers = {"instead_of": "instead_of"}

    kind = forms.ChoiceField(choices=KINDS, label="What")
    people = forms.CharField(
        max_length=2_000, required=False, label="Who", help_text=f"{NAMING} Several: with commas between."
    )
    instead_of = forms.CharField(max_length=254, required=False, label="Instead of", help_text=NAMING)
    start = LocalMomentField(label="From", help_text="In your time zone. One that has passed is now.")
    end = LocalMomentField(label="Until")
    role = forms.ChoiceField(choices=[("", "Every role"), *ROLES], required=False)
    reason = forms.CharField(max_length=200, required=False, help_text="Everybody who signs in can read it.")


def wall_text(moment: datetime | None) -> str:
    """Return a local time as the browser's picker takes it."""
    return moment.isoformat(timespec="minutes") if moment else ""
