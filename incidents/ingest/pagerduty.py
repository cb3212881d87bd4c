"""PagerDuty Events API v2: `enqueue` and `change/enqueue`, with its answers. Pure.

Limits and words: PagerDuty's developer documentation, "Send an Alert Event" and "Send a Change Event".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from incidents.ingest.arrived import (
    MAX_ANNOTATION,
    MAX_LABEL,
    MAX_NAME,
    Arrived,
    Link,
    MemberError,
    Status,
    category_of,
    links_of,
    moment,
    text,
    title_of,
)
from opsportal.core import strict_json

FORMAT = "pagerduty"
MAX_BYTES = 512_000
MAX_SUMMARY = 1_024
MAX_KEY = 255
SEVERITIES = ("critical", "error", "warning", "info")
ACTIONS: Mapping[str, Status] = {"trigger": "firing", "acknowledge": "acknowledged", "resolve": "resolved"}
_ROUTING_KEY = re.compile(r"[\x21-\x7e]{32}")
_MAX_DETAILS = 100


class EventError(Exception):
    """The event cannot be taken. `answer` is the body of the 400 that says so, in PagerDuty's words."""

    def __init__(self, errors: Iterable[str], *, unreadable: bool = False) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(self.errors))
        self.answer: dict[str, Any] = {
            "status": "Unrecognized object" if unreadable else "invalid event",
            "message": "Event object format is unrecognized" if unreadable else "Event object is invalid",
            "errors": list(self.errors),
        }


@dataclass(frozen=True, slots=True)
class Event:
    """An alert event: for which key of an integration, and the alert. Its fingerprint is the `dedup_key`,
    `""` where the sender leaves it to the portal to make one."""

    routing_key: str
    alert: Arrived


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """A change event: something was done. `at` is aware UTC, None where the sender names no time."""

    routing_key: str
    summary: str
    source: str
    at: datetime | None
    details: Mapping[str, str]
    links: tuple[Link, ...]


def parse_event(body: bytes) -> Event:
    """Return an alert event. Raises `EventError` with everything that is wrong with it."""
    document = _document(body)
    errors = list(_key_errors(document))
    action = document.get("event_action")
    status = ACTIONS.get(action) if isinstance(action, str) else None
    if action is None or action == "":
        errors.append("'event_action' is missing or blank")
    elif status is None:
        errors.append("'event_action' must be one of: trigger, acknowledge, resolve")
    dedup_key = document.get("dedup_key")
    errors += _text_errors(dedup_key, "dedup_key", MAX_KEY, required=status not in {None, "firing"})
    payload = document.get("payload")
    if status == "firing":
        errors += _payload_errors(payload, alert=True)
    if errors or status is None:
        raise EventError(errors)
    # The others may repeat the whole payload, as Alertmanager does; what it says then changes nothing.
    told = payload if isinstance(payload, dict) and not _payload_errors(payload, alert=True) else {}
    return Event(str(document["routing_key"]), _alert(document, told, status, dedup_key or ""))


def parse_change(body: bytes) -> ChangeEvent:
    """Return a change event. Raises `EventError` with everything that is wrong with it."""
    document = _document(body)
    payload = document.get("payload")
    errors = [*_key_errors(document), *_payload_errors(payload, alert=False)]
    if errors or not isinstance(payload, dict):
        raise EventError(errors)
    return ChangeEvent(
        routing_key=str(document["routing_key"]),
        summary=title_of(payload["summary"]),
        source=_cut(payload.get("source"), MAX_NAME),
        at=_moment(payload.get("timestamp")),
        details=_details(payload.get("custom_details")),
        links=_links(document),
    )


def processed(dedup_key: str) -> dict[str, str]:
    """Return the body of the 202 to an alert event."""
    return {"status": "success", "message": "Event processed", "dedup_key": dedup_key}


def change_processed() -> dict[str, str]:
    """Return the body of the 202 to a change event."""
    return {"status": "success", "message": "Change event processed"}


def key_unknown() -> EventError:
    """Return the refusal of a routing key that no integration has."""
    return EventError(["'routing_key' is not the key of an integration that is switched on"])


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = strict_json.parse(body)
    except ValueError:
        raise EventError(["JSON parse error"], unreadable=True) from None
    if not isinstance(document, dict):
        raise EventError(["The event is not a JSON object"], unreadable=True)
    return document


def _key_errors(document: Mapping[str, Any]) -> Iterable[str]:
    key = document.get("routing_key")
    if key is None or key == "":
        yield "'routing_key' is missing or blank"
    elif not isinstance(key, str) or not _ROUTING_KEY.fullmatch(key):
        yield "Length of 'routing_key' is incorrect (should be 32 characters)"


def _payload_errors(payload: object, *, alert: bool) -> list[str]:
    if payload is None:
        return ["'payload' is missing or blank"]
    if not isinstance(payload, dict):
        return ["'payload' must be an object"]
    errors = _text_errors(payload.get("summary"), "payload.summary", MAX_SUMMARY, required=True)
    errors += _text_errors(payload.get("source"), "payload.source", MAX_LABEL, required=alert)
    errors += _text_errors(payload.get("timestamp"), "payload.timestamp", MAX_NAME, required=False)
    if alert:
        for name in ("component", "group", "class"):
            errors += _text_errors(payload.get(name), f"payload.{name}", MAX_LABEL, required=False)
        severity = payload.get("severity")
        if severity is None or severity == "":
            errors.append("'payload.severity' is missing or blank")
        elif severity not in SEVERITIES:
            errors.append(f"'payload.severity' must be one of: {', '.join(SEVERITIES)}")
    details = payload.get("custom_details")
    if details is not None and not isinstance(details, dict | str | list):
        errors.append("'payload.custom_details' must be an object")
    return errors


def _text_errors(value: object, name: str, most: int, *, required: bool) -> list[str]:
    if value is None or value == "":
        return [f"'{name}' is missing or blank"] if required else []
    if not isinstance(value, str):
        return [f"'{name}' must be text"]
    if "\x00" in value:
        return [f"'{name}' contains a NUL character"]
    if not value.strip() and required:
        return [f"'{name}' is missing or blank"]
    return (
        [f"Length of '{name}' is incorrect (should be at most {most} characters)"]
        if len(value) > most
        else []
    )


def _alert(document: Mapping[str, Any], payload: Mapping[str, Any], status: Status, key: str) -> Arrived:
    labels = {
        name: payload[name]
        for name in ("source", "component", "group", "class", "severity")
        if payload.get(name)
    }
    details = _details(payload.get("custom_details"))
    client = document.get("client")
    if isinstance(details.get("service"), str):
        labels["service"] = details["service"][:MAX_LABEL]
    if payload.get("timestamp"):
        details = {**details, "timestamp": payload["timestamp"]}
    return Arrived(
        fingerprint=key,
        status=status,
        title=title_of(payload.get("summary", ""), key),
        labels=labels,
        annotations={**details, **({"client": _cut(client, MAX_NAME)} if isinstance(client, str) else {})},
        links=_links(document),
        severity=payload.get("severity", ""),
        category=category_of({**details, **labels}),
        keeps_unseen_end=False,
    )


def _links(document: Mapping[str, Any]) -> tuple[Link, ...]:
    named: list[tuple[str, object]] = []
    for kind, address in (("links", "href"), ("images", "src")):
        given = document.get(kind)
        for one in given[:20] if isinstance(given, list) else ():
            if isinstance(one, dict):
                words = _cut(one.get("text") or one.get("alt"), MAX_NAME)
                named.append((words or ("Link" if kind == "links" else "Picture"), one.get(address)))
    named.append((_cut(document.get("client"), MAX_NAME) or "Client", document.get("client_url")))
    return links_of(named)


def _details(value: object) -> dict[str, str]:
    if isinstance(value, str):
        return {"details": _cut(value, MAX_ANNOTATION)} if value else {}
    if isinstance(value, list):
        return {"details": _cut(json.dumps(value, ensure_ascii=False), MAX_ANNOTATION)}
    if not isinstance(value, dict):
        return {}
    found: dict[str, str] = {}
    for name, item in list(value.items())[:_MAX_DETAILS]:
        words = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
        found[_cut(name, MAX_NAME) or "-"] = _cut(words, MAX_ANNOTATION)
    return found


def _cut(value: object, most: int) -> str:
    return text(value.replace("\x00", ""), "", most=most) if isinstance(value, str) else ""


def _moment(value: object) -> datetime | None:
    """Return the time that an event names, None for what is none: it is shown, and decides nothing."""
    if not isinstance(value, str):
        return None
    try:
        return moment(value, "")
    except MemberError:
        pass
    try:
        return moment(datetime.fromisoformat(value).replace(tzinfo=UTC).isoformat(), "")
    except (ValueError, MemberError):
        return None
