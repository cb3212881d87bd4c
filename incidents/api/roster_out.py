"""What goes out about swaps, shadows, handovers, hours and quality: people by id and name, no addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework import serializers

from incidents.api.oncall_out import RotaPersonOut
from incidents.models import Handover, Shadow, ShiftSwap
from incidents.roster.hours import KINDS, Hours, in_hours
from incidents.selectors.roster import Quality
from opsportal.accounts.models import User
from opsportal.accounts.selectors import display_names
from opsportal.api.serializers import utc

Text = serializers.CharField
Instant = serializers.DateTimeField


def person_out(person: User | None) -> dict[str, str] | None:
    """Return somebody as answers name them."""
    return None if person is None else {"id": str(person.pk), "name": person.display_name}


class SwapOut(serializers.Serializer[Any]):
    """Time on call that somebody offers."""

    id = serializers.IntegerField()
    schedule = Text()
    role = Text()
    start = Instant()
    end = Instant()
    note = Text()
    state = Text(help_text="open, taken, withdrawn, undone or lapsed")
    offered_by = RotaPersonOut()
    taken_by = RotaPersonOut(allow_null=True)
    taken_at = Instant(allow_null=True)
    override = serializers.IntegerField(allow_null=True)
    version = serializers.IntegerField()
    url = Text()


class SwapPage(serializers.Serializer[Any]):
    """One page of offers."""

    next = Text(allow_null=True)
    previous = Text(allow_null=True)
    results = SwapOut(many=True)


def swap_out(swap: ShiftSwap) -> dict[str, Any]:
    """Return what the API says of an offer."""
    return {
        "id": swap.pk,
        "schedule": swap.schedule.slug,
        "role": swap.role,
        "start": utc(swap.starts_at),
        "end": utc(swap.ends_at),
        "note": swap.note,
        "state": swap.state,
        "offered_by": person_out(swap.offered_by),
        "taken_by": person_out(swap.taken_by),
        "taken_at": utc(swap.taken_at),
        "override": swap.override_id,
        "version": swap.version,
        "url": f"{settings.PUBLIC_URL}/oncall/{swap.schedule.slug}/swaps/",
    }


class ShadowOut(serializers.Serializer[Any]):
    """Somebody who learns beside somebody on call."""

    id = serializers.IntegerField()
    schedule = Text()
    person = RotaPersonOut()
    follows = RotaPersonOut(allow_null=True, help_text="Null: whoever is on call.")
    start = Instant()
    end = Instant()
    state = Text()


class ShadowsOut(serializers.Serializer[Any]):
    """Who shadows now, or will."""

    results = ShadowOut(many=True)


def shadow_out(shadow: Shadow) -> dict[str, Any]:
    """Return what the API says of a shadowing."""
    return {
        "id": shadow.pk,
        "schedule": shadow.schedule.slug,
        "person": person_out(shadow.person),
        "follows": person_out(shadow.follows),
        "start": utc(shadow.starts_at),
        "end": utc(shadow.ends_at),
        "state": shadow.state,
    }


class HandoverStepOut(serializers.Serializer[Any]):
    """One step of the list."""

    id = Text()
    title = Text()
    quote = Text(help_text="Where the standard says so; empty for the portal's own list.")
    done_by = RotaPersonOut(allow_null=True)
    done_at = Instant(allow_null=True)


class HandoverOut(serializers.Serializer[Any]):
    """One person gives on call to the next."""

    id = serializers.IntegerField()
    schedule = Text()
    role = Text()
    at = Instant()
    outgoing = RotaPersonOut()
    incoming = RotaPersonOut()
    state = Text(help_text="open, given, received, complete or cancelled")
    checklist = HandoverStepOut(many=True)
    notes = Text()
    outgoing_signed_at = Instant(allow_null=True)
    incoming_signed_at = Instant(allow_null=True)
    open_incidents = serializers.ListField(child=Text(), help_text="As they were when it was completed.")
    late_at = Instant()
    closed_at = Instant(allow_null=True)
    version = serializers.IntegerField()
    url = Text()


class HandoverPage(serializers.Serializer[Any]):
    """One page of handovers."""

    next = Text(allow_null=True)
    previous = Text(allow_null=True)
    results = HandoverOut(many=True)


def handover_out(handover: Handover) -> dict[str, Any]:
    """Return what the API says of a handover."""
    done = {row.step: row for row in handover.done.all()}
    return {
        "id": handover.pk,
        "schedule": handover.schedule.slug,
        "role": handover.role,
        "at": utc(handover.at),
        "outgoing": person_out(handover.outgoing),
        "incoming": person_out(handover.incoming),
        "state": handover.state,
        "checklist": [
            {
                "id": step["id"],
                "title": step["title"],
                "quote": step["source"],
                "done_by": person_out(row.person) if (row := done.get(step["id"])) else None,
                "done_at": utc(row.at) if row else None,
            }
            for step in handover.checklist
        ],
        "notes": handover.notes,
        "outgoing_signed_at": utc(handover.outgoing_signed_at),
        "incoming_signed_at": utc(handover.incoming_signed_at),
        "open_incidents": handover.open_incidents,
        "late_at": utc(handover.late_at),
        "closed_at": utc(handover.closed_at),
        "version": handover.version,
        "url": f"{settings.PUBLIC_URL}/handovers/{handover.pk}/",
    }


class PersonHoursOut(serializers.Serializer[Any]):
    """The hours of one person; the four kinds add up to the total."""

    user = RotaPersonOut()
    total = serializers.FloatField()
    day = serializers.FloatField()
    night = serializers.FloatField()
    weekend = serializers.FloatField()
    holiday = serializers.FloatField()
    standby = serializers.FloatField(help_text="Of the total: not as the first in line.")
    shifts = serializers.IntegerField()


class HoursOut(serializers.Serializer[Any]):
    """Hours by person, by the clock of the schedule."""

    schedule = Text()
    time_zone = Text()
    start = Instant()
    end = Instant()
    people = PersonHoursOut(many=True)


def hours_out(hours: Mapping[str, Hours]) -> list[dict[str, Any]]:
    """Return hours by person, the most first."""
    names = display_names([("user", user) for user in hours])
    ordered = sorted(hours.items(), key=lambda item: (-item[1].total, names["user", item[0]]))
    return [
        {
            "user": {"id": user, "name": names["user", user]},
            "total": in_hours(one.total),
            **{kind: in_hours(one.kinds[kind]) for kind in KINDS},
            "standby": in_hours(one.standby),
            "shifts": one.shifts,
        }
        for user, one in ordered
    ]


class QualityGapOut(serializers.Serializer[Any]):
    """A time in which a role that must be covered is empty."""

    start = Instant()
    end = Instant()
    missing = serializers.ListField(child=Text())


class ShareOut(serializers.Serializer[Any]):
    """What one person has of the coming year."""

    user = RotaPersonOut()
    hours = serializers.FloatField()
    unsocial_hours = serializers.FloatField()
    above = serializers.IntegerField(help_text="Per cent over the mean of all hours.")
    unsocial_above = serializers.IntegerField()
    overloaded = serializers.BooleanField()


class RestOut(serializers.Serializer[Any]):
    """Too little rest: short between shifts, after a page at night, or too many days in a row."""

    user = RotaPersonOut()
    kind = Text()
    at = Instant()
    hours = serializers.FloatField()
    days = serializers.IntegerField()


class AwayOut(serializers.Serializer[Any]):
    """Time on call in which the person said to be away."""

    user = RotaPersonOut()
    start = Instant()
    end = Instant()


class QualityOut(serializers.Serializer[Any]):
    """How good a roster is, with the inputs of its score."""

    schedule = Text()
    score = serializers.IntegerField()
    covered = serializers.IntegerField()
    even = serializers.IntegerField()
    unsocial_even = serializers.IntegerField()
    shares = ShareOut(many=True)
    gaps = QualityGapOut(many=True)
    rest = RestOut(many=True)
    away = AwayOut(many=True)
    unreachable = RotaPersonOut(many=True)


def quality_out(slug: str, quality: Quality) -> dict[str, Any]:
    """Return what the API says of a roster's quality."""
    people = {one.user for one in quality.fairness.shares} | {one.user for one in quality.rest}
    names = display_names([("user", user) for user in people])

    def named(user: str) -> dict[str, str]:
        return {"id": user, "name": names["user", user]}

    fairness = quality.fairness
    return {
        "schedule": slug,
        "score": fairness.score,
        "covered": fairness.covered,
        "even": fairness.even,
        "unsocial_even": fairness.unsocial_even,
        "shares": [
            {
                "user": named(one.user),
                "hours": in_hours(one.hours.total),
                "unsocial_hours": in_hours(one.hours.unsocial),
                "above": one.above,
                "unsocial_above": one.unsocial_above,
                "overloaded": one.is_overloaded,
            }
            for one in fairness.shares
        ],
        "gaps": [
            {"start": utc(gap.span.start), "end": utc(gap.span.end), "missing": list(gap.missing)}
            for gap in quality.gaps
        ],
        "rest": [
            {
                "user": named(one.user),
                "kind": one.kind,
                "at": utc(one.at),
                "hours": in_hours(one.amount),
                "days": one.days,
            }
            for one in quality.rest
        ],
        "away": [
            {"user": person_out(one.shift.person), "start": utc(one.start), "end": utc(one.end)}
            for one in quality.away
        ],
        "unreachable": [person_out(one) for one in quality.unreachable],
    }
