"""Every way beside e-mail, in the order in which pages offer them."""

from __future__ import annotations

from opsportal.notify.channels.base import ways
from opsportal.notify.channels.chat import MattermostWay, TeamsWay
from opsportal.notify.channels.pagerduty import PagerDutyWay
from opsportal.notify.channels.push import NtfyWay, PushoverWay
from opsportal.notify.channels.slack import SlackWay
from opsportal.notify.channels.twilio import SmsWay, VoiceWay
from opsportal.notify.channels.webhook import WebhookWay


def register_ways() -> None:
    """Let pages go by them. Those without their settings stay known: what waits for one is not lost."""
    ways.add("ntfy", NtfyWay())
    ways.add("pushover", PushoverWay())
    ways.add("slack", SlackWay())
    ways.add("sms", SmsWay())
    ways.add("voice", VoiceWay())
    ways.add("teams", TeamsWay())
    ways.add("mattermost", MattermostWay())
    ways.add("pagerduty", PagerDutyWay())
    ways.add("webhook", WebhookWay())
