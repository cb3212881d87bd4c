"""The form in which people choose which news come, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Any

from django import forms

from opsportal.notify.channels import channels
from opsportal.notify.models import NotificationSettings
from opsportal.notify.topics import OTHER, topics
from opsportal.web.forms import PortalForm

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FOR_ADMINISTRATORS = frozenset({"portal.trouble"})
_LAST = frozenset({OTHER, *FOR_ADMINISTRATORS})
_ROUTE = "route_"


class ClockField(forms.TimeField):
    """A time of day, to the minute."""

    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    default_error_messages = {"invalid": "Give a time of day, such as 22:00."}

    def to_python(self, value: Any) -> time | None:
        clock = super().to_python(value)
        return clock.replace(second=0, microsecond=0) if clock else None


class SettingsForm(PortalForm):
    """Quiet hours, the digest, and the channels of each topic."""

    quiet_from = ClockField(label="From", required=False)
    quiet_until = ClockField(
        label="Until",
        required=False,
        help_text="Over midnight where it is the earlier time. Leave both empty for no quiet hours.",
    )
    quiet_days = forms.TypedMultipleChoiceField(
        label="On the days on which they begin",
        choices=list(enumerate(DAYS)),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    digest = forms.ChoiceField(
        label="What can wait", choices=NotificationSettings.Digest.choices, widget=forms.RadioSelect
    )
    digest_at = ClockField(label="Once a day at", help_text="Counts only for the daily digest.")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, is_staff: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ways = [(name, channel.title) for name, channel in channels.items()]
        self.always = [_ROUTE + name for name in topics]
        for name, topic in sorted(topics.items(), key=lambda pair: pair[0] in _LAST):
            if is_staff or name not in FOR_ADMINISTRATORS:
                self.fields[_ROUTE + name] = forms.MultipleChoiceField(
                    label=topic.title,
                    help_text=topic.hint,
                    choices=ways,
                    required=False,
                    widget=forms.CheckboxSelectMultiple,
                )

    def routes(self) -> Iterator[forms.BoundField]:
        """Yield the fields of the topics."""
        return (bound for bound in self if bound.name.startswith(_ROUTE))

    def chosen(self) -> dict[str, Any]:
        """Return what the service takes."""
        values = dict(self.cleaned_data)
        names = [name for name in values if name.startswith(_ROUTE)]
        routes = {name.removeprefix(_ROUTE): values.pop(name) for name in names}
        return {**values, "routes": routes}


def initial_of(row: NotificationSettings) -> dict[str, Any]:
    """Return what the form shows of what somebody has chosen."""
    plain = ("quiet_from", "quiet_until", "quiet_days", "digest", "digest_at", "version")
    return {
        **{name: getattr(row, name) for name in plain},
        **{_ROUTE + topic: row.routes.get(topic, list(channels)) for topic in topics},
    }
