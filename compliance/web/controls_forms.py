"""The forms of frameworks, controls, evidence and exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet

from compliance.controlling.words import EXCEPTION_KINDS, FREQUENCIES, RISKS, SHOWS
from compliance.models import Control, EvidenceItem, Requirement
from opsportal.accounts.models import Team, User
from opsportal.accounts.selectors import workers
from opsportal.standards.selectors import active_standard_or_none
from opsportal.standards.vocabulary import declared
from opsportal.web.forms import LocalMomentField, PortalForm

MOST = 2_000
Choices = list[tuple[str, str]]


def people_choices(kept: User | None = None) -> Choices:
    """Return the people who may sign in, by name; `kept` stays among them."""
    rows = workers().order_by("full_name", "pk")[:MOST]
    found = [(str(row.pk), row.full_name) for row in rows]
    if kept is not None and str(kept.pk) not in dict(found):
        found.append((str(kept.pk), kept.display_name))
    return found


def team_choices() -> Choices:
    """Return all teams by name, and none."""
    return [("", "No team"), *Team.objects.order_by("name").values_list("slug", "name")]


def control_choices(rows: QuerySet[Control] | None = None) -> Choices:
    """Return the controls in use, by key; with `rows` only those."""
    if rows is None:
        rows = Control.objects.filter(state="active")
    return [(row.key, f"{row.key} {row.title}") for row in rows.order_by("id")[:MOST]]


def rule_choices() -> Choices:
    """Return the rules of the standard in force, as pack/rule."""
    standard = active_standard_or_none()
    rules = standard.rules if standard else ()
    return [(f"{rule.origin}/{rule.id}", f"{rule.id}: {rule.title}") for rule in rules]


class FrameworkFile(PortalForm):
    """The file of a framework."""

    file = forms.FileField(label="File of a framework (TOML)", max_length=1_000)


class ControlFilter(forms.Form):
    """What the list of controls is narrowed by."""

    q = forms.CharField(required=False, max_length=200, label="Title")
    framework = forms.CharField(required=False, max_length=60)
    state = forms.ChoiceField(required=False, choices=[("", "In use"), ("retired", "Retired")])


class ControlForm(PortalForm):
    """A control as people write it."""

    always = ("title", "owner", "frequency")

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(required=False)
    description = forms.CharField(required=False, widget=forms.Textarea, label="What is done")
    owner = forms.ChoiceField(help_text="Answers for it.")
    team = forms.ChoiceField(required=False)
    frequency = forms.ChoiceField(choices=FREQUENCIES, label="How often it works")
    requirements = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Requirements that it answers"
    )
    rules = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Rules that it is judged by"
    )
    events = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="What the portal sees by itself and takes as evidence",
    )

    def __init__(self, *given: Any, control: Control | None, **named: Any) -> None:
        super().__init__(*given, **named)
        rows = Requirement.objects.filter(state="current").select_related("framework")
        requirements = [
            (f"{row.framework.slug}:{row.reference}", f"{row.framework.slug} {row.reference}: {row.text}")
            for row in rows.order_by("framework__slug", "position")[:MOST]
        ]
        rules = rule_choices()
        events = [(event.name, f"{event.title} ({event.name})") for event in declared().events.values()]
        if control is not None:
            mapped = values_of(control)
            requirements = _with(requirements, mapped["requirements"], "no longer in its framework")
            rules = _with(rules, mapped["rules"], "not in the standard in force")
            events = _with(events, mapped["events"], "not known any more")
        for name, choices in (
            ("owner", people_choices(control.owner if control else None)),
            ("team", team_choices()),
            ("requirements", requirements),
            ("rules", rules),
            ("events", sorted(events, key=lambda pair: pair[1])),
        ):
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def written(self) -> dict[str, Any]:
        """Return the fields as the service takes them."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


def _with(choices: Choices, standing: list[str], words: str) -> Choices:
    """Return the choices with what is mapped already though it is not offered any more."""
    known = dict(choices)
    return [*((value, f"{value} ({words})") for value in standing if value not in known), *choices]


def values_of(control: Control) -> dict[str, Any]:
    """Return what the form shows of a control, loaded."""
    return {
        "title": control.title,
        "description": control.description,
        "owner": str(control.owner_id),
        "team": control.team.slug if control.team else "",
        "frequency": control.frequency,
        "requirements": [f"{one.framework.slug}:{one.reference}" for one in control.requirements.all()],
        "rules": [f"{one.pack}/{one.rule}" for one in control.rules.all()],
        "events": [one.event for one in control.events.all()],
        "version": control.version,
    }


class EvidenceForm(PortalForm):
    """Evidence as people bring it: a file, a link, or words."""

    always = ("title", "observed_at", "controls")
    pointers = {"data": "note"}

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(required=False, label="What it is")
    controls = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Controls that it speaks for"
    )
    shows = forms.ChoiceField(choices=SHOWS, label="What it shows")
    observed_at = LocalMomentField(
        label="When that was so", help_text="Not when it is uploaded: when somebody looked."
    )
    valid_until = LocalMomentField(
        required=False,
        label="Counts until",
        help_text="Left empty, as long as the most frequent of its controls says.",
    )
    file = forms.FileField(
        required=False,
        label="File",
        max_length=1_000,
        help_text="pdf, png, jpg, csv, json, txt, md, xlsx, docx, pptx or zip. Or else a link, or a note.",
    )
    url = forms.CharField(required=False, label="Link")
    note = forms.CharField(required=False, widget=forms.Textarea, label="Note")

    def __init__(
        self,
        *given: Any,
        item: EvidenceItem | None = None,
        controls: Sequence[tuple[str, str]] = (),
        **named: Any,
    ) -> None:
        super().__init__(*given, **named)
        self.fields["controls"].choices = list(controls)  # type: ignore[attr-defined]
        if item is not None:
            del self.fields["controls"]

    def written(self) -> dict[str, Any]:
        """Return the fields as the service takes them; what was left empty is left out."""
        names = ("title", "controls", "shows", "observed_at", "valid_until", "url", "note")
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data.get(name)}


class ExceptionForm(PortalForm):
    """What is asked for."""

    always = ("title", "reason", "compensating", "expires_at", "risk", "kind")

    kind = forms.ChoiceField(choices=EXCEPTION_KINDS)
    title = forms.CharField(required=False)
    rule = forms.ChoiceField(required=False, label="The rule that it is about")
    scope = forms.CharField(
        required=False,
        label="Of one subject only",
        help_text="kind:key, e.g. service:payments-api. Left empty, of all that the rule is about.",
    )
    control = forms.ChoiceField(required=False, label="Or the control that it is about")
    reason = forms.CharField(required=False, widget=forms.Textarea, label="Why it cannot be met")
    risk = forms.ChoiceField(choices=RISKS)
    risk_text = forms.CharField(required=False, widget=forms.Textarea, label="What could happen")
    compensating = forms.CharField(required=False, widget=forms.Textarea, label="What is done instead")
    instead = forms.ChoiceField(required=False, label="The control that stands in")
    evidence = forms.ChoiceField(required=False, label="The evidence that is accepted instead")
    expires_at = LocalMomentField(label="Until when", help_text="Within a year. It ends by itself.")

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        controls = [("", "–"), *control_choices()]
        items = EvidenceItem.objects.filter(state="standing").order_by("-id")[:MOST]
        for name, choices in (
            ("rule", [("", "–"), *rule_choices()]),
            ("control", controls),
            ("instead", controls),
            ("evidence", [("", "–"), *((one.key, f"{one.key} {one.title}") for one in items)]),
        ):
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def written(self) -> dict[str, Any]:
        """Return the fields as the service takes them."""
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}


class SaidForm(PortalForm):
    """What somebody says with a step, and the version that they saw."""

    note = forms.CharField(required=False, widget=forms.Textarea)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
