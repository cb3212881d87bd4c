"""Text messages and calls by Twilio."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

from django.conf import settings

from opsportal.core import outbound
from opsportal.notify.channels.base import (
    AddressRefusedError,
    ChannelAwayError,
    Envelope,
    RefusedError,
    TryAgainError,
)
from opsportal.notify.channels.email import one_line
from opsportal.notify.channels.http import FORM_TYPE, clean_pattern, failure_of, json_of, readable

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_SPACES = re.compile(r"[\s()./-]")
# twilio.com/docs/api/errors: not a number, not reachable from here, a landline, the receiver said stop.
_ADDRESS_REFUSED = {21211, 21214, 21217, 21408, 21421, 21610, 21614, 13223, 13224}
_LONGEST_TEXT = 320


class _TwilioWay:
    """What a text and a call have in common: the number, the account, and how Twilio says no."""

    hint = "+49 151 12345678, with the country's code"
    for_people = True
    for_targets = False
    own_circuit = False
    tries = 3

    def clean(self, address: object) -> str:
        bare = _SPACES.sub("", address) if isinstance(address, str) else address
        return clean_pattern(
            bare, _NUMBER, detail="Give the number with its country's code: +49 151 12345678."
        )

    def is_configured(self) -> bool:
        return bool(settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN and settings.TWILIO_FROM)

    def _create(self, what: str, fields: Mapping[str, str], before_hand_over: Callable[[], None]) -> str:
        account = settings.TWILIO_ACCOUNT_SID
        login = base64.b64encode(f"{account}:{settings.TWILIO_AUTH_TOKEN}".encode()).decode()
        url = f"{settings.TWILIO_API}/2010-04-01/Accounts/{account}/{what}.json"
        headers = {**FORM_TYPE, "Authorization": f"Basic {login}"}
        try:
            answer = outbound.post(
                url, urlencode(fields).encode(), headers=headers, before_hand_over=before_hand_over
            )
        except outbound.NotAllowedError as error:
            raise RefusedError(error.code) from error
        except outbound.NotReachedError as error:
            raise ChannelAwayError(error.code) from error
        except outbound.NoAnswerError as error:
            raise TryAgainError(error.code, slow=True) from error
        said = json_of(answer)
        if answer.is_success:
            return str(said.get("sid", ""))
        code = said.get("code")
        if isinstance(code, int) and code in _ADDRESS_REFUSED:
            raise AddressRefusedError(f"twilio {code}")
        raise failure_of(answer, own_circuit=False)


class SmsWay(_TwilioWay):
    """A text. Its receiver acknowledges by the link, or by answering `ack`."""

    title = "Text message"

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> str:
        """Send `envelope`; the receipt is Twilio's id of the message."""
        said = readable(one_line(f"{envelope.subject}. {envelope.body}"), _LONGEST_TEXT)
        how = f"\nAnswer ACK or open {envelope.ack_link}" if envelope.ack_link else ""
        sender = settings.TWILIO_FROM
        origin = {"MessagingServiceSid": sender} if sender.startswith("MG") else {"From": sender}
        return self._create(
            "Messages", {"To": envelope.address, "Body": said + how, **origin}, before_hand_over
        )


class VoiceWay(_TwilioWay):
    """A call that reads the subject out, twice, and is acknowledged by pressing 4."""

    title = "Call"

    def is_configured(self) -> bool:
        return super().is_configured() and bool(settings.TWILIO_VOICE_FROM)

    def send(self, envelope: Envelope, *, before_hand_over: Callable[[], None]) -> str:
        """Call; the receipt is Twilio's id of the call."""
        fields = {"To": envelope.address, "From": settings.TWILIO_VOICE_FROM, "Twiml": spoken(envelope)}
        return self._create("Calls", fields, before_hand_over)


ACKNOWLEDGE_DIGIT = "4"


def spoken(envelope: Envelope) -> str:
    """Return what the call says, as TwiML; nothing of what people wrote can become an instruction."""
    text = escape(readable(one_line(f"{envelope.subject}. {envelope.body}"), 600))
    if not envelope.ack_token:
        return f'<Response><Say loop="2">{text}</Say></Response>'
    action = quoteattr(f"{settings.PUBLIC_URL}/hooks/twilio/call/{envelope.ack_token}/")
    ask = f"Press {ACKNOWLEDGE_DIGIT} to acknowledge."
    return (
        f'<Response><Gather numDigits="1" timeout="10" method="POST" action={action}>'
        f'<Say loop="2">This is the operations portal. {text} {ask}</Say></Gather>'
        "<Say>Nothing was pressed. Goodbye.</Say></Response>"
    )


def is_from_twilio(url: str, fields: Mapping[str, str], *, signature: str) -> bool:
    """Return whether Twilio signed a form that it posted to `url`, the address as Twilio knows it."""
    token = settings.TWILIO_AUTH_TOKEN
    if not token:
        return False
    signed = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    mac = base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest())
    return hmac.compare_digest(mac, signature.encode(errors="replace"))
