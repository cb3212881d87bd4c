"""Forms of maintenance windows, freezes and working time. What is right is decided by the services."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms

from opsportal.calendar.models import Freeze, MaintenanceWindow, WorkingCalendar
from opsportal.calendar.places import Scope
from opsportal.calendar.recurrence import MAX_MINUTES, MAX_RULE
from opsportal.calendar.services.freezes import MAX_WHY
from opsportal.catalog.models import Environment, Service
from opsportal.web.forms import LocalMomentField, PortalForm

Choices = Sequence[tuple[str, str]]
WEEKDAYS: Choices = tuple(
    (str(number), name)
    for number, name in enumerate(
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    )
)
_OWN_DAY = re.compile(r"(\+?)\s*(\d{4}-\d{2}-\d{2})\s*(.*)")
_SCOPE = ("services", "environments", "environment_kinds", "tiers")


class DayInput(forms.DateInput):
    """A day, by the browser's own picker."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ClockInput(forms.TimeInput):
    """A time of the day, by the browser's own picker."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class ScopeForm(PortalForm):
    """What something is about; each list narrows it down, an empty one does not."""

    services = forms.CharField(
        required=False,
        max_length=4_000,
        help_text="Slugs, parted by commas. None: every service.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    environments = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, help_text="None: every environment."
    )
    environment_kinds = forms.MultipleChoiceField(
        required=False,
        label="Kinds of environment",
        choices=Environment.Kind.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="None: every kind.",
    )
    tiers = forms.MultipleChoiceField(
        required=False,
        choices=Service.Tier.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="None: every tier.",
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, environments: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["environments"].choices = list(environments)  # type: ignore[attr-defined]

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, as the services take it; without the version."""
        given = {name: value for name, value in self.cleaned_data.items() if name not in (*_SCOPE, "version")}
        slugs = [slug.strip() for slug in self.cleaned_data["services"].replace("\n", ",").split(",")]
        scope = Scope(
            services=tuple(slug for slug in slugs if slug),
            environments=tuple(self.cleaned_data["environments"]),
            environment_kinds=tuple(self.cleaned_data["environment_kinds"]),
            tiers=tuple(self.cleaned_data["tiers"]),
        )
        return {**given, "scope": scope}


def _scope_initial(stored: Mapping[str, Any]) -> dict[str, Any]:
    scope = Scope.of(stored).as_dict()
    return {**scope, "services": ", ".join(scope["services"])}


class WindowForm(ScopeForm):
    """A recurring maintenance window."""

    title = forms.CharField(max_length=120)
    rule = forms.CharField(
        max_length=MAX_RULE,
        label="How often",
        initial="FREQ=WEEKLY;BYDAY=SU",
        help_text="A rule such as FREQ=WEEKLY;BYDAY=SU (every Sunday), FREQ=MONTHLY;BYDAY=2TU (the second"
        " Tuesday) or FREQ=MONTHLY;BYMONTHDAY=-1 (the last day of the month).",
        widget=forms.TextInput(attrs={"list": "rhythms", "autocomplete": "off"}),
    )
    at = forms.TimeField(label="Starts at", widget=ClockInput, help_text="On the clocks of its time zone.")
    zone = forms.CharField(
        max_length=64,
        label="Time zone",
        initial="UTC",
        help_text="For example Europe/Berlin.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
    )
    minutes = forms.IntegerField(
        min_value=1, max_value=MAX_MINUTES, initial=120, label="How long, in minutes"
    )
    first_day = forms.DateField(label="First day", widget=DayInput)
    last_day = forms.DateField(label="Last day", required=False, widget=DayInput)
    field_order = ["title", "rule", "at", "zone", "minutes", "first_day", "last_day"]

    @staticmethod
    def initial_of(window: MaintenanceWindow) -> dict[str, Any]:
        """Return what is stored, as the form shows it."""
        names = ("title", "rule", "at", "zone", "minutes", "first_day", "last_day", "version")
        return {**{name: getattr(window, name) for name in names}, **_scope_initial(window.scope)}


class FreezeForm(ScopeForm):
    """A freeze."""

    title = forms.CharField(max_length=120)
    reason = forms.CharField(
        max_length=MAX_WHY, widget=forms.Textarea, help_text="Shown to everybody whom it stops."
    )
    starts_at = LocalMomentField(label="From")
    ends_at = LocalMomentField(label="Until")
    pass_roles = forms.MultipleChoiceField(
        required=False,
        label="Who may pass",
        widget=forms.CheckboxSelectMultiple,
        help_text="Holders of these may start a change all the same, and what they have approved may be"
        " deployed. None: nobody passes.",
    )
    field_order = ["title", "reason", "starts_at", "ends_at", "pass_roles"]

    def __init__(self, *args: Any, roles: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pass_roles"].choices = list(roles)  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(freeze: Freeze) -> dict[str, Any]:
        """Return what is stored, as the form shows it."""
        names = ("title", "reason", "starts_at", "ends_at", "pass_roles", "version")
        return {**{name: getattr(freeze, name) for name in names}, **_scope_initial(freeze.scope)}


class OwnDaysField(forms.CharField):
    """Own days, one a line: `2026-12-24 Christmas Eve` is free, `+2026-12-19 Stocktaking` is worked."""

    widget = forms.Textarea

    def clean(self, value: Any) -> Any:
        days = []
        for line in str(super().clean(value)).splitlines():
            if not line.strip():
                continue
            match = _OWN_DAY.fullmatch(line.strip())
            try:
                day = date.fromisoformat(match[2]) if match else None
            except ValueError:
                day = None
            if match is None or day is None:
                raise forms.ValidationError(f"“{line[:40]}” does not begin with a day such as 2026-12-24.")
            days.append({"day": day, "title": match[3], "works": bool(match[1])})
        return days

    @staticmethod
    def lines(days: Sequence[Mapping[str, Any]]) -> str:
        """Return stored days as they are typed."""
        return "\n".join(f"{'+' if one['works'] else ''}{one['day']} {one['title']}".strip() for one in days)


class WorkingTimeForm(PortalForm):
    """When the organisation works."""

    zone = forms.CharField(
        max_length=64,
        label="Time zone",
        initial="UTC",
        help_text="For example Europe/Berlin.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
    )
    weekdays = forms.MultipleChoiceField(
        required=False,
        label="Working days",
        choices=WEEKDAYS,
        initial=[str(day) for day in range(5)],
        widget=forms.CheckboxSelectMultiple,
    )
    opens = forms.TimeField(label="From", widget=ClockInput, initial="09:00")
    closes = forms.TimeField(
        label="Until", widget=ClockInput, initial="17:00", help_text="00:00 is the end of the day."
    )
    country = forms.CharField(
        required=False,
        max_length=3,
        help_text="Two letters, such as DE: its public holidays are kept. None: no holidays.",
    )
    subdivision = forms.CharField(
        required=False, max_length=20, label="Part of the country", help_text="Such as BY for Bavaria."
    )
    own_days = OwnDaysField(
        required=False,
        max_length=60_000,
        label="Own days",
        help_text="One a line: “2026-12-24 Christmas Eve” is free, “+2026-12-19 Stocktaking” is worked.",
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_weekdays(self) -> list[int]:
        return [int(day) for day in self.cleaned_data["weekdays"]]

    @staticmethod
    def initial_of(calendar: WorkingCalendar) -> dict[str, Any]:
        """Return what is stored, as the form shows it."""
        names = ("zone", "opens", "closes", "country", "subdivision", "version")
        return {
            **{name: getattr(calendar, name) for name in names},
            "weekdays": [str(day) for day in calendar.weekdays],
            "own_days": OwnDaysField.lines(calendar.own_days),
        }


class MoveForm(PortalForm):
    """Why something is retired, reinstated or lifted, for its history."""

    reason = forms.CharField(
        label="Why?", required=False, max_length=500, widget=forms.Textarea, help_text="Kept in its history."
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
