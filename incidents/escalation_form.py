"""The plan of an escalation as plain data: how it is stored, how the API and the form send it. Pure.

    {"steps": [{"wait": 0, "targets": [{"kind": "schedule", "key": "payments", "role": "primary"}],
                "everyone_acknowledges": false}],
     "fallback": [{"kind": "role", "key": "cto"}], "repeat": 1, "pause": 900,
     "hold_low": true, "low": ["sev3", "sev4"], "lapses": {"sev1": 1800}}

Waits are whole seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from incidents.escalating import (
    ADMINISTRATORS,
    DEFAULT_PAUSE,
    KINDS,
    LAPSES,
    LOW,
    Plan,
    Step,
    Target,
    TargetKind,
)
from incidents.severities import SEVERITIES, Severity
from opsportal.core.errors import FieldError, InvalidInput

MOST_STEPS = 20
MOST_TARGETS = 20
MOST_REPEATS = 9
SHORTEST_WAIT = 5
"""Of every step but the first, in seconds: so that nobody writes two steps that are one."""
LONGEST_WAIT = 86_400
LONGEST_LAPSE = 7 * 86_400

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}", re.ASCII)
_BARE: frozenset[str] = frozenset(("assignee", "administrators"))
"""Kinds of target that need no key."""
_WITH_ROLE: frozenset[str] = frozenset(("schedule", "on_call"))


def data_of(plan: Plan) -> dict[str, Any]:
    """Return the plan as plain JSON; `plan_of` gives it back."""
    return {
        "steps": [
            {
                "wait": int(step.wait.total_seconds()),
                "targets": [target_data(target) for target in step.targets],
                "everyone_acknowledges": step.everyone_acknowledges,
            }
            for step in plan.steps
        ],
        "fallback": [target_data(target) for target in plan.fallback],
        "repeat": plan.repeat,
        "pause": int(plan.pause.total_seconds()),
        "hold_low": plan.hold_low,
        "low": sorted(plan.low),
        "lapses": {
            name: int(plan.lapses[name].total_seconds()) for name in SEVERITIES if name in plan.lapses
        },
    }


def target_data(target: Target) -> dict[str, str]:
    """Return one target as plain JSON."""
    return {"kind": target.kind, "key": target.key, "role": target.role}


def plan_of(data: Mapping[str, Any]) -> Plan:
    """Return the plan that somebody sent or that was stored.

    Raises `InvalidInput` with an error for each wrong value, named by its place (`/steps/0/wait`): unknown
    keys, wrong types, no steps, an empty step, numbers out of their range, a target named twice.
    """
    reader = _Reader()
    plan = reader.plan(data)
    if reader.errors:
        raise InvalidInput(reader.errors)
    return plan


class _Reader:
    """Reads a plan, notes what is wrong, and goes on with something harmless in its place."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def plan(self, data: object) -> Plan:
        table = self._table(
            data, "", ("steps", "fallback", "repeat", "pause", "hold_low", "low", "lapses"), ("steps",)
        )
        steps = self._list(table["steps"], "/steps", most=MOST_STEPS) if "steps" in table else []
        fallback = self._list(table.get("fallback", []), "/fallback", most=MOST_TARGETS, empty=True)
        return Plan(
            steps=tuple(self._step(one, f"/steps/{n}", first=n == 0) for n, one in enumerate(steps)),
            fallback=self._targets(fallback, "/fallback") or (ADMINISTRATORS,),
            repeat=self._number(table.get("repeat", 0), "/repeat", 0, MOST_REPEATS),
            pause=self._seconds(
                table.get("pause", int(DEFAULT_PAUSE.total_seconds())), "/pause", SHORTEST_WAIT, LONGEST_WAIT
            ),
            hold_low=self._flag(table.get("hold_low", False), "/hold_low"),
            low=self._severities(table["low"]) if "low" in table else LOW,
            lapses=self._lapses(table["lapses"]) if "lapses" in table else LAPSES,
        )

    def _step(self, data: object, place: str, *, first: bool) -> Step:
        table = self._table(data, place, ("wait", "targets", "everyone_acknowledges"), ("wait", "targets"))
        targets = (
            self._list(table["targets"], f"{place}/targets", most=MOST_TARGETS) if "targets" in table else []
        )
        shortest = 0 if first else SHORTEST_WAIT
        return Step(
            wait=self._seconds(table.get("wait", shortest), f"{place}/wait", shortest, LONGEST_WAIT),
            targets=self._targets(targets, f"{place}/targets"),
            everyone_acknowledges=self._flag(
                table.get("everyone_acknowledges", False), f"{place}/everyone_acknowledges"
            ),
        )

    def _targets(self, items: list[object], place: str) -> tuple[Target, ...]:
        found = [self._target(one, f"{place}/{n}") for n, one in enumerate(items)]
        for number, one in enumerate(found):
            if one in found[:number]:
                self._note(f"{place}/{number}", "twice", "This target is named twice.")
        return tuple(dict.fromkeys(found))

    def _target(self, data: object, place: str) -> Target:
        table = self._table(data, place, ("kind", "key", "role"), ("kind",))
        kind, key, role = (
            self._text(table.get(name, ""), f"{place}/{name}") for name in ("kind", "key", "role")
        )
        if "kind" in table and kind not in KINDS:
            self._note(f"{place}/kind", "unknown", f"Must be one of {', '.join(KINDS)}.")
        elif kind == "person":
            key = self._person(key, f"{place}/key")
        elif kind in _BARE or kind == "on_call":
            if key:
                self._note(f"{place}/key", "not_here", f"The kind {kind} takes no key.")
        elif not _SLUG.fullmatch(key):
            self._note(f"{place}/key", "not_a_slug", "Name it by its slug, e.g. payments-api.")
        if role and kind not in _WITH_ROLE:
            self._note(f"{place}/role", "not_here", "Only schedules have roles.")
        elif role and not _SLUG.fullmatch(role):
            self._note(f"{place}/role", "not_a_slug", "Must be a role of the schedule, e.g. primary.")
        return Target(cast(TargetKind, kind if kind in KINDS else "administrators"), key, role)

    def _person(self, key: str, place: str) -> str:
        try:
            return str(UUID(key))
        except ValueError:
            self._note(place, "not_an_id", "There is no such person. Name somebody by id or address.")
            return ""

    def _severities(self, data: object) -> frozenset[Severity]:
        items = self._list(data, "/low", most=len(SEVERITIES), empty=True)
        return frozenset(one for n, item in enumerate(items) if (one := self._severity(item, f"/low/{n}")))

    def _lapses(self, data: object) -> dict[Severity, timedelta]:
        table = self._table(data, "/lapses", SEVERITIES, ())
        return {
            name: self._seconds(table[name], f"/lapses/{name}", 60, LONGEST_LAPSE)
            for name in SEVERITIES
            if name in table
        }

    def _severity(self, data: object, place: str) -> Severity | None:
        found = next((name for name in SEVERITIES if name == data), None)
        if found is None:
            self._note(place, "unknown", f"Must be one of {', '.join(SEVERITIES)}.")
        return found

    def _table(
        self, data: object, place: str, known: tuple[str, ...], required: tuple[str, ...]
    ) -> Mapping[str, Any]:
        if not isinstance(data, Mapping):
            self._note(place, "not_an_object", "Must be an object.")
            return {}
        for name in data:
            if name not in known:
                self._note(
                    f"{place}/{str(name)[:80]}", "unknown", f"Is not known here; known: {', '.join(known)}."
                )
        for name in required:
            if name not in data:
                self._note(f"{place}/{name}", "required", "This is needed.")
        return data

    def _list(self, data: object, place: str, *, most: int, empty: bool = False) -> list[object]:
        if not isinstance(data, list):
            self._note(place, "not_a_list", "Must be a list.")
            return []
        if len(data) > most:
            self._note(place, "too_many", f"At most {most}.")
            return []
        if not data and not empty:
            self._note(place, "required", "There must be one at least.")
        return data

    def _seconds(self, data: object, place: str, lowest: int, highest: int) -> timedelta:
        return timedelta(seconds=self._number(data, place, lowest, highest))

    def _number(self, data: object, place: str, lowest: int, highest: int) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self._note(place, "not_a_number", "Must be a whole number.")
        elif not lowest <= data <= highest:
            self._note(place, "out_of_range", f"Must be from {lowest} to {highest}.")
        else:
            return data
        return lowest

    def _flag(self, data: object, place: str) -> bool:
        if not isinstance(data, bool):
            self._note(place, "not_a_flag", "Must be true or false.")
        return data is True

    def _text(self, data: object, place: str) -> str:
        if not isinstance(data, str):
            self._note(place, "not_text", "Must be text.")
            return ""
        return data

    def _note(self, place: str, code: str, detail: str) -> None:
        if not any(error.pointer == place for error in self.errors):
            self.errors.append(FieldError(place, code, detail))
