"""Another alarm system: PagerDuty's Events API, version 2."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings

from opsportal.notify.channels.base import Envelope
from opsportal.notify.channels.email import one_line
from opsportal.notify.channels.http import JSON_TYPE, as_json, clean_pattern, hand_over, json_of, readable

_KEY = re.compile(r"[A-Za-z0-9]{32}")


class PagerDutyWay:
    """Opens an alert there. Its key is the reference, so that a repeat joins the alert that is open."""

    title = "PagerDuty"
    hint = "The integration key, 32 letters and digits"
    for_people = False
    for_targets = True
    own_circuit = False
    tries = 3

    def clean(self, address: object) -> str:
        return clean_pattern(address, _KEY, detail="A PagerDuty integration key has 32 letters and digits.")

    def is_configured(self) -> bool:
        return True

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> str:
        """Send a trigger; the receipt is the alert's key there."""
        links = [{"href": envelope.link, "text": "Open in the portal"}] if envelope.link else []
        body = as_json(
            {
                "routing_key": envelope.address,
                "event_action": "trigger",
                "dedup_key": envelope.reference or str(envelope.delivery_id),
                "client": "opsportal",
                "client_url": settings.PUBLIC_URL,
                "links": links,
                "payload": {
                    "summary": readable(one_line(envelope.subject), 1024),
                    "source": envelope.about or envelope.reference or "opsportal",
                    "severity": "critical" if envelope.urgent else "warning",
                    "custom_details": {"body": readable(envelope.body)},
                },
            }
        )
        answer = hand_over(
            f"{settings.PAGERDUTY_EVENTS}/v2/enqueue",
            body,
            JSON_TYPE,
            before_hand_over=before_hand_over,
            own_circuit=False,
        )
        return str(json_of(answer).get("dedup_key", ""))
