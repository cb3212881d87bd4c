"""Deployments: registered with the gate's answer, and decided anew while they wait.

The order of locks stands in `changes.services`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from changes.gate import Decision, GateAnswer, Release
from changes.models import ChangeTemplate, Deployment
from changes.services.break_glass import break_glass_used
from changes.services.deployment_changes import complete_change, start_change
from changes.services.deployment_fields import Asked, Late, Registration, clean_registration
from changes.services.gate import Reading, read
from changes.services.late import after_the_fact, emergency_opened, not_after_all, told_before
from changes.services.openings import change_open_for_pipeline
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Unavailable
from opsportal.core.statements import Objects
from opsportal.core.storing import update
from opsportal.core.writes import write
from opsportal.outbox.services import outbox_put

KIND = "deployment"
GATE = Actor.system("changes.gate")
"""Who decides anew: the portal itself, whoever asked."""


_LOCKED = Objects(
    lambda marks: (
        Deployment.objects.select_for_update(of=("self",))
        .select_related("service", "environment")
        .filter(pk=marks.number("pk"))
    )
)


@dataclass(frozen=True, slots=True)
class Decided:
    """A deployment and the gate's answer; `answer` is None where it is final and was not asked again."""

    deployment: Deployment
    answer: GateAnswer | None = None


def deployment_register(*, actor: Actor, now: datetime, body: Mapping[str, Any]) -> Decided:
    """Register what a pipeline is about to deploy, whatever the gate says of it, and return both.

    What has happened already (`late`, `started_at`, …) is registered with its own times; where the gate would
    not have let it pass, an emergency is opened for it in retrospect. What the same pipeline has told of
    before is there already, and is returned as it stands: nothing is written.

    Where no change fits and one template does, a standard change is opened from it, unless something
    else blocks the deployment anyway. `body` is as in the contract. Raises `InvalidInput` with
    pointers (nothing is written then), `Forbidden`, and `Unavailable` where no standard is active.
    """
    registration = clean_registration(body, now)
    with write(actor=actor, now=now):
        require(actor, "deployment.register")
        told = told_before(registration, actor=actor)
        if told is not None:
            return Decided(told)
        reading = read(registration.asked, now=now, lock=True, late=registration.late is not None)
        answer = reading.answer
        if registration.late is not None:
            return _register_late(registration, reading, registration.late, actor=actor, now=now)
        if answer.opens is not None and answer.decision.rank <= Decision.PENDING.rank:
            reading, answer = _with_opened_change(registration.asked, actor=actor, now=now)
        deployment = _row(registration, reading, answer, actor=actor, now=now)
        deployment.save(force_insert=True)
        tell(deployment, "registered", actor=actor, now=now, data={"codes": _codes(answer)})
        _record_passed(deployment, answer, actor=actor, now=now)
        if answer.glass is not None:
            break_glass_used(actor=actor, now=now, deployment=deployment)
        return Decided(deployment, answer)


def deployment_decide(*, now: datetime, deployment: Deployment) -> Decided:
    """Return a deployment as it stands now; one that is pending is decided anew.

    Only a difference is written, by the portal itself. `deployment` has its service and environment
    loaded. Raises `Unavailable` where no standard is active.
    """
    if deployment.decision != Deployment.Decision.PENDING or deployment.state != "registered":
        return Decided(deployment)
    seen = read(asked_of(deployment), now=now, again=True, bound_hash=deployment.change_content_hash)
    if not _differs(deployment, seen.answer):
        return Decided(deployment, seen.answer)
    with write(actor=GATE, now=now):
        locked, reading = locked_anew(deployment, now=now)
        if locked.decision != Deployment.Decision.PENDING or locked.state != "registered":
            return Decided(locked)
        answer = reading.answer
        if _differs(locked, answer):
            take_answer(locked, answer, actor=GATE, now=now)
        return Decided(locked, answer)


def asked_of(deployment: Deployment) -> Asked:
    """Return what a registered deployment asks: of its change, or of any where it has none yet."""
    return Asked(
        service=deployment.service.slug,
        environment=deployment.environment.slug,
        change=f"CHG-{deployment.change_id}" if deployment.change_id else "",
        release=Release(
            version=deployment.release,
            commit=deployment.commit,
            artifact_digest=deployment.artifact_digest,
            policy_hash=deployment.policy_hash,
            checks=deployment.checks,
        ),
    )


def locked_anew(deployment: Deployment, *, now: datetime) -> tuple[Deployment, Reading]:
    """Lock the change that a deployment asks of, then the deployment, and return it with what the gate reads.

    Raises `Unavailable` where it was given another change at this very moment: ask again.
    """
    reading = read(
        asked_of(deployment), now=now, lock=True, again=True, bound_hash=deployment.change_content_hash
    )
    (locked,) = _LOCKED.all(pk=deployment.pk)
    if locked.change_id != deployment.change_id:
        raise Unavailable("This deployment is being decided. Ask again.", retry_after=1)
    return locked, reading


def take_answer(deployment: Deployment, answer: GateAnswer, *, actor: Actor, now: datetime) -> None:
    """Put the gate's new answer on a locked deployment, and save it."""
    before = deployment.decision
    _put(deployment, answer, now)
    save(deployment, now)
    tell(deployment, "decided", actor=actor, now=now, data={"before": before, "codes": _codes(answer)})
    _record_passed(deployment, answer, actor=actor, now=now)
    if answer.glass is not None:
        break_glass_used(actor=actor, now=now, deployment=deployment)


def save(deployment: Deployment, now: datetime) -> None:
    """Save a deployment as its next version."""
    deployment.row_version += 1
    deployment.updated_at = now
    update(deployment)


def tell(
    deployment: Deployment,
    event: str,
    *,
    actor: Actor,
    now: datetime,
    data: Mapping[str, JSON] | None = None,
) -> None:
    """Write the audit entry `deployment.<event>`, and tell the topic `changes.deployment.<event>`."""
    about: dict[str, JSON] = {
        "service": deployment.service_id,
        "environment": deployment.environment_id,
        "change": f"CHG-{deployment.change_id}" if deployment.change_id else "",
        "decision": str(deployment.decision),
        "state": deployment.state,
        "standard_hash": deployment.standard_hash,
        **(data or {}),
    }
    audit_record(
        actor=actor,
        now=now,
        action=f"{KIND}.{event}",
        object_kind=KIND,
        object_key=deployment.key,
        data=about,
    )
    outbox_put(
        now=now,
        topic=f"changes.{KIND}.{event}",
        key=deployment.key,
        payload={"deployment": deployment.pk, "key": deployment.key, "at": now.isoformat(), **about},
    )


def _register_late(
    registration: Registration, reading: Reading, late: Late, *, actor: Actor, now: datetime
) -> Decided:
    """Register what has happened already: what the gate says now, and what happened under which change."""
    answer = after_the_fact(reading.answer, late)
    deployment = _row(registration, reading, answer, actor=actor, now=now)
    if answer.allowed:
        refused = start_change(deployment, actor=actor, now=now)
        if refused:
            answer = not_after_all(answer, refused)
            _put(deployment, answer, now)
    deployment.registration = Deployment.Registration.LATE
    deployment.state = late.outcome or "deploying"
    deployment.percent = 100 if late.outcome == "succeeded" else 0
    deployment.started_at, deployment.finished_at = late.started_at, late.finished_at
    if not answer.allowed:
        # Under whatever change it named: it was not let pass under that one.
        deployment.change = None
        deployment.change_content_hash = ""
    deployment.save(force_insert=True)
    tell(deployment, "registered", actor=actor, now=now, data={"codes": _codes(answer), "late": True})
    if not answer.allowed:
        emergency_opened(deployment, late, actor=actor, now=now)
        save(deployment, now)
    elif late.outcome == "succeeded":
        deployment.refresh_from_db(fields=["change"])  # it has started meanwhile
        complete_change(deployment, actor=actor, now=now)
    return Decided(deployment, answer)


def _with_opened_change(asked: Asked, *, actor: Actor, now: datetime) -> tuple[Reading, GateAnswer]:
    """Open the standard change, and decide again with it. Two pipelines at once open one."""
    opens = read(asked, now=now).answer.opens
    if opens is not None:
        ChangeTemplate.objects.select_for_update().get(pk=opens.id)
        # Whoever held the lock before may have opened the change that is looked for.
        opens = read(asked, now=now).answer.opens
    if opens is not None:
        change = change_open_for_pipeline(actor=actor, now=now, template=opens.slug, asked=asked)
        asked = replace(asked, change=change.key)
    reading = read(asked, now=now, lock=True)
    return reading, reading.answer


def _row(
    registration: Registration, reading: Reading, answer: GateAnswer, *, actor: Actor, now: datetime
) -> Deployment:
    asked = registration.asked
    deployment = Deployment(
        service_id=reading.service_id,
        environment_id=reading.environment_id,
        release=asked.release.version,
        commit=asked.release.commit,
        artifact_digest=asked.release.artifact_digest,
        environment_url=registration.environment_url,
        pipeline=dict(registration.pipeline),
        checks=dict(asked.release.checks),
        policy_hash=asked.release.policy_hash,
        change_named=asked.change.upper(),
        registered_by_id=UUID(actor.id) if actor.is_service_account else None,
        registered_at=now,
        updated_at=now,
    )
    _put(deployment, answer, now)
    return deployment


def _put(deployment: Deployment, answer: GateAnswer, now: datetime) -> None:
    deployment.decision = Deployment.Decision(answer.decision.value)
    deployment.reasons = [reason.as_dict() for reason in answer.reasons]
    deployment.decided_at = now
    deployment.standard_hash = answer.standard_hash
    if answer.glass is not None:
        # Whatever change it asked for: what passes through the glass is reviewed with the glass.
        deployment.break_glass_id = answer.glass.id
        deployment.change_id = answer.glass.change
        deployment.change_content_hash = ""
    if answer.change is not None and deployment.change_id is None:
        deployment.change_id = answer.change.id
        deployment.change_content_hash = answer.change.content_hash


def _record_passed(deployment: Deployment, answer: GateAnswer, *, actor: Actor, now: datetime) -> None:
    """Write an audit entry for each freeze that an allowed deployment was let pass; usually there is none."""
    for freeze in answer.passed if answer.allowed else ():
        audit_record(
            actor=actor,
            now=now,
            action=f"{KIND}.freeze_passed",
            object_kind=KIND,
            object_key=deployment.key,
            data={"freeze": freeze.key, "change": f"CHG-{deployment.change_id}"},
        )


def _differs(deployment: Deployment, answer: GateAnswer) -> bool:
    reasons = [reason.as_dict() for reason in answer.reasons]
    bound = answer.change is not None and deployment.change_id != answer.change.id
    return bound or deployment.decision != answer.decision.value or deployment.reasons != reasons


def _codes(answer: GateAnswer) -> list[str]:
    return sorted({reason.code for reason in answer.reasons})
