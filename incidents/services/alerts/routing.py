"""Routing: what has arrived is put on its way, and what is over is told to its incident.

Alerts that are due are claimed with a lease. What is done about a group of them is one transaction that takes
the lease back; a worker that dies leaves them to the next. Alerts are locked before their incident.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from incidents.ingest.arrived import plain
from incidents.ingest.pagerduty import FORMAT as PAGERDUTY
from incidents.ingest.routing import Matcher, Route, Seen, Way, way_of
from incidents.models import Alert, AlertMessage, AlertRoute, Incident
from incidents.selectors.alerts import routes_in_use
from incidents.services.alerts.settling import settle
from incidents.services.escalation.lapsing import acknowledgement_outlived
from incidents.services.response.declaring import incident_declare
from incidents.services.response.moving import incident_flare_up
from incidents.services.response.timeline import entry_add
from incidents.states import HANDLING
from opsportal.catalog.models import Service
from opsportal.catalog.selectors import services_named
from opsportal.core.actor import Actor
from opsportal.core.connections import drop_broken_connection
from opsportal.core.faultpoints import reached
from opsportal.core.registry import QuietSpell, quiet_spells
from opsportal.core.writes import write
from opsportal.outbox.services import outbox_put

ACTOR = Actor.system("incidents.alerts")
MOST_TOLD = 1_000
"""How many of the alerts that joined an incident its listeners are told of."""
LEASE = timedelta(seconds=30)
LOOK_AGAIN = timedelta(minutes=5)
"""How soon a suppressed alert is looked at again: the work may have ended ahead of its time."""
_BATCH = 5_000
_BUDGET_SECONDS = 15.0
_NAMED = 5
_WAITING = ("waiting", "suppressed")

_log = structlog.get_logger(__name__)


class NotRoutedError(Exception):
    """Some alerts could not be put on their way; the others were. They are tried again."""


@dataclass(frozen=True, slots=True)
class Routed:
    """An alert and what is done about it."""

    alert: Alert
    way: Way
    service: Service | None


def alerts_route(*, clock: Callable[[], datetime]) -> int:
    """Put what is due on its way, for 15 s at most; return how many alerts were looked at.

    `clock` is the database's (aware UTC). Each group has a transaction of its own. Raises `NotRoutedError`
    where one of them failed, so that the heart does not beat.
    """
    stop_at = time.monotonic() + _BUDGET_SECONDS
    done, failed = 0, 0
    while time.monotonic() < stop_at:
        now = clock()
        claimed = _claim(now)
        if not claimed:
            break
        failed += _handle(claimed, now)
        done += len(claimed)
    if failed:
        raise NotRoutedError(f"{failed} groups of alerts could not be put on their way")
    return done


def seen_of(alert: Alert, service: Service | None) -> Seen:
    """Return an alert, with its integration loaded, as routes see it."""
    return Seen(
        labels=alert.labels,
        integration=alert.integration.slug,
        fingerprint=alert.fingerprint,
        title=alert.title,
        severity=alert.severity,
        severity_word=alert.severity_word,
        category=alert.category,
        service=service.slug if service else "",
        group_by=tuple(alert.integration.group_by),
    )


def route_of(row: AlertRoute) -> Route:
    """Return a stored route as it decides; its service is loaded."""
    return Route(
        id=row.pk,
        version=row.version,
        slug=row.slug,
        matchers=tuple(Matcher(one["label"], one["op"], one.get("value", "")) for one in row.matchers),
        keeps=row.action == AlertRoute.Action.KEEP,
        severity=row.severity,
        service=row.service.slug if row.service else "",
        policy=row.policy,
        group_by=tuple(row.group_by),
        suppresses=row.suppress_in_windows,
        restricted=row.restricted,
        auto_resolve=row.auto_resolve,
    )


def _claim(now: datetime) -> list[Alert]:
    until = now + LEASE
    with transaction.atomic():
        due = Alert.objects.select_for_update(skip_locked=True).filter(due_at__lte=now)
        keys = list(due.order_by("due_at", "id").values_list("pk", flat=True)[:_BATCH])
        if keys:
            Alert.objects.filter(pk__in=keys).update(due_at=until, attempt=F("attempt") + 1)
    rows = Alert.objects.filter(pk__in=keys, due_at=until).order_by("id")
    return list(rows.select_related("integration__service"))


def _handle(claimed: Sequence[Alert], now: datetime) -> int:
    failed = 0
    over = [one for one in claimed if one.handling in _WAITING and not one.is_firing]
    flashes = _came_and_went(over)
    for group in _grouped(flashes, now):
        failed += not _tried(partial(_note_flash, group, now), group[0].way.group_key)
    silent = [one for one in over if one not in flashes]
    if silent:
        failed += not _tried(partial(_keep_over, silent, now), "over")
    waiting = [one for one in claimed if one.handling in _WAITING and one.is_firing]
    for group in _grouped(waiting, now):
        failed += not _tried(partial(_respond, group, now), group[0].way.group_key)
    told: dict[int, list[Alert]] = {}
    for alert in claimed:
        if alert.incident_id is not None:
            told.setdefault(alert.incident_id, []).append(alert)
    for incident, alerts in told.items():
        failed += not _tried(partial(settle, incident, alerts, now), incident)
    return failed


def _tried(act: Callable[[], None], what: object) -> bool:
    try:
        act()
    except Exception:  # noqa: BLE001 - logged; one group must not hold up the others
        _log.exception("alerts.not_routed", group=str(what)[:100])
        drop_broken_connection()
        return False
    return True


def _grouped(alerts: Sequence[Alert], now: datetime) -> list[list[Routed]]:
    """Return alerts with what is done about each, those of one group and way together."""
    routes = [route_of(row) for row in routes_in_use()] if alerts else []
    named = {alert.labels.get(alert.integration.service_label, "") for alert in alerts}
    named |= {route.service for route in routes}
    services = services_named(named - {""}) if alerts else {}
    groups: dict[tuple[str, bool, bool], list[Routed]] = {}
    for alert in alerts:
        label = alert.labels.get(alert.integration.service_label, "")
        way = way_of(seen_of(alert, services.get(label) or alert.integration.service), routes)
        service = services.get(way.service) or alert.integration.service
        groups.setdefault((way.group_key, way.keeps, way.suppresses), []).append(Routed(alert, way, service))
    # The gravest first: they are the ones that somebody waits for.
    return sorted(groups.values(), key=lambda group: min(one.way.severity for one in group))


def _respond(group: Sequence[Routed], now: datetime) -> None:
    """Do about one group what its way says."""
    spells = _spells(group, now) if group[0].way.suppresses else {}
    with write(actor=ACTOR, now=now):
        mine = _locked(group)
        quiet = {key: one for key, one in mine.items() if one.service and one.service.slug in spells}
        loud = {key: one for key, one in mine.items() if key not in quiet}
        for one in quiet.values():
            _suppress(one, spells[one.service.slug], now)  # type: ignore[union-attr]
        if not loud:
            return
        if group[0].way.keeps:
            _move(loud.values(), "keep")
            return
        incident = _open_or_join(loud, now)
        if incident.state == "mitigated":
            # What fires now, nobody has seen: a remedy that did not hold pages again.
            incident = incident_flare_up(actor=ACTOR, now=now, pk=incident.pk)
        acknowledgement_outlived(now=now, incident=incident, joined=set(loud))
        outbox_put(
            now=now,
            topic="incidents.alerts.joined",
            key=incident.key,
            payload={"incident": incident.pk, "key": incident.key, "alerts": sorted(loud)[:MOST_TOLD]},
        )
        if any(one.alert.acknowledged_at for one in loud.values()):
            # Somebody was on it before it had its incident: nobody is paged for what is taken.
            settle(incident.pk, [one.alert for one in loud.values()], now)


def _note_flash(group: Sequence[Routed], now: datetime) -> None:
    """Open the incident of alerts that came and went before they were routed, and let it resolve at once.

    All of it is one transaction, so that no step of its escalation is ever due: nobody is paged. Announced
    work on the service and a route that keeps its alerts let them be kept.
    """
    spells = _spells(group, now) if group[0].way.suppresses else {}
    with write(actor=ACTOR, now=now):
        mine = _locked(group, state="resolved")
        quiet = {
            key: one
            for key, one in mine.items()
            if one.way.keeps
            or one.alert.handling == "suppressed"
            or (one.service and one.service.slug in spells)
        }
        _move(quiet.values(), "keep")
        loud = {key: one for key, one in mine.items() if key not in quiet}
        if loud:
            incident = _open_or_join(loud, now)
            settle(incident.pk, [one.alert for one in loud.values()], now)


def _open_or_join(loud: Mapping[int, Routed], now: datetime) -> Incident:
    """Open the incident of locked alerts, or let them join the one that is open, and return it."""
    gravest = min(loud.values(), key=lambda one: (one.way.severity, one.alert.pk))
    incident = incident_declare(
        actor=ACTOR,
        now=now,
        title=plain(gravest.alert.title, most=200),
        severity=gravest.way.severity,
        summary=_summary(gravest.alert),
        services=sorted({one.service.slug for one in loud.values() if one.service}),
        detected_at=min(now, *(one.alert.received_at for one in loud.values())),
        detected_by="monitor",
        visibility="restricted" if gravest.way.restricted else "open",
        security=gravest.alert.category == "security",
        group_key=gravest.way.group_key,
        policy=gravest.way.policy,
        source=("alert", str(gravest.alert.pk)),
    )
    reached("alerts.declared")
    entry_add(
        actor=ACTOR,
        now=now,
        incident=incident,
        kind="alerts_joined",
        text=_joined_words([one.alert for one in loud.values()]),
        data={"alerts": sorted(loud)[:100], "count": len(loud)},
    )
    _move(loud.values(), "respond", incident_id=incident.pk)
    for one in loud.values():
        one.alert.due_at = None
    return incident


def _locked(group: Sequence[Routed], *, state: str = "firing") -> dict[int, Routed]:
    """Lock those of a group that are still ours and in this state, and see who has acknowledged them."""
    by_key = {one.alert.pk: one for one in group}
    rows = Alert.objects.select_for_update().filter(pk__in=list(by_key), state=state, handling__in=_WAITING)
    mine: dict[int, Routed] = {}
    for key, attempt, acknowledged_at in rows.order_by("pk").values_list("pk", "attempt", "acknowledged_at"):
        if attempt == by_key[key].alert.attempt:
            mine[key] = by_key[key]
            mine[key].alert.acknowledged_at = acknowledged_at
    return mine


def _came_and_went(over: Sequence[Alert]) -> list[Alert]:
    """Return which of those that are over came as a trigger of PagerDuty's format.

    There a trigger opens an incident, whatever follows how soon ("Send an Alert Event"): senders count on it.
    Other formats tell of states. What is over in them before it was looked at asks nobody for anything.
    """
    told_by = AlertMessage.objects.filter(pk__in={one.message_id for one in over}, format=PAGERDUTY)
    triggers = set(told_by.values_list("pk", flat=True)) if over else set()
    return [one for one in over if one.message_id in triggers]


def _move(routed: Iterable[Routed], verb: str, **more: Any) -> None:
    """Note what is done about alerts; one statement for each route, service and severity among them."""
    kinds: dict[tuple[Any, ...], list[Routed]] = {}
    for one in routed:
        kind = (one.way.route, one.service.pk if one.service else None, one.way.severity, one.alert.handling)
        kinds.setdefault(kind, []).append(one)
    for (route, service, severity, handling), alike in kinds.items():
        Alert.objects.filter(pk__in=[one.alert.pk for one in alike]).update(
            handling=HANDLING.move(handling, verb),
            due_at=None,
            suppressed_by="",
            route_id=route.id if route else None,
            route_version=route.version if route else None,
            service_id=service,
            severity=severity,
            restricted=alike[0].way.restricted,
            group_key=alike[0].way.group_key,
            **more,
        )


def _suppress(one: Routed, spell: QuietSpell, now: datetime) -> None:
    route = one.way.route
    Alert.objects.filter(pk=one.alert.pk).update(
        handling=HANDLING.move(one.alert.handling, "suppress"),
        due_at=min(max(spell.end, now + timedelta(seconds=1)), now + LOOK_AGAIN),
        suppressed_by=spell.key[:100],
        route_id=route.id if route else None,
        route_version=route.version if route else None,
        service=one.service,
        group_key=one.way.group_key,
    )


def _spells(group: Sequence[Routed], now: datetime) -> Mapping[str, QuietSpell]:
    """Return the announced work that is going on, by the slug of the service; the one that ends last."""
    slugs = sorted({one.service.slug for one in group if one.service})
    found: dict[str, QuietSpell] = {}
    for source in quiet_spells.values() if slugs else ():
        for spell in source(slugs, now, now + timedelta(seconds=1)):
            for slug in spell.services if spell.start <= now < spell.end else ():
                if slug not in found or found[slug].end < spell.end:
                    found[slug] = spell
    return found


def _keep_over(alerts: Sequence[Alert], now: datetime) -> None:
    """Keep what was over before anybody was told of it: there is nothing left to respond to, only to read."""
    with write(actor=ACTOR, now=now):
        for handling in _WAITING:
            rows = Alert.objects.filter(
                pk__in=[one.pk for one in alerts], state="resolved", handling=handling
            )
            rows.update(handling=HANDLING.move(handling, "keep"), due_at=None)


def _summary(alert: Alert) -> str:
    words = alert.annotations.get("description") or alert.annotations.get("summary") or ""
    return plain(words, most=4_000)


def _joined_words(alerts: Sequence[Alert]) -> str:
    titles = list(dict.fromkeys(plain(alert.title, most=120) for alert in alerts))
    named = "; ".join(titles[:_NAMED]) + (
        f"; and {len(titles) - _NAMED} more" if len(titles) > _NAMED else ""
    )
    return f"{len(alerts)} alert{'s' if len(alerts) > 1 else ''}: {named}"
