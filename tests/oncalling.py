"""Words for tests of on-call schedules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from incidents.oncall.overrides import Override
from incidents.oncall.schedule import Segment, Version, final_schedule
from incidents.oncall.settings import Settings

Data = dict[str, Any]
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


def layer_of(
    *groups: str,
    start: str = "2026-01-05T09:00",
    unit: str = "day",
    every: int = 1,
    advance: str = "calendar",
    **values: Any,
) -> Data:
    """Return a layer as data; a group is names with blanks in between."""
    rotation = {
        "start": start,
        "unit": unit,
        "every": every,
        "advance": advance,
        "groups": [group.split() for group in groups],
    }
    return {"name": "Rota", "rotation": rotation, **values}


def plan_of(*layers: Data, zone: str = "Europe/Berlin", **values: Any) -> Settings:
    """Return settings of these layers; layers without a name of their own are numbered."""
    named = [
        {**layer, "name": layer["name"] if layer["name"] != "Rota" else f"Rota {number}"}
        for number, layer in enumerate(layers, 1)
    ]
    return Settings.from_data({"time_zone": zone, "layers": named, **values})


def moment(text: str) -> datetime:
    """Return an instant in UTC from "2026-03-29 01:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def exception(number: int, kind: str, start: str, end: str, *people: str, **values: Any) -> Override:
    """Return an override; times are in UTC."""
    return Override(number, kind, moment(start), moment(end), tuple(people), **values)  # type: ignore[arg-type]


def told(segments: Sequence[Segment]) -> list[str]:
    """Return the lines of a schedule: "03-29 01:00 ada, ben" or "03-29 01:00 –" for a gap."""
    return [
        f"{one.start:%m-%d %H:%M} {', '.join(duty.user_id for duty in one.duties) or '–'}" for one in segments
    ]


def shown(plan: Settings, start: str, end: str, *overrides: Override) -> list[str]:
    """Return the lines of a plan between two instants of UTC."""
    return told(final_schedule([Version(LONG_AGO, plan)], overrides, moment(start), moment(end)))
