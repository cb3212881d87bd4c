"""What a deployment does to the change that it belongs to: it starts it, completes it, and may end it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from changes.models import Change, ChangeTarget, Deployment
from changes.services.activation import activation_reasons
from changes.services.implementation import (
    change_complete,
    change_fail,
    change_roll_back,
    change_rolled_back_later,
    change_start,
)
from opsportal.core.actor import Actor
from opsportal.core.errors import Reason, Refusal, RuleRefused

_STARTABLE = ("in_review", "approved", "scheduled")


def start_change(deployment: Deployment, *, actor: Actor, now: datetime) -> tuple[Reason, ...]:
    """Move the change to implementing where it is not; return why not, should it refuse after all."""
    change = deployment.change
    if change is None:
        return ()
    other = _other_release_under_way(deployment, change)
    if other is not None:
        words = (
            f"{other.key} is bringing {other.release} there under {change.key}. Report how that ended first."
        )
        return (Reason("change_running_here", "portal.change_once", words),)
    if change.state not in _STARTABLE:
        return ()
    try:
        with transaction.atomic():
            place = (deployment.service.slug, deployment.environment.slug)
            change_start(actor=actor, now=now, pk=change.pk, at=place)
    except RuleRefused as refusal:
        return refusal.reasons
    except Refusal as refusal:
        return (Reason(refusal.code, "portal.change_start", refusal.detail),)
    return ()


def _other_release_under_way(deployment: Deployment, change: Change) -> Deployment | None:
    """Return the deployment that brings another release here under `change`: an approval is for one."""
    running = Deployment.objects.filter(
        change=change,
        service_id=deployment.service_id,
        environment_id=deployment.environment_id,
        state__in=["deploying", "verified"],
    )
    return running.exclude(release=deployment.release).order_by("id").first()


def complete_change(deployment: Deployment, *, actor: Actor, now: datetime) -> None:
    """Make the change implemented where this was the last place that it names.

    The one of a break-glass goes on until the glass is whole again.
    """
    change = deployment.change
    if change is None or change.state != "implementing" or deployment.break_glass_id is not None:
        return
    if activation_reasons(change):  # the standard that it names has to be put in force first
        return
    done = Deployment.objects.filter(
        change=OuterRef("change"),
        service=OuterRef("service"),
        environment=OuterRef("environment"),
        state="succeeded",
        decision=Deployment.Decision.ALLOWED,
    )
    if not ChangeTarget.objects.filter(~Exists(done), change=change).exists():
        change_complete(actor=actor, now=now, pk=change.pk)


def end_opened(deployment: Deployment, *, actor: Actor, now: datetime) -> None:
    """Let the standard change that a registration opened end as badly as its deployment did.

    It was opened for this release, and no person asked for it who would say how it ended: left as it was,
    every later release would go ahead under it.
    """
    change = deployment.change
    if change is None or change.requester_id is not None or change.template_id is None:
        return
    going = change.deployments.exclude(pk=deployment.pk).filter(
        state__in=["deploying", "verified", "succeeded"]
    )
    if change.targets.count() > 1 or going.exists():
        return
    if change.state == "implementing":
        change = change_fail(actor=actor, now=now, pk=change.pk, reason=f"{deployment.key} has failed.")
    if change.state == "failed" and deployment.state == "rolled_back":
        change_roll_back(actor=actor, now=now, pk=change.pk, reason=f"{deployment.key} was rolled back.")


def note_roll_back(deployment: Deployment, *, actor: Actor, now: datetime) -> None:
    """Note on a change that is over that what it brought was taken back: there is no move for that."""
    change = deployment.change
    if change is not None and change.state in ("implemented", "closed"):
        change_rolled_back_later(actor=actor, now=now, pk=change.pk, deployment=deployment.key)
