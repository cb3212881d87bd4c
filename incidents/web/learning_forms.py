"""The forms of postmortems and action items."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

from incidents.learning.states import ACTION, POSTMORTEM
from incidents.learning.template import CAUSES, PRIORITIES, SECTIONS
from incidents.models import ActionItem
from opsportal.accounts.selectors import workers
from opsportal.web.forms import LocalMomentField, PortalForm

MOST_PEOPLE = 1_000


class PostmortemFilter(forms.Form):
    """What a list of postmortems is narrowed by."""

    state = forms.ChoiceField(required=False, choices=[("", "Every state"), *POSTMORTEM.choices])
    cause = forms.ChoiceField(required=False, choices=[("", "Every cause"), *CAUSES.items()])


class ActionFilter(forms.Form):
    """What a list of action items is narrowed by."""

    state = forms.ChoiceField(
        required=False,
        choices=[("", "To be done"), ("overdue", "Overdue"), *ACTION.choices, ("any", "Every state")],
    )
    mine = forms.ChoiceField(required=False, choices=[("", "Everybody's"), ("1", "Mine")], label="Whose")


class PostmortemForm(PortalForm):
    """The parts of a postmortem."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    cause = forms.ChoiceField(required=False, choices=[("", "Not decided yet"), *CAUSES.items()])

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        for name, part in SECTIONS.items():
            self.fields[name] = forms.CharField(
                required=False, label=part.title, help_text=part.asks, widget=forms.Textarea
            )

    def written(self) -> dict[str, Any]:
        """Return the fields as the service takes them."""
        return {name: self.cleaned_data[name] for name in ("cause", *SECTIONS)}


class StepForm(PortalForm):
    """What somebody says with a step, and the version that they saw."""

    text = forms.CharField(required=False, widget=forms.Textarea)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class ActionForm(PortalForm):
    """An action item."""

    always = ("title", "owner")

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(required=False, label="What is done", max_length=200)
    owner = forms.ChoiceField(required=False)
    priority = forms.ChoiceField(choices=list(PRIORITIES.items()), initial="medium")
    due_at = LocalMomentField(
        required=False, label="Due", help_text="Nothing: what the standard gives, or 30 days."
    )
    change = forms.CharField(
        required=False, max_length=30, help_text="The change that brings it, e.g. CHG-1042."
    )
    detail = forms.CharField(required=False, widget=forms.Textarea, label="More about it")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        people = workers().order_by("full_name", "pk")[:MOST_PEOPLE]
        choices = [("", "Choose somebody"), *((str(person.pk), person.full_name) for person in people)]
        self.fields["owner"].choices = choices  # type: ignore[attr-defined]

    def written(self) -> dict[str, Any]:
        """Return the fields as the service takes them; a time that was left empty is not among them."""
        fields = {
            name: self.cleaned_data[name] for name in ("title", "owner", "priority", "change", "detail")
        }
        due: datetime | None = self.cleaned_data["due_at"]
        return {**fields, "due_at": due} if due else fields


def values_of(item: ActionItem) -> dict[str, Any]:
    """Return what the form shows of an action item."""
    return {
        "title": item.title,
        "owner": str(item.owner_id),
        "priority": item.priority,
        "due_at": item.due_at,
        "change": item.change_key,
        "detail": item.detail,
        "version": item.version,
    }
