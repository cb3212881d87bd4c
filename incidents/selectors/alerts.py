"""Reads of alerts, of where they come from and of their routes; who sees which alert."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from incidents.models import Alert, AlertMessage, AlertRoute, HeartbeatCheck, Integration
from incidents.selectors.response import sees_all, visible
from opsportal.core.actor import Actor
from opsportal.core.errors import NotFound

ALERT_ORDERINGS: dict[str, tuple[str, ...]] = {"-id": ("-id",), "id": ("id",)}
"""By arrival: the newest alert has the highest number."""
SOURCE_ORDERINGS: dict[str, tuple[str, ...]] = {"name": ("name", "id"), "-name": ("-name", "-id")}


def alerts_seen(actor: Actor, now: datetime) -> QuerySet[Alert]:
    """Return the alerts that `actor` may see at `now` (aware UTC).

    One about security, or restricted by its route, is seen by those who see every restricted incident,
    and by whoever sees the incident that it belongs to.
    """
    rows = Alert.objects.all()
    if sees_all(actor, now):
        return rows
    if not (actor.is_user or actor.is_service_account):
        return rows.none()
    open_to_all = Q(restricted=False) & (Q(incident=None) | Q(incident__visibility="open"))
    return rows.filter(open_to_all | Q(incident__in=visible(actor, now).values("pk")))


def alerts_loaded(actor: Actor, now: datetime) -> QuerySet[Alert]:
    """Return the alerts that `actor` may see, with what a list shows of them."""
    return alerts_seen(actor, now).select_related("integration", "service", "incident", "route")


def alert_seen(actor: Actor, pk: int, now: datetime) -> Alert:
    """Return one alert. Raises `NotFound`, also where `actor` may not see it."""
    found = alerts_loaded(actor, now).select_related("message").filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such alert.")
    return found


def sees_whole_message(actor: Actor, message: AlertMessage, now: datetime) -> bool:
    """Return whether `actor` may read a message as it came: whether they may see every alert in it."""
    if sees_all(actor, now):
        return True
    made = Alert.objects.filter(message=message).count()
    seen = alerts_seen(actor, now).filter(message=message).count()
    return is_open_as_a_whole(told=message.alerts + message.refused, made=made, seen=seen)


def is_open_as_a_whole(*, told: int, made: int, seen: int) -> bool:
    """Return whether a reader who sees `seen` of the alerts that a message made may read all of it. Pure.

    It `told` so many, refused ones counted. Which alerts it only repeated or closed is not known; nobody
    knows what a refused one is about either. So each must have made one of its own.
    """
    return told == made == seen


def integrations() -> QuerySet[Integration]:
    """Return all integrations with what a list shows of them, by name."""
    return Integration.objects.select_related("team", "service", "account").prefetch_related("tokens")


def integration_named(slug: str) -> Integration:
    """Return the integration with this slug. Raises `NotFound`."""
    found = integrations().filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such integration.")
    return found


def last_received(keys: Collection[int]) -> dict[int, datetime]:
    """Return when each of these integrations was last heard of (aware UTC); one look-up in an index each."""
    found: dict[int, datetime] = {}
    for key in keys:
        messages = Integration(pk=key).messages.order_by("-received_at")
        last = messages.values_list("received_at", flat=True).first()
        if last is not None:
            found[key] = last
    return found


def routes() -> QuerySet[AlertRoute]:
    """Return all routes with their services."""
    return AlertRoute.objects.select_related("service")


def routes_in_use() -> list[AlertRoute]:
    """Return the routes that are in use, in their order, with their services."""
    return list(AlertRoute.objects.filter(state="active").select_related("service"))


def route_named(slug: str) -> AlertRoute:
    """Return the route with this slug. Raises `NotFound`."""
    found = AlertRoute.objects.select_related("service").filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such route.")
    return found


def checks() -> QuerySet[HeartbeatCheck]:
    """Return all heartbeat checks, by name."""
    return HeartbeatCheck.objects.select_related("team", "service")


def check_named(slug: str) -> HeartbeatCheck:
    """Return the heartbeat check with this slug. Raises `NotFound`."""
    found = checks().filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no such heartbeat check.")
    return found
