"""Routes: made, edited, moved, retired. Their order is theirs alone; each step is a version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.ingest.routing import FACTS, OPS
from incidents.models import AlertRoute
from incidents.services.alerts import fields as of
from incidents.states import ROUTE
from opsportal.audit.canonical import JSON
from opsportal.audit.services import audit_record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import InvalidInput, NotFound
from opsportal.core.text import clean_slug, clean_text
from opsportal.core.versions import require_version
from opsportal.core.writes import write

KIND = "alert_route"
MOST_MATCHERS = 20
MOST_ROUTES = 500


def a_policy(value: object, field: str) -> str:
    """Return the short name of an escalation policy, `""` for the usual one."""
    return "" if value in {None, ""} else clean_slug(value, field=field)


def matchers(value: object, field: str) -> list[dict[str, str]]:
    """Return matchers, each `{"label", "op", "value"}`. Raises `InvalidInput`."""
    if not isinstance(value, list) or len(value) > MOST_MATCHERS:
        raise InvalidInput.of(field, "not_a_list", f"Must be a list of {MOST_MATCHERS} matchers at most.")
    return [_matcher(one, f"{field}/{place}") for place, one in enumerate(value)]


def _matcher(value: object, field: str) -> dict[str, str]:
    if not isinstance(value, dict) or set(value) - {"label", "op", "value"}:
        raise InvalidInput.of(field, "not_a_matcher", "Must have label, op and value, nothing else.")
    label = clean_text(value.get("label"), field=f"{field}/label", max_length=200, required=True, lines=False)
    if label.startswith("alert.") and label not in FACTS:
        raise InvalidInput.of(f"{field}/label", "unknown", f"Known are: {', '.join(FACTS)}.")
    op = value.get("op", "is")
    if not isinstance(op, str) or op not in OPS:
        raise InvalidInput.of(f"{field}/op", "unknown", f"Must be one of: {', '.join(OPS)}.")
    text = clean_text(value.get("value", ""), field=f"{field}/value", max_length=500, lines=False)
    return {"label": label, "op": op, "value": text}


CLEANERS: Mapping[str, of.Cleaner] = {
    "name": of.a_name,
    "matchers": matchers,
    "action": of.one_of(AlertRoute.Action.values),
    "severity": of.maybe_severity,
    "service": of.maybe_service,
    "policy": a_policy,
    "group_by": of.labels,
    "suppress_in_windows": of.a_flag,
    "restricted": of.a_flag,
    "auto_resolve": of.a_flag,
}


def route_create(*, actor: Actor, now: datetime, slug: object, fields: Mapping[str, Any]) -> AlertRoute:
    """Store a route, the last in order, and return it. `fields` are those of `CLEANERS`; `name` is needed.

    Raises `InvalidInput` and `Forbidden`.
    """
    values = of.cleaned({"name": "", **fields}, CLEANERS)
    short = clean_slug(slug, field="slug")
    with write(actor=actor, now=now):
        require(actor, "alert_route.manage")
        standing = list(AlertRoute.objects.select_for_update().order_by("-position"))
        if len(standing) >= MOST_ROUTES:
            raise InvalidInput.of("slug", "too_many", f"There are {MOST_ROUTES} routes already.")
        if any(one.slug == short for one in standing):
            raise InvalidInput.of("slug", "taken", "Another route has this short name.")
        last = standing[0].position if standing else 0
        route = AlertRoute(slug=short, position=last + 1, created_at=now, updated_at=now, **values)
        route.save(force_insert=True)
        _record(actor, now, "created", route)
        return route


def route_update(
    *, actor: Actor, now: datetime, slug: str, fields: Mapping[str, Any], version: int | None = None
) -> AlertRoute:
    """Change fields of a route and return it. What is on its way already stays as it is.

    Raises `InvalidInput`, `NotFound`, `Forbidden` and `Stale`.
    """
    values = of.cleaned(fields, CLEANERS)
    with write(actor=actor, now=now):
        route = _locked(slug, actor)
        require_version(route, version)
        changed = sorted(name for name, value in values.items() if getattr(route, name) != value)
        for name in changed:
            setattr(route, name, values[name])
        if changed:
            _save(route, now)
            _record(actor, now, "edited", route, {"fields": list(changed)})
        return route


def route_move(*, actor: Actor, now: datetime, slug: str, up: bool, version: int | None = None) -> AlertRoute:
    """Change places with the route before (`up`) or after it, and return it; at the end nothing happens.

    Raises `NotFound`, `Forbidden` and `Stale`.
    """
    with write(actor=actor, now=now):
        require(actor, "alert_route.manage")
        ordered = list(AlertRoute.objects.select_for_update().filter(state=ROUTE.initial))
        place = next((place for place, one in enumerate(ordered) if one.slug == slug), None)
        if place is None:
            raise NotFound("There is no such route in use.")
        route = ordered[place]
        require_version(route, version)
        other = place - 1 if up else place + 1
        if 0 <= other < len(ordered):
            neighbour = ordered[other]
            route.position, neighbour.position = neighbour.position, route.position
            _save(neighbour, now)
            _save(route, now)
            _record(actor, now, "moved", route, {"position": route.position})
        return route


def route_retire(*, actor: Actor, now: datetime, slug: str, version: int | None = None) -> AlertRoute:
    """Take a route out of use, and return it. Raises `NotFound`, `Forbidden`, `Stale` and `IllegalMove`."""
    return _step(actor, now, slug, version, verb="retire", event="retired")


def route_reinstate(*, actor: Actor, now: datetime, slug: str, version: int | None = None) -> AlertRoute:
    """Put a route in use again, in its old place, and return it. Raises as `route_retire`."""
    return _step(actor, now, slug, version, verb="reinstate", event="reinstated")


def _step(
    actor: Actor, now: datetime, slug: str, version: int | None, *, verb: str, event: str
) -> AlertRoute:
    with write(actor=actor, now=now):
        route = _locked(slug, actor)
        require_version(route, version)
        route.state = ROUTE.move(route.state, verb)
        _save(route, now)
        _record(actor, now, event, route)
        return route


def _locked(slug: str, actor: Actor) -> AlertRoute:
    rows = AlertRoute.objects.select_for_update(of=("self",)).select_related("service")
    route = rows.filter(slug=slug).first()
    if route is None:
        raise NotFound("There is no such route.")
    require(actor, "alert_route.manage")
    return route


def _save(route: AlertRoute, now: datetime) -> None:
    route.version += 1
    route.updated_at = now
    route.save()


def _record(
    actor: Actor, now: datetime, event: str, route: AlertRoute, data: Mapping[str, JSON] | None = None
) -> None:
    audit_record(
        actor=actor, now=now, action=f"{KIND}.{event}", object_kind=KIND, object_key=route.slug, data=data
    )
