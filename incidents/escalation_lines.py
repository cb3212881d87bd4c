"""The steps of an escalation as lines of text, as people write them in a form. Pure.

0m on_call:primary
15m role:team-lead, person:ann@example.org
30m role:cto; everyone
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from incidents.escalating import Plan, Target
from opsportal.core.errors import InvalidInput
from opsportal.standards.syntax import LanguageError, format_duration, parse_duration

EVERYONE = "everyone"
_WORDS = re.compile(r"[\s]+")


def text_of(plan: Plan, address_of: Callable[[str], str]) -> str:
    """Return the steps of a plan as lines. `address_of` gives a person's id the address that people know."""
    lines = []
    for step in plan.steps:
        line = f"{_wait(step.wait)} {targets_text(step.targets, address_of)}"
        lines.append(f"{line}; {EVERYONE}" if step.everyone_acknowledges else line)
    return "\n".join(lines)


def targets_text(targets: tuple[Target, ...], address_of: Callable[[str], str]) -> str:
    """Return targets as people write them."""
    return ", ".join(_target_text(target, address_of) for target in targets)


def steps_data(text: str, person_of: Callable[[str], str | None]) -> list[dict[str, Any]]:
    """Return the steps that lines mean, in the form of `incidents.escalation_form`.

    `person_of` gives an address the person's id, None where there is nobody. Raises `InvalidInput` for the
    field `steps`, naming the line.
    """
    steps = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        wait, _, rest = line.strip().partition(" ")
        names, _, more = rest.partition(";")
        if more.strip() not in {"", EVERYONE}:
            raise _wrong(number, f"after the semicolon stands “{EVERYONE}” or nothing")
        steps.append(
            {
                "wait": _seconds(wait, number),
                "targets": [_target(one, number, person_of) for one in _parted(names)],
                "everyone_acknowledges": more.strip() == EVERYONE,
            }
        )
    return steps


def targets_data(text: str, person_of: Callable[[str], str | None]) -> list[dict[str, str]]:
    """Return the targets of one line. Raises as `steps_data`."""
    return [_target(one, 1, person_of) for one in _parted(text)]


def _parted(names: str) -> list[str]:
    return [one for part in names.split(",") if (one := _WORDS.sub("", part))]


def _wait(wait: timedelta) -> str:
    return format_duration(wait) if wait else "0m"


def _seconds(text: str, number: int) -> int:
    try:
        return int(parse_duration(text).total_seconds())
    except LanguageError:
        raise _wrong(
            number, f"it begins with a time to wait, like 15m or 1h; “{text[:20]}” is none"
        ) from None


def _target(text: str, number: int, person_of: Callable[[str], str | None]) -> dict[str, str]:
    kind, _, rest = text.partition(":")
    if kind == "person":
        person = person_of(rest)
        if person is None:
            raise _wrong(number, f"nobody here has the address “{rest[:80]}”")
        return {"kind": kind, "key": person, "role": ""}
    if kind == "on_call":
        return {"kind": kind, "key": "", "role": rest}
    key, _, role = rest.partition(":")
    return {"kind": kind, "key": key, "role": role}


def _target_text(target: Target, address_of: Callable[[str], str]) -> str:
    key = address_of(target.key) if target.kind == "person" else target.key
    return ":".join(part for part in (target.kind, key, target.role) if part)


def _wrong(number: int, why: str) -> InvalidInput:
    return InvalidInput.of("steps", "not_understood", f"Line {number}: {why}.")


def plan_faults(refusal: InvalidInput) -> Mapping[str, str]:
    """Return the faults of a plan by the fields of the form: those of steps name their line."""
    found: dict[str, str] = {}
    for error in refusal.errors:
        parts = error.pointer.removeprefix("/plan").split("/")[1:]
        if parts and parts[0] == "steps" and len(parts) > 1:
            field, detail = "steps", f"Line {int(parts[1]) + 1}: {error.detail}"
        else:
            field, detail = (parts[0] if parts else "steps"), error.detail
        found.setdefault(field, detail)
    return found
