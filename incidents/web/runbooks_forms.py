"""The forms of runbooks."""

from __future__ import annotations

from typing import Any

from django import forms

from incidents.models import Runbook, RunbookRun
from incidents.runbook.templates import KINDS
from incidents.services.runbooks.fields import EARLIEST_REVIEW, LATEST_REVIEW
from opsportal.accounts.models import Team
from opsportal.accounts.selectors import workers
from opsportal.catalog.models import Service
from opsportal.web.forms import PortalForm

MOST_PEOPLE = 1_000


class RunbookFilter(forms.Form):
    """What a list of runbooks is narrowed by."""

    q = forms.CharField(required=False, max_length=200)
    kind = forms.ChoiceField(required=False, choices=[("", "Every kind"), *KINDS])
    state = forms.ChoiceField(
        required=False,
        choices=[("", "In use"), ("draft", "Drafts"), ("retired", "Retired"), ("overdue", "Review overdue")],
    )
    team = forms.CharField(required=False, max_length=60)


class RunbookForm(PortalForm):
    """A runbook as people write it."""

    always = ("slug", "title", "kind", "team", "keeper", "review_every_days", "text")

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(required=False)
    slug = forms.CharField(
        required=False,
        label="Short name",
        help_text="Lower-case letters, digits and hyphens; its address for good, also for alerts.",
    )
    kind = forms.ChoiceField(choices=KINDS)
    team = forms.ChoiceField(label="Owner team")
    keeper = forms.ChoiceField(label="Keeper", help_text="Owes its review.")
    review_every_days = forms.IntegerField(
        label="Review every … days", min_value=EARLIEST_REVIEW, max_value=LATEST_REVIEW, initial=180
    )
    services = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    alerts = forms.CharField(
        required=False,
        widget=forms.Textarea,
        label="Alerts",
        help_text="One alert on each line by its labels, e.g. alertname=HighErrorRate, team=payments."
        " An asterisk at the end stands for anything.",
    )
    text = forms.CharField(required=False, widget=forms.Textarea, label="What it says")
    note = forms.CharField(required=False, label="What is different", max_length=300)

    def __init__(
        self, *given: Any, runbook: Runbook | None, teams: list[tuple[str, str]], **named: Any
    ) -> None:
        super().__init__(*given, **named)
        people = workers().order_by("full_name", "pk")[:MOST_PEOPLE]
        keepers = [(str(person.pk), person.full_name) for person in people]
        if runbook is not None and str(runbook.keeper_id) not in dict(keepers):
            keepers.append((str(runbook.keeper_id), runbook.keeper.display_name))
        services = Service.objects.filter(state="active").order_by("name", "id").values_list("slug", "name")
        self.fields["services"].choices = list(services)  # type: ignore[attr-defined]
        self.fields["keeper"].choices = keepers  # type: ignore[attr-defined]
        self.fields["team"].choices = teams  # type: ignore[attr-defined]
        if runbook is not None:
            del self.fields["slug"]
        else:
            del self.fields["note"]

    def clean_alerts(self) -> list[dict[str, str]]:
        """Return the label tables that the lines say."""
        tables: list[dict[str, str]] = []
        for number, line in enumerate(self.cleaned_data["alerts"].splitlines(), 1):
            if not line.strip():
                continue
            pairs = [part.partition("=") for part in line.split(",") if part.strip()]
            if not all(name.strip() and sign for name, sign, _ in pairs):
                raise forms.ValidationError(f"Line {number} has to be label=value, parted by commas.")
            tables.append({name.strip(): value.strip().strip('"') for name, _, value in pairs})
        return tables

    def written(self) -> dict[str, Any]:
        """Return the fields as the service takes them."""
        names = ("title", "kind", "team", "keeper", "review_every_days", "services", "alerts", "text", "note")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


def values_of(runbook: Runbook, text: str) -> dict[str, Any]:
    """Return what the form shows of a runbook whose newest version says `text`."""
    targets = list(runbook.targets.all())
    return {
        "title": runbook.title,
        "kind": runbook.kind,
        "team": runbook.owner_team.slug,
        "keeper": str(runbook.keeper_id),
        "review_every_days": runbook.review_every_days,
        "services": [one.service.slug for one in targets if one.service is not None],
        "alerts": "\n".join(label_line(one.labels) for one in targets if one.service is None),
        "text": text,
        "version": runbook.version,
    }


def label_line(labels: dict[str, str]) -> str:
    """Return labels as one line of the form."""
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))


def team_choices(slugs: set[str] | None) -> list[tuple[str, str]]:
    """Return the teams of these slugs as choices, all of them for None."""
    rows = Team.objects.all() if slugs is None else Team.objects.filter(slug__in=slugs)
    return list(rows.order_by("name").values_list("slug", "name"))


class NoteForm(PortalForm):
    """What somebody says with a step, and the version that they saw."""

    note = forms.CharField(required=False, widget=forms.Textarea)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class StartForm(PortalForm):
    """Why a runbook is followed."""

    pointers = {"incident": "incident"}

    occasion = forms.ChoiceField(required=False, choices=[("", "–"), *RunbookRun.Occasion.choices])
    incident = forms.CharField(required=False, max_length=30)
