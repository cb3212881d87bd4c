"""What goes in and out about absences and deputies."""

from __future__ import annotations

from typing import Any

from opsportal.accounts.models import Absence, Deputyship, User
from opsportal.accounts.models.absences import MAX_REASON
from opsportal.api.serializers import Body, Moment, Text, WholeNumber, utc

WHO = 254
NAME = 200
SLUG = 60
LINK = 2_000
_VERSION = "The version that was read; or If-Match."


class SomebodyOut(Body):
    """Somebody: opaque id and the name to show."""

    id = Text(max_length=WHO)
    name = Text(max_length=NAME)


class AbsencePatch(Body):
    """What of an absence is to be different."""

    starts_at = Moment(required=False, help_text="Only while it has not begun.")
    ends_at = Moment(required=False, help_text="Not included.")
    reason = Text(max_length=MAX_REASON, required=False, help_text="Only they and administrators see it.")
    version = WholeNumber(required=False, min_value=1, help_text=_VERSION)


class AbsenceBody(Body):
    """When somebody is away."""

    person = Text(
        max_length=WHO, required=False, help_text="Id or address; the caller if absent. For administrators."
    )
    starts_at = Moment(required=False, help_text="Now where it is left out.")
    ends_at = Moment(help_text="Not included.")
    reason = Text(max_length=MAX_REASON, required=False, help_text="Only they and administrators see it.")


class AbsenceOut(Body):
    """An absence."""

    id = WholeNumber()
    person = SomebodyOut()
    starts_at = Moment()
    ends_at = Moment(help_text="Not included.")
    reason = Text(max_length=MAX_REASON)
    updated_at = Moment()
    version = WholeNumber()


class AbsencePage(Body):
    """One page of absences."""

    next = Text(max_length=LINK, allow_null=True)
    previous = Text(max_length=LINK, allow_null=True)
    results = AbsenceOut(many=True)


class DeputyshipPatch(Body):
    """Until when a standing deputy is one."""

    ends_at = Moment(allow_null=True, help_text="Null: until it is ended.")
    version = WholeNumber(required=False, min_value=1, help_text=_VERSION)


class DeputyshipBody(Body):
    """Who stands in: whenever the principal is away, or in one absence."""

    principal = Text(
        max_length=WHO, required=False, help_text="Id or address; the caller if absent. For administrators."
    )
    deputy = Text(max_length=WHO, blank=False, help_text="Id or address.")
    role = Text(max_length=SLUG, required=False, help_text="Slug: for that role only. Absent: for all.")
    absence = WholeNumber(required=False, help_text="In that absence only; it has its times then.")
    starts_at = Moment(required=False, help_text="Now where it is left out.")
    ends_at = Moment(required=False, allow_null=True, help_text="Left out or null: until it is ended.")


class DeputyshipOut(Body):
    """Somebody who stands in for somebody. It counts while the principal is away."""

    id = WholeNumber()
    principal = SomebodyOut()
    deputy = SomebodyOut()
    role = Text(max_length=SLUG, help_text="Empty: all roles that the principal holds.")
    absence = WholeNumber(allow_null=True)
    starts_at = Moment()
    ends_at = Moment(allow_null=True)
    updated_at = Moment()
    version = WholeNumber()


class DeputyshipPage(Body):
    """One page of deputies."""

    next = Text(max_length=LINK, allow_null=True)
    previous = Text(max_length=LINK, allow_null=True)
    results = DeputyshipOut(many=True)


class EndBody(Body):
    """Which version is ended."""

    version = WholeNumber(required=False, min_value=1, help_text=_VERSION)


def absence_out(absence: Absence) -> dict[str, Any]:
    """Return what the API says of an absence, whose person is loaded."""
    return {
        "id": absence.pk,
        "person": _somebody(absence.person),
        "starts_at": utc(absence.starts_at),
        "ends_at": utc(absence.ends_at),
        "reason": absence.reason,
        "updated_at": utc(absence.updated_at),
        "version": absence.version,
    }


def deputy_out(row: Deputyship) -> dict[str, Any]:
    """Return what the API says of a deputyship, whose people and role are loaded."""
    return {
        "id": row.pk,
        "principal": _somebody(row.principal),
        "deputy": _somebody(row.deputy),
        "role": row.role.slug if row.role else "",
        "absence": row.absence_id,
        "starts_at": utc(row.starts_at),
        "ends_at": utc(row.ends_at),
        "updated_at": utc(row.updated_at),
        "version": row.version,
    }


def _somebody(person: User) -> dict[str, str]:
    return {"id": str(person.pk), "name": person.display_name}
