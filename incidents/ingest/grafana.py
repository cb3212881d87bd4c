"""Grafana: the webhook of its alerting (version 1, with `orgId`), and panel alerts of before version 8. Pure.

A picture inside an alert (`embeddedImage`) is left out of what is kept: it may be larger than all the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from incidents.ingest import alertmanager
from incidents.ingest.arrived import (
    MAX_ANNOTATION,
    MAX_LABEL,
    Arrived,
    MemberError,
    Parsed,
    category_of,
    links_of,
    members,
    pairs,
    text,
    title_of,
)
from opsportal.core.errors import FieldError, InvalidInput

FORMAT = "grafana"
VERSION = "1"
_PICTURE = "embeddedImage"
_FIRES = {"alerting", "no_data"}
_WAITS = {"pending", "paused", "unknown"}


def is_mine(document: Mapping[str, Any]) -> bool:
    """Return whether a message is Grafana's: told by version and `orgId`, never by where it was posted."""
    return document.get("version") != alertmanager.VERSION and (
        document.get("version") == VERSION or "orgId" in document or "ruleId" in document
    )


def parse(document: Mapping[str, Any], body: bytes) -> Parsed:
    """Return the alerts of a message of Grafana. Raises `InvalidInput` where nothing of it can be used."""
    if "alerts" not in document and ("ruleId" in document or "ruleName" in document):
        return _panel(document, body)
    if document.get("version") != VERSION:
        raise InvalidInput.of(
            "version", "unknown_version", f'Must be "{VERSION}", the version of Grafana that is known here.'
        )
    good, bad = members(document.get("alerts"), "/alerts", lambda member: _alert(member, document))
    return Parsed(
        FORMAT,
        good,
        bad,
        without_pictures(document, body),
        group=alertmanager.group_of(document),
        truncated=alertmanager.truncated_of(document),
    )


def without_pictures(document: Mapping[str, Any], body: bytes) -> bytes:
    """Return the body as it was sent, or written anew without the pictures that stand in its alerts."""
    alerts = document.get("alerts")
    if not isinstance(alerts, list) or not any(isinstance(one, dict) and one.get(_PICTURE) for one in alerts):
        return body
    kept = [
        {name: value for name, value in one.items() if name != _PICTURE} if isinstance(one, dict) else one
        for one in alerts
    ]
    return json.dumps({**document, "alerts": kept}, ensure_ascii=False, separators=(",", ":")).encode()


def _alert(member: Mapping[str, Any], document: Mapping[str, Any]) -> Arrived:
    alert = alertmanager.alert_of(member, document.get("externalURL"))
    values = member.get("valueString")
    more = {"values": text(values, "/valueString", most=MAX_ANNOTATION)} if isinstance(values, str) else {}
    links = links_of(
        [
            *((link.text, link.href) for link in alert.links if link.text != "Alertmanager"),
            ("Panel", member.get("panelURL")),
            ("Dashboard", member.get("dashboardURL")),
            ("Silence", member.get("silenceURL")),
            ("Picture", member.get("imageURL")),
            ("Grafana", document.get("externalURL")),
        ]
    )
    return replace(alert, annotations={**more, **alert.annotations}, links=links)


def _panel(document: Mapping[str, Any], body: bytes) -> Parsed:
    try:
        alert = _panel_alert(document)
    except MemberError as error:
        raise InvalidInput([FieldError(error.pointer, error.code, error.detail)]) from None
    return Parsed(FORMAT, (alert,) if alert else (), (), body)


def _panel_alert(document: Mapping[str, Any]) -> Arrived | None:
    state = document.get("state")
    if not isinstance(state, str) or state not in {"ok", *_FIRES, *_WAITS}:
        raise MemberError("/state", "unknown", "Must be alerting, ok, no_data, pending or paused.")
    rule = document.get("ruleId")
    if isinstance(rule, bool) or not isinstance(rule, int | str):
        raise MemberError("/ruleId", "required", "A panel alert names its rule.")
    if state in _WAITS:
        return None
    name = text(document.get("ruleName"), "/ruleName", most=MAX_LABEL)
    tags = pairs(document.get("tags"), "/tags", most=MAX_LABEL)
    message = text(document.get("message"), "/message", most=MAX_ANNOTATION)
    labels = {**({"alertname": name} if name else {}), **tags}
    organisation = document.get("orgId", 1)
    return Arrived(
        fingerprint=f"panel:{str(organisation)[:20]}:{str(rule)[:100]}".replace("\x00", ""),
        status="firing" if state in _FIRES else "resolved",
        title=title_of(name, text(document.get("title"), "/title", most=MAX_LABEL), message),
        labels=labels,
        annotations={"description": message} if message else {},
        links=links_of([("Panel", document.get("ruleUrl")), ("Picture", document.get("imageUrl"))]),
        severity=tags.get("severity", ""),
        category=category_of(labels),
    )
