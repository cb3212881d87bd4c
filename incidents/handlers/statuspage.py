"""The status page follows changes and incidents."""

from __future__ import annotations

from datetime import timedelta

from incidents.services.statuspage import maintenance_follow
from incidents.services.statuspage.maintenance import ACTOR
from incidents.services.statuspage.publishing import notice_follow
from opsportal.audit.actions import register_all
from opsportal.outbox.ticks import expect
from opsportal.outbox.topics import Message, on

CHANGE_EVENTS = (
    "scheduled",
    "started",
    "implemented",
    "failed",
    "rolled_back",
    "closed",
    "cancelled",
    "withdrawn",
    "revised",
)


def on_change(message: Message) -> None:
    """Bring the notice of announced work in step with its change."""
    maintenance_follow(now=message.now, key=str(message.payload["key"]))


def on_incident(message: Message) -> None:
    """End the notice of an incident with it, or open it again."""
    event = message.topic.rpartition(".")[2]
    notice_follow(actor=ACTOR, now=message.now, key=str(message.payload["key"]), event=event)


def register() -> None:
    """Register topics, ticks and audit actions of this area."""
    for event in CHANGE_EVENTS:
        on(f"changes.change.{event}", "incidents.maintenance", on_change)
    for event in ("resolved", "merged", "reopened"):
        on(f"incidents.incident.{event}", "incidents.notice", on_incident)
    expect("incidents.status_mail", every=timedelta(seconds=5), without_it="no subscriber gets mail")
    expect(
        "incidents.status_copy",
        every=timedelta(seconds=5),
        without_it="the static copy of the status page is not renewed",
    )
    expect("incidents.status_prune", every=timedelta(hours=1), without_it="the list of sent mails grows")
    register_all(
        {
            "status_component.created": "put it on the status page",
            "status_component.updated": "changed what the status page says of it",
            "status_component.retired": "took it off the status page",
            "status_component.shown": "showed it on the status page again",
            "status_notice.opened": "told the public",
            "status_notice.updated": "told the public more",
            "status_subscriber.asked": "asked an address whether it wants to be told",
            "status_subscriber.confirmed": "subscribed",
            "status_subscriber.chose": "chose what to hear of",
            "status_subscriber.left": "unsubscribed",
        }
    )
