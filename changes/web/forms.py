"""The form of a change. What it asks for is the standard's; what is right is decided by the service."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django import forms

from changes.models import Change, ChangeTarget
from changes.services.fields import FROM_TEMPLATE, TEXT_LENGTHS
from changes.web.shape import Shape
from opsportal.standards.engine import FieldDemand
from opsportal.web.forms import LocalMomentField, PortalForm

Options = Sequence[tuple[str, str]]

LABELS = {
    "title": "Title",
    "description": "What is done",
    "justification": "Why it is needed",
    "risk_assessment": "What may go wrong",
    "impact": "Whom and what it touches",
    "plan": "The steps",
    "test_evidence": "How it was tested",
    "rollback_plan": "The way back",
}
_HINTS = {
    "title": "One line that somebody else understands: “Rotate the signing key of payments-api”.",
    "description": "",
    "justification": "What happens if it is not done.",
    "risk_assessment": "",
    "impact": "Users, other services, data; how long.",
    "plan": "Step by step, so that a colleague could do it.",
    "test_evidence": "A link or the result.",
    "rollback_plan": "How, by whom, how long it takes, until when it is possible.",
}
_TEXTS = tuple(name for name in TEXT_LENGTHS if name != "title")


class ChangeForm(PortalForm):
    """A change as people write it. Nothing is required here: the service and the standard say what is."""

    pointers = {"targets": "services"}
    always: Collection[str] = ("title", "risk")

    type = forms.ChoiceField(choices=Change.Type.choices, widget=forms.HiddenInput)
    template = forms.SlugField(required=False, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(required=False)
    services = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    environments = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    risk = forms.ChoiceField(required=False, choices=Change.Risk.choices, widget=forms.RadioSelect)
    window_start = LocalMomentField(required=False, label="Window from")
    window_end = LocalMomentField(required=False, label="Window until")
    implementer = forms.ChoiceField(
        required=False, label="Who carries it out", help_text="They cannot approve it."
    )
    activates = forms.ChoiceField(
        required=False,
        label="Standard to put in force",
        help_text="Carrying out the change puts it in force, just as it was approved.",
    )
    tags = forms.CharField(required=False, help_text="Words to find it by, parted by commas.")

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        shape: Shape,
        services: Options,
        environments: Options,
        people: Options,
        standards: Options = (),
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        self.shape = shape
        for name in TEXT_LENGTHS:
            if name != "title":
                self.fields[name] = forms.CharField(required=False, widget=forms.Textarea)
            self.fields[name].label = LABELS[name]
            self.fields[name].help_text = _HINTS[name]
        self.order_fields(["title", "services", "environments", "risk", *_TEXTS])
        if "window" in shape.demands:
            self.always = (*self.always, "window_start", "window_end")
        self._choices("services", services)
        self._choices("environments", environments)
        self._choices("activates", [("", "None"), *standards])
        if not standards or shape.template is not None:
            del self.fields["activates"]
        self._choices("implementer", [("", "Not decided yet"), *people])
        if shape.template is not None:
            for name in FROM_TEMPLATE:
                del self.fields[name]
        # An exchange of the form by htmx leaves what is being typed where it is.
        for name in (*TEXT_LENGTHS, "tags"):
            if name in self.fields:
                self.fields[name].widget.attrs["hx-preserve"] = "true"

    def _choices(self, name: str, options: Iterable[tuple[str, str]]) -> None:
        self.fields[name].choices = list(options)  # type: ignore[attr-defined]

    def asked(self) -> list[tuple[forms.BoundField, FieldDemand]]:
        """The texts that the standard demands, in the order in which one thinks of them."""
        demands = self.shape.demands
        return [(self[name], demands[name]) for name in _TEXTS if name in self.fields and name in demands]

    def optional(self) -> list[forms.BoundField]:
        """The texts that it does not."""
        return [self[name] for name in _TEXTS if name in self.fields and name not in self.shape.demands]

    @property
    def window_is_asked(self) -> bool:
        return "window" in self.shape.demands

    def written(self) -> dict[str, Any]:
        """Return the fields as the service takes them; call it on a valid form."""
        cleaned = self.cleaned_data
        fields: dict[str, Any] = {
            name: cleaned[name]
            for name in (*TEXT_LENGTHS, "type", "services", "environments", "window_start", "window_end")
            if name in cleaned
        }
        if cleaned.get("risk"):
            fields["risk"] = cleaned["risk"]
        fields["implementer"] = cleaned["implementer"] or None
        if "activates" in cleaned:
            fields["activates"] = cleaned["activates"]
        fields["tags"] = [word.strip() for word in cleaned["tags"].split(",") if word.strip()]
        if cleaned["template"]:
            fields["template"] = cleaned["template"]
        return fields


def values_of(change: Change, targets: Iterable[ChangeTarget]) -> dict[str, Any]:
    """Return what the form shows of a stored change."""
    rows = list(targets)
    return {
        **{name: getattr(change, name) for name in (*TEXT_LENGTHS, "type", "risk", "version")},
        "template": change.template.slug if change.template else "",
        "services": list(dict.fromkeys(row.service.slug for row in rows)),
        "environments": list(dict.fromkeys(row.environment.slug for row in rows)),
        "window_start": change.window_start,
        "window_end": change.window_end,
        "implementer": str(change.implementer_id or ""),
        "activates": change.activates,
        "tags": ", ".join(change.tags),
    }


def changed_only(
    written: Mapping[str, Any], change: Change, targets: Iterable[ChangeTarget]
) -> dict[str, Any]:
    """Return those of the written fields that differ from the stored ones.

    So a change whose targets are not "each service in each environment" keeps them, unless somebody
    changes services or environments here.
    """
    stored = values_of(change, targets)
    stored["tags"] = list(change.tags)
    stored["implementer"] = stored["implementer"] or None
    same = {name: _alike(written[name]) == _alike(stored.get(name)) for name in written}
    if not (same["services"] and same["environments"]):
        same["services"] = same["environments"] = False
    return {name: value for name, value in written.items() if not same[name]}


def _alike(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(value)
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


class ReasonForm(PortalForm):
    """Why a step is taken."""

    always = ("reason",)

    reason = forms.CharField(required=False, widget=forms.Textarea, label="Reason")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


WHICH_VOTE = "Choose one of approve, conditional, reject, abstain, recuse, ask."


class VoteForm(PortalForm):
    """A vote, or a question, on what the voter saw."""

    decision = forms.ChoiceField(
        choices=[
            ("approve", "Approve"),
            ("conditional", "On conditions"),
            ("reject", "Reject"),
            ("abstain", "Abstain"),
            ("recuse", "Recuse"),
            ("ask", "Ask"),
        ],
        error_messages={"required": WHICH_VOTE, "invalid_choice": WHICH_VOTE},
    )
    comment = forms.CharField(required=False, widget=forms.Textarea)
    content_hash = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    stage = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    on_behalf_of = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    conditions = forms.CharField(required=False, widget=forms.Textarea, label="Conditions, one on each line")

    def clean(self) -> dict[str, Any]:
        """Take a yes with conditions apart; say so where they are missing."""
        given = self.cleaned_data
        lines = [line.strip() for line in given.get("conditions", "").splitlines()]
        given["conditions"] = [line for line in lines if line]
        if given.get("decision") == "conditional":
            given["decision"] = "approve"
            if not given["conditions"]:
                self.add_error("conditions", "Write what has to be done first, one condition on each line.")
        # The API takes a rejection without words, as its contract says; people owe each other some.
        if given.get("decision") == "reject" and not given.get("comment", "").strip():
            self.add_error("comment", "Say why you reject it, so that it can be mended.")
        return given


class CommentForm(PortalForm):
    """A remark or a question."""

    pointers = {"kind": "text"}

    text = forms.CharField(required=False, widget=forms.Textarea, label="Comment")
    kind = forms.ChoiceField(required=False, choices=[("remark", "Comment"), ("question", "Question")])
