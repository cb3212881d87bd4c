"""Rooms of a chat that take messages at an address of their own: Mattermost and Microsoft Teams."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from opsportal.notify.channels.base import ChannelAwayError, Envelope
from opsportal.notify.channels.http import JSON_TYPE, as_json, clean_url, hand_over, readable, text_of

# What would be laid out, mention everybody, or fetch a picture. A word joiner shows nothing, and parts it.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~>])")
_JOINER = "\u2060"


class _RoomWay:
    """What both have in common: the address is the secret, and each room fails by itself."""

    hint = "The address of the room's incoming webhook"
    for_people = False
    for_targets = True
    own_circuit = True
    tries = 3

    def clean(self, address: object) -> str:
        return clean_url(address)

    def is_configured(self) -> bool:
        return True


class MattermostWay(_RoomWay):
    title = "Mattermost"

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> str:
        """Post `envelope` as text in which nothing of it is laid out. Mattermost gives no receipt."""
        said = _plain_markdown(text_of(envelope).removesuffix(envelope.link).rstrip())
        body = as_json({"text": "\n".join(part for part in (said, envelope.link) if part)})
        hand_over(envelope.address, body, JSON_TYPE, before_hand_over=before_hand_over, own_circuit=True)
        return ""


class TeamsWay(_RoomWay):
    title = "Microsoft Teams"
    hint = "The address of a Teams workflow that posts a card"

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> str:
        """Post `envelope` as an adaptive card; the receipt is the workflow's run, where it is named."""
        answer = hand_over(
            envelope.address,
            as_json(_card(envelope)),
            JSON_TYPE,
            before_hand_over=before_hand_over,
            own_circuit=True,
        )
        # The older connectors answer 200 and tell in the text that they were asked too often.
        if b"HTTP error 429" in answer.body:
            raise ChannelAwayError("http 429")
        return answer.headers.get("x-ms-workflow-run-id", "")


def _card(envelope: Envelope) -> dict[str, Any]:
    text = {"type": "TextBlock", "wrap": True}
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {**text, "text": _plain_markdown(readable(envelope.subject, 300)), "weight": "Bolder"},
            {**text, "text": _plain_markdown(readable(envelope.body))},
        ],
    }
    if envelope.link:
        content["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": envelope.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    return {"type": "message", "attachments": [attachment]}


def _plain_markdown(text: str) -> str:
    """Return `text` so that Markdown shows it as it is and `@all` calls nobody."""
    return _MARKDOWN.sub(r"\\\1", text).replace("@", f"@{_JOINER}").replace("<", f"<{_JOINER}")
