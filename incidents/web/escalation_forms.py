"""The form of an escalation policy: its steps are lines of text."""

from __future__ import annotations

from typing import Any

from django import forms

from incidents.escalating import DEFAULT_PAUSE, LAPSES, Plan
from incidents.escalation_form import MOST_REPEATS
from incidents.escalation_lines import Line, lines_read, targets_read, targets_text, text_of
from incidents.models import EscalationPolicy
from incidents.services.escalation.policies import step_faults
from incidents.severities import SEVERITIES, TITLES
from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues
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

    def clean_steps(self) -> list[Line]:
        """Return the lines as steps. Everything that is wrong in any of them is told at once."""
        lines = lines_read(self.cleaned_data["steps"], person_of)
        wrong = []
        for line in lines:
            faults = line.faults or step_faults(line.step, first=line is lines[0])
            wrong += [f"Line {line.number}: {fault.removesuffix('.')}." for fault in faults]
        if wrong:
            raise forms.ValidationError(wrong)
        return lines

    def clean_fallback(self) -> list[dict[str, str]]:
        """Return whom the fallback tells."""
        targets, faults = targets_read(self.cleaned_data["fallback"], person_of)
        if targets and not faults:
            faults = step_faults({"wait": 0, "targets": targets}, first=True)
        if faults:
            raise forms.ValidationError(
                [f"{fault[0].upper()}{fault[1:].removesuffix('.')}." for fault in faults]
            )
        return targets

    @property
    def line_numbers(self) -> list[int]:
        """The lines in which the steps stand."""
        return [line.number for line in self.cleaned_data.get("steps") or ()]

    def plan(self) -> dict[str, Any]:
        """Return what the form, which is valid, says of the plan."""
        cleaned = self.cleaned_data
        lapses = {one: cleaned[f"lapse_{one}"] for one in SEVERITIES}
        return {
            "steps": [line.step for line in cleaned["steps"]],
            "fallback": cleaned["fallback"],
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
    found = colleagues().filter(email=address.lower()).values_list("pk", flat=True).first()
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
