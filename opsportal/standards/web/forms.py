"""Forms of standards."""

from __future__ import annotations

from django import forms

from opsportal.standards.services.review import MAX_NOTE
from opsportal.web.forms import PortalForm


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
