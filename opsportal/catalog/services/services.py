"""Writes of services."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError

from opsportal.accounts.models import Team
from opsportal.accounts.services.periods import utc_day
from opsportal.audit.canonical import JSON
from opsportal.catalog.models import Dependency, Service
from opsportal.catalog.permissions import Ownership
from opsportal.catalog.services.links import clean_links
from opsportal.catalog.services.records import clean_choice, clean_description, clean_key, clean_name, record
from opsportal.catalog.states import SERVICE
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.faults import all_checked
from opsportal.core.text import clean_slug
from opsportal.core.versions import require_version
from opsportal.core.writes import write

# From the strictest down: what stands later is held to fewer rules.
_STRICTNESS = {
    "tier": ("critical", "core", "supporting"),
    "data_classification": ("restricted", "confidential", "internal", "public"),
}


def service_create(
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    name: str,
    tier: str,
    data_classification: str,
    owner_team: str,
    description: str = "",
    links: Sequence[Mapping[str, str]] = (),
) -> Service:
    """Store a service owned by the team with this slug, and return it.

    Raises `InvalidInput` for each wrong value, a slug that is taken and an unknown team; `Forbidden`
    for anybody but administrators, members of that team and tokens with `catalog:write`.
    """
    with write(actor=actor, now=now):
        given = {
            "slug": slug,
            "name": name,
            "description": description,
            "tier": tier,
            "data_classification": data_classification,
            "owner_team": owner_team,
            "links": links,
        }
        values = _cleaned(given)
        require(actor, "service.write", Ownership(values["owner_team"].slug, utc_day(now)))
        service = Service(**values, created_at=now, updated_at=now)
        taken = InvalidInput.of("slug", "taken", "There is a service with this slug already.")
        if Service.objects.filter(slug=service.slug).exists():
            raise taken
        try:
            service.save()
        except IntegrityError:  # somebody else took it between the look and the save
            raise taken from None
        _record(actor, now, "service.created", service, {"owner_team": service.owner_team.slug})
        return service


def service_update(
    *,
    actor: Actor,
    now: datetime,
    slug: str,
    version: int | None = None,
    name: str | None = None,
    description: str | None = None,
    tier: str | None = None,
    data_classification: str | None = None,
    owner_team: str | None = None,
    links: Sequence[Mapping[str, str]] | None = None,
) -> Service:
    """Change what is given, leave what is None, and return the service.

    The owner team may do all but lower the tier or the classification or give the service away. Raises
    `NotFound`, `Forbidden`, `Stale`, `InvalidInput`, `Conflict` ("retired").
    """
    with write(actor=actor, now=now):
        service = _locked(slug)
        require(actor, "service.write", _ownership(service, now))
        require_version(service, version)
        if service.state == "retired":
            raise Conflict("This service is retired; reinstate it first.", code="retired")
        given = {
            "name": name,
            "description": description,
            "tier": tier,
            "data_classification": data_classification,
            "owner_team": owner_team,
            "links": links,
        }
        wanted = _cleaned({field: value for field, value in given.items() if value is not None})
        changed = {field: value for field, value in wanted.items() if value != getattr(service, field)}
        if not changed:
            return service
        if _weakens(service, changed):
            require(actor, "service.reclassify")
        for field, value in changed.items():
            setattr(service, field, value)
        _save(service, now)
        _record(
            actor, now, "service.updated", service, {"fields": sorted(changed), **_told(service, changed)}
        )
        return service


def service_retire(
    *, actor: Actor, now: datetime, slug: str, version: int | None = None, reason: str = ""
) -> Service:
    """Take a service out of use and return it. Its history, and what it depended on, stay.

    Raises `NotFound`, `Forbidden`, `Stale`, `IllegalMove`, and `Conflict` ("depended_on") where a service
    in use has a hard dependency on it, naming those.
    """
    with write(actor=actor, now=now, reason=reason):
        service = _locked(slug)
        require(actor, "service.write", _ownership(service, now))
        require_version(service, version)
        service.state = SERVICE.move(service.state, "retire")
        leaning = Dependency.objects.filter(
            depends_on=service, kind=Dependency.Kind.HARD, service__state="active"
        ).values_list("service__slug", flat=True)
        names = ", ".join(leaning.order_by("service__slug")[:10])
        if names:
            raise Conflict(f"Still in use by: {names}. Remove these dependencies first.", code="depended_on")
        _save(service, now)
        _record(actor, now, "service.retired", service, {})
        return service


def service_reinstate(
    *, actor: Actor, now: datetime, slug: str, version: int | None = None, reason: str = ""
) -> Service:
    """Put a retired service back into use and return it.

    Raises `NotFound`, `Forbidden`, `Stale`, `IllegalMove`.
    """
    with write(actor=actor, now=now, reason=reason):
        service = _locked(slug)
        require(actor, "service.write", _ownership(service, now))
        require_version(service, version)
        service.state = SERVICE.move(service.state, "reinstate")
        _save(service, now)
        _record(actor, now, "service.reinstated", service, {})
        return service


def _cleaned(given: Mapping[str, Any]) -> dict[str, Any]:
    cleaners: dict[str, Callable[[Any], Any]] = {
        "slug": clean_key,
        "name": clean_name,
        "description": clean_description,
        "tier": lambda value: clean_choice(value, "tier", Service.Tier.values),
        "data_classification": lambda value: clean_choice(
            value, "data_classification", Service.DataClassification.values
        ),
        "owner_team": _team,
        "links": clean_links,
    }
    return all_checked({name: partial(cleaners[name], value) for name, value in given.items()})


def _locked(slug: str) -> Service:
    service = (
        Service.objects.select_for_update(of=("self",)).select_related("owner_team").filter(slug=slug).first()
    )
    if service is None:
        raise NotFound("There is no such service.")
    return service


def _team(slug: str) -> Team:
    team = Team.objects.filter(slug=clean_slug(slug, field="owner_team")).first()
    if team is None:
        raise InvalidInput.of("owner_team", "unknown_team", "There is no such team.")
    return team


def _ownership(service: Service, now: datetime) -> Ownership:
    return Ownership(service.owner_team.slug, utc_day(now))


def _weakens(service: Service, changed: Mapping[str, Any]) -> bool:
    return "owner_team" in changed or any(
        field in changed and order.index(changed[field]) > order.index(getattr(service, field))
        for field, order in _STRICTNESS.items()
    )


def _told(service: Service, changed: Mapping[str, Any]) -> dict[str, JSON]:
    """Return the new values that rules look at, for the audit entry."""
    told: dict[str, JSON] = {field: changed[field] for field in _STRICTNESS if field in changed}
    if "owner_team" in changed:
        told["owner_team"] = service.owner_team.slug
    return told


def _save(service: Service, now: datetime) -> None:
    service.updated_at = now
    service.version += 1
    service.save()


def _record(actor: Actor, now: datetime, action: str, service: Service, data: Mapping[str, JSON]) -> None:
    record(actor=actor, now=now, action=action, kind="service", key=service.slug, data=data)
