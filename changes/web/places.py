"""Where a change happens, in few words: each service once, with its environments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from changes.models import ChangeTarget, TemplateTarget
from opsportal.catalog.models import Environment, Service


@dataclass(frozen=True, slots=True)
class Place:
    """One service, and in which environments it is touched."""

    service: Service
    environments: tuple[Environment, ...]

    @property
    def names(self) -> str:
        return ", ".join(environment.name for environment in self.environments)


def places_of(targets: Iterable[ChangeTarget | TemplateTarget]) -> list[Place]:
    """Return the targets by service; services and environments are loaded."""
    by_service: dict[int, tuple[Service, list[Environment]]] = {}
    for target in targets:
        by_service.setdefault(target.service_id, (target.service, []))[1].append(target.environment)
    return [
        Place(service, tuple(sorted(environments, key=lambda one: (one.rank, one.slug))))
        for service, environments in sorted(by_service.values(), key=lambda pair: pair[0].name)
    ]
