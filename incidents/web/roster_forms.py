"""Forms of the people's side of on-call. What is right is the services' business."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from incidents.oncall.roles import PRIMARY, TITLES
from incidents.services.roster.handovers import MAX_NOTES
from incidents.services.roster.importing import FORMATS
from opsportal.accounts.selectors import workers
from opsportal.web.forms import LocalMomentField, PortalForm

Choices = Iterable[tuple[str, str]]


def people_choices() -> list[tuple[str, str]]:
    """Return everybody who can be named, by name."""
    people = workers().order_by("full_name", "id")[:2_000]
    return [("", "Choose"), *((str(person.pk), person.full_name) for person in people)]


class SwapForm(PortalForm):
    """One's own time on call, to be offered."""

    always = ("start", "end", "role")

    start = LocalMomentField(label="From", required=False)
    end = LocalMomentField(label="Until", required=False)
    role = forms.ChoiceField(choices=list(TITLES.items()), initial=PRIMARY)
    note = forms.CharField(max_length=300, required=False, help_text="Others read it.")


class ShadowForm(PortalForm):
    """Who learns beside whom."""

    always = ("person", "start", "end")
    pointers = {"start": "begin", "end": "finish"}

    person = forms.ChoiceField(label="Who learns", required=False)
    follows = forms.ChoiceField(label="Beside whom", required=False, help_text="Nobody: whoever is on call.")
    begin = LocalMomentField(label="From", required=False)
    finish = LocalMomentField(label="Until", required=False)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        choices = people_choices()
        self.fields["person"].choices = choices  # type: ignore[attr-defined]
        self.fields["follows"].choices = [("", "Whoever is on call"), *choices[1:]]  # type: ignore[attr-defined]


class HandoverForm(PortalForm):
    """A handover that is opened by hand."""

    always = ("schedule", "outgoing", "incoming")

    schedule = forms.ChoiceField(required=False)
    outgoing = forms.ChoiceField(label="Who goes off call", required=False)
    incoming = forms.ChoiceField(label="Who comes on call", required=False)

    def __init__(self, *given: Any, schedules: Choices, **named: Any) -> None:
        super().__init__(*given, **named)
        people = people_choices()
        self.fields["schedule"].choices = [("", "Choose"), *schedules]  # type: ignore[attr-defined]
        for name in ("outgoing", "incoming"):
            self.fields[name].choices = people  # type: ignore[attr-defined]


class NotesForm(PortalForm):
    """What the next one has to know."""

    notes = forms.CharField(
        label="Notes", required=False, max_length=MAX_NOTES, widget=forms.Textarea, strip=False
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class ImportForm(PortalForm):
    """A file of another system; `fingerprint` is of the preview that was seen."""

    always = ("format",)

    format = forms.ChoiceField(label="Where it comes from", choices=list(FORMATS.items()))
    file = forms.FileField(required=False, help_text="At most 5 MB.")
    text = forms.CharField(required=False, widget=forms.HiddenInput, strip=False, max_length=7_000_000)
    name = forms.CharField(
        label="Name of the schedule", required=False, max_length=120, help_text="For a calendar file."
    )
    zone = forms.CharField(
        label="Time zone", required=False, max_length=64, help_text="For a calendar file that names none."
    )
    fingerprint = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
