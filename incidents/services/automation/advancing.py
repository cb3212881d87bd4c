"""The tick: each action is handed over by signed webhook, its outcome awaited, and its failure told.

A row is claimed under lock with a lease, the call is made outside of any transaction, and what came of it
is written where the attempt is still ours. A receiver sees the same `webhook-id` at every repeat. Nothing
of it runs inside the portal.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings

from incidents.escalation_matrix import target_named
from incidents.models import Alert, AutomatedResponse, Incident, ResponseTarget
from incidents.responding import LEASE, MOST_TRIES, TO_RETRY, outcome_of
from incidents.selectors.escalation import reached_by, scope_of
from incidents.services.automation.records import ACTOR, record
from incidents.services.automation.tokens import new_token, token_hash
from incidents.services.escalation import escalation_raise
from incidents.states import RESPONSE
from opsportal.core import outbound
from opsportal.core.connections import drop_broken_connection
from opsportal.core.faultpoints import reached
from opsportal.core.signatures import signed_headers
from opsportal.core.writes import write
from opsportal.notify.services import page
from opsportal.notify.services.targets import sealed_of

_BATCH = 50
_BUDGET_SECONDS = 15.0
CALLBACK = "/api/v1/automated-responses/outcome/"

Clock = Callable[[], datetime]
_log = structlog.get_logger(__name__)


class RespondError(Exception):
    """Some responses could not be moved; the others were."""


@dataclass(frozen=True, slots=True)
class Call:
    """A hand-over that is ours for the lease, under this attempt's number."""

    pk: int
    attempt: int
    url: str = field(repr=False)
    secrets: Sequence[str] = field(repr=False)
    body: bytes = field(repr=False)
    message_id: str = ""


def responses_advance(*, clock: Clock) -> int:
    """Move every response that is due, for 15 s at most; return how many moves were made.

    `clock` is the database's (aware UTC). Raises `RespondError` at the end where one of them failed.
    """
    stop_at = time.monotonic() + _BUDGET_SECONDS
    moved, failed = 0, set[int]()
    while time.monotonic() < stop_at:
        rows = AutomatedResponse.objects.filter(due_at__lte=clock()).exclude(pk__in=failed)
        due = list(rows.order_by("due_at", "id").values_list("pk", "incident_id")[:_BATCH])
        progress = 0
        for pk, incident in due:
            try:
                progress += _advance(pk, incident, clock)
            except Exception:  # noqa: BLE001 - logged; one bad row must not hold up the others
                _log.exception("incidents.respond_failed", response=pk)
                drop_broken_connection()
                failed.add(pk)
        moved += progress
        if not progress:
            break
    if failed:
        raise RespondError(f"{len(failed)} automated responses could not be moved")
    return moved


def _advance(pk: int, incident_id: int, clock: Clock) -> int:
    now = clock()
    with write(actor=ACTOR, now=now):
        response = _claimed(pk, incident_id, now)
        if response is None:
            return 0
        call = _next(response, now)
        response.save()
    if call is not None:
        reached("respond.claimed")
        outcome, detail, again = _hand_over(call, clock())
        _record(call, outcome, detail, again, clock())
    return 1


def _claimed(pk: int, incident_id: int, now: datetime) -> AutomatedResponse | None:
    incident = (
        Incident.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=incident_id).first()
    )
    if incident is None:
        return None
    response = (
        AutomatedResponse.objects.select_for_update(of=("self",)).filter(pk=pk, due_at__lte=now).first()
    )
    if response is not None:
        response.incident = incident
    return response


def _next(response: AutomatedResponse, now: datetime) -> Call | None:
    """Decide what a due response does now; return the call that is to be made, if any."""
    if not response.incident.is_open:
        end(response, "stop", now, "The incident is over, so nothing more is done by itself.")
        return None
    if response.state == "waiting":
        if not Alert.objects.filter(pk=response.alert, state="firing").exists():
            end(response, "stop", now, "What set it off did not last, so nothing is done by itself.")
            return None
        response.state = RESPONSE.move(response.state, "begin")
        response.deadline_at = now + timedelta(seconds=response.plan["timeout"])
    if response.deadline_at is not None and now >= response.deadline_at:
        end(response, "overrun", now, "It is late: not all of it was done in time. People are told.")
        return None
    actions = response.plan["actions"]
    if response.step >= len(actions):
        verb = "fail" if response.failures else "finish"
        words = "Done, but not all of it." if response.failures else "All of it is done."
        end(response, verb, now, words)
        return None
    action = actions[response.step]
    if action["tell"]:
        _tell(response, action, now)
        return None
    return _call(response, action["id"], now)


def _tell(response: AutomatedResponse, action: dict[str, Any], now: datetime) -> None:
    incident = response.incident
    targets = [target_named(who) for who in action["tell"]]
    found = reached_by(targets, scope_of(incident), now, incident)
    page(
        now=now,
        page_key=f"response:{response.pk}:{response.step}",
        recipients=list(found.people),
        subject=f"{incident.key}: {response.title}",
        body="The portal answers this incident by itself, and you are told of it.",
        url=f"/incidents/{incident.key}/",
        about=incident.key,
        reference=incident.key,
    )
    if found.people:
        record(
            response,
            actor=ACTOR,
            now=now,
            kind="told",
            action=action["id"],
            text=f"{_words(action['id'])}: {len(found.people)} told.",
        )
        step_done(response, now)
    else:
        fail_step(response, now, f"{_words(action['id'])} reaches nobody.", "nobody")


def _call(response: AutomatedResponse, action: str, now: datetime) -> Call | None:
    target = _target(response.incident, action)
    if target is None:
        fail_step(
            response, now, f"{_words(action)}: no webhook is set for it, so it was not done.", "missing"
        )
        return None
    if response.tries >= MOST_TRIES:
        fail_step(response, now, f"{_words(action)}: nobody answers.", "no_answer")
        return None
    token = new_token()
    response.attempt += 1
    response.tries += 1
    response.token_hash = token_hash(token)
    response.handed_over_at = None
    response.due_at = now + LEASE
    if response.tries == 1:
        record(
            response,
            actor=ACTOR,
            now=now,
            kind="called",
            action=action,
            text=f"{_words(action)}: handed over.",
        )
    incident = response.incident
    scope = scope_of(incident)
    body = {
        "type": "automated_response",
        "timestamp": now.isoformat(),
        "data": {
            "action": action,
            "trigger": response.trigger,
            "incident": incident.key,
            "severity": incident.severity,
            "services": list(scope.services),
            "deadline": response.deadline_at.isoformat() if response.deadline_at else "",
            "callback": {"url": f"{settings.PUBLIC_URL}{CALLBACK}", "token": token},
        },
    }
    sealed = sealed_of(target.target)
    return Call(
        response.pk,
        response.attempt,
        sealed.address,
        sealed.secrets,
        json.dumps(body).encode(),
        f"response-{response.pk}-{response.step}",
    )


def _target(incident: Incident, action: str) -> ResponseTarget | None:
    rows = ResponseTarget.objects.filter(action=action, target__state="on", target__kind="webhook")
    rows = rows.select_related("target")
    direct = rows.filter(service__incidents__incident=incident, service__incidents__effect="direct")
    return direct.order_by("service__slug").first() or rows.filter(service__isnull=True).first()


def _hand_over(call: Call, now: datetime) -> tuple[str, str, bool]:
    """Make the call; return its outcome, a code to keep, and whether it may be tried again."""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "opsportal",
        **signed_headers(call.body, message_id=call.message_id, at=now, secrets=call.secrets),
    }
    try:
        answer = outbound.post(call.url, call.body, headers=headers)
    except outbound.NotAllowedError as error:
        return "failed", error.code, False
    except outbound.OutboundError as error:
        return "failed", error.code, True
    said: dict[str, Any] = {}
    try:
        read = json.loads(answer.body)
        said = read if isinstance(read, dict) else {}
    except (ValueError, RecursionError):
        said = {}
    detail = "" if answer.is_success else f"http {answer.status}"
    return outcome_of(answer.status, said), detail, answer.status >= 500 or answer.status in {408, 425, 429}


def _record(call: Call, outcome: str, detail: str, again: bool, now: datetime) -> None:
    """Write what came of a call, where it is still ours."""
    with write(actor=ACTOR, now=now):
        incident_id = AutomatedResponse.objects.values_list("incident_id", flat=True).get(pk=call.pk)
        incident = Incident.objects.select_for_update(of=("self",)).get(pk=incident_id)
        response = AutomatedResponse.objects.select_for_update(of=("self",)).get(pk=call.pk)
        response.incident = incident
        if response.attempt != call.attempt or response.state != "running":
            return  # it was taken over, its outcome was told already, or a person has stopped it
        action = response.plan["actions"][response.step]["id"]
        if outcome == "succeeded":
            record(
                response,
                actor=ACTOR,
                now=now,
                kind="succeeded",
                action=action,
                text=f"{_words(action)}: done.",
            )
            step_done(response, now)
        elif outcome == "accepted":
            response.handed_over_at = now
            response.due_at = response.deadline_at
        elif again and response.tries < MOST_TRIES:
            response.due_at = min(now + TO_RETRY * response.tries, response.deadline_at or now)
        else:
            fail_step(response, now, f"{_words(action)} failed.", detail)
        response.save()


def step_done(response: AutomatedResponse, now: datetime) -> None:
    """Go on to the next action of a locked response."""
    response.step += 1
    response.attempt += 1
    response.tries = 0
    response.token_hash = ""
    response.handed_over_at = None
    response.due_at = now


def fail_step(response: AutomatedResponse, now: datetime, text: str, detail: str) -> None:
    """Note that an action of a locked response failed, tell people at the first one, and go on."""
    action = response.plan["actions"][response.step]["id"]
    record(response, actor=ACTOR, now=now, kind="failed", action=action, text=text, detail=detail)
    if not response.failures:
        escalation_raise(actor=ACTOR, now=now, incident=response.incident)
    response.failures += 1
    step_done(response, now)


def end(response: AutomatedResponse, verb: str, now: datetime, text: str) -> None:
    """End a locked response; one that is late tells people."""
    response.state = RESPONSE.move(response.state, verb)
    response.due_at, response.ended_at = None, now
    response.token_hash = ""
    kind = {"stop": "stopped", "overrun": "late", "fail": "ended", "finish": "ended"}[verb]
    record(response, actor=ACTOR, now=now, kind=kind, text=f"{response.title}: {text}")
    if verb == "overrun" and not response.failures:
        escalation_raise(actor=ACTOR, now=now, incident=response.incident)


def _words(action: str) -> str:
    words = action.replace("_", " ")
    return words[:1].upper() + words[1:]
