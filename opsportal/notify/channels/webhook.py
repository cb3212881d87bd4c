"""A program that listens: one signed request for each message (Standard Webhooks)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from opsportal.core.signatures import signed_headers
from opsportal.notify.channels.base import Envelope, RefusedError
from opsportal.notify.channels.http import JSON_TYPE, as_json, clean_url, hand_over


class WebhookWay:
    """Posts JSON. The signature covers id, time and body; the id is the same at every repeat."""

    title = "Signed webhook"
    hint = "https://hooks.example.org/pages"
    for_people = False
    for_targets = True
    own_circuit = True
    tries = 3

    def clean(self, address: object) -> str:
        return clean_url(address)

    def is_configured(self) -> bool:
        return True

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> str:
        """Post `envelope`; the receipt is the id that the receiver saw."""
        if not envelope.secrets or envelope.now is None:
            raise RefusedError("no_secret")
        body = as_json(
            {
                "type": "page",
                "timestamp": envelope.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "data": {
                    "reference": envelope.reference,
                    "about": envelope.about,
                    "subject": envelope.subject,
                    "body": envelope.body,
                    "url": envelope.link,
                    "urgent": envelope.urgent,
                },
            }
        )
        identifier = str(envelope.delivery_id)
        signed = signed_headers(body, message_id=identifier, at=envelope.now, secrets=envelope.secrets)
        hand_over(
            envelope.address,
            body,
            {**JSON_TYPE, **signed, "User-Agent": "opsportal"},
            before_hand_over=before_hand_over,
            own_circuit=True,
        )
        return identifier
