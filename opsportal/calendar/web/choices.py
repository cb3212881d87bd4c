"""What the forms of the calendar let people choose from."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from opsportal.accounts.models import Role
from opsportal.catalog.models import Environment


def environments() -> list[tuple[str, str]]:
    """Return the environments, in order of promotion."""
    return list(Environment.objects.values_list("slug", "name"))


def roles() -> list[tuple[str, str]]:
    """Return boards and job roles, by title."""
    return list(Role.objects.values_list("slug", "title"))


@cache
def zones() -> list[str]:
    """Return the time zones that people ask for: those of a place, and UTC."""
    places = (
        name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))
    )
    return ["UTC", *sorted(places)]
