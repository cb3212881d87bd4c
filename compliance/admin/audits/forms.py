"""Forms of the steps of an audit: what is asked, not what is allowed; the services check."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Case, QuerySet, When

from compliance.auditing.tables import (
    ITEM_RESULTS,
    OPINIONS,
    POPULATIONS,
    REQUEST_KINDS,
    SEVERITIES,
    TEST_KINDS,
    TEST_RESULTS,
)
from compliance.models import Audit, Control, ControlTest
from compliance.models.controls import CONTROL_PREFIX
from compliance.selectors.audits.populations import KINDS
from opsportal.accounts.models import User
from opsportal.accounts.selectors import colleagues, workers
from opsportal.core.keys import number_of

ISO = "%Y-%m-%dT%H:%M"


def people() -> QuerySet[User]:
    """Return who can be asked for something."""
    return workers()


def auditors() -> QuerySet[User]:
    """Return who may audit."""
    return colleagues().exclude(is_auditor=False, is_staff=False)


def _long(label: str, *, help_text: str = "", rows: int = 3) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows, "cols": 70})
    return forms.CharField(label=label, required=False, widget=area, help_text=help_text)


def _moment(label: str, help_text: str = "") -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=ISO)
    return forms.DateTimeField(label=label, required=False, widget=widget, help_text=help_text)


def _plain(value: Any) -> Any:
    match value:
        case User():
            return str(value.pk)
        case ControlTest():
            return value.pk
        case QuerySet() if value.model is Control:
            return [control.key for control in value]
        case _:
            return value


class StepForm(forms.Form):
    """A step that asks nothing."""

    use_required_attribute = False

    def __init__(self, *args: Any, audit: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.audit = audit

    def given(self) -> dict[str, Any]:
        """Return what was filled in, as the services take it: people by their ids."""
        return {name: _plain(value) for name, value in self.cleaned_data.items()}


class TextForm(StepForm):
    """A step with a word to it."""

    text = _long("What is there to say", help_text="Kept for good, and seen by those whom it concerns.")


class TeamForm(StepForm):
    team = forms.ModelMultipleChoiceField(queryset=User.objects.none(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = auditors()  # type: ignore[attr-defined]


class ControlsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Controls of the catalogue that are in use."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Control.objects.filter(state="active").order_by("id"), **kwargs)


class TestForm(StepForm):
    controls = ControlsField(
        required=False,
        help_text="Of the catalogue, those in scope first. Six at most; Ctrl or ⌘ chooses several.",
    )
    control = forms.CharField(
        label="Or what is not in the catalogue",
        max_length=80,
        required=False,
        help_text="The auditor's own word for it, SOC2-CC8.1. Left empty where controls are chosen.",
    )
    title = forms.CharField(
        label="What it demands",
        max_length=300,
        required=False,
        help_text="The title of the first control, where it is empty.",
    )
    kind = forms.ChoiceField(label="What of it", choices=list(TEST_KINDS.items()))
    procedure = _long("Work planned")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        about = Audit.objects.filter(pk=self.audit).first()
        scope = [number_of(key, CONTROL_PREFIX) for key in about.control_keys] if about else []
        first = Case(When(pk__in=[number for number in scope if number], then=0), default=1)
        field = self.fields["controls"]
        field.queryset = field.queryset.order_by(first, "id")  # type: ignore[attr-defined]


class ResultForm(StepForm):
    result = forms.ChoiceField(choices=list(TEST_RESULTS.items()))
    work = _long("Work done", rows=6)


class FreezeForm(StepForm):
    kind = forms.ChoiceField(
        label="What",
        choices=[(kind, POPULATIONS[kind]) for kind in KINDS],
        help_text="All of it in the audit's period and services, as it is at this moment.",
    )


class DrawForm(StepForm):
    size = forms.IntegerField(label="How many", min_value=1, initial=25)
    seed = forms.CharField(
        max_length=64,
        required=False,
        help_text="8 to 64 letters, digits, dots, hyphens. It is recorded.",
    )
    test = forms.ModelChoiceField(label="For the test", queryset=ControlTest.objects.none(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tests = ControlTest.objects.filter(audit=self.audit).order_by("control", "kind")
        self.fields["test"].queryset = tests  # type: ignore[attr-defined]


class ItemForm(StepForm):
    result = forms.ChoiceField(choices=list(ITEM_RESULTS.items()), widget=forms.RadioSelect)
    note = _long("Note", help_text="Needed for an exception.")
    evidence = _long("Evidence", help_text="Keys and addresses, one a line: DEP-77, ERQ-4, https://…", rows=2)


class PersonForm(StepForm):
    owner = forms.ModelChoiceField(queryset=User.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people()  # type: ignore[attr-defined]


class ForTestForm(PersonForm):
    """A step that may be for one of the audit's tests."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tests = ControlTest.objects.filter(audit=self.audit).order_by("control", "kind")
        self.fields["test"].queryset = tests  # type: ignore[attr-defined]


def _for_test() -> forms.ModelChoiceField:  # type: ignore[type-arg]
    return forms.ModelChoiceField(label="For the test", queryset=ControlTest.objects.none(), required=False)


class RequestForm(ForTestForm):
    title = forms.CharField(label="What is asked for", max_length=200)
    kind = forms.ChoiceField(choices=list(REQUEST_KINDS.items()))
    detail = _long("In detail")
    owner = forms.ModelChoiceField(label="Who is asked", queryset=User.objects.none())
    due_at = _moment("By when", "Five days from now where it is empty, or what the standard says.")
    test = _for_test()


class FindingForm(ForTestForm):
    title = forms.CharField(max_length=200)
    severity = forms.ChoiceField(choices=list(SEVERITIES.items()))
    condition = _long("Condition", help_text="What is.")
    criteria = _long("Criteria", help_text="What should be, and what says so.")
    cause = _long("Cause", help_text="Why it differs.")
    effect = _long("Effect", help_text="What that may lead to.")
    recommendation = _long("Recommendation")
    service = forms.CharField(max_length=60, required=False, help_text="The slug of a service, if of one.")
    owner = forms.ModelChoiceField(queryset=User.objects.none(), required=False)
    due_at = _moment("Due", "By its severity, or by the standard, where it is empty.")
    test = _for_test()


class ActionForm(PersonForm):
    title = forms.CharField(label="What is done", max_length=200)
    detail = _long("In detail")
    owner = forms.ModelChoiceField(queryset=User.objects.none())
    due_at = _moment("Due", "When the finding is due, where it is empty.")


class NoteForm(StepForm):
    about = forms.CharField(max_length=100, required=False, help_text="FND-3, CHG-1042, a control…")
    text = _long("Note", help_text="For the audit's team alone. It cannot be changed.", rows=5)


class ConclusionForm(StepForm):
    opinion = forms.ChoiceField(choices=list(OPINIONS.items()))
    conclusion = _long("Conclusion", rows=6)
    opinion_reason = _long(
        "Why, although something is open",
        help_text="Needed where something speaks against the opinion. The report shows it.",
    )


class GuestForm(StepForm):
    email = forms.EmailField(label="E-mail address")
    full_name = forms.CharField(label="Name", max_length=120)
    ends_at = _moment("Until", "At most 180 days from now.")
