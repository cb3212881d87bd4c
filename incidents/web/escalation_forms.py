"""The form of an escalation policy: its steps are lines of text."""

from __future__ import annotations

from typing import Any

from django import forms

from incidents.escalating import DEFAULT_PAUSE, LAPSES, Plan
from incidents.escalation_form import MOST_REPEATS
from incidents.escalation_lines import steps_data, targets_data, targets_text, text_of
from incidents.models import EscalationPolicy
from incidents.severities import SEVERITIES, TITLES
from opsportal.accounts.models import User
from opsportal.web.forms import PortalForm

EXAMPLE = "0m on_call:primary\n15m on_call:secondary\n15m role:team-lead"
_MINUTE = 60


class PolicyForm(PortalForm):
    """A policy as people write it."""

    always = ("slug", "name", "steps", "fallback", "repeat", "pause", "hold_low", "low")

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(max_length=120)
    slug = forms.CharField(
        required=False,
        label="Short name",
        max_length=60,
        help_text="Lower-case letters, digits and hyphens; routes and services name it so.",
    )
    description = forms.CharField(required=False, widget=forms.Textarea, max_length=2_000)
    steps = forms.CharField(widget=forms.Textarea, label="Steps")
    fallback = forms.CharField(
        required=False,
        label="Fallback",
        help_text="Told last, and at once where no step reaches anybody. The administrators in any case.",
    )
    repeat = forms.IntegerField(
        min_value=0, max_value=MOST_REPEATS, initial=0, label="Repeat the steps … times"
    )
    pause = forms.IntegerField(
        min_value=1,
        max_value=1_440,
        initial=int(DEFAULT_PAUSE.total_seconds()) // _MINUTE,
        label="Minutes between two rounds, and ahead of the fallback",
    )
    hold_low = forms.BooleanField(required=False, label="Low urgency waits for working hours")
    low = forms.MultipleChoiceField(
        required=False,
        choices=[(one, TITLES[one]) for one in SEVERITIES],
        widget=forms.CheckboxSelectMultiple,
        label="Told with low urgency",
        initial=["sev3", "sev4"],
    )

    def __init__(self, *args: Any, policy: EscalationPolicy | None = None, **kwargs: Any) -> None:
        if policy is not None:
            kwargs["initial"] = _values(policy)
        super().__init__(*args, **kwargs)
        if policy is not None:
            del self.fields["slug"]
        for severity in SEVERITIES:
            self.fields[f"lapse_{severity}"] = forms.IntegerField(
                required=False,
                min_value=1,
                max_value=10_080,
                label=f"{TITLES[severity]}, minutes",
                initial=_minutes(policy.read_plan if policy else None, severity),
            )

    def plan(self) -> dict[str, Any]:
        """Return what the form says of the plan. Raises `InvalidInput` for a line that means nothing."""
        cleaned = self.cleaned_data
        lapses = {one: cleaned[f"lapse_{one}"] for one in SEVERITIES}
        return {
            "steps": steps_data(cleaned["steps"], person_of),
            "fallback": targets_data(cleaned["fallback"], person_of),
            "repeat": cleaned["repeat"],
            "pause": cleaned["pause"] * _MINUTE,
            "hold_low": cleaned["hold_low"],
            "low": cleaned["low"],
            "lapses": {one: minutes * _MINUTE for one, minutes in lapses.items() if minutes},
        }

    def lapses(self) -> list[forms.BoundField]:
        return [self[f"lapse_{severity}"] for severity in SEVERITIES]


def person_of(address: str) -> str | None:
    """Return the id of the active person with this e-mail address, or None."""
    found = User.objects.filter(email=address.lower(), is_active=True).values_list("pk", flat=True).first()
    return str(found) if found else None


def address_of(person: str) -> str:
    """Return the e-mail address of a person, their id where they have none any more."""
    return User.objects.filter(pk=person).values_list("email", flat=True).first() or person


def _values(policy: EscalationPolicy) -> dict[str, Any]:
    plan = policy.read_plan
    return {
        "version": policy.version,
        "name": policy.name,
        "description": policy.description,
        "steps": text_of(plan, address_of),
        "fallback": targets_text(plan.fallback, address_of),
        "repeat": plan.repeat,
        "pause": int(plan.pause.total_seconds()) // _MINUTE,
        "hold_low": plan.hold_low,
        "low": sorted(plan.low),
    }


def _minutes(plan: Plan | None, severity: Any) -> int | None:
    lapses = LAPSES if plan is None else plan.lapses
    return int(lapses[severity].total_seconds()) // _MINUTE if severity in lapses else None
