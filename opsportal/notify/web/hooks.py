"""What Slack and Twilio tell the portal: a button that was pressed, a text that came back, a digit.

Each request carries the signature of its sender; without it nothing is read. Whoever acknowledges is the
person who verified the account or number that it came from.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from opsportal.accounts.models import User
from opsportal.core import outbound
from opsportal.core.errors import Refusal
from opsportal.notify.ack_links import page_of
from opsportal.notify.channels.http import JSON_TYPE, as_json
from opsportal.notify.channels.slack import ACKNOWLEDGE, is_from_slack
from opsportal.notify.channels.twilio import ACKNOWLEDGE_DIGIT, is_from_twilio
from opsportal.notify.models import Page
from opsportal.notify.selectors import page_behind, person_at, waiting_pages
from opsportal.notify.services import page_acknowledge
from opsportal.web import refusals
from opsportal.web.requests import now_of

_ACK = re.compile(r"ack(?:nowledged?)?\b\W*(?P<reference>[\w-]*)", re.IGNORECASE)
_SLACK_SECONDS = 2.0
"""Slack waits 3 s for the answer to a press; telling how it went must leave time for the rest."""
_log = structlog.get_logger(__name__)


@csrf_exempt
@require_POST
def slack(request: HttpRequest) -> HttpResponse:
    """Take a press of the Acknowledge button."""
    headers = request.headers
    if not is_from_slack(
        request.body,
        stamp=headers.get("X-Slack-Request-Timestamp", ""),
        signature=headers.get("X-Slack-Signature", ""),
        now=now_of(request).timestamp(),
    ):
        return HttpResponse(status=403)
    payload = _payload(request.body)
    token = _pressed(payload)
    if token:
        person = person_at("slack", str(payload.get("user", {}).get("id", "")))
        _tell_slack(payload, _acknowledged_from_slack(request, person, token))
    return HttpResponse(status=200)


def _acknowledged_from_slack(request: HttpRequest, person: User | None, token: str) -> str:
    pk = page_of(token, now=now_of(request))
    if person is None:
        return f"Nobody in the portal has verified this Slack account: {settings.PUBLIC_URL}/account/reach/"
    if pk is None:
        return "This button is more than a day old. Look at the portal."
    return _acknowledge(request, person, Page(pk=pk))


def _payload(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(parse_qs(body.decode()).get("payload", ["{}"])[0])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("user", {}), dict) else {}


def _pressed(payload: dict[str, Any]) -> str:
    actions = payload.get("actions")
    for action in actions if isinstance(actions, list) else []:
        if isinstance(action, dict) and action.get("action_id") == ACKNOWLEDGE:
            return str(action.get("value", ""))
    return ""


def _tell_slack(payload: dict[str, Any], text: str) -> None:
    """Answer in the conversation; who pressed has done their part whether or not this arrives."""
    url = str(payload.get("response_url", ""))
    allowed = {"hooks.slack.com", urlsplit(settings.SLACK_API).hostname}
    if not url or urlsplit(url).hostname not in allowed:
        return
    body = as_json({"text": text, "response_type": "in_channel", "replace_original": False})
    try:
        outbound.call("POST", url, body, headers=JSON_TYPE, seconds=_SLACK_SECONDS)
    except outbound.OutboundError as error:
        _log.warning("slack.not_told", error=error.code)


@csrf_exempt
@require_POST
def twilio_text(request: HttpRequest) -> HttpResponse:
    """Take a text: `ack` acknowledges the one page that waits, `ack INC-9` the one about that."""
    fields = {name: str(value) for name, value in request.POST.items()}
    if not _is_from_twilio(request, fields):
        return HttpResponse(status=403)
    person = person_at("sms", fields.get("From", ""))
    if person is None:
        return _twiml("")
    said = _ACK.match(fields.get("Body", "").strip())
    if said is None:
        return _message("Answer ACK to acknowledge, or sign in to the portal.")
    waiting = waiting_pages(person.pk, said["reference"])
    if len({row.reference for row in waiting}) > 1:
        return _message(f"Several wait. Answer ACK and one of: {', '.join(row.reference for row in waiting)}")
    if not waiting:
        return _message("Nothing waits for you.")
    return _message(_acknowledge(request, person, waiting[0]))


@csrf_exempt
@require_POST
def twilio_call(request: HttpRequest, token: str) -> HttpResponse:
    """Take the digit that was pressed in a call."""
    fields = {name: str(value) for name, value in request.POST.items()}
    if not _is_from_twilio(request, fields):
        return HttpResponse(status=403)
    row = page_behind(token, now=now_of(request))
    if row is None or row.recipient is None:
        return _say("This call is out of date. Goodbye.")
    if fields.get("Digits") != ACKNOWLEDGE_DIGIT:
        return _say("Not acknowledged. Goodbye.")
    return _say(f"{_acknowledge(request, row.recipient, row)} Goodbye.")


def _acknowledge(request: HttpRequest, person: User, row: Page) -> str:
    """Acknowledge in the person's name and return how it went, in words."""
    request.actor = person.actor  # type: ignore[attr-defined] # what was signed says who it is
    try:
        page = page_acknowledge(actor=person.actor, now=now_of(request), pk=row.pk)
    except Refusal as refusal:
        refusals.keep(request, refusal)
        return f"Not acknowledged: {refusal.detail}"
    about = f" {page.reference}" if page.reference else ""
    return f"Acknowledged{about} by {person.display_name}."


def _is_from_twilio(request: HttpRequest, fields: dict[str, str]) -> bool:
    url = f"{settings.PUBLIC_URL}{request.get_full_path()}"
    return is_from_twilio(url, fields, signature=request.headers.get("X-Twilio-Signature", ""))


def _message(text: str) -> HttpResponse:
    return _twiml(f"<Message>{escape(text)}</Message>")


def _say(text: str) -> HttpResponse:
    return _twiml(f"<Say>{escape(text)}</Say>")


def _twiml(inner: str) -> HttpResponse:
    return HttpResponse(f"<Response>{inner}</Response>", content_type="text/xml; charset=utf-8")
