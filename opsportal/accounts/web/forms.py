"""Forms of the pages of people."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django import forms

from opsportal.accounts.services import time_zones
from opsportal.web.forms import PortalForm


def zone_choices() -> list[Any]:
    """Return the time zones as choices, UTC first, the others by continent."""
    places = [zone for zone in time_zones() if "/" in zone]
    return [
        ("UTC", "UTC"),
        *(
            (region, [(zone, zone.partition("/")[2].replace("_", " ").replace("/", ", ")) for zone in zones])
            for region, zones in groupby(places, key=lambda zone: zone.partition("/")[0])
        ),
    ]


class ProfileForm(PortalForm):
    """What a person says of themselves."""

    full_name = forms.CharField(label="Name", max_length=120)
    time_zone = forms.ChoiceField(help_text="Times are shown in it, with UTC beside.")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = zone_choices()  # type: ignore[attr-defined]


class PeopleFilter(PortalForm):
    """Whom the list of people shows."""

    q = forms.CharField(label="Name", required=False, max_length=120)
