"""From drafts to what this portal stores: settings of schedules and plans of escalations, as data. Pure.

What cannot be said here is left out whole, and noted: half a rotation would page the wrong person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from incidents.importing.drafts import (
    LayerDraft,
    OverrideDraft,
    PolicyDraft,
    ScheduleDraft,
    StretchDraft,
    TargetDraft,
    Unmapped,
)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_REPEATS = 9
SHORTEST_WAIT = 60
_MIDNIGHT = time()
_MAX_LAYER_NAME = 60


def settings_of(draft: ScheduleDraft, users: Mapping[str, str], unmapped: list[Unmapped]) -> dict[str, Any]:
    """Return the settings of a schedule as data. `users` maps references to ids of people here.

    Layers that cannot be said, or in which somebody is unknown, go to `unmapped`.
    """
    layers: list[dict[str, Any]] = []
    names: set[str] = set()
    for layer in draft.layers:
        where = f"{draft.name}/{layer.name}"
        if why := _obstacle(layer, users):
            unmapped.append(Unmapped(where, why))
            continue
        layers.append(_layer(layer, _own_name(layer.name, names), users))
    return {"time_zone": draft.zone, "must_cover": ["primary"], "layers": layers}


def overrides_of(
    draft: ScheduleDraft, users: Mapping[str, str], now: datetime, unmapped: list[Unmapped]
) -> list[OverrideDraft]:
    """Return the overrides that are not over, with ids of people here; those of unknown people are noted."""
    found: list[OverrideDraft] = []
    for override in draft.overrides:
        if override.end <= now:
            continue
        if unknown := [ref for ref in override.people if ref not in users]:
            when = override.start.isoformat(timespec="minutes")
            unmapped.append(Unmapped(f"{draft.name}/{when}", f"Nobody here is “{unknown[0][:60]}”."))
            continue
        people = tuple(dict.fromkeys(users[ref] for ref in override.people))
        found.append(OverrideDraft(override.start, override.end, people))
    return found


def plan_of(
    draft: PolicyDraft,
    users: Mapping[str, str],
    schedules: Mapping[str, str],
    unmapped: list[Unmapped],
) -> dict[str, Any] | None:
    """Return the plan of an escalation as data, or None where nothing of it is left.

    `schedules` maps references to slugs here. Times from the beginning become waits from step to step.
    """
    steps: list[dict[str, Any]] = []
    before = timedelta()
    for step in draft.steps:
        targets: list[dict[str, str]] = []
        for target in step.targets:
            made = _target(target, users, schedules)
            if made is None:
                where = f"{draft.name}/{int(step.after.total_seconds()) // 60} min"
                unmapped.append(Unmapped(where, _why_not(target)))
            elif made not in targets:
                targets.append(made)
        if targets:
            wait = int((step.after - before).total_seconds())
            steps.append({"wait": max(wait, SHORTEST_WAIT) if steps else wait, "targets": targets})
            before = step.after
    if not steps:
        unmapped.append(Unmapped(draft.name, "Nobody whom it tells is known here."))
        return None
    return {"steps": steps, "repeat": min(draft.repeats, MOST_REPEATS)}


def _obstacle(layer: LayerDraft, users: Mapping[str, str]) -> str:
    if not layer.groups or not any(layer.groups):
        return "It names nobody."
    if not all(layer.groups):
        return "Turns in which nobody is on call are not known here; use a restriction, or make it by hand."
    unknown = sorted({ref for group in layer.groups for ref in group if ref not in users})
    if unknown:
        return f"Nobody here is “{unknown[0][:60]}”; say who is meant, or the layer is left out."
    if layer.until is not None and layer.until <= max(layer.start, layer.valid_from or layer.start):
        return "It ends before it begins."
    return ""


def _layer(layer: LayerDraft, name: str, users: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "role": "primary",
        "priority": layer.priority,
        "rotation": {
            "start": _minutes(layer.start),
            "unit": layer.unit,
            "every": layer.every,
            "groups": [list(dict.fromkeys(users[ref] for ref in group)) for group in layer.groups],
        },
        "restrictions": _restrictions(layer.stretches),
        "effective_from": _minutes(layer.valid_from) if layer.valid_from else None,
        "effective_until": _minutes(layer.until) if layer.until else None,
    }


def _restrictions(stretches: tuple[StretchDraft, ...]) -> list[dict[str, Any]]:
    """Return restrictions as data: a long stretch alone as it is, several as one time of day for each day."""
    if len(stretches) == 1 and (only := stretches[0]).last_day is not None:
        if (only.days[0], only.starts) == (only.last_day, only.ends):
            return []
        return [
            {
                "begins_day": DAYS[only.days[0]],
                "begins": _clock(only.starts),
                "ends_day": DAYS[only.last_day],
                "ends": _clock(only.ends),
            }
        ]
    return [
        {"days": [DAYS[day] for day in days], "begins": _clock(starts), "ends": _clock(ends)}
        for stretch in stretches
        for days, starts, ends in _pieces(stretch)
    ]


def _pieces(stretch: StretchDraft) -> Iterator[tuple[tuple[int, ...], time, time]]:
    if stretch.last_day is None:
        yield stretch.days or tuple(range(7)), stretch.starts, stretch.ends
        return
    first = stretch.days[0]
    between = (stretch.last_day - first) % 7 or 7
    yield (first,), stretch.starts, _MIDNIGHT
    if between > 1:
        yield tuple((first + step) % 7 for step in range(1, between)), _MIDNIGHT, _MIDNIGHT
    if stretch.ends != _MIDNIGHT:
        yield (stretch.last_day,), _MIDNIGHT, stretch.ends


def _why_not(target: TargetDraft) -> str:
    if target.kind == "team":
        return "A whole team is no target here; make a schedule of its members, or name a role."
    return f"The {target.kind} “{target.ref[:60]}” is not known here."


def _target(
    target: TargetDraft, users: Mapping[str, str], schedules: Mapping[str, str]
) -> dict[str, str] | None:
    known: dict[str, Mapping[str, str]] = {"person": users, "schedule": schedules}
    key = known.get(target.kind, {}).get(target.ref, "")
    if not key:
        return None
    return {"kind": target.kind, "key": key, "role": "primary" if target.kind == "schedule" else ""}


def _own_name(name: str, taken: set[str]) -> str:
    """Return the name, made different from those that are taken already."""
    plain = " ".join(name.split())[:_MAX_LAYER_NAME] or "Layer"
    found, number = plain, 2
    while found.lower() in taken:
        found = f"{plain[: _MAX_LAYER_NAME - 5]} ({number})"
        number += 1
    taken.add(found.lower())
    return found


def _minutes(moment: datetime) -> str:
    return moment.replace(second=0, microsecond=0).isoformat(timespec="minutes")


def _clock(at: time) -> str:
    return f"{at:%H:%M}"
