"""What a schedule says: zone, layers, and which roles must never be empty. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from incidents.oncall.layers import Course, Layer
from incidents.oncall.reading import layer_data, read_settings
from incidents.oncall.zones import Clock, clock


@dataclass(frozen=True)
class Settings:
    """The whole of a schedule's settings, as they are at one time.

    `must_cover` are the roles whose absence is a gap.
    """

    time_zone: str
    layers: tuple[Layer, ...] = ()
    must_cover: tuple[str, ...] = ("primary",)

    @classmethod
    def from_data(cls, data: object) -> Settings:
        """Return settings from JSON data. Raises `InvalidInput` with a pointer to each wrong thing."""
        return cls(*read_settings(data))

    def as_data(self) -> dict[str, Any]:
        """Return them as JSON data, in the one form that `from_data` takes back."""
        return {
            "time_zone": self.time_zone,
            "must_cover": list(self.must_cover),
            "layers": [layer_data(layer) for layer in self.layers],
        }

    @property
    def people(self) -> frozenset[str]:
        """The ids of everybody who takes a turn in any layer."""
        return frozenset(
            person for layer in self.layers for group in layer.rotation.groups for person in group
        )

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(layer.role for layer in self.layers)

    @cached_property
    def clock(self) -> Clock:
        return clock(self.time_zone)

    @cached_property
    def courses(self) -> tuple[Course, ...]:
        """How each layer goes, in the order of the layers."""
        return tuple(Course(layer, self.clock) for layer in self.layers)

    @cached_property
    def ranks(self) -> Mapping[str, tuple[tuple[int, ...], ...]]:
        """For each role, the positions of its layers by priority, the highest first."""
        found: dict[str, dict[int, list[int]]] = {}
        for position, layer in enumerate(self.layers):
            found.setdefault(layer.role, {}).setdefault(layer.priority, []).append(position)
        return {
            role: tuple(tuple(by_priority[priority]) for priority in sorted(by_priority, reverse=True))
            for role, by_priority in found.items()
        }
