"""Ticks, topics and audit actions of escalations."""

from __future__ import annotations

from datetime import timedelta

from incidents.services.automation.setting_off import responses_set_off
from incidents.services.escalation.raising import escalation_undelivered
from incidents.services.escalation.watching import escalations_check
from incidents.services.response.moving import incident_acknowledge
from opsportal.audit.actions import register_all
from opsportal.core.actor import Actor
from opsportal.core.errors import Refusal
from opsportal.core.keys import number_of
from opsportal.core.ports import worker_checks
from opsportal.outbox import topics
from opsportal.outbox.ticks import expect
from opsportal.outbox.topics import Message


def on_page_acknowledged(message: Message) -> None:
    """Acknowledge the incident whose page somebody answered; as themselves, and only once."""
    number = number_of(str(message.payload["reference"]), "INC")
    if number is None:
        return
    person = str(message.payload["user"])
    try:
        incident_acknowledge(actor=Actor.user(person), now=message.now, pk=number)
    except Refusal:
        # Somebody was faster, or it is over: the answer has come to nothing, and the page is ended already.
        return


def on_page_failed(message: Message) -> None:
    """Tell the next ones at once, where none of those who were told can be reached."""
    number = number_of(str(message.payload["reference"]), "INC")
    if number is not None:
        escalation_undelivered(now=message.now, incident_id=number)


def on_alerts_joined(message: Message) -> None:
    """Set off what the standard answers these alerts with."""
    responses_set_off(
        now=message.now, incident_id=message.payload["incident"], alerts=message.payload["alerts"]
    )


def register() -> None:
    """Register what this area does by itself, and listen to its topics."""
    expect(
        "incidents.escalate",
        every=timedelta(seconds=2),
        without_it="nobody is told of incidents that nobody acknowledges",
    )
    expect(
        "incidents.escalation_watch",
        every=timedelta(seconds=15),
        without_it="nobody notices an escalation that stands still",
    )
    expect(
        "incidents.respond",
        every=timedelta(seconds=2),
        without_it="nothing is done by itself in incidents",
    )
    topics.on("incidents.alerts.joined", "incidents.set_off", on_alerts_joined)
    topics.on("notify.page.failed", "incidents.undelivered", on_page_failed)
    topics.on("notify.page.acknowledged", "incidents.acknowledged", on_page_acknowledged)
    worker_checks.add("escalations", escalations_check)
    register_all(
        {
            "escalation.opened": "began telling people",
            "escalation.told": "told people of the incident",
            "escalation.passed": "passed a step that reaches nobody",
            "escalation.nobody": "found nobody to tell",
            "escalation.held": "held it for working hours",
            "escalation.lapsed": "let an acknowledgement lapse, and tells people again",
            "escalation.replanned": "fitted whom it tells to the severity",
            "escalation.acknowledged": "stopped telling people: it is acknowledged",
            "escalation.acknowledged_by_one": "noted one acknowledgement of several",
            "escalation.stopped": "stopped telling people",
            "response.set_off": "was answered by itself",
            "response.called": "handed an action over",
            "response.succeeded": "had an action done",
            "response.failed": "could not have an action done",
            "response.told": "told people by itself",
            "response.late": "was late with an automated response",
            "response.ended": "ended an automated response",
            "response.stopped": "stopped an automated response",
            "response.target_set": "said which webhook does an action",
            "escalation_policy.created": "wrote an escalation policy",
            "escalation_policy.edited": "changed an escalation policy",
            "escalation_policy.retired": "retired an escalation policy",
            "escalation_policy.reinstated": "put an escalation policy in use again",
            "escalation_policy.assigned": "gave a service its escalation policy",
        }
    )
