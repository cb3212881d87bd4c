"""What those who are audited fill in."""

from __future__ import annotations

from django import forms

from opsportal.accounts.models import User
from opsportal.accounts.selectors import workers
from opsportal.files import archives, kinds
from opsportal.web.forms import LocalMomentField, PortalForm

_ENDINGS = (*kinds.ENDINGS, *archives.ENDINGS)


class AnswerForm(PortalForm):
    """The answer to an evidence request."""

    answer = forms.CharField(label="Your answer", widget=forms.Textarea(attrs={"rows": 5}))
    links = forms.CharField(
        label="Links",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Keys and addresses, one a line: CHG-1042, https://…",
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class FileForm(PortalForm):
    """One file of the answer, and what it is."""

    file = forms.FileField(
        error_messages={"required": "Choose a file."},
        max_length=1_000,
        help_text=f"Taken are: {', '.join(_ENDINGS)}. None with macros or scripts.",
        widget=forms.FileInput(attrs={"accept": ",".join(f".{one}" for one in _ENDINGS)}),
    )
    note = forms.CharField(label="What it is", required=False, max_length=300)


class WordsForm(PortalForm):
    """What somebody says with a step, and the version that they saw."""

    text = forms.CharField(label="In your words", required=False, widget=forms.Textarea(attrs={"rows": 4}))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class ActionForm(PortalForm):
    """What is done about a finding."""

    title = forms.CharField(label="What is done", max_length=200)
    detail = forms.CharField(label="In detail", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    owner = forms.ModelChoiceField(label="Who does it", queryset=User.objects.none())
    due_at = LocalMomentField(label="By when", required=False, help_text="When the finding is due, else.")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        people = workers()
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]
