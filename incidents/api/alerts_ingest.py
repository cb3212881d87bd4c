"""The doors for alerts: webhooks of Alertmanager and Grafana, the own format, PagerDuty's events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.api.alerts_receiving import Receiver, answered, body_of
from incidents.ingest import own, pagerduty, webhooks
from incidents.ingest.arrived import MAX_ADDRESS, MAX_ANNOTATION, MAX_LABEL, MAX_NAME, Parsed
from incidents.ingest.pagerduty import EventError
from incidents.models import Integration
from incidents.services.alerts.ingesting import change_report_ingest, event_ingest
from incidents.services.alerts.senders import sender_by_token
from opsportal.api.serializers import Body, Moment, Text, WholeNumber
from opsportal.api.views import ApiView
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import Forbidden, Unauthenticated


class RefusedOut(Body):
    """One alert of a message that could not be used."""

    pointer = Text(max_length=500)
    code = Text(max_length=60)
    detail = Text(max_length=500)


class TakenOut(Body):
    """What became of a message: it is committed."""

    status = Text(max_length=20)
    message = WholeNumber(help_text="The number of the message, which is kept as it came.")
    accepted = WholeNumber(help_text="How many of its alerts could be used.")
    new = WholeNumber()
    repeated = WholeNumber(help_text="Known already: they were counted.")
    resolved = WholeNumber()
    refused = RefusedOut(many=True, help_text="What is wrong with the others.")
    warnings = RefusedOut(many=True)


class LinkBody(Body):
    """Where to look further."""

    text = Text(max_length=MAX_NAME, required=False)
    href = Text(max_length=MAX_ADDRESS, help_text="http or https.")


class AlertBody(Body):
    """An alert in the own format. `{"alerts": […]}` and a list of them are taken as well."""

    key = Text(max_length=255, required=False, help_text="Tells it from others. Without it, its labels do.")
    status = serializers.ChoiceField(["firing", "resolved"], required=False)
    title = Text(max_length=MAX_LABEL, required=False, help_text="Needed while it fires.")
    description = Text(max_length=MAX_ANNOTATION, lines=True, required=False)
    severity = Text(max_length=MAX_NAME, required=False, help_text="sev1 to sev4, or the sender's word.")
    service = Text(max_length=MAX_NAME, required=False, help_text="Slug of the service.")
    category = serializers.ChoiceField(["operational", "security"], required=False)
    labels = serializers.DictField(child=serializers.CharField(), required=False)
    links = LinkBody(many=True, required=False)
    starts_at = Moment(required=False)
    ends_at = Moment(required=False)


class Webhooks(Receiver):
    """Messages of Alertmanager and Grafana."""

    kinds: ClassVar = {
        "alertmanager": Integration.Kind.ALERTMANAGER,
        "grafana": Integration.Kind.GRAFANA,
    }

    def parse(self, body: bytes, now: datetime) -> Parsed:
        """Return the alerts of a message, whichever of the two sent it."""
        return webhooks.parse(body, now)


class OwnAlerts(Receiver):
    """Alerts in the own format, by an integration's token in the path."""

    http_method_names = ["post", "options"]
    kinds: ClassVar = {"own": Integration.Kind.OWN}

    def parse(self, body: bytes, now: datetime) -> Parsed:
        """Return the alerts of a message in the own format."""
        return own.parse(body)


def _door(name: str, words: str, request: Any) -> type[Receiver]:
    """Return the door `name`, documented."""

    def documented(method: str) -> Any:
        def take(self: Receiver, request: Request, token: str = "") -> Response:
            return Receiver.post(self, request, token)

        return extend_schema(
            operation_id=f"{name}_{method}", description=words, request=request, responses={202: TakenOut}
        )(take)

    methods = {method: documented(method) for method in ("post", "put")}
    view: type[Receiver] = type(f"Door_{name}", (Webhooks,), {**methods, "__doc__": words})
    return view


AlertmanagerAlerts = _door(
    "alerts_alertmanager",
    "Take a message of Alertmanager (version 4), or an array as Prometheus posts it.",
    OpenApiTypes.ANY,
)
AlertmanagerAlertsByToken = _door(
    "alerts_alertmanager_by_token",
    "Take a message of Alertmanager. The integration's token stands in the path.",
    OpenApiTypes.ANY,
)
GrafanaAlerts = _door("alerts_grafana", "Take a message of Grafana's alerting.", OpenApiTypes.ANY)
GrafanaAlertsByToken = _door(
    "alerts_grafana_by_token",
    "Take a message of Grafana's alerting. The integration's token stands in the path.",
    OpenApiTypes.ANY,
)
OwnAlertsByToken: type[Receiver] = extend_schema_view(
    post=extend_schema(
        operation_id="alerts_take_by_token",
        description="Take alerts in the own format. The integration's token stands in the path.",
        request=AlertBody,
        responses={202: TakenOut},
    )
)(OwnAlerts)


class EventOut(Body):
    """PagerDuty's answer to an event that was taken."""

    status = Text(max_length=20)
    message = Text(max_length=100)
    dedup_key = Text(max_length=255, required=False)


class EventRefusedOut(Body):
    """PagerDuty's answer to an event that cannot be taken."""

    status = Text(max_length=40)
    message = Text(max_length=100)
    errors = serializers.ListField(child=Text(max_length=300))  # type: ignore[assignment]


_ANSWERS = {
    202: EventOut,
    400: OpenApiResponse(EventRefusedOut, description="What is wrong with the event"),
}


class Events(ApiView):
    """A door of PagerDuty's Events API v2. The routing key is the token of an integration."""

    area = "alerts"
    http_method_names = ["post", "options"]
    take: ClassVar[Callable[..., dict[str, str]]]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer an event as PagerDuty does."""
        if request.method != "POST":
            return super().dispatch(request, *args, **kwargs)
        now = edge_now()
        take = type(self).take

        def receive() -> HttpResponse:
            try:
                return JsonResponse(take(request, body_of(request), now), status=202)
            except EventError as error:
                return JsonResponse(error.answer, status=400)

        return answered(request, now, receive)


def _take_event(request: HttpRequest, body: bytes, now: datetime) -> dict[str, str]:
    event = pagerduty.parse_event(body)
    integration, actor = _sender(request, event.routing_key)
    key, _ = event_ingest(actor=actor, now=now, integration=integration, event=event, body=body)
    return pagerduty.processed(key)


def _take_change(request: HttpRequest, body: bytes, now: datetime) -> dict[str, str]:
    change = pagerduty.parse_change(body)
    integration, actor = _sender(request, change.routing_key)
    change_report_ingest(actor=actor, now=now, integration=integration, change=change, body=body)
    return pagerduty.change_processed()


def _sender(request: HttpRequest, routing_key: str) -> tuple[Integration, Actor]:
    try:
        integration, actor = sender_by_token(routing_key)
    except (Unauthenticated, Forbidden):
        raise pagerduty.key_unknown() from None
    request.actor = actor  # type: ignore[attr-defined] # for the access line
    return integration, actor


class EnqueueEvent(Events):
    """Alert events."""

    take = staticmethod(_take_event)

    @extend_schema(
        operation_id="pagerduty_enqueue",
        description="Take an event of PagerDuty's Events API v2: trigger, acknowledge or resolve.",
        request=OpenApiTypes.OBJECT,
        responses=_ANSWERS,
    )
    def post(self, request: Any) -> None:
        """Answered by `dispatch`."""


class EnqueueChange(Events):
    """Change events."""

    take = staticmethod(_take_change)

    @extend_schema(
        operation_id="pagerduty_change_enqueue",
        description="Take a change event of PagerDuty's Events API v2. Nobody is paged.",
        request=OpenApiTypes.OBJECT,
        responses=_ANSWERS,
    )
    def post(self, request: Any) -> None:
        """Answered by `dispatch`."""
