"""A time as somebody types it: the wall clock of their zone, refused in plain words where it is none."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.utils import timezone

from opsportal.web.forms import CLOCKS_CHANGE, LocalMomentField


@pytest.mark.parametrize("typed", ["2027-03-28T02:30", "2027-10-31T02:30"])
def test_a_time_that_the_clocks_skip_or_repeat_is_refused_in_our_words(typed: str) -> None:
    with timezone.override(ZoneInfo("Europe/Oslo")), pytest.raises(forms.ValidationError) as refusal:
        LocalMomentField().clean(typed)
    assert refusal.value.messages == [CLOCKS_CHANGE.format(zone="Europe/Oslo")]


def test_any_other_is_the_readers_wall_clock() -> None:
    with timezone.override(ZoneInfo("Europe/Oslo")):
        assert LocalMomentField().clean("2027-03-28T03:30") == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
        with pytest.raises(forms.ValidationError, match="Give a date and a time"):
            LocalMomentField().clean("soon")
