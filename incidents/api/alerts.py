"""The API of alerts: what is firing, and the door for the own format."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.alerts_ingest import AlertBody, OwnAlerts, TakenOut
from incidents.ingest.arrived import MAX_FINGERPRINT, MAX_TITLE
from incidents.models import Alert
from incidents.models.response import PREFIX
from incidents.selectors.alerts import ALERT_ORDERINGS, alert_seen, alerts_loaded
from incidents.severities import CHOICES, SEVERITIES
from incidents.states import ALERT, HANDLING
from opsportal.api.query import Query
from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, utc
from opsportal.api.views import ApiView
from opsportal.core.clock import edge_now
from opsportal.core.keys import number_of

FILTERS = [
    OpenApiParameter("state", str, enum=list(ALERT.states)),
    OpenApiParameter("handling", str, enum=list(HANDLING.states)),
    OpenApiParameter("severity", str, enum=list(SEVERITIES)),
    OpenApiParameter("service", str, description="Slug."),
    OpenApiParameter("integration", str, description="Slug."),
    OpenApiParameter("fingerprint", str),
    OpenApiParameter("incident", str, description="Key, e.g. INC-9."),
    OpenApiParameter("ordering", str, enum=sorted(ALERT_ORDERINGS)),
    OpenApiParameter("page_size", int, description="1 to 200"),
    OpenApiParameter("cursor", str),
]
NAMES = {"state", "handling", "severity", "service", "integration", "fingerprint", "incident"}


class LinkOut(Body):
    """Where to look further."""

    text = Text(max_length=200)
    href = Text(max_length=2_000)


class AlertOut(Body):
    """One occurrence of an alert."""

    id = WholeNumber()
    integration = Text(max_length=60, help_text="Slug.")
    fingerprint = Text(max_length=MAX_FINGERPRINT)
    title = Text(max_length=MAX_TITLE)
    state = serializers.ChoiceField(ALERT.choices)
    handling = serializers.ChoiceField(HANDLING.choices)
    severity = serializers.ChoiceField(CHOICES)
    category = serializers.ChoiceField(["operational", "security"])
    restricted = Flag()
    service = Text(max_length=60, allow_null=True, help_text="Slug.")
    labels = serializers.DictField(child=serializers.CharField())
    annotations = serializers.DictField(child=serializers.CharField())
    links = LinkOut(many=True)
    starts_at = Moment()
    ends_at = Moment(allow_null=True)
    received_at = Moment()
    last_received_at = Moment()
    acknowledged_at = Moment(allow_null=True)
    count = WholeNumber(help_text="How often it was told.")
    suppressed_by = Text(max_length=100, allow_null=True, help_text="The announced work, e.g. CHG-7.")
    route = Text(max_length=60, allow_null=True, help_text="Slug.")
    incident = Text(max_length=30, allow_null=True)
    url = Text(max_length=500, help_text="Its page, for people.")


class AlertPage(Body):
    """One page of alerts."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = AlertOut(many=True)


def alert_out(alert: Alert) -> dict[str, Any]:
    """Return what the API says of an alert from `alerts_loaded`."""
    return {
        "id": alert.pk,
        "integration": alert.integration.slug,
        "fingerprint": alert.fingerprint,
        "title": alert.title,
        "state": alert.state,
        "handling": alert.handling,
        "severity": alert.severity,
        "category": alert.category,
        "restricted": alert.restricted,
        "service": alert.service.slug if alert.service else None,
        "labels": alert.labels,
        "annotations": alert.annotations,
        "links": alert.links,
        "starts_at": utc(alert.starts_at),
        "ends_at": utc(alert.ends_at),
        "received_at": utc(alert.received_at),
        "last_received_at": utc(alert.last_received_at),
        "acknowledged_at": utc(alert.acknowledged_at),
        "count": alert.count,
        "suppressed_by": alert.suppressed_by or None,
        "route": alert.route.slug if alert.route else None,
        "incident": alert.incident.key if alert.incident else None,
        "url": f"{settings.PUBLIC_URL}/alerts/{alert.pk}/",
    }


class AlertList(OwnAlerts):
    """Alerts, and the door for the own format."""

    http_method_names = ["get", "post", "head", "options"]

    @extend_schema(operation_id="alerts_list", parameters=FILTERS, responses=AlertPage)
    def get(self, request: Request) -> Response:
        """List alerts, the newest first."""
        query = Query(request, NAMES)
        rows = alerts_loaded(self.actor, edge_now())
        for name, choices in {
            "state": ALERT.states,
            "handling": HANDLING.states,
            "severity": SEVERITIES,
        }.items():
            if chosen := query.choice(name, choices):
                rows = rows.filter(**{name: chosen})
        for name, column in {"service": "service__slug", "integration": "integration__slug"}.items():
            if text := query.text(name):
                rows = rows.filter(**{column: text})
        if fingerprint := query.text("fingerprint", max_length=MAX_FINGERPRINT):
            rows = rows.filter(fingerprint=fingerprint)
        if key := query.text("incident"):
            rows = rows.filter(incident=number_of(key, PREFIX) or 0)
        return self.page(
            rows,
            alert_out,
            ordering=ALERT_ORDERINGS,
            default="-id",
            changed=("last_received_at", "acknowledged_at"),
        )

    @extend_schema(operation_id="alerts_take", request=AlertBody, responses={202: TakenOut})
    def post(self, request: Request, token: str = "") -> Response:
        """Take alerts in the own format."""
        return super().post(request, token)


class AlertDetail(ApiView):
    """One alert."""

    area = "alerts"

    @extend_schema(operation_id="alerts_retrieve", responses=AlertOut)
    def get(self, request: Request, id: str) -> Response:
        """Show an alert."""
        Query(request, paged=False)
        return Response(alert_out(alert_seen(self.actor, int(id), edge_now())))
