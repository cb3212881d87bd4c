"""Push to a phone: ntfy and Pushover."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings

from opsportal.notify.channels.base import AddressRefusedError, Envelope, RefusedError
from opsportal.notify.channels.email import one_line
from opsportal.notify.channels.http import (
    FORM_TYPE,
    JSON_TYPE,
    as_json,
    clean_pattern,
    hand_over,
    json_of,
    readable,
)

_TOPIC = re.compile(r"[A-Za-z0-9_-]{8,64}")
_PUSHOVER_KEY = re.compile(r"[A-Za-z0-9]{30}")


class NtfyWay:
    """A topic on the organisation's ntfy server, or on ntfy.sh. Its name is all that protects it."""

    title = "Push by ntfy"
    hint = "A topic of your own that nobody guesses, 8 characters at least"
    for_people = for_targets = True
    own_circuit = False
    tries = 3

    def clean(self, address: object) -> str:
        return clean_pattern(
            address,
            _TOPIC,
            detail="A topic has 8 to 64 letters, digits, hyphens and underscores.",
        )

    def is_configured(self) -> bool:
        return bool(settings.NTFY_URL)

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> str:
        """Publish `envelope`; the receipt is the message's id there."""
        actions = []
        if envelope.ack_link:
            actions.append({"action": "view", "label": "Acknowledge", "url": envelope.ack_link})
        message = {
            "topic": envelope.address,
            "title": readable(one_line(envelope.subject), 250),
            "message": readable(envelope.body) or "-",
            "priority": 5 if envelope.urgent else 3,
            "click": envelope.link or settings.PUBLIC_URL,
            "actions": actions,
        }
        token = {"Authorization": f"Bearer {settings.NTFY_TOKEN}"} if settings.NTFY_TOKEN else {}
        answer = hand_over(
            f"{settings.NTFY_URL}/",
            as_json(message),
            {**JSON_TYPE, **token},
            before_hand_over=before_hand_over,
            own_circuit=False,
        )
        return str(json_of(answer).get("id", ""))


class PushoverWay:
    """One person's Pushover, by the key that the app shows them."""

    title = "Push by Pushover"
    hint = "Your user key, 30 letters and digits"
    for_people = for_targets = True
    own_circuit = False
    tries = 3

    def clean(self, address: object) -> str:
        return clean_pattern(address, _PUSHOVER_KEY, detail="A Pushover key has 30 letters and digits.")

    def is_configured(self) -> bool:
        return bool(settings.PUSHOVER_TOKEN)

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> str:
        """Send `envelope`, urgent ones past the phone's quiet hours; the receipt is Pushover's request."""
        link = envelope.ack_link or envelope.link
        fields = {
            "token": settings.PUSHOVER_TOKEN,
            "user": envelope.address,
            "title": readable(one_line(envelope.subject), 250),
            "message": readable(envelope.body, 1000) or "-",
            "priority": "1" if envelope.urgent else "0",
        }
        if link:
            fields |= {"url": link, "url_title": "Acknowledge" if envelope.ack_link else "Open"}
        try:
            answer = hand_over(
                f"{settings.PUSHOVER_API}/1/messages.json",
                urlencode(fields).encode(),
                FORM_TYPE,
                before_hand_over=before_hand_over,
                own_circuit=False,
            )
        except RefusedError as error:
            if error.code == "http 400":  # the user key, since the rest is ours
                raise AddressRefusedError(error.code) from error
            raise
        return str(json_of(answer).get("request", ""))
