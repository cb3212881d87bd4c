"""The forms of assets, restore tests, exercises and legal holds."""

from __future__ import annotations

from typing import Any

from django import forms

from compliance.models import Asset, Exercise
from compliance.recovery.ladder import LADDER
from compliance.recovery.procedures import PROCEDURES, steps_from
from compliance.recovery.words import (
    ASSET_KINDS,
    DATA_TYPES,
    EXERCISE_KINDS,
    EXERCISE_OUTCOMES,
    SCOPES,
    TEST_OUTCOMES,
    TIERS,
)
from compliance.services.recovery.record_classes import CLASSES
from opsportal.accounts.models import Team
from opsportal.accounts.selectors import workers
from opsportal.catalog.models import Service
from opsportal.web.forms import LocalMomentField, PortalForm

MOST = 1_000
MOST_SHOWN = 200
STATUSES = (
    ("fine", "Targets kept"),
    ("late", "Target broken"),
    ("silent", "No backup yet"),
    ("unknown", "Not measured"),
)
ELSEWHERE = (
    "application_logs",
    "access_logs",
    "archived_logs",
    "metrics",
    "transactions",
    "user_accounts",
)
"""Classes of records that other systems keep and that standards often name, offered as a beginning."""


def service_choices(*, empty: str) -> list[tuple[str, str]]:
    """Return the services in use to choose from, `empty` first."""
    rows = Service.objects.filter(state="active").order_by("name", "id").values_list("slug", "name")[:MOST]
    return [("", empty), *rows]


def people_choices() -> list[tuple[str, str]]:
    """Return the people who may sign in to choose from."""
    people = workers().order_by("full_name", "id")[:MOST]
    return [(str(person.pk), person.display_name) for person in people]


class AssetFilter(forms.Form):
    """What the list of assets is narrowed by."""

    q = forms.CharField(required=False, max_length=200, label="Name")
    status = forms.ChoiceField(required=False, choices=[("", "Every standing"), *STATUSES], label="Standing")
    state = forms.ChoiceField(required=False, choices=[("", "In use"), ("retired", "Retired")], label="State")


class TrialFilter(forms.Form):
    """What lists of restore tests and exercises are narrowed by."""

    state = forms.ChoiceField(
        required=False,
        choices=[("", "Every state"), ("planned", "Planned"), ("running", "Running"), ("over", "Over")],
    )


class AssetForm(PortalForm):
    """An asset as people write it."""

    always = ("slug", "name", "kind", "data_type", "team", "owner")

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(required=False)
    slug = forms.CharField(
        required=False,
        label="Short name",
        help_text="Lower-case letters, digits and hyphens: what backup programs call it by, for good.",
    )
    kind = forms.ChoiceField(choices=ASSET_KINDS)
    data_type = forms.ChoiceField(choices=DATA_TYPES, label="What the data is")
    service = forms.ChoiceField(required=False)
    tier = forms.ChoiceField(
        required=False, choices=[("", "That of its service"), *TIERS], label="Tier of its own"
    )
    team = forms.ChoiceField(label="Owner team")
    owner = forms.ChoiceField(help_text="Owes what is missing.")
    record_class = forms.CharField(
        required=False, label="Class of records", help_text=f"For example {', '.join(ELSEWHERE)}."
    )
    kept_for = forms.CharField(
        required=False, label="It keeps them for", help_text="For example 13 months, 7 years, forever."
    )
    place = forms.CharField(required=False)
    description = forms.CharField(required=False, widget=forms.Textarea)

    def __init__(self, *args: Any, asset: Asset | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choices("service", service_choices(empty="None"))
        self._choices("team", list(Team.objects.order_by("name").values_list("slug", "name")[:MOST]))
        self._choices("owner", people_choices())
        if asset is not None:
            del self.fields["slug"]

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = choices

    def written(self) -> dict[str, Any]:
        """Return the fields as the service takes them."""
        return {name: value for name, value in self.cleaned_data.items() if name not in {"version", "slug"}}


def asset_values(asset: Asset) -> dict[str, Any]:
    """Return what stands in the form of an asset."""
    return {
        "version": asset.version,
        "name": asset.name,
        "kind": asset.kind,
        "data_type": asset.data_type,
        "service": asset.service.slug if asset.service else "",
        "tier": asset.own_tier,
        "team": asset.owner_team.slug,
        "owner": str(asset.owner_id),
        "record_class": asset.record_class,
        "kept_for": asset.kept_for,
        "place": asset.place,
        "description": asset.description,
    }


class PlanForm(PortalForm):
    """A restore test to come."""

    procedure = forms.ChoiceField(
        required=False, choices=[("", "None"), *((one.slug, one.title) for one in PROCEDURES)]
    )
    scope = forms.ChoiceField(choices=SCOPES, label="How much")
    environment = forms.CharField(required=False, label="Where to", initial="staging")
    exercise = forms.ChoiceField(required=False, label="Part of the exercise")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Exercise.objects.filter(state__in=["planned", "running"]).order_by("-id")[:MOST_SHOWN]
        field = self.fields["exercise"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [("", "None"), *((row.key, f"{row.key} {row.title}") for row in rows)]


class FinishForm(PortalForm):
    """What a restore test reached."""

    always = ("level", "outcome")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    level = forms.ChoiceField(choices=LADDER, label="What was really reached", initial="restored")
    outcome = forms.ChoiceField(choices=TEST_OUTCOMES)
    usable_at = LocalMomentField(required=False, label="Usable again at", help_text="Empty: now.")
    data_until = LocalMomentField(
        required=False, label="The restored data reached to", help_text="Empty: as the backup says."
    )
    findings = forms.CharField(required=False, widget=forms.Textarea, label="What was found")


class ExerciseForm(PortalForm):
    """The plan of an exercise."""

    always = ("kind", "title", "planned_for")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=EXERCISE_KINDS)
    planned_for = LocalMomentField(label="When")
    environment = forms.CharField(required=False, label="Where")
    services = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    participants = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Who takes part"
    )
    scenario = forms.CharField(required=False, widget=forms.Textarea)
    plan = forms.CharField(required=False, widget=forms.Textarea)
    steps = forms.CharField(
        required=False, widget=forms.Textarea, label="Playbook", help_text="One step on each line."
    )

    def __init__(self, *args: Any, exercise: Exercise | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("services", service_choices(empty="")[1:]),
            ("participants", people_choices()),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - declared above
            field.choices = choices
        if exercise is not None:
            del self.fields["steps"]

    def clean_steps(self) -> list[str]:
        """Return the playbook as a list."""
        try:
            return steps_from(self.cleaned_data["steps"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def written(self) -> dict[str, Any]:
        """Return the fields as the service takes them."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


def exercise_values(exercise: Exercise) -> dict[str, Any]:
    """Return what stands in the form of an exercise, loaded with services and people."""
    same = ("version", "title", "kind", "planned_for", "environment", "scenario", "plan")
    return {
        **{name: getattr(exercise, name) for name in same},
        "services": [one.service.slug for one in exercise.concerned.all()],
        "participants": [str(one.person_id) for one in exercise.people.all()],
    }


class CompleteForm(PortalForm):
    """How an exercise ended."""

    always = ("outcome",)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    outcome = forms.ChoiceField(choices=EXERCISE_OUTCOMES)
    findings = forms.CharField(required=False, widget=forms.Textarea, label="What was found")


class ReasonForm(PortalForm):
    """Why, and the version that was seen."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(required=False)
    note = forms.CharField(required=False)


class EvidenceFileForm(PortalForm):
    """One file, and what it is."""

    file = forms.FileField(error_messages={"required": "Choose a file."}, max_length=1_000)
    note = forms.CharField(required=False)


class LegalHoldForm(PortalForm):
    """Records that nobody is to delete."""

    always = ("reason",)
    records = forms.ChoiceField(
        required=False, choices=[("", "All records"), *((one.slug, one.title) for one in CLASSES)]
    )
    since = LocalMomentField(required=False, label="Made since", help_text="Empty: from the beginning.")
    until = LocalMomentField(required=False, label="Made before", help_text="Empty: without end.")
    reason = forms.CharField(required=False, widget=forms.Textarea)
