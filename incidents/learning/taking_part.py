"""Who took part in an incident, and how: by a role, or by what the timeline says they did. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

DEEDS: Mapping[str, str] = MappingProxyType(
    {
        "declared": "declared it",
        "acknowledged": "acknowledged it",
        "assessed": "assessed it",
        "updated": "wrote updates",
        "noted": "took notes",
        "did_task": "did tasks",
        "mitigated": "mitigated it",
        "resolved": "resolved it",
        "worked": "worked on it",
    }
)
"""What people do in an incident, in words; what has no word of its own is `worked`."""

_AFTERWARDS = ("postmortem_", "action_")
"""How the lines begin that are written when it is over: to write it up is no part of the response."""


@dataclass(frozen=True, slots=True)
class Deed:
    """A line of the timeline: its kind, who wrote it, and its data."""

    kind: str
    actor_kind: str
    actor_id: str
    data: Mapping[str, Any]


def took_part(roles: Iterable[tuple[str, str]], deeds: Iterable[Deed]) -> list[tuple[str, str]]:
    """Return how and who (`("commander", id)`), each once: roles, then deeds in their order.

    `roles` are role and person, in the order in which they were taken. Machines and the portal take no part;
    whoever acknowledged by a message counts, though the portal wrote the line. A person of whom there is
    something better to say did not just work on it.
    """
    found = list(dict.fromkeys(roles))
    found += dict.fromkeys(one for deed in deeds if (one := _part(deed)) is not None)
    known = {person for part, person in found if part != "worked"}
    return [(part, person) for part, person in found if part != "worked" or person not in known]


def _part(deed: Deed) -> tuple[str, str] | None:
    if deed.kind.startswith(_AFTERWARDS):
        return None
    actor = deed.actor_id if deed.actor_kind == "user" else ""
    part, person = _kind(deed), actor
    if deed.kind == "acknowledged":
        person = str(deed.data.get("person") or actor)
    elif part == "did_task":
        person = str(deed.data.get("owner") or actor)
    return (part, person) if person else None


def _kind(deed: Deed) -> str:
    if deed.kind == "task_changed" and deed.data.get("task_state") == "done":
        return "did_task"
    if deed.kind.startswith("updated") or deed.kind == "status_page_updated":
        return "updated"
    return deed.kind if deed.kind in DEEDS else "worked"
