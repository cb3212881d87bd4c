"""What the API takes and says of integrations, routes and heartbeat checks."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from incidents.models import AlertRoute, HeartbeatCheck, Integration
from incidents.selectors.alerts import last_received
from incidents.services.alerts.integrations import KINDS
from incidents.severities import CHOICES
from incidents.states import CHECK, INTEGRATION, ROUTE
from opsportal.api.serializers import Body, Flag, Moment, Text, WholeNumber, utc

SLUG = 60


class IntegrationFields(Body):
    """What an integration takes for granted."""

    name = Text(max_length=120, required=False)
    team = Text(max_length=SLUG, required=False, allow_null=True, help_text="Slug of the team that owns it.")
    service = Text(max_length=SLUG, required=False, allow_null=True, help_text="Where no label names one.")
    severity = Text(max_length=200, required=False, help_text="Where its word is unknown.")
    severity_label = Text(max_length=200, required=False)
    severity_table = serializers.DictField(child=Text(max_length=200), required=False)
    service_label = Text(max_length=200, required=False)
    group_by = serializers.ListField(child=Text(max_length=200), required=False)
    silent_after = WholeNumber(required=False, allow_null=True, help_text="Seconds.")
    signature_header = Text(max_length=100, required=False)
    timestamp_header = Text(max_length=100, required=False)
    signature_skew = WholeNumber(required=False, help_text="Seconds.")


class IntegrationBody(IntegrationFields):
    """A new integration."""

    slug = Text(max_length=SLUG, blank=False)
    name = Text(max_length=120, blank=False)
    kind = serializers.ChoiceField(list(KINDS))


class VersionedIntegration(IntegrationFields):
    """Changed fields of an integration."""

    version = WholeNumber(required=False)


class IntegrationOut(Body):
    """An integration. `token` is there only in the answer that made it."""

    slug = Text(max_length=SLUG)
    kind = serializers.ChoiceField(Integration.Kind.choices)
    name = Text(max_length=120)
    state = serializers.ChoiceField(INTEGRATION.choices)
    team = Text(max_length=SLUG, allow_null=True)
    service = Text(max_length=SLUG, allow_null=True)
    severity = serializers.ChoiceField(CHOICES)
    severity_label = Text(max_length=200)
    severity_table = serializers.DictField(child=Text(max_length=200))
    service_label = Text(max_length=200)
    group_by = serializers.ListField(child=Text(max_length=200))
    silent_after = WholeNumber(allow_null=True)
    signature_header = Text(max_length=100)
    timestamp_header = Text(max_length=100)
    signature_skew = WholeNumber()
    last_received_at = Moment(allow_null=True)
    version = WholeNumber()
    url = Text(max_length=500)
    token = Text(max_length=32, required=False)


class IntegrationPage(Body):
    """One page of integrations."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = IntegrationOut(many=True)


class MatcherBody(Body):
    """What a label, or a fact such as `alert.severity`, must be."""

    label = Text(max_length=200, blank=False)  # type: ignore[assignment] # the word for it, of Prometheus too
    op = serializers.ChoiceField(["is", "is_not", "matches", "matches_not", "is_set", "is_not_set"])
    value = Text(max_length=500, required=False)


class RouteFields(Body):
    """What a route is about, and what it does."""

    name = Text(max_length=120, required=False)
    matchers = MatcherBody(many=True, required=False)
    action = serializers.ChoiceField(AlertRoute.Action.choices, required=False)
    severity = Text(max_length=20, required=False)
    service = Text(max_length=SLUG, required=False, allow_null=True)
    policy = Text(max_length=SLUG, required=False)
    group_by = serializers.ListField(child=Text(max_length=200), required=False)
    suppress_in_windows = Flag(required=False)
    restricted = Flag(required=False)
    auto_resolve = Flag(required=False)


class RouteBody(RouteFields):
    """A new route, the last in order."""

    slug = Text(max_length=SLUG, blank=False)
    name = Text(max_length=120, blank=False)


class VersionedRoute(RouteFields):
    """Changed fields of a route."""

    version = WholeNumber(required=False)


class RouteOut(Body):
    """A route."""

    slug = Text(max_length=SLUG)
    name = Text(max_length=120)
    state = serializers.ChoiceField(ROUTE.choices)
    position = WholeNumber()
    matchers = MatcherBody(many=True)
    action = serializers.ChoiceField(AlertRoute.Action.choices)
    severity = Text(max_length=4)
    service = Text(max_length=SLUG, allow_null=True)
    policy = Text(max_length=SLUG)
    group_by = serializers.ListField(child=Text(max_length=200))
    suppress_in_windows = Flag()
    restricted = Flag()
    auto_resolve = Flag()
    version = WholeNumber()


class RoutePage(Body):
    """One page of routes."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = RouteOut(many=True)


class CheckFields(Body):
    """What is expected of a heartbeat."""

    name = Text(max_length=120, required=False)
    team = Text(max_length=SLUG, required=False, allow_null=True)
    service = Text(max_length=SLUG, required=False, allow_null=True)
    severity = Text(max_length=20, required=False)
    every = WholeNumber(required=False, help_text="Seconds.")
    grace = WholeNumber(required=False, help_text="Seconds.")


class HeartbeatBody(CheckFields):
    """A new heartbeat check."""

    slug = Text(max_length=SLUG, blank=False)
    name = Text(max_length=120, blank=False)
    every = WholeNumber(help_text="Seconds.")


class VersionedHeartbeat(CheckFields):
    """Changed fields of a heartbeat check."""

    version = WholeNumber(required=False)


class HeartbeatOut(Body):
    """A heartbeat check. `token` is there only in the answer that made it."""

    slug = Text(max_length=SLUG)
    name = Text(max_length=120)
    state = serializers.ChoiceField(CHECK.choices)
    team = Text(max_length=SLUG, allow_null=True)
    service = Text(max_length=SLUG, allow_null=True)
    severity = serializers.ChoiceField(CHOICES)
    every = WholeNumber()
    grace = WholeNumber()
    last_ping_at = Moment(allow_null=True)
    due_at = Moment(allow_null=True, help_text="When the next ping will have been missed.")
    version = WholeNumber()
    token = Text(max_length=32, required=False)


class HeartbeatPage(Body):
    """One page of heartbeat checks."""

    next = Text(max_length=2_000, allow_null=True)
    previous = Text(max_length=2_000, allow_null=True)
    results = HeartbeatOut(many=True)


class PingOut(Body):
    """The answer to a ping."""

    status = Text(max_length=20)
    state = serializers.ChoiceField(CHECK.choices)


def integration_out(one: Integration, *, token: str = "") -> dict[str, Any]:
    """Return what the API says of an integration from `integrations`."""
    heard = last_received([one.pk]).get(one.pk)
    return {
        "slug": one.slug,
        "kind": one.kind,
        "name": one.name,
        "state": one.state,
        "team": one.team.slug if one.team else None,
        "service": one.service.slug if one.service else None,
        "severity": one.severity,
        "severity_label": one.severity_label,
        "severity_table": one.severity_table,
        "service_label": one.service_label,
        "group_by": one.group_by,
        "silent_after": one.silent_after,
        "signature_header": one.signature_header,
        "timestamp_header": one.timestamp_header,
        "signature_skew": one.signature_skew,
        "last_received_at": utc(heard),
        "version": one.version,
        "url": f"{settings.PUBLIC_URL}/integrations/{one.slug}/",
        **({"token": token} if token else {}),
    }


def route_out(one: AlertRoute) -> dict[str, Any]:
    """Return what the API says of a route from `routes`."""
    return {
        **{name: getattr(one, name) for name in ("slug", "name", "state", "position", "matchers", "action")},
        **{name: getattr(one, name) for name in ("severity", "policy", "group_by", "suppress_in_windows")},
        "service": one.service.slug if one.service else None,
        "restricted": one.restricted,
        "auto_resolve": one.auto_resolve,
        "version": one.version,
    }


def check_out(one: HeartbeatCheck, *, token: str = "") -> dict[str, Any]:
    """Return what the API says of a heartbeat check from `checks`."""
    return {
        **{name: getattr(one, name) for name in ("slug", "name", "state", "severity", "every", "grace")},
        "team": one.team.slug if one.team else None,
        "service": one.service.slug if one.service else None,
        "last_ping_at": utc(one.last_ping_at),
        "due_at": utc(one.due_at),
        "version": one.version,
        **({"token": token} if token else {}),
    }
