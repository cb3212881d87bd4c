"""Prometheus Alertmanager: its webhook (version 4), and the array that Prometheus itself posts. Pure.

Fields: Alertmanager's documentation, "webhook_config" and "Management API v2". Unknown keys are ignored,
as its documentation asks of receivers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.ingest.arrived import (
    MAX_ANNOTATION,
    MAX_LABEL,
    Arrived,
    MemberError,
    Parsed,
    Status,
    category_of,
    fingerprint_of,
    identity,
    links_of,
    members,
    moment,
    pairs,
    title_of,
)
from opsportal.core.errors import InvalidInput

FORMAT = "alertmanager"
VERSION = "4"


def parse(document: Mapping[str, Any], body: bytes) -> Parsed:
    """Return the alerts of a webhook message of version 4.

    Good alerts are kept and bad ones reported. Raises `InvalidInput` for another version, and where
    nothing of it can be used.
    """
    version = document.get("version")
    if version != VERSION:
        raise InvalidInput.of(
            "version",
            "unknown_version",
            f'Must be "{VERSION}", the version of the webhook that is known here.',
        )
    outside = document.get("externalURL")
    good, bad = members(document.get("alerts"), "/alerts", lambda member: alert_of(member, outside))
    return Parsed(FORMAT, good, bad, body, group=group_of(document), truncated=truncated_of(document))


def parse_array(values: list[Any], body: bytes, now: datetime) -> Parsed:
    """Return the alerts of an array as Prometheus posts it to `/api/v2/alerts`; `now` is aware UTC.

    One whose end has passed is resolved; one whose end lies ahead, or has none, fires until its end is told.
    """
    good, bad = members(values, "", lambda member: _posted(member, now))
    return Parsed(FORMAT, good, bad, body)


def alert_of(member: Mapping[str, Any], outside: object = None) -> Arrived:
    """Return one alert of a webhook message. Raises `MemberError`."""
    labels = pairs(member.get("labels"), "/labels", most=MAX_LABEL)
    annotations = pairs(member.get("annotations"), "/annotations", most=MAX_ANNOTATION)
    fingerprint = identity(member.get("fingerprint"), "/fingerprint")
    if not labels and not fingerprint:
        raise MemberError("/labels", "required", "An alert has labels or a fingerprint.")
    status = status_of(member.get("status"))
    ends_at = moment(member.get("endsAt"), "/endsAt")
    return Arrived(
        fingerprint=fingerprint or fingerprint_of(labels),
        status=status,
        title=title_of(
            annotations.get("summary", ""), labels.get("alertname", ""), annotations.get("description", "")
        ),
        starts_at=moment(member.get("startsAt"), "/startsAt"),
        ends_at=ends_at if status == "resolved" else None,
        labels=labels,
        annotations=annotations,
        links=links_of(
            [
                ("Source", member.get("generatorURL")),
                ("Runbook", annotations.get("runbook_url")),
                ("Dashboard", annotations.get("dashboard_url")),
                ("Alertmanager", outside),
            ]
        ),
        severity=labels.get("severity") or labels.get("priority", ""),
        category=category_of(labels),
    )


def status_of(value: object) -> Status:
    """Return the status of one alert. Raises `MemberError` for any other word."""
    if value == "firing":
        return "firing"
    if value == "resolved":
        return "resolved"
    raise MemberError("/status", "unknown", "Must be firing or resolved.")


def group_of(document: Mapping[str, Any]) -> str:
    """Return the sender's own key of the group: a hint, never an identity."""
    key = document.get("groupKey")
    return key[:500].replace("\x00", "") if isinstance(key, str) else ""


def truncated_of(document: Mapping[str, Any]) -> int:
    """Return how many alerts the sender says it left out."""
    count = document.get("truncatedAlerts")
    return (
        min(count, 1_000_000) if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 0
    )


def _posted(member: Mapping[str, Any], now: datetime) -> Arrived:
    if not member.get("labels"):
        raise MemberError("/labels", "required", "An alert has labels.")
    ends_at = moment(member.get("endsAt"), "/endsAt")
    status = "resolved" if ends_at is not None and ends_at <= now else "firing"
    return alert_of({**member, "status": status})
