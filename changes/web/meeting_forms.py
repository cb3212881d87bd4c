"""The forms of meetings. What is right is decided by the services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from changes.models import Meeting
from changes.services.meeting_fields import MAX_NOTE, MAX_PLACE, values_of
from changes.services.meetings import MAX_MINUTES
from opsportal.web.forms import LocalMomentField, PortalForm


class MeetingForm(PortalForm):
    """A meeting that is called or changed."""

    always = ("board", "starts_at", "ends_at")

    board = forms.ChoiceField(required=False, help_text="Its members are invited, and vote in it.")
    starts_at = LocalMomentField(required=False, label="From")
    ends_at = LocalMomentField(required=False, label="Until", help_text="At most 12 hours later.")
    place = forms.CharField(
        required=False, max_length=MAX_PLACE, label="Where", help_text="A room, or the link of a call."
    )
    note = forms.CharField(
        required=False, max_length=MAX_NOTE, widget=forms.Textarea, label="What the members should know"
    )
    rule = forms.CharField(
        required=False,
        max_length=120,
        label="How often",
        help_text="Empty for a single meeting. Else a rule such as FREQ=WEEKLY;BYDAY=TU: when one meeting is"
        " over, the next one is planned.",
        widget=forms.TextInput(attrs={"list": "rhythms", "autocomplete": "off"}),
    )
    zone = forms.CharField(
        required=False,
        max_length=64,
        label="Time zone of the series",
        initial="UTC",
        help_text="For example Europe/Berlin: the meeting stays at its hour when the clocks change.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *given: Any, boards: Sequence[tuple[str, str]], **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["board"].choices = list(boards)  # type: ignore[attr-defined]

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, as the services take it; without the version."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "version"}
        return given | {"zone": given["zone"] or "UTC"}

    @staticmethod
    def initial_of(meeting: Meeting) -> dict[str, Any]:
        """Return what the form shows of a stored meeting."""
        return {**values_of(meeting), "version": meeting.version}


class ItemForm(PortalForm):
    """Something to put on an agenda."""

    pointers = {"change": "about", "template": "about", "title": "about"}
    always = ("about", "reason")

    about = forms.CharField(
        required=False,
        max_length=200,
        label="What",
        help_text="The key of a change, such as CHG-12, or a matter in your own words.",
    )
    reason = forms.CharField(required=False, widget=forms.Textarea, label="Why the board should look at it")


class OverForm(PortalForm):
    """The words at the end of a meeting: its minutes, or why it does not take place."""

    pointers = {"reason": "words", "minutes": "words"}
    always = ("words",)

    words = forms.CharField(required=False, max_length=MAX_MINUTES, widget=forms.Textarea, label="Reason")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
