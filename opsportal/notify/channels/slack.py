"""Slack: a bot that writes to people and rooms, with a button that acknowledges."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any

from django.conf import settings

from opsportal.notify.channels.base import (
    AddressRefusedError,
    ChannelAwayError,
    Envelope,
    RefusedError,
    TryAgainError,
)
from opsportal.notify.channels.email import one_line
from opsportal.notify.channels.http import JSON_TYPE, as_json, clean_pattern, hand_over, json_of, readable

ACKNOWLEDGE = "acknowledge"
LONGEST_SKEW = 300
"""Seconds by which the time of a request from Slack may differ from ours: what is older may be a replay."""
_ID = re.compile(r"[UWCGD][A-Z0-9]{6,20}")
_ADDRESS_GONE = {"channel_not_found", "user_not_found", "is_archived", "user_disabled", "not_in_channel"}
_PASSES = {"internal_error", "fatal_error", "request_timeout", "service_unavailable", "ratelimited"}


class SlackWay:
    """Writes as the organisation's bot. People are addressed by their member id, rooms by theirs."""

    title = "Slack"
    hint = "The id that Slack shows in the profile or about the room: U012AB3CD or C012AB3CD"
    for_people = for_targets = True
    own_circuit = False
    tries = 3

    def clean(self, address: object) -> str:
        return clean_pattern(
            address,
            _ID,
            detail="Give the id, like U012AB3CD for a person or C012AB3CD for a room: names change.",
        )

    def is_configured(self) -> bool:
        return bool(settings.SLACK_BOT_TOKEN)

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> str:
        """Write `envelope`; the receipt is the room and the time stamp of the message there."""
        headers = {**JSON_TYPE, "Authorization": f"Bearer {settings.SLACK_BOT_TOKEN}"}
        answer = hand_over(
            f"{settings.SLACK_API}/chat.postMessage",
            as_json(message_of(envelope)),
            headers,
            before_hand_over=before_hand_over,
            own_circuit=False,
        )
        said = json_of(answer)
        if said.get("ok") is not True:
            raise _failure(str(said.get("error", "")))
        return f"{said.get('channel', '')} {said.get('ts', '')}".strip()


def message_of(envelope: Envelope) -> dict[str, Any]:
    """Return the message: all of what people wrote stands in plain text, which Slack lays out in no way."""
    subject = readable(one_line(envelope.subject), 150) or "-"
    blocks: list[dict[str, Any]] = [{"type": "header", "text": {"type": "plain_text", "text": subject}}]
    if body := readable(envelope.body, 2900):
        blocks.append({"type": "section", "text": {"type": "plain_text", "text": body}})
    buttons = []
    if envelope.ack_token:
        buttons.append(
            {
                "type": "button",
                "action_id": ACKNOWLEDGE,
                "text": {"type": "plain_text", "text": "Acknowledge"},
                "style": "primary",
                "value": envelope.ack_token,
            }
        )
    if envelope.link:
        text = {"type": "plain_text", "text": "Open"}
        buttons.append({"type": "button", "action_id": "open", "text": text, "url": envelope.link})
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    return {
        "channel": envelope.address,
        "text": subject.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {
            "event_type": "opsportal_page",
            "event_payload": {"delivery": str(envelope.delivery_id)},
        },
    }


def _failure(error: str) -> RefusedError | TryAgainError | ChannelAwayError:
    known = re.fullmatch(r"[a-z_]{1,40}", error)
    code = f"slack {error}" if known else "slack error"
    if error in _ADDRESS_GONE:
        return AddressRefusedError(code)
    if error == "ratelimited":
        return ChannelAwayError(code)
    if error in _PASSES or not known:
        return TryAgainError(code)
    if error.startswith(("invalid_auth", "not_authed", "token_", "account_inactive", "missing_scope")):
        return ChannelAwayError(code)  # the bot's own: every message fails alike
    return RefusedError(code)


def is_from_slack(body: bytes, *, stamp: str, signature: str, now: float) -> bool:
    """Return whether Slack signed `body` at `stamp`, not long before or after `now` (both in seconds)."""
    secret = settings.SLACK_SIGNING_SECRET
    if not secret or not stamp.isascii() or not stamp.isdecimal() or abs(now - int(stamp)) > LONGEST_SKEW:
        return False
    mac = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"v0={mac}".encode(), signature.encode(errors="replace"))
