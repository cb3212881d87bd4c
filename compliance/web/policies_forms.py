"""The forms of policies and documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from compliance.models import Document, Policy
from compliance.policing.words import DOCUMENT_KINDS, POLICY_KINDS, REVIEWS
from compliance.services.policies.fields import EARLIEST, LATEST
from compliance.web.controls_forms import people_choices, team_choices
from opsportal.accounts.models import Role, Team
from opsportal.web.forms import LocalMomentField, PortalForm


class PolicyForm(PortalForm):
    """A policy as people write it."""

    always = ("title", "kind", "owner", "audience", "text")

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=POLICY_KINDS)
    owner = forms.ChoiceField(help_text="Answers for it, and owes its review.")
    audience = forms.ChoiceField(label="Who has to sign it")
    attest_within_days = forms.IntegerField(
        label="Within … days", min_value=EARLIEST, max_value=LATEST, initial=14
    )
    review_every = forms.ChoiceField(choices=REVIEWS, label="Reviewed", initial="year")
    text = forms.CharField(required=False, widget=forms.Textarea, label="What it says")
    note = forms.CharField(required=False, max_length=300, label="What is different")

    def __init__(self, *given: Any, policy: Policy | None, **named: Any) -> None:
        super().__init__(*given, **named)
        teams = Team.objects.order_by("name").values_list("slug", "name")
        roles = Role.objects.order_by("title").values_list("slug", "title")
        audience = [
            ("everybody", "Everybody who may sign in"),
            *((f"team:{slug}", f"The team {name}") for slug, name in teams),
            *((f"role:{slug}", f"Whoever holds the role {title}") for slug, title in roles),
            ("nobody", "Nobody has to sign it"),
        ]
        self.fields["audience"].choices = audience  # type: ignore[attr-defined]
        self.fields["owner"].choices = people_choices(  # type: ignore[attr-defined]
            policy.owner if policy else None
        )

    def written(self) -> dict[str, Any]:
        """Return the fields as the service takes them."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


def policy_values(policy: Policy, text: str) -> dict[str, Any]:
    """Return what the form shows of a policy whose newest version says `text`."""
    key = f":{policy.audience_key}" if policy.audience_key else ""
    return {
        "title": policy.title,
        "kind": policy.kind,
        "owner": str(policy.owner_id),
        "audience": f"{policy.audience_kind}{key}",
        "attest_within_days": policy.attest_within_days,
        "review_every": policy.review_every,
        "text": text,
        "version": policy.version,
    }


class VoteForm(PortalForm):
    """A vote, with the hash of what was read."""

    decision = forms.ChoiceField(
        choices=[("approve", "Approve"), ("reject", "Reject"), ("abstain", "Abstain")]
    )
    content_hash = forms.CharField(max_length=64)
    comment = forms.CharField(required=False, widget=forms.Textarea)


class SignForm(PortalForm):
    """A signature: which version was read, by its hash."""

    number = forms.IntegerField(min_value=1)
    content_hash = forms.CharField(max_length=64)


class DocumentFilter(forms.Form):
    """What the register is narrowed by."""

    q = forms.CharField(required=False, max_length=200, label="Title")
    kind = forms.ChoiceField(required=False, choices=[("", "Every kind"), *DOCUMENT_KINDS])
    state = forms.ChoiceField(
        required=False,
        choices=[
            ("", "In use"),
            ("broken", "Link broken"),
            ("overdue", "Review overdue"),
            ("retired", "Retired"),
        ],
    )


class DocumentForm(PortalForm):
    """What the register says of a document."""

    always = ("title", "kind", "owner")

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=DOCUMENT_KINDS)
    owner = forms.ChoiceField(help_text="Owes its review.")
    service = forms.ChoiceField(required=False)
    team = forms.ChoiceField(required=False)
    url = forms.CharField(required=False, label="Where it lies", help_text="A web address, looked at daily.")
    file = forms.FileField(required=False, label="Or its file", max_length=1_000)
    review_every = forms.ChoiceField(choices=REVIEWS, label="Reviewed", initial="year")
    reviewed_at = LocalMomentField(
        required=False,
        label="Last reviewed",
        help_text="Only if you own it. Empty: not yet, its owner owes it within a week.",
    )

    def __init__(
        self, *given: Any, document: Document | None, services: Sequence[tuple[str, str]], **named: Any
    ) -> None:
        super().__init__(*given, **named)
        if document is not None:
            del self.fields["reviewed_at"]
        for name, choices in (
            ("owner", people_choices(document.owner if document else None)),
            ("service", services),
            ("team", team_choices()),
        ):
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def written(self) -> dict[str, Any]:
        """Return the fields as the service takes them."""
        own = {"version", "file"}
        given = {name: value for name, value in self.cleaned_data.items() if name not in own}
        if given.get("reviewed_at") is None:
            given.pop("reviewed_at", None)
        return given


def document_values(document: Document) -> dict[str, Any]:
    """Return what the form shows of a document."""
    return {
        "title": document.title,
        "kind": document.kind,
        "owner": str(document.owner_id),
        "service": document.service.slug if document.service else "",
        "team": document.team.slug if document.team else "",
        "url": document.url,
        "review_every": document.review_every,
        "version": document.version,
    }
