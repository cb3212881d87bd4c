"""Which of the webhook formats a body is in. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from incidents.ingest import alertmanager, grafana
from incidents.ingest.arrived import Parsed, read_json
from opsportal.core.errors import InvalidInput


def parse(body: bytes, now: datetime) -> Parsed:
    """Return the alerts of a message of Alertmanager or Grafana, or of an array of Prometheus.

    They are told apart by what they say, not by where they were posted. `now` is aware UTC. Raises
    `InvalidInput` where nothing of it can be used.
    """
    document, changed = read_json(body)
    return replace(_parsed(document, body, now), changed=changed)


def _parsed(document: Any, body: bytes, now: datetime) -> Parsed:
    if isinstance(document, list):
        return alertmanager.parse_array(document, body, now)
    if not isinstance(document, dict):
        raise InvalidInput.of("", "not_an_object", "Must be a JSON object, or an array of alerts.")
    if grafana.is_mine(document):
        return grafana.parse(document, body)
    return alertmanager.parse(document, body)
