"""What goes out about changes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from changes.mentions import mentioned, spoken
from changes.models import Change
from changes.next_step import STEPS, NextStep
from changes.panels import change_path
from changes.selectors import Conflict, Happening
from changes.states import CHANGE, RETROSPECTIVE
from opsportal.accounts.models import User
from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, in_utc, utc
from opsportal.calendar.almanac import FreezeSpan
from opsportal.core.registry import person_names

SLUG = 60
NAME = 150
LONG = 20_000
HASH = 64
URL = 2_000


class PersonOut(Body):
    """Somebody: opaque id and the name to show."""

    id = Text(max_length=HASH)
    name = Text(max_length=NAME)


class HeldOut(Body):
    """Who holds it, why, and since when."""

    by = PersonOut()
    reason = Text(max_length=500)
    since = Moment()


class TargetOut(Body):
    """One service in one environment."""

    service = Text(max_length=SLUG)
    environment = Text(max_length=SLUG)


class ChangeOut(Body):
    """A change."""

    key = Text(max_length=30)
    type = serializers.ChoiceField(Change.Type.choices)
    state = serializers.ChoiceField(CHANGE.choices)
    retrospective = Flag(help_text="It was started ahead of its approval.")
    retrospective_state = serializers.ChoiceField(RETROSPECTIVE.choices)
    objection_answer = Text(max_length=20_000, help_text="What was answered to a rejection in retrospect.")
    rolled_back_later_at = Moment(
        allow_null=True, help_text="What it brought was taken back after its implementation."
    )
    opened_for = Text(max_length=24, help_text="What the portal opened it for, after the fact: BG-3, DEP-77.")
    held = HeldOut(allow_null=True)
    title = Text(max_length=200)
    description = Text(max_length=LONG)
    justification = Text(max_length=LONG)
    risk = serializers.ChoiceField(Change.Risk.choices)
    risk_assessment = Text(max_length=LONG)
    impact = Text(max_length=LONG)
    plan = Text(max_length=LONG)
    test_evidence = Text(max_length=LONG)
    rollback_plan = Text(max_length=LONG)
    window_start = Moment(allow_null=True)
    window_end = Moment(allow_null=True)
    services = serializers.ListField(child=Text(max_length=SLUG))
    environments = serializers.ListField(child=Text(max_length=SLUG))
    targets = TargetOut(many=True)
    tags = serializers.ListField(child=Text(max_length=40))
    requester = PersonOut(allow_null=True)
    implementer = PersonOut(allow_null=True)
    started_by = PersonOut(allow_null=True)
    template = Text(max_length=SLUG, allow_null=True)
    activates = Text(
        max_length=HASH, help_text="The hash of the standard that it puts in force; empty for none."
    )
    revision = WholeNumber()
    content_hash = Text(max_length=HASH, help_text="What an approval binds; `approve` sends it back.")
    standard = Text(
        max_length=HASH, help_text="The hash of the standard that it runs under; empty for a draft."
    )
    outcome = serializers.ChoiceField([("", "Not known yet"), *Change.Outcome.choices])
    review = Text(max_length=LONG)
    lessons_learned = Text(max_length=LONG)
    created_at = Moment()
    updated_at = Moment()
    submitted_at = Moment(allow_null=True)
    decided_at = Moment(allow_null=True)
    started_at = Moment(allow_null=True)
    finished_at = Moment(allow_null=True)
    closed_at = Moment(allow_null=True)
    version = WholeNumber()
    url = Text(max_length=URL)


class ChangePage(Body):
    """One page of changes."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = ChangeOut(many=True)


def _word(step: str) -> str:
    """Return the step as it stands in the path of its endpoint."""
    return step.replace("_", "-")


class ChangeDetailOut(ChangeOut):
    """A change, what happens next with it, and the steps that the caller may take."""

    next_step = Text(max_length=500)
    allowed = serializers.ListField(child=serializers.ChoiceField([_word(step) for step in STEPS]))


class ConflictOut(Body):
    """Another change at the same time, in the same place or where one leans on the other."""

    key = Text(max_length=30)
    title = Text(max_length=200)
    state = serializers.ChoiceField(CHANGE.choices)
    window_start = Moment(allow_null=True)
    window_end = Moment(allow_null=True)
    kind = serializers.ChoiceField(["same_service", "dependency"])
    services = serializers.ListField(child=Text(max_length=SLUG))


class FreezeOverOut(Body):
    """A freeze over the window of a change: until when, and holders of which roles may let it pass."""

    key = Text(max_length=30)
    title = Text(max_length=200)
    starts_at = Moment()
    ends_at = Moment()
    pass_roles = serializers.ListField(child=Text(max_length=SLUG))


class ConflictPage(Body):
    """All conflicts, by window, and the freezes over it."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = ConflictOut(many=True)
    freezes = FreezeOverOut(many=True)


class ActorOut(Body):
    """Who did it: a person, a service account or the portal itself."""

    kind = Text(max_length=20)
    id = Text(max_length=HASH)
    name = Text(max_length=NAME)


class HappeningOut(Body):
    """One thing that happened. `summary` follows a name; `text` is what a person wrote along."""

    at = Moment()
    action = Text(max_length=60)
    summary = Text(max_length=200)
    actor = ActorOut(allow_null=True)
    text = Text(max_length=LONG)
    data = serializers.DictField()  # type: ignore[assignment]  # DRF takes declared fields off the class


class HistoryPage(Body):
    """What happened, newest first, 200 at a time."""

    next = Text(max_length=URL, allow_null=True)
    previous = Text(max_length=URL, allow_null=True)
    results = HappeningOut(many=True)


def person_out(person: User | None) -> dict[str, str] | None:
    """Return what the API says of a person, None for nobody."""
    return {"id": str(person.pk), "name": person.display_name} if person else None


def change_out(change: Change) -> dict[str, Any]:
    """Return what the API says of a change from `changes_loaded`."""
    targets = [(target.service.slug, target.environment.slug) for target in change.targets.all()]
    return {
        "key": change.key,
        "type": change.type,
        "state": change.state,
        "retrospective": change.retrospective_state != RETROSPECTIVE.initial,
        "retrospective_state": change.retrospective_state,
        "objection_answer": change.objection_answer,
        "rolled_back_later_at": utc(change.rolled_back_later_at),
        "opened_for": change.opened_for,
        "held": _held(change),
        "title": change.title,
        "description": change.description,
        "justification": change.justification,
        "risk": change.risk,
        "risk_assessment": change.risk_assessment,
        "impact": change.impact,
        "plan": change.plan,
        "test_evidence": change.test_evidence,
        "rollback_plan": change.rollback_plan,
        "window_start": utc(change.window_start),
        "window_end": utc(change.window_end),
        "services": sorted({service for service, _ in targets}),
        "environments": sorted({environment for _, environment in targets}),
        "targets": [{"service": service, "environment": environment} for service, environment in targets],
        "tags": change.tags,
        "requester": person_out(change.requester),
        "implementer": person_out(change.implementer),
        "started_by": person_out(change.started_by),
        "template": change.template.slug if change.template else None,
        "activates": change.activates,
        "revision": change.revision,
        "content_hash": change.content_hash,
        "standard": change.standard_hash,
        "outcome": change.outcome,
        "review": change.review,
        "lessons_learned": change.lessons_learned,
        "created_at": utc(change.created_at),
        "updated_at": utc(change.updated_at),
        "submitted_at": utc(change.submitted_at),
        "decided_at": utc(change.decided_at),
        "started_at": utc(change.started_at),
        "finished_at": utc(change.finished_at),
        "closed_at": utc(change.closed_at),
        "version": change.version,
        "url": change_path(change.pk),
    }


def detail_out(change: Change, step: NextStep) -> dict[str, Any]:
    """Return what the API says of one change to one caller."""
    return {**change_out(change), "next_step": step.sentence, "allowed": [_word(one) for one in step.allowed]}


def _held(change: Change) -> dict[str, Any] | None:
    if change.held_at is None:
        return None
    return {
        "by": person_out(change.held_by),
        "reason": change.held_reason,
        "since": utc(change.held_at),
    }


def conflict_out(conflict: Conflict) -> dict[str, Any]:
    """Return what the API says of a change that gets in the way."""
    other = conflict.change
    return {
        "key": other.key,
        "title": other.title,
        "state": other.state,
        "window_start": utc(other.window_start),
        "window_end": utc(other.window_end),
        "kind": conflict.kind,
        "services": list(conflict.services),
    }


def freeze_out(freeze: FreezeSpan) -> dict[str, Any]:
    """Return what the API says of a freeze over a change."""
    return {
        "key": freeze.key,
        "title": freeze.title,
        "starts_at": utc(freeze.start),
        "ends_at": utc(freeze.end),
        "pass_roles": sorted(freeze.pass_roles),
    }


def happenings_out(happenings: list[Happening]) -> list[dict[str, Any]]:
    """Return what the API says of these; the names in one query for each kind of actor."""
    actors = {one.actor for one in happenings if one.actor[0]}
    actors |= {("user", person) for one in happenings for person in mentioned(one.text)}
    names = person_names["people"](actors)
    return [
        {
            "at": utc(one.at),
            "action": one.action,
            "summary": one.words,
            "actor": {"kind": one.actor[0], "id": one.actor[1], "name": names[one.actor]}
            if one.actor[0]
            else None,
            "text": spoken(one.text, lambda person: names["user", person]),
            "data": in_utc(one.data),
        }
        for one in happenings
    ]
