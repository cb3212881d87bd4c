"""The base of every form of a page: a failed one keeps what was typed and says what to do, field by field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.utils import pretty_name
from django.utils import timezone

from opsportal.core.errors import InvalidInput, Refusal, RuleRefused
from opsportal.core.moments import clean_moment


def missing_words(label: str, field: forms.Field) -> str:
    """Return what a form says of a field that was left empty: what is missing, and what to do."""
    what = "Choose one" if isinstance(field, forms.ChoiceField) else "Fill it in"
    return f"{label} is missing. {what}, and send the form again."


class PortalForm(forms.Form):
    """A form whose refusals by a service come back as its own errors.

    `pointers` maps the first part of a service's pointer to a field of the form, where they differ.
    """

    use_required_attribute = (
        False  # our own messages, at the field and in the summary, not the browser's bubbles
    )
    pointers: Mapping[str, str] = {}
    # Fields that a service asks for, whatever the standard says: they are not shown as optional.
    always: Collection[str] = ()

    def full_clean(self) -> None:
        """Check everything that was typed; what is missing is called by its label."""
        for name, field in self.fields.items():
            if field.error_messages.get("required") == forms.Field.default_error_messages["required"]:
                field.error_messages["required"] = missing_words(str(field.label or pretty_name(name)), field)
        super().full_clean()

    def add_refusal(self, refusal: Refusal) -> None:
        """Add what a service refused to the errors of this form, at the fields that it names."""
        if isinstance(refusal, InvalidInput):
            for error in refusal.errors:
                self._add(error.pointer, error.detail)
        elif isinstance(refusal, RuleRefused):
            self.refused_reasons = refusal.reasons
            self.add_error(None, "The standard does not allow this yet.")
        else:
            self.add_error(None, refusal.detail)

    refused_reasons: Any = ()

    def _add(self, pointer: str, detail: str) -> None:
        head = pointer.lstrip("/").split("/")[0]
        name = self.pointers.get(head, head)
        if name in self.fields:
            self.add_error(name, detail)
        else:
            self.add_error(None, f"{head}: {detail}" if head else detail)

    @property
    def own_errors(self) -> list[str]:
        """The errors that belong to no field."""
        return [str(error) for error in self.errors.get(NON_FIELD_ERRORS, [])]


class LocalMomentInput(forms.DateTimeInput):
    """A date and a time in the reader's zone, by the browser's own picker."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


CLOCKS_CHANGE = "The clocks of {zone} change then: this time comes twice or never. Give one an hour away."


class LocalMomentField(forms.DateTimeField):
    """An instant, typed as the reader's wall clock; cleaned to aware UTC.

    A wall-clock time that a change of the clocks skips or repeats is refused, not guessed.
    """

    widget = LocalMomentInput
    default_error_messages = {"invalid": "Give a date and a time, such as 2026-03-31 14:30."}

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"], **options)

    def to_python(self, value: Any) -> datetime | None:
        try:
            moment = super().to_python(value)
        except forms.ValidationError as error:
            if error.code != "ambiguous_timezone":
                raise
            words = CLOCKS_CHANGE.format(zone=timezone.get_current_timezone_name())
            raise forms.ValidationError(words, code=error.code) from None
        if moment is None:
            return None
        try:
            return clean_moment(moment, field="")
        except InvalidInput as refusal:
            raise forms.ValidationError(refusal.errors[0].detail, code=refusal.errors[0].code) from None
