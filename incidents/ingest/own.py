"""The portal's own format: one alert, a list of them, or `{"alerts": [...]}`. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast, get_args

from incidents.ingest.alertmanager import status_of
from incidents.ingest.arrived import (
    MAX_ADDRESS,
    MAX_ANNOTATION,
    MAX_LABEL,
    MAX_NAME,
    SERVICE_LABEL,
    Arrived,
    Category,
    MemberError,
    Parsed,
    category_of,
    escaped,
    fingerprint_of,
    identity,
    links_of,
    mapping,
    members,
    moment,
    pairs,
    read_json,
    text,
    title_of,
)
from opsportal.core.errors import FieldError, InvalidInput

FORMAT = "own"
MAX_LINKS = 20
FIELDS = (
    "key",
    "status",
    "title",
    "description",
    "severity",
    "service",
    "category",
    "labels",
    "links",
    "starts_at",
    "ends_at",
)


def parse(body: bytes) -> Parsed:
    """Return the alerts of a message in the own format.

    Good alerts are kept and bad ones reported. Raises `InvalidInput` where nothing of it can be used.
    """
    document, changed = read_json(body)
    return replace(_parsed(document, body), changed=changed)


def _parsed(document: Any, body: bytes) -> Parsed:
    if isinstance(document, list):
        good, bad = members(document, "", alert_of)
        return Parsed(FORMAT, good, bad, body)
    if not isinstance(document, dict):
        raise InvalidInput.of("", "not_an_object", "Must be a JSON object, or an array of alerts.")
    if "alerts" in document:
        unknown = sorted(set(document) - {"alerts"})
        if unknown:
            raise InvalidInput(_unknown(f"/{escaped(name)}", ("alerts",)) for name in unknown[:20])
        good, bad = members(document["alerts"], "/alerts", alert_of)
        return Parsed(FORMAT, good, bad, body)
    try:
        return Parsed(FORMAT, (alert_of(document),), (), body)
    except MemberError as error:
        raise InvalidInput([FieldError(error.pointer, error.code, error.detail)]) from None


def alert_of(member: Mapping[str, Any]) -> Arrived:
    """Return one alert. `title` is needed while it fires; a `key` or labels tell it from others.

    Raises `MemberError`.
    """
    for name in member:
        if name not in FIELDS:
            error = _unknown(f"/{escaped(name)}", FIELDS)
            raise MemberError(error.pointer, error.code, error.detail)
    status = status_of(member.get("status", "firing"))
    key = identity(member.get("key"), "/key")
    title = text(
        member.get("title"),
        "/title",
        most=MAX_LABEL,
        required=status == "firing" or not (key or member.get("labels")),
    )
    labels = pairs(member.get("labels"), "/labels", most=MAX_LABEL)
    service = text(member.get("service"), "/service", most=MAX_NAME)
    labels = {**labels, SERVICE_LABEL: service} if service else labels
    starts_at, ends_at = (moment(member.get(name), f"/{name}") for name in ("starts_at", "ends_at"))
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        raise MemberError("/ends_at", "before_start", "Ends before it starts.")
    description = text(member.get("description"), "/description", most=MAX_ANNOTATION)
    return Arrived(
        fingerprint=key or _fingerprint(title, labels),
        status=status,
        title=title_of(title, key),
        starts_at=starts_at,
        ends_at=ends_at if status == "resolved" else None,
        labels=labels,
        annotations={"description": description} if description else {},
        links=links_of(_links(member.get("links"))),
        severity=text(member.get("severity"), "/severity", most=MAX_NAME) or labels.get("severity", ""),
        category=_category(member.get("category"), labels),
    )


def _fingerprint(title: str, labels: Mapping[str, str]) -> str:
    own = {name: value for name, value in labels.items() if name != SERVICE_LABEL}
    if own:
        return fingerprint_of(labels)
    return hashlib.sha256(f"{title}\n{labels.get(SERVICE_LABEL, '')}".encode()).hexdigest()[:32]


def _links(value: object) -> list[tuple[str, object]]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MAX_LINKS:
        raise MemberError("/links", "not_a_list", f"Must be a list of {MAX_LINKS} links at most.")
    found: list[tuple[str, object]] = []
    for index, one in enumerate(value):
        link = mapping(one, f"/links/{index}")
        href = text(link.get("href"), f"/links/{index}/href", most=MAX_ADDRESS, required=True)
        if not links_of([("", href)]):
            raise MemberError(f"/links/{index}/href", "not_an_address", "Must be an http or https address.")
        words = text(link.get("text"), f"/links/{index}/text", most=MAX_NAME)
        found.append((words or "Link", href))
    return found


def _category(value: object, labels: Mapping[str, str]) -> Category:
    if value is None:
        return category_of(labels)
    if value not in get_args(Category):
        raise MemberError("/category", "unknown", "Must be operational or security.")
    return cast(Category, value)


def _unknown(pointer: str, known: tuple[str, ...]) -> FieldError:
    return FieldError(pointer, "unknown", f"No such field; known are: {', '.join(known)}.")
