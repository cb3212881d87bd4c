"""What goes in and out about maintenance windows, freezes and working time."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from rest_framework import serializers

from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, utc
from opsportal.calendar.models import Freeze, MaintenanceWindow, WorkingCalendar
from opsportal.calendar.places import Scope
from opsportal.calendar.recurrence import MAX_MINUTES, MAX_RULE, parse_rule
from opsportal.calendar.services.freezes import MAX_WHY, MOST_ROLES
from opsportal.calendar.services.records import MAX_REASON, MOST_NAMED
from opsportal.calendar.services.working import MOST_OWN_DAYS
from opsportal.calendar.states import FREEZE, WINDOW
from opsportal.catalog.models import Environment, Service

TITLE = 120
SLUG = 60
LINK = 2_000


class CalendarDay(serializers.DateField):
    """A day, as `2027-03-31`; numbers and times are not taken for one."""

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or len(value) != len("2027-03-31"):
            raise serializers.ValidationError("Must be a day such as 2027-03-31.", code="not_a_day")
        return super().to_internal_value(value)


class ClockTime(serializers.TimeField):
    """A time of the day to the minute, as `03:00`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **kwargs)

    def to_internal_value(self, value: Any) -> time:
        if not isinstance(value, str) or len(value) != len("03:00"):
            raise serializers.ValidationError("Must be a time such as 03:00.", code="not_a_time")
        return super().to_internal_value(value)


def _slugs(words: str) -> serializers.ListField:
    return serializers.ListField(
        child=Text(max_length=SLUG, blank=False), required=False, max_length=MOST_NAMED, help_text=words
    )


class ScopeBody(Body):
    """What it is about. Each list narrows it down; one that is empty or left out does not."""

    services = _slugs("Slugs of services.")
    environments = _slugs("Slugs of environments.")
    environment_kinds = serializers.ListField(
        child=serializers.ChoiceField(Environment.Kind.choices), required=False, max_length=MOST_NAMED
    )
    tiers = serializers.ListField(
        child=serializers.ChoiceField(Service.Tier.choices), required=False, max_length=MOST_NAMED
    )


class WindowFields(Body):
    """What people write into a maintenance window."""

    title = Text(max_length=TITLE, blank=False)
    rule = Text(
        max_length=MAX_RULE,
        blank=False,
        help_text="Of RFC 5545: FREQ (DAILY, WEEKLY, MONTHLY), INTERVAL, BYDAY or BYMONTHDAY.",
    )
    at = ClockTime(help_text="The start on the wall clock of the zone.")
    zone = Text(max_length=64, blank=False, help_text="A time zone by its name, e.g. Europe/Berlin.")
    minutes = WholeNumber(min_value=1, max_value=MAX_MINUTES, help_text="The real duration.")
    first_day = CalendarDay(required=False, help_text="Today (UTC) where it is left out.")
    last_day = CalendarDay(required=False, allow_null=True)
    scope = ScopeBody(required=False)


class WindowBody(WindowFields):
    """A new maintenance window."""


class WindowPatch(WindowFields):
    """What of a maintenance window is to be different."""

    version = WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


class FreezeFields(Body):
    """What people write into a freeze."""

    title = Text(max_length=TITLE, blank=False)
    reason = Text(max_length=MAX_WHY, lines=True, blank=False)
    starts_at = Moment()
    ends_at = Moment(help_text="Not included.")
    scope = ScopeBody(required=False)
    pass_roles = serializers.ListField(
        child=Text(max_length=SLUG, blank=False),
        required=False,
        max_length=MOST_ROLES,
        help_text="Slugs of the roles and boards whose holders may pass.",
    )


class FreezeBody(FreezeFields):
    """A new freeze."""


class FreezePatch(FreezeFields):
    """What of a freeze is to be different."""

    version = WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


class CalendarMoveBody(Body):
    """Why it is retired, reinstated or lifted."""

    reason = Text(max_length=MAX_REASON, lines=True, required=False)
    version = WholeNumber(required=False, min_value=1)


class WindowOut(Body):
    """A maintenance window."""

    key = Text(max_length=SLUG)
    title = Text(max_length=TITLE)
    rule = Text(max_length=MAX_RULE)
    words = Text(max_length=500, help_text="The rule in words.")
    at = ClockTime()
    zone = Text(max_length=64)
    minutes = WholeNumber()
    first_day = CalendarDay()
    last_day = CalendarDay(allow_null=True)
    scope = ScopeBody()
    state = serializers.ChoiceField(WINDOW.choices)
    next_start = Moment(allow_null=True, help_text="When it takes place next, or is taking place.")
    next_end = Moment(allow_null=True)
    created_at = Moment()
    updated_at = Moment()
    version = WholeNumber()


class WindowPage(Body):
    """One page of maintenance windows."""

    next = Text(max_length=LINK, allow_null=True)
    previous = Text(max_length=LINK, allow_null=True)
    results = WindowOut(many=True)


class FreezeOut(Body):
    """A freeze."""

    key = Text(max_length=SLUG)
    title = Text(max_length=TITLE)
    reason = Text(max_length=MAX_WHY)
    starts_at = Moment()
    ends_at = Moment()
    scope = ScopeBody()
    pass_roles = serializers.ListField(child=Text(max_length=SLUG))
    state = serializers.ChoiceField(FREEZE.choices)
    created_at = Moment()
    updated_at = Moment()
    version = WholeNumber()


class FreezePage(Body):
    """One page of freezes."""

    next = Text(max_length=LINK, allow_null=True)
    previous = Text(max_length=LINK, allow_null=True)
    results = FreezeOut(many=True)


class OwnDay(Body):
    """A day that differs from weekdays and holidays."""

    day = CalendarDay()
    title = Text(max_length=TITLE, required=False)
    works = Flag(required=False, help_text="True: it is worked; false: it is free.")


class WorkingTimeBody(Body):
    """When the organisation works, as a whole."""

    zone = Text(max_length=64, blank=False)
    weekdays = serializers.ListField(
        child=WholeNumber(min_value=0, max_value=6), max_length=7, help_text="0 is Monday."
    )
    opens = ClockTime()
    closes = ClockTime(help_text="00:00 is the end of the day.")
    country = Text(max_length=3, required=False, help_text="Whose public holidays are kept, e.g. DE.")
    subdivision = Text(max_length=20, required=False, help_text="A part of the country, e.g. BY.")
    own_days = OwnDay(many=True, required=False, help_text=f"At most {MOST_OWN_DAYS}.")
    version = WholeNumber(required=False, min_value=1, help_text="The version that was read; or If-Match.")


class WorkingTimeOut(Body):
    """When the organisation works."""

    zone = Text(max_length=64)
    weekdays = serializers.ListField(child=WholeNumber())
    opens = ClockTime()
    closes = ClockTime()
    country = Text(max_length=3)
    subdivision = Text(max_length=20)
    own_days = OwnDay(many=True)
    updated_at = Moment()
    version = WholeNumber()


def scope_in(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with its scope as the services take it."""
    return body if "scope" not in body else {**body, "scope": Scope.of(body["scope"])}


def window_out(window: MaintenanceWindow, now: datetime) -> dict[str, Any]:
    """Return what the API says of a maintenance window at `now`."""
    coming = window.recurrence.next_after(now) if window.state == "active" else None
    return {
        "key": window.key,
        "title": window.title,
        "rule": window.rule,
        "words": parse_rule(window.rule, window.first_day).words,
        "at": f"{window.at:%H:%M}",
        "zone": window.zone,
        "minutes": window.minutes,
        "first_day": window.first_day.isoformat(),
        "last_day": window.last_day.isoformat() if window.last_day else None,
        "scope": Scope.of(window.scope).as_dict(),
        "state": window.state,
        "next_start": utc(coming.start) if coming else None,
        "next_end": utc(coming.end) if coming else None,
        "created_at": utc(window.created_at),
        "updated_at": utc(window.updated_at),
        "version": window.version,
    }


def freeze_out(freeze: Freeze) -> dict[str, Any]:
    """Return what the API says of a freeze."""
    return {
        "key": freeze.key,
        "title": freeze.title,
        "reason": freeze.reason,
        "starts_at": utc(freeze.starts_at),
        "ends_at": utc(freeze.ends_at),
        "scope": Scope.of(freeze.scope).as_dict(),
        "pass_roles": freeze.pass_roles,
        "state": freeze.state,
        "created_at": utc(freeze.created_at),
        "updated_at": utc(freeze.updated_at),
        "version": freeze.version,
    }


def working_time_out(calendar: WorkingCalendar) -> dict[str, Any]:
    """Return what the API says of the working time."""
    return {
        "zone": calendar.zone,
        "weekdays": calendar.weekdays,
        "opens": f"{calendar.opens:%H:%M}",
        "closes": f"{calendar.closes:%H:%M}",
        "country": calendar.country,
        "subdivision": calendar.subdivision,
        "own_days": calendar.own_days,
        "updated_at": utc(calendar.updated_at),
        "version": calendar.version,
    }
