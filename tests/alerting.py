"""Messages of senders as their documentation shows them, and what tests of alerts begin with."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from incidents.ingest.arrived import Arrived, Parsed, Status
from incidents.models import Alert, AlertMessage, Incident, Integration
from incidents.services.alerts.ingesting import alerts_ingest
from incidents.services.alerts.integrations import integration_create
from incidents.services.alerts.storing import Stored
from tests.makers import NOW, ROOT

ALERTMANAGER: dict[str, Any] = {
    "version": "4",
    "groupKey": '{}:{alertname="DiskFull"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "portal",
    "groupLabels": {"alertname": "DiskFull"},
    "commonLabels": {"alertname": "DiskFull", "severity": "critical"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager.example:9093",
    "notification_reason": "first notification",
    "routeLabels": {},
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "DiskFull", "severity": "critical", "service": "payments-api"},
            "annotations": {
                "summary": "The disk of db-1 is full",
                "runbook_url": "https://wiki.example/disk",
            },
            "startsAt": "2026-03-02T09:29:00.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example/graph?g0.expr=up",
            "fingerprint": "7c3e9d1a5b2f4860",
        },
        {
            "status": "resolved",
            "labels": {"alertname": "DiskFull", "severity": "warning"},
            "annotations": {},
            "startsAt": "2026-03-02T09:00:00Z",
            "endsAt": "2026-03-02T09:20:00Z",
            "generatorURL": "",
            "fingerprint": "0011223344556677",
        },
    ],
}
GRAFANA: dict[str, Any] = {
    **{
        name: value
        for name, value in ALERTMANAGER.items()
        if name not in {"notification_reason", "routeLabels"}
    },
    "version": "1",
    "orgId": 1,
    "title": "[FIRING:1] DiskFull",
    "state": "alerting",
    "message": "**Firing**",
    "appVersion": "12.1.0",
    "externalURL": "https://grafana.example/",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "DiskFull", "grafana_folder": "Storage", "severity": "high"},
            "annotations": {"summary": "The disk is full"},
            "startsAt": "2026-03-02T09:29:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://grafana.example/alerting/grafana/a/view",
            "fingerprint": "c6eadffa33fcdf37",
            "silenceURL": "https://grafana.example/alerting/silence/new",
            "dashboardURL": "",
            "panelURL": "https://grafana.example/d/abc?viewPanel=1",
            "ruleUID": "abc",
            "values": {"A": 99.5},
            "valueString": "[ var='A' value=99.5 ]",
            "imageURL": "https://grafana.example/image.png",
            "embeddedImage": "iVBORw0KGgo=" * 100,
            "orgId": 1,
            "enrichments": {"any": ["thing"]},
        }
    ],
}
PANEL: dict[str, Any] = {
    "ruleName": "Disk alert",
    "ruleId": 7,
    "ruleUrl": "https://grafana.example/d/abc",
    "state": "alerting",
    "title": "[Alerting] Disk alert",
    "message": "Disk of db-1",
    "imageUrl": "https://grafana.example/image.png",
    "orgId": 1,
    "panelId": 2,
    "dashboardId": 1,
    "tags": {"severity": "critical"},
    "evalMatches": [{"value": 100, "metric": "High", "tags": None}],
}
POSTED: list[dict[str, Any]] = [
    {
        "labels": {"alertname": "DiskFull", "instance": "db-1"},
        "annotations": {"summary": "Full"},
        "startsAt": "2026-03-02T09:29:00Z",
        "endsAt": "2026-03-02T09:34:00Z",
        "generatorURL": "http://prometheus.example/graph",
    }
]
ROUTING_KEY = "opi_" + "k" * 28
PAGERDUTY: dict[str, Any] = {
    "routing_key": ROUTING_KEY,
    "event_action": "trigger",
    "dedup_key": "db-1/disk",
    "client": "Monitor",
    "client_url": "https://monitor.example",
    "links": [{"href": "https://monitor.example/1", "text": "The graph"}],
    "images": [{"src": "https://monitor.example/1.png", "href": "https://monitor.example", "alt": "Graph"}],
    "payload": {
        "summary": "The disk of db-1 is full",
        "timestamp": "2026-03-02T09:29:00.000+0000",
        "source": "db-1",
        "severity": "critical",
        "component": "disk",
        "group": "storage",
        "class": "capacity",
        "custom_details": {"free": "0 B", "used": 1.0, "service": "payments-api"},
    },
}
CHANGE_EVENT: dict[str, Any] = {
    "routing_key": ROUTING_KEY,
    "payload": {
        "summary": "Build 42 was deployed",
        "timestamp": "2026-03-02T09:00:00Z",
        "source": "ci",
        "custom_details": {"build": 42},
    },
    "links": [{"href": "https://ci.example/42", "text": "Build"}],
    "images": [],
}
OWN: dict[str, Any] = {
    "key": "backup-db-1",
    "status": "firing",
    "title": "The backup of db-1 failed",
    "description": "No space left.",
    "severity": "critical",
    "labels": {"host": "db-1"},
    "links": [{"text": "Log", "href": "https://logs.example/1"}],
    "starts_at": "2026-03-02T09:00:00Z",
}


def encoded(document: object) -> bytes:
    """Return a document as a sender posts it."""
    return json.dumps(document).encode()


def without(document: dict[str, Any], *path: str | int) -> dict[str, Any]:
    """Return a copy without the value at `path`."""
    copy: Any = json.loads(json.dumps(document))
    place = copy
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return dict(copy)


def having(document: Any, value: object, *path: str | int) -> Any:
    """Return a copy with `value` at `path`."""
    copy: Any = json.loads(json.dumps(document))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copy


def make_integration(
    slug: str = "prometheus", kind: str = "alertmanager", **fields: Any
) -> tuple[Integration, str]:
    """Return a new integration and its token."""
    return integration_create(
        actor=ROOT, now=NOW, slug=slug, kind=kind, fields={"name": slug.title(), **fields}
    )


def arrival(number: int = 1, status: Status = "firing", **more: Any) -> Arrived:
    """Return an alert that arrived; each number is another one."""
    values: dict[str, Any] = {
        "fingerprint": f"{number:016x}",
        "status": status,
        "title": f"Alert {number}",
        "starts_at": NOW,
        "labels": {"alertname": "Alert", "number": str(number)},
        "severity": "critical",
        **more,
    }
    return Arrived(**values)


def ingest(integration: Integration, *alerts: Arrived, now: datetime = NOW) -> Stored:
    """Let alerts of one message be taken in, and return what they meant."""
    parsed = Parsed("alertmanager", alerts, (), b"{}")
    return alerts_ingest(actor=ROOT, now=now, integration=integration, parsed=parsed).stored


def alert_in(
    incident: Incident, *, labels: dict[str, str], annotations: dict[str, str], starts_at: datetime
) -> Alert:
    """Return a firing alert that has joined `incident`."""
    count = Alert.objects.count()
    integration, _ = make_integration(f"sender-{count}")
    message = AlertMessage.objects.create(
        integration=integration, format="own", received_at=starts_at, sha256="0" * 64, body=b"{}"
    )
    return Alert.objects.create(
        integration=integration,
        fingerprint=f"{count:016x}",
        starts_at=starts_at,
        handling="responded",
        title=labels.get("alertname", "An alert"),
        labels=labels,
        annotations=annotations,
        severity=incident.severity,
        incident=incident,
        received_at=starts_at,
        last_received_at=starts_at,
        message=message,
    )
