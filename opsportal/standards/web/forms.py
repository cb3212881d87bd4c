"""Forms of standards."""

from __future__ import annotations

from typing import Any

from django import forms

from opsportal.standards.services.review import MAX_NOTE
from opsportal.standards.shelf import shipped_shelf
from opsportal.web.forms import PortalForm


class ProposeForm(PortalForm):
    """A pack to store: a file, or one that is shipped."""

    pointers = {"pack": "file", "name": "shipped"}

    file = forms.FileField(
        required=False,
        label="Pack",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".toml"}),
        help_text="A TOML file; docs/standards.md tells how to write one.",
    )
    document = forms.FileField(
        required=False,
        label="Its document",
        help_text="The text that the pack quotes, as it is. It is kept and shown beside the rules.",
    )
    shipped = forms.ChoiceField(required=False, label="Or one that is shipped with the portal")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        packs = ((one.name, f"{one.standard.title} {one.standard.version}") for one in shipped_shelf())
        names = [("", "None"), *packs]
        self.fields["shipped"].choices = names  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if (cleaned.get("file") is None) == (not cleaned.get("shipped")):
            raise forms.ValidationError("Choose a file, or one that is shipped.")
        return cleaned


class ReviewForm(PortalForm):
    """The standard was reviewed today; when is it to be reviewed next?"""

    always = ("next_review",)

    next_review = forms.DateField(
        required=False,
        label="Next review",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Give a day, such as 2027-03-31."},
    )
    note = forms.CharField(
        required=False,
        label="What came of it",
        max_length=MAX_NOTE,
        widget=forms.Textarea,
        help_text="Who read it, and what is to be changed. It stays on record.",
    )
