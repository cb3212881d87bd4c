"""What pipelines report of a deployment, and what they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from changes.gate import Candidate, GateInput, gate_facts
from changes.models import Deployment, DeploymentEvent
from changes.rollout import Action, Advice, Effect, Standing, advise
from changes.services.deployment_changes import complete_change, end_opened, note_roll_back, start_change
from changes.services.deployment_fields import Reported, check_metrics, clean_report
from changes.services.deployments import locked_anew, save, take_answer, tell
from changes.services.gate import Reading
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.statements import Objects, Statement
from opsportal.core.writes import write
from opsportal.standards.selectors import standard_by_hash

AHEAD = timedelta(minutes=5)
"""How far a pipeline's clock may be ahead of ours."""
BEHIND = timedelta(days=1)


_BY_NUMBER = Objects(
    lambda marks: Deployment.objects.select_related("service", "environment").filter(
        pk=marks.number("number")
    )
)


_STARTED = Statement(
    lambda marks: DeploymentEvent.objects.filter(
        deployment=marks.number("deployment"), event="started"
    ).values_list("pk")[:1]
)
_RECALLED = Statement(
    lambda marks: DeploymentEvent.objects.filter(
        deployment=marks.number("deployment"), action=Action.ROLL_BACK.value
    ).values_list("pk")[:1]
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the pipeline is told, and the deployment after its report. `replayed`: the report came before."""

    deployment: Deployment
    action: str
    reasons: tuple[dict[str, str], ...]
    effect: str
    replayed: bool = False


def deployment_report(*, actor: Actor, now: datetime, number: int, body: Mapping[str, Any]) -> Told:
    """Take a report on a deployment, and return what the pipeline does next.

    `started` is decided again under lock, and moves an approved or scheduled change (or an emergency
    ahead of its approval, where the standard permits it) to implementing; the last `succeeded` that
    the change needs makes it implemented. A report that comes twice, late or out of order changes
    nothing; one with an `id` that came before gets the same answer again. Raises `NotFound`,
    `Forbidden`, `InvalidInput`, `Conflict` (`event_conflict`: the id came with another content) and
    `Unavailable`.
    """
    reported = clean_report(body)
    with write(actor=actor, now=now):
        require(actor, "deployment.report")
        seen = _BY_NUMBER.first(number=number)
        if seen is None:
            raise NotFound("There is no such deployment.")
        deployment, reading = locked_anew(seen, now=now)
        _check_time(reported, deployment, now)
        standard = standard_by_hash(deployment.standard_hash)
        check_metrics(reported.report.metrics, standard)
        before = _came_before(deployment, reported)
        if before is not None:
            return Told(deployment, before.action, tuple(before.reasons), before.effect, replayed=True)
        question = _question(deployment, reading)
        if reported.report.event == "started":
            _decide_again(deployment, reading, question, actor=actor, now=now)
        advice = _advise(deployment, question, reported)
        advice = _carry_out(deployment, advice, reported, actor=actor, now=now)
        return _keep(deployment, advice, reported, now)


def _check_time(reported: Reported, deployment: Deployment, now: datetime) -> None:
    if reported.at is None:
        return
    if reported.at > now + AHEAD:
        raise InvalidInput.of(
            "at", "in_the_future", "This time has not come yet. Check the pipeline's clock."
        )
    if reported.at < deployment.registered_at - BEHIND:
        raise InvalidInput.of("at", "too_early", "This is before the deployment was registered.")


def _came_before(deployment: Deployment, reported: Reported) -> DeploymentEvent | None:
    if not reported.id:
        return None
    event = DeploymentEvent.objects.filter(deployment=deployment, external_id=reported.id).first()
    if event is None:
        return None
    report = reported.report
    same = (event.event, event.percent, event.metrics) == (report.event, report.percent, dict(report.metrics))
    if not same or (reported.at is not None and reported.at != event.at):
        raise Conflict(f"The id {reported.id} came before with another report.", code="event_conflict")
    return event


def _question(deployment: Deployment, reading: Reading) -> GateInput:
    """Return what the gate is asked again: of the deployment's own change, of any only while it waits."""
    if deployment.change_id is None and deployment.decision != Deployment.Decision.PENDING:
        return replace(reading.question, candidates=())
    return reading.question


def _decide_again(
    deployment: Deployment, reading: Reading, question: GateInput, *, actor: Actor, now: datetime
) -> None:
    if deployment.state != "registered" or deployment.decision not in ("allowed", "pending"):
        return
    answer = replace(reading, question=question).answer
    if (
        answer.decision.value != deployment.decision
        or answer.standard_hash != deployment.standard_hash
        or (answer.change is not None and deployment.change_id is None)
    ):
        take_answer(deployment, answer, actor=actor, now=now)


def _advise(deployment: Deployment, question: GateInput, reported: Reported) -> Advice:
    change = _change_of(deployment, question)
    allowed = deployment.decision == Deployment.Decision.ALLOWED
    standing = Standing(
        state=deployment.state,
        reached=deployment.percent,
        allowed=allowed,
        obeyed=allowed or not any(_STARTED.rows(deployment=deployment.pk)),
        held=change is not None and change.held,
        recalled=any(_RECALLED.rows(deployment=deployment.pk)),
        change=change.key if change else "",
    )
    facts = gate_facts(question, change.facts if change else None)
    return advise(standing, reported.report, standard_by_hash(deployment.standard_hash), facts)


def _change_of(deployment: Deployment, question: GateInput) -> Candidate | None:
    return next((one for one in question.candidates if one.id == deployment.change_id), None)


def _carry_out(
    deployment: Deployment, advice: Advice, reported: Reported, *, actor: Actor, now: datetime
) -> Advice:
    """Move the deployment and its change, and return the advice: hold where the change cannot start."""
    event = reported.report.event
    if advice.effect is Effect.FLAGGED:
        codes = sorted({reason.code for reason in advice.reasons})
        tell(deployment, "flagged", actor=actor, now=now, data={"event": event, "codes": codes})
        return advice
    if (advice.state, advice.reached) == (deployment.state, deployment.percent):
        return advice
    if event == "started":
        refused = start_change(deployment, actor=actor, now=now)
        if refused:
            return replace(
                advice,
                action=Action.HOLD,
                reasons=refused,
                effect=Effect.FLAGGED,
                state=deployment.state,
            )
        deployment.started_at = now
    before = deployment.state
    deployment.state, deployment.percent = advice.state, advice.reached
    if event in ("succeeded", "failed", "rolled_back"):
        deployment.finished_at = now
    save(deployment, now)
    name = "rolled_out" if event == "rollout" else event
    tell(
        deployment,
        name,
        actor=actor,
        now=now,
        data={"percent": deployment.percent, "told": advice.action.value},
    )
    if event == "succeeded":
        complete_change(deployment, actor=actor, now=now)
    if event == "rolled_back" and before == "succeeded":
        note_roll_back(deployment, actor=actor, now=now)
    elif event in ("failed", "rolled_back"):
        end_opened(deployment, actor=actor, now=now)
    return advice


def _keep(deployment: Deployment, advice: Advice, reported: Reported, now: datetime) -> Told:
    reasons = [reason.as_dict() for reason in advice.reasons]
    if deployment.decision != Deployment.Decision.ALLOWED:
        reasons += [reason for reason in deployment.reasons if reason not in reasons]
    report = reported.report
    DeploymentEvent.objects.create(
        deployment=deployment,
        event=report.event,
        percent=report.percent,
        metrics=dict(report.metrics),
        external_id=reported.id or None,
        at=reported.at or now,
        received_at=now,
        effect=advice.effect.value,
        action=advice.action.value,
        reasons=reasons,
    )
    return Told(deployment, advice.action.value, tuple(reasons), advice.effect.value)
