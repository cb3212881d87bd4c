"""What goes in and out about deployments and the gate. What comes in is read by the services, strictly."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from rest_framework import serializers

from changes.gate import GateAnswer
from changes.models import Deployment, DeploymentEvent
from changes.models.break_glass import PREFIX as GLASS_PREFIX
from changes.models.changes import PREFIX
from changes.rollout import EVENTS, Action
from changes.services.deployment_events import Told
from changes.services.deployment_fields import OUTCOMES
from changes.states import DEPLOYMENT
from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, utc
from opsportal.core.keys import format_key
from opsportal.standards.rules import CHECK_RESULTS

ACTIONS = [action.value for action in Action]
KEY = 30
SLUG = 60
URL = 500
SOON = 15
"""Seconds after which a pipeline asks again where nothing better is known."""
LATEST = 300


class ReasonOut(Body):
    """Why not: a code, the rule that says so (`portal.…` is the portal's own), and what to do instead."""

    code = Text(max_length=60)
    rule = Text(max_length=120)
    detail = Text(max_length=2_000)


class PipelineBody(Body):
    """Where it comes from."""

    provider = Text(max_length=40, required=False, help_text="E.g. github")
    run_url = Text(max_length=URL, required=False)
    actor = Text(max_length=120, required=False, help_text="Who started it; kept out of history and audit.")


class RegistrationBody(Body):
    """What a pipeline is about to deploy."""

    service = Text(max_length=SLUG, help_text="Slug of the service.")
    environment = Text(max_length=SLUG, help_text="Slug of the environment.")
    version = Text(max_length=120)
    commit = Text(max_length=64, required=False, help_text="7 to 64 hexadecimal digits.")
    change = Text(
        max_length=24,
        required=False,
        help_text="Key of the change. Left out, the one fitting approved change is taken; where none fits,"
        " a fitting standard-change template opens one.",
    )
    artifact_digest = Text(max_length=200, required=False, help_text="E.g. sha256:9f86d0…")
    environment_url = Text(max_length=URL, required=False)
    pipeline = PipelineBody(required=False)
    checks = serializers.DictField(
        child=serializers.ChoiceField(choices=CHECK_RESULTS),
        required=False,
        help_text="Results by name. The names are those of the active standard.",
    )
    policy_hash = Text(max_length=128, required=False, help_text="Where the active standard demands it.")
    late = Flag(
        required=False,
        help_text="It has happened already. Then `started_at` is needed, and an emergency change is opened"
        " for it unless an approved one fits.",
    )
    started_at = Moment(required=False, help_text="When it really started; at most 30 days ago.")
    finished_at = Moment(required=False, help_text="When it really ended; needs `outcome`.")
    outcome = serializers.ChoiceField(
        OUTCOMES, required=False, help_text="How it ended; needs `finished_at`."
    )


class ReportBody(Body):
    """What a pipeline reports of a deployment."""

    event = serializers.ChoiceField(choices=EVENTS)
    percent = WholeNumber(required=False, min_value=0, max_value=100, help_text="Needed with rollout.")
    metrics = serializers.DictField(
        child=serializers.FloatField(),
        required=False,
        help_text="Figures (or true and false) by name. The names are those of the active standard.",
    )
    id = Text(
        max_length=100, required=False, help_text="The pipeline's own id of this report: it counts once."
    )
    at = Moment(required=False, help_text="When it happened; now, where it is left out.")


class GateOut(Body):
    """The gate's answer."""

    decision = serializers.ChoiceField(Deployment.Decision.choices)
    reasons = ReasonOut(many=True)
    change = Text(max_length=KEY, allow_null=True)
    url = Text(max_length=URL, allow_null=True, help_text="The page of the change, for people.")
    registration = serializers.ChoiceField(Deployment.Registration.choices)
    break_glass = Text(
        max_length=KEY, allow_null=True, help_text="The break-glass that lets it pass although rules say no."
    )
    opens = Text(
        max_length=SLUG, allow_null=True, help_text="The template from which a registration opens a change."
    )


class RegisteredOut(Body):
    """A registered deployment and the gate's answer."""

    key = Text(max_length=KEY)
    decision = serializers.ChoiceField(Deployment.Decision.choices)
    reasons = ReasonOut(many=True)
    change = Text(max_length=KEY, allow_null=True)
    state = serializers.ChoiceField(DEPLOYMENT.choices)
    url = Text(max_length=URL, help_text="Its page, for people.")
    service = Text(max_length=SLUG)
    environment = Text(max_length=SLUG)
    version = Text(max_length=120)
    break_glass = Text(
        max_length=KEY, allow_null=True, help_text="The break-glass that let it pass although rules said no."
    )


class DeploymentOut(RegisteredOut):
    """A deployment."""

    commit = Text(max_length=64)
    artifact_digest = Text(max_length=200)
    environment_url = Text(max_length=URL)
    pipeline = PipelineBody()
    checks = serializers.DictField(child=serializers.ChoiceField(choices=CHECK_RESULTS))
    policy_hash = Text(max_length=128)
    percent = WholeNumber(help_text="How far the rollout has come.")
    standard_hash = Text(max_length=64, help_text="The standard that it was decided under.")
    decided_at = Moment()
    registered_at = Moment()
    started_at = Moment(allow_null=True)
    finished_at = Moment(allow_null=True)
    updated_at = Moment()


class DeploymentPage(Body):
    """One page of deployments."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = DeploymentOut(many=True)


class ToldOut(Body):
    """What the pipeline does next."""

    action = serializers.ChoiceField(ACTIONS)
    reasons = ReasonOut(many=True)
    state = serializers.ChoiceField(DEPLOYMENT.choices)
    decision = serializers.ChoiceField(Deployment.Decision.choices)
    percent = WholeNumber()
    effect = serializers.ChoiceField(DeploymentEvent.Effect.choices)


class ReportOut(Body):
    """A report as it came, and what it was answered."""

    event = serializers.ChoiceField(choices=EVENTS)
    percent = WholeNumber(allow_null=True)
    metrics = serializers.DictField(child=serializers.FloatField())
    id = Text(max_length=100, allow_null=True)
    at = Moment()
    received_at = Moment()
    effect = serializers.ChoiceField(DeploymentEvent.Effect.choices)
    action = serializers.ChoiceField(ACTIONS)
    reasons = ReasonOut(many=True)


class ReportPage(Body):
    """One page of reports."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = ReportOut(many=True)


def gate_out(answer: GateAnswer) -> dict[str, Any]:
    """Return what the API says of the gate's answer."""
    key = answer.change.key if answer.change else None
    if answer.glass:
        key = format_key(PREFIX, answer.glass.change)
    return {
        "decision": answer.decision.value,
        "reasons": [reason.as_dict() for reason in answer.reasons],
        "change": key,
        "url": f"{settings.PUBLIC_URL}/changes/{key}/" if key else None,
        "break_glass": answer.glass.key if answer.glass else None,
        "opens": answer.opens.slug if answer.opens else None,
    }


def registered_out(deployment: Deployment, *, service: str, environment: str) -> dict[str, Any]:
    """Return what the API says of a registration; reads no row."""
    return {
        "key": deployment.key,
        "decision": str(deployment.decision),
        "reasons": deployment.reasons,
        "change": format_key(PREFIX, deployment.change_id) if deployment.change_id else None,
        "state": deployment.state,
        "url": f"{settings.PUBLIC_URL}/deployments/{deployment.key}/",
        "service": service,
        "environment": environment,
        "version": deployment.release,
        "registration": str(deployment.registration),
        "break_glass": _glass_key(deployment),
    }


def _glass_key(deployment: Deployment) -> str | None:
    return format_key(GLASS_PREFIX, deployment.break_glass_id) if deployment.break_glass_id else None


def deployment_out(deployment: Deployment) -> dict[str, Any]:
    """Return what the API says of a deployment; service and environment are loaded."""
    return {
        **registered_out(
            deployment, service=deployment.service.slug, environment=deployment.environment.slug
        ),
        "commit": deployment.commit,
        "artifact_digest": deployment.artifact_digest,
        "environment_url": deployment.environment_url,
        "pipeline": deployment.pipeline,
        "checks": deployment.checks,
        "policy_hash": deployment.policy_hash,
        "percent": deployment.percent,
        "standard_hash": deployment.standard_hash,
        "decided_at": utc(deployment.decided_at),
        "registered_at": utc(deployment.registered_at),
        "started_at": utc(deployment.started_at),
        "finished_at": utc(deployment.finished_at),
        "updated_at": utc(deployment.updated_at),
    }


def told_out(told: Told) -> dict[str, Any]:
    """Return what the API says to a report."""
    return {
        "action": told.action,
        "reasons": list(told.reasons),
        "state": told.deployment.state,
        "decision": str(told.deployment.decision),
        "percent": told.deployment.percent,
        "effect": told.effect,
    }


def report_out(event: DeploymentEvent) -> dict[str, Any]:
    """Return what the API says of a report."""
    return {
        "event": event.event,
        "percent": event.percent,
        "metrics": event.metrics,
        "id": event.external_id,
        "at": utc(event.at),
        "received_at": utc(event.received_at),
        "effect": event.effect,
        "action": event.action,
        "reasons": event.reasons,
    }


def retry_after(answer: GateAnswer, now: datetime) -> int:
    """Return after how many seconds it makes sense to ask again: when the window opens, else soon."""
    if answer.retry_at is None:
        return SOON
    return max(1, min(LATEST, int((answer.retry_at - now).total_seconds()) + 1))
