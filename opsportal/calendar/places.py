"""What a maintenance window or a freeze is about. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """A service (slug, tier) in an environment (slug, kind)."""

    service: str
    tier: str
    environment: str
    environment_kind: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Which places are meant. Each list narrows it down; an empty one does not."""

    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    environment_kinds: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Scope:
        """Return the scope that was stored by `as_dict`."""
        return cls(**{field.name: tuple(stored.get(field.name, ())) for field in fields(cls)})

    def as_dict(self) -> dict[str, list[str]]:
        return {name: list(values) for name, values in asdict(self).items()}

    def covers(self, place: Place) -> bool:
        """Return whether `place` is meant."""
        return all(
            not wanted or given in wanted
            for wanted, given in (
                (self.services, place.service),
                (self.environments, place.environment),
                (self.environment_kinds, place.environment_kind),
                (self.tiers, place.tier),
            )
        )

    @property
    def words(self) -> str:
        """The scope in words: "everything", "tier critical · production environments"."""
        parts = [
            *(["services " + ", ".join(self.services)] if self.services else []),
            *(["tier " + ", ".join(self.tiers)] if self.tiers else []),
            *(["in " + ", ".join(self.environments)] if self.environments else []),
            *([f"{', '.join(self.environment_kinds)} environments"] if self.environment_kinds else []),
        ]
        return " · ".join(parts) or "everything"
