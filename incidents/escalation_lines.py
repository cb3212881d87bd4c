"""The steps of an escalation as lines of text, as people write them in a form. Pure.

0m on_call:primary
15m role:team-lead, person:ann@example.org
30m role:cto; everyone
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(slots=True)
class Line:
    """A line with its number, the step that it means as far as that is clear, and what is wrong with it."""

    number: int
    step: dict[str, Any]
    faults: list[str]


def lines_read(text: str, person_of: Callable[[str], str | None]) -> list[Line]:
    """Return the steps that lines mean, in the form of `incidents.escalation_form`; empty lines aside.

    `person_of` gives an address the person's id, None where there is nobody. Each line is read to its end, so
    that everything that is wrong is told at once.
    """
    numbered = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    return [_line(number, line, person_of) for number, line in numbered if line]


def targets_read(text: str, person_of: Callable[[str], str | None]) -> tuple[list[dict[str, str]], list[str]]:
    """Return the targets of one line, and what is wrong with others of it."""
    targets, faults = list[dict[str, str]](), list[str]()
    for one in _parted(text):
        kind, _, rest = one.partition(":")
        person = person_of(rest) if kind == "person" else None
        if kind == "person" and person is None:
            faults.append(f"nobody here has the address “{rest[:80]}”")
        else:
            targets.append(_target(kind, rest, person))
    return targets, faults


def _line(number: int, line: str, person_of: Callable[[str], str | None]) -> Line:
    wait, _, rest = line.partition(" ")
    names, _, more = rest.partition(";")
    targets, faults = targets_read(names, person_of)
    seconds = _seconds(wait)
    if seconds is None:
        faults.insert(0, f"it begins with a time to wait, like 15m or 1h; “{wait[:20]}” is none")
    if more.strip() not in {"", EVERYONE}:
        faults.append(f"after the semicolon stands “{EVERYONE}” or nothing")
    step = {"wait": seconds or 0, "targets": targets, "everyone_acknowledges": more.strip() == EVERYONE}
    return Line(number, step, faults)


def _parted(names: str) -> list[str]:
    return [one for part in names.split(",") if (one := _WORDS.sub("", part))]


def _wait(wait: timedelta) -> str:
    return format_duration(wait) if wait else "0m"


def _seconds(text: str) -> int | None:
    try:
        return int(parse_duration(text).total_seconds())
    except LanguageError:
        return None


def _target(kind: str, rest: str, person: str | None) -> dict[str, str]:
    if person is not None:
        return {"kind": kind, "key": person, "role": ""}
    if kind == "on_call":
        return {"kind": kind, "key": "", "role": rest}
    key, _, role = rest.partition(":")
    return {"kind": kind, "key": key, "role": role}


def _target_text(target: Target, address_of: Callable[[str], str]) -> str:
    key = address_of(target.key) if target.kind == "person" else target.key
    return ":".join(part for part in (target.kind, key, target.role) if part)


def plan_faults(refusal: InvalidInput, lines: Sequence[int]) -> Mapping[str, list[str]]:
    """Return the faults of a plan by the fields of the form, each once; those of steps name their line.

    `lines` are the numbers of the lines that the steps stand in.
    """
    found: dict[str, list[str]] = {}
    for error in refusal.errors:
        parts = error.pointer.removeprefix("/plan").split("/")[1:]
        field, detail = (parts[0] if parts else "steps"), error.detail
        if field == "steps" and len(parts) > 1 and int(parts[1]) < len(lines):
            detail = f"Line {lines[int(parts[1])]}: {detail}"
        if detail not in found.setdefault(field, []):
            found[field].append(detail)
    return found
