"""What goes in and out about escalation policies and escalations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from incidents.escalating import KINDS
from incidents.escalation_form import data_of
from incidents.models import Escalation, EscalationMove, EscalationPolicy
from incidents.selectors.escalation_preview import Preview
from incidents.states import ESCALATION, POLICY
from opsportal.accounts.selectors import display_names
from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, utc

SLUG = 60


class EscalationTargetBody(Body):
    """Somebody to tell. `key` is a slug, or the id or address of a person; `role` one of a schedule's.

    `on_call`, `assignee` and `administrators` need no key.
    """

    kind = serializers.ChoiceField(list(KINDS))
    key = Text(max_length=254, required=False)
    role = Text(max_length=60, required=False)


class EscalationStepBody(Body):
    """`wait` seconds after the step before it, these are told."""

    wait = WholeNumber(help_text="Seconds since the step before; of the first, since the opening.")
    targets = EscalationTargetBody(many=True)
    everyone_acknowledges = Flag(required=False, help_text="Each person told here has to.")


class PlanBody(Body):
    """Whom silence tells. A step that reaches nobody is passed at once."""

    steps = EscalationStepBody(many=True)
    fallback = EscalationTargetBody(
        many=True, required=False, help_text="Told last; the administrators in any case."
    )
    repeat = WholeNumber(required=False, help_text="How often the steps are gone through again, up to 9.")
    pause = WholeNumber(required=False, help_text="Seconds between two rounds, and ahead of the fallback.")
    hold_low = Flag(required=False, help_text="Low urgency waits for working hours.")
    low = serializers.ListField(
        child=Text(max_length=4), required=False, help_text="Which severities are told with low urgency."
    )
    lapses = serializers.DictField(
        child=WholeNumber(),
        required=False,
        help_text="Seconds for which an acknowledgement holds, by severity; one left out holds for good.",
    )


@extend_schema_field(PlanBody)
class PlanField(serializers.JSONField):
    """A plan as it is sent: the service reads it, and says by its place what is wrong."""


class PolicyBody(Body):
    """A policy to write."""

    slug = Text(max_length=SLUG, blank=False)
    name = Text(max_length=120, blank=False)
    description = Text(max_length=2_000, lines=True, required=False)
    plan = PlanField()


class PolicyPatch(Body):
    """What to change of a policy."""

    name = Text(max_length=120, blank=False, required=False)
    description = Text(max_length=2_000, lines=True, required=False)
    plan = PlanField(required=False)
    version = WholeNumber(required=False)


class PolicyStepBody(Body):
    """A step of a policy's life."""

    version = WholeNumber(required=False)


class ServicePolicyBody(Body):
    """The policy of a service; an empty one takes it away."""

    service = Text(max_length=SLUG, blank=False)
    policy = Text(max_length=SLUG, required=False)


class PolicyOut(Body):
    """An escalation policy."""

    slug = Text(max_length=SLUG)
    name = Text(max_length=120)
    description = Text(max_length=2_000)
    state = serializers.ChoiceField(list(POLICY.states))
    plan = PlanBody()
    services = serializers.ListField(child=Text(max_length=SLUG))
    updated_at = Moment()
    version = WholeNumber()
    url = Text(max_length=200)


class PolicyPage(Body):
    """One page of policies."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = PolicyOut(many=True)


class EscalationToldOut(Body):
    """Somebody told, and why; or somebody skipped, and why not."""

    kind = serializers.ChoiceField(["person", "channel"])
    id = Text(max_length=100)
    name = Text(max_length=150)
    why = Text(max_length=200)


class PreviewStepOut(Body):
    """Whom a step would tell at the instant at which it would be due."""

    number = WholeNumber()
    fallback = Flag()
    after = WholeNumber(help_text="Seconds after the opening.")
    at = Moment()
    everyone_acknowledges = Flag()
    told = EscalationToldOut(many=True)
    skipped = EscalationToldOut(many=True)


class PreviewOut(Body):
    """Who would be told now and at each step."""

    at = Moment()
    steps = PreviewStepOut(many=True)


class MoveOut(Body):
    """What an escalation did."""

    number = WholeNumber()
    kind = serializers.ChoiceField(EscalationMove.Kind.choices)
    step = WholeNumber(allow_null=True)
    round = WholeNumber()
    at = Moment()
    told = EscalationToldOut(many=True)
    skipped = EscalationToldOut(many=True)


class IncidentEscalationOut(Body):
    """The escalation of an incident: whom silence has told, and whom it tells next."""

    state = serializers.ChoiceField(list(ESCALATION.states))
    origin = serializers.ChoiceField(Escalation.Origin.choices)
    reference = Text(max_length=60, help_text="The policy's slug, or the id in the standard.")
    plan = PlanBody()
    step = WholeNumber(help_text="The step that is next, from 0; behind the last one is the fallback.")
    round = WholeNumber()
    due_at = Moment(allow_null=True, help_text="When it moves by itself: tells the next, or lapses.")
    opened_at = Moment()
    acknowledged_at = Moment(allow_null=True)
    waits_for = EscalationToldOut(many=True, help_text="Who has still to acknowledge, where each one must.")
    moves = MoveOut(many=True)


def policy_out(policy: EscalationPolicy) -> dict[str, Any]:
    """Return what the API says of a policy; its services are loaded."""
    return {
        "slug": policy.slug,
        "name": policy.name,
        "description": policy.description,
        "state": policy.state,
        "plan": data_of(policy.read_plan),
        "services": sorted(row.service.slug for row in policy.services.all()),
        "updated_at": utc(policy.updated_at),
        "version": policy.version,
        "url": f"/escalation-policies/{policy.slug}/",
    }


def named(lines: Iterable[dict[str, str]], names: dict[tuple[str, str], str]) -> list[dict[str, str]]:
    """Return lines of told or skipped ones with their names."""
    return [
        {**one, "name": names.get(("user", one["id"]), one["id"]) if one["kind"] == "person" else one["id"]}
        for one in lines
    ]


def names_in(lines: Iterable[dict[str, str]]) -> dict[tuple[str, str], str]:
    """Return the names of the people in these lines. One query."""
    return display_names(("user", one["id"]) for one in lines if one["kind"] == "person")


def preview_out(steps: list[Preview]) -> list[dict[str, Any]]:
    """Return what the API says of a preview."""
    names = names_in([one for step in steps for one in (*step.found.told, *step.found.skipped)])
    return [
        {
            "number": step.number,
            "fallback": step.is_fallback,
            "after": int(step.after.total_seconds()),
            "at": utc(step.at),
            "everyone_acknowledges": step.everyone,
            "told": named(step.found.told, names),
            "skipped": named(step.found.skipped, names),
        }
        for step in steps
    ]


def escalation_out(escalation: Escalation, waits_for: Iterable[str]) -> dict[str, Any]:
    """Return what the API says of an escalation. Two queries."""
    moves = list(escalation.log.order_by("number"))
    missing = [{"kind": "person", "id": one, "why": "has to acknowledge"} for one in sorted(waits_for)]
    names = names_in([*(one for move in moves for one in (*move.told, *move.skipped)), *missing])
    return {
        "state": escalation.state,
        "origin": escalation.origin,
        "reference": escalation.reference,
        "plan": data_of(escalation.read_plan),
        "step": escalation.step,
        "round": escalation.round,
        "due_at": utc(escalation.due_at),
        "opened_at": utc(escalation.opened_at),
        "acknowledged_at": utc(escalation.acknowledged_at),
        "waits_for": named(missing, names),
        "moves": [
            {
                "number": move.number,
                "kind": move.kind,
                "step": move.step,
                "round": move.round,
                "at": utc(move.at),
                "told": named(move.told, names),
                "skipped": named(move.skipped, names),
            }
            for move in moves
        ],
    }
