"""Writes of dependencies between services."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError

from opsportal.accounts.services.periods import utc_day
from opsportal.catalog.models import Dependency, Service
from opsportal.catalog.permissions import Ownership
from opsportal.catalog.services.graph import path_between
from opsportal.catalog.services.records import clean_choice, record
from opsportal.core.access import require
from opsportal.core.actor import Actor
from opsportal.core.errors import Conflict, InvalidInput, NotFound
from opsportal.core.locks import DEPENDENCIES, wait_for_turn
from opsportal.core.text import clean_slug
from opsportal.core.writes import write


def dependency_add(
    *, actor: Actor, now: datetime, service: str, depends_on: str, kind: str = Dependency.Kind.HARD
) -> Dependency:
    """Let `service` (its slug) depend on `depends_on`, and return the dependency.

    Raises `InvalidInput` for an unknown or the same service, `Forbidden`, and `Conflict`: "exists",
    "retired", or "cycle" where hard dependencies would run in a circle, with the way round.
    """
    with write(actor=actor, now=now):
        source, target = _service(service, "service"), _service(depends_on, "depends_on")
        require(actor, "service.write", Ownership(source.owner_team.slug, utc_day(now)))
        clean_choice(kind, "kind", Dependency.Kind.values)
        if source == target:
            raise InvalidInput.of("depends_on", "itself", "A service does not depend on itself.")
        retired = next((row for row in (source, target) if row.state == "retired"), None)
        if retired is not None:
            raise Conflict(f"{retired.slug} is retired.", code="retired")
        # Two additions far apart may close a circle together, and no row that both would lock exists.
        wait_for_turn(DEPENDENCIES)
        exists = Conflict(f"{source.slug} depends on {target.slug} already.", code="exists")
        if Dependency.objects.filter(service=source, depends_on=target).exists():
            raise exists
        if kind == Dependency.Kind.HARD:
            _require_no_cycle(source, target)
        try:
            dependency = Dependency.objects.create(
                service=source, depends_on=target, kind=kind, created_at=now
            )
        except IntegrityError:  # somebody else made it between the look and the save
            raise exists from None
        _record(actor, now, "dependency.added", dependency)
        return dependency


def dependency_remove(*, actor: Actor, now: datetime, dependency_id: int) -> None:
    """Let a service no longer depend on another. Its history stays. Raises `NotFound`, `Forbidden`."""
    with write(actor=actor, now=now):
        dependency = (
            Dependency.objects.select_for_update(of=("self",))
            .select_related("service__owner_team", "depends_on")
            .filter(pk=dependency_id)
            .first()
        )
        if dependency is None:
            raise NotFound("There is no such dependency.")
        require(actor, "service.write", Ownership(dependency.service.owner_team.slug, utc_day(now)))
        _record(actor, now, "dependency.removed", dependency)
        dependency.delete()


def _service(slug: str, field: str) -> Service:
    service = Service.objects.select_related("owner_team").filter(slug=clean_slug(slug, field=field)).first()
    if service is None:
        raise InvalidInput.of(field, "unknown_service", "There is no such service.")
    return service


def _require_no_cycle(source: Service, target: Service) -> None:
    hard = Dependency.objects.filter(kind=Dependency.Kind.HARD)
    path = path_between(hard.values_list("service_id", "depends_on_id"), target.pk, source.pk)
    if path is None:
        return
    slugs = dict(Service.objects.filter(pk__in=path).values_list("pk", "slug"))
    way = " → ".join([source.slug, *(slugs[pk] for pk in path)])
    raise Conflict(f"Hard dependencies would run in a circle: {way}. Make one of them soft.", code="cycle")


def _record(actor: Actor, now: datetime, action: str, dependency: Dependency) -> None:
    data = {"depends_on": dependency.depends_on.slug, "kind": dependency.kind}
    record(actor=actor, now=now, action=action, kind="service", key=dependency.service.slug, data=data)
