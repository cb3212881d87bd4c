"""The forms of incidents: declaring one, and each step that asks for words."""

from __future__ import annotations

from typing import Any

from django import forms

from incidents.models import Incident, IncidentRole
from incidents.services.response.fields import MAX_REASON, MAX_TEXT, MAX_TITLE, MAX_UPDATE
from incidents.services.response.working import NOTES, UPDATES
from incidents.severities import CHOICES
from opsportal.accounts.selectors import workers
from opsportal.catalog.models import Service
from opsportal.web.forms import LocalMomentField, PortalForm

MOST_PEOPLE = 1_000
MOST_SERVICES = 1_000
AUDIENCES = {
    "internal": "Internal",
    "stakeholders": "Stakeholders",
    "executive": "Executives",
    "status_page": "Status page",
}
NOTE_WORDS = {"note": "Note", "decision": "Decision", "observation": "Observation"}
REACH = [("", "Not known yet"), ("yes", "Yes"), ("no", "No")]


def people_choices() -> list[tuple[str, str]]:
    """Return the active people to choose from, by name."""
    rows = workers().order_by("full_name").values_list("pk", "full_name")
    return [(str(pk), name) for pk, name in rows[:MOST_PEOPLE]]


def service_choices() -> list[tuple[str, str]]:
    """Return the services in use to choose from, by name."""
    rows = Service.objects.exclude(state="retired").order_by("name").values_list("slug", "name")
    return list(rows[:MOST_SERVICES])


class DeclareForm(PortalForm):
    """The few things that an incident begins with; the rest can wait."""

    always = ("title", "severity")

    title = forms.CharField(label="What is wrong?", max_length=MAX_TITLE)
    severity = forms.ChoiceField(label="Severity", choices=CHOICES, initial="sev2")
    services = forms.MultipleChoiceField(required=False, label="What is affected?")
    summary = forms.CharField(
        required=False, label="What do we know?", max_length=MAX_TEXT, widget=forms.Textarea
    )
    detected_by = forms.ChoiceField(
        required=False, label="Who noticed it?", choices=Incident.DetectedBy.choices, initial="staff"
    )
    detected_at = LocalMomentField(
        required=False, label="Since when?", help_text="Now, where it is left out."
    )
    customer_facing = forms.ChoiceField(required=False, label="Do customers notice it?", choices=REACH)
    security = forms.BooleanField(
        required=False,
        label="It is about security",
        help_text="Only administrators, those who look after security and those with a part in it see it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["services"].choices = service_choices()  # type: ignore[attr-defined]

    def wanted(self) -> dict[str, Any]:
        """Return what `incident_declare` takes."""
        given = self.cleaned_data
        secret = given["security"]
        return {
            "title": given["title"],
            "severity": given["severity"],
            "summary": given["summary"],
            "services": given["services"],
            "detected_by": given["detected_by"] or "staff",
            "detected_at": given["detected_at"],
            "customer_facing": reach_of(given["customer_facing"]),
            "security": secret,
            "visibility": "restricted" if secret else "open",
        }


def reach_of(word: str) -> bool | None:
    """Return whether customers notice it, as a form says it; None where nobody knows."""
    return {"yes": True, "no": False}.get(word)


class StepForm(PortalForm):
    """A step that asks for words. `given` is what its service takes."""

    def given(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class UpdateForm(StepForm):
    kind = forms.ChoiceField(
        label="For whom?", choices=[(kind, AUDIENCES[kind]) for kind in UPDATES], initial="internal"
    )
    text = forms.CharField(label="How does it stand?", max_length=MAX_UPDATE, widget=forms.Textarea)


class NoteForm(StepForm):
    kind = forms.ChoiceField(label="What is it?", choices=[(kind, NOTE_WORDS[kind]) for kind in NOTES])
    text = forms.CharField(label="What happened?", max_length=MAX_UPDATE, widget=forms.Textarea)
    at = LocalMomentField(required=False, label="When?", help_text="Now, where it is left out.")


class AssessForm(StepForm):
    text = forms.CharField(
        label="How grave is it, and whom does it touch?", max_length=MAX_UPDATE, widget=forms.Textarea
    )
    severity = forms.ChoiceField(label="Severity", choices=CHOICES)
    customer_facing = forms.ChoiceField(required=False, label="Do customers notice it?", choices=REACH)

    def given(self) -> dict[str, Any]:
        return {**self.cleaned_data, "customer_facing": reach_of(self.cleaned_data["customer_facing"])}


class SeverityForm(StepForm):
    severity = forms.ChoiceField(label="Severity", choices=CHOICES)
    reason = forms.CharField(label="Why?", max_length=MAX_REASON)


class TextForm(StepForm):
    text = forms.CharField(
        required=False, label="What was done?", max_length=MAX_UPDATE, widget=forms.Textarea
    )


class ReasonForm(StepForm):
    reason = forms.CharField(label="Why?", max_length=MAX_REASON)


class ReportForm(StepForm):
    text = forms.CharField(
        label="What happened, and why?", max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 12})
    )


class MergeForm(StepForm):
    into = forms.CharField(label="Into which incident?", help_text="Its key, e.g. INC-9.", max_length=30)
    reason = forms.CharField(required=False, label="Why?", max_length=MAX_REASON)


class PersonForm(StepForm):
    person = forms.ChoiceField(label="Whom?")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = people_choices()  # type: ignore[attr-defined]


class RoleForm(PersonForm):
    role = forms.ChoiceField(label="Role", choices=IncidentRole.Role.choices)
    field_order = ("role", "person")


class TaskForm(StepForm):
    title = forms.CharField(label="What is to be done?", max_length=MAX_TITLE)
    owner = forms.ChoiceField(required=False, label="By whom?")
    due_at = LocalMomentField(required=False, label="Until when?")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [("", "Nobody yet"), *people_choices()]  # type: ignore[attr-defined]


class LinkForm(StepForm):
    target = forms.CharField(
        label="What?", help_text="A key like CHG-1042, DEP-77 or INC-9, or an address.", max_length=500
    )
    title = forms.CharField(required=False, label="In words", max_length=MAX_TITLE)
    is_cause = forms.BooleanField(required=False, label="It brought the incident about")


class LineForm(StepForm):
    text = forms.CharField(label="What it says", max_length=MAX_TEXT, widget=forms.Textarea)


class AboutForm(StepForm):
    """What an incident says of itself."""

    title = forms.CharField(label="What is wrong?", max_length=MAX_TITLE)
    summary = forms.CharField(
        required=False, label="What do we know?", max_length=MAX_TEXT, widget=forms.Textarea
    )
    services = forms.MultipleChoiceField(required=False, label="What is affected?")
    detected_by = forms.ChoiceField(label="Who noticed it?", choices=Incident.DetectedBy.choices)
    detected_at = LocalMomentField(label="Since when?")
    channel_url = forms.CharField(
        required=False, label="Where do people talk?", help_text="The address of a channel.", max_length=500
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["services"].choices = service_choices()  # type: ignore[attr-defined]

    def given(self) -> dict[str, Any]:
        return {"fields": dict(self.cleaned_data)}
