"""What people and receivers do about automated responses: tell an outcome, stop one, say who does what."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from incidents.models import AutomatedResponse, Incident, ResponseTarget
from incidents.responding import Outcome
from incidents.services.automation.advancing import fail_step, step_done
from incidents.services.automation.records import ACTOR, record
from incidents.services.automation.setting_off import TICK
from incidents.services.automation.tokens import PREFIX, token_hash
from incidents.services.response.scene import scene_locked
from incidents.states import RESPONSE
from opsportal.audit.services import audit_record
from opsportal.catalog.selectors import services_named
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound, Unauthenticated
from opsportal.core.text import clean_text
from opsportal.core.writes import write
from opsportal.notify.models import ChannelTarget
from opsportal.outbox.services import wakeup


def response_outcome(*, now: datetime, token: str, outcome: Outcome, detail: object = "") -> None:
    """Note what a receiver says came of the action that this token stands for; once.

    Raises `Unauthenticated` for a token that stands for nothing (any more), and `InvalidInput`.
    """
    said = clean_text(detail, field="detail", max_length=300)
    with write(actor=ACTOR, now=now):
        found = (
            AutomatedResponse.objects.filter(token_hash=token_hash(token), state="running").first()
            if token.startswith(PREFIX)
            else None
        )
        if found is None:
            raise Unauthenticated("This token stands for no action that is under way.")
        incident = Incident.objects.select_for_update(of=("self",)).get(pk=found.incident_id)
        response = AutomatedResponse.objects.select_for_update(of=("self",)).get(pk=found.pk)
        if response.token_hash != found.token_hash or response.state != "running":
            raise Unauthenticated("This token stands for no action that is under way.")
        response.incident = incident
        action = response.plan["actions"][response.step]["id"]
        words = action.replace("_", " ")
        if outcome == "succeeded":
            record(
                response,
                actor=ACTOR,
                now=now,
                kind="succeeded",
                action=action,
                text=f"{words[:1].upper()}{words[1:]}: done.",
                detail=said,
            )
            step_done(response, now)
        else:
            fail_step(response, now, f"{words[:1].upper()}{words[1:]} failed.", said)
        response.save()
        transaction.on_commit(partial(wakeup.ask, TICK), robust=True)


def response_stop(*, actor: Actor, now: datetime, pk: int) -> AutomatedResponse:
    """Let nothing more of an automated response be done, and return it. What was handed over is not undone.

    Raises `NotFound`, `Forbidden`, and `IllegalMove` where it has ended.
    """
    with write(actor=actor, now=now):
        found = AutomatedResponse.objects.filter(pk=pk).first()
        if found is None:
            raise NotFound("There is no such automated response.")
        scene = scene_locked(found.incident_id, actor=actor, now=now)
        scene.require(actor, "update", now)
        response = AutomatedResponse.objects.select_for_update(of=("self",)).get(pk=pk)
        response.incident = scene.incident
        response.state = RESPONSE.move(response.state, "stop")
        response.due_at, response.ended_at, response.token_hash = None, now, ""
        response.attempt += 1
        record(response, actor=actor, now=now, kind="stopped", text=f"{response.title}: stopped by a person.")
        response.save()
        return response


def response_target_set(
    *, actor: Actor, now: datetime, action: object, target: str, service: str = ""
) -> None:
    """Say which webhook (the slug of a channel target) does an action, for one service or for all others.

    An empty `target` takes it away. Raises `Forbidden` and `InvalidInput`.
    """
    with write(actor=actor, now=now):
        require(actor, "escalation_policy.write")
        name = clean_text(action, field="action", max_length=60, required=True, lines=False)
        place = services_named([service]).get(service) if service else None
        if service and place is None:
            raise InvalidInput.of("service", "unknown", "There is no such service.")
        wanted = (
            ChannelTarget.objects.filter(slug=target, kind="webhook", state="on").first() if target else None
        )
        if target and wanted is None:
            raise InvalidInput.of("target", "unknown", "There is no such signed webhook in use.")
        row = ResponseTarget.objects.select_for_update().filter(action=name, service=place).first()
        if wanted is None:
            if row is None:
                return
            row.delete()
        else:
            row = row or ResponseTarget(action=name, service=place)
            if row.target_id == wanted.pk:
                return
            row.target = wanted
            row.save()
        audit_record(
            actor=actor,
            now=now,
            action="response.target_set",
            object_kind="response_action",
            object_key=name,
            data={"service": service, "target": target},
        )
