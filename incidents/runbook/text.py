"""What the text of a runbook says: its sections, its steps, its links. Pure.

A runbook is Markdown whose second-level headings part it into sections. Steps are the numbered lists that
stand at the left margin, so that what people read is what they tick off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType

MAX_STEPS = 200
MAX_LINKS = 100

SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "symptoms": "Symptoms",
        "immediate_actions": "Immediate actions",
        "escalation": "Escalation",
        "recovery_steps": "Recovery steps",
        "automation_candidate": "Automation candidate",
    }
)
"""The sections that standards ask for (key, and the heading that we write), in their order."""

_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "symptom": "symptoms",
        "immediate_action": "immediate_actions",
        "immediate_steps": "immediate_actions",
        "escalations": "escalation",
        "escalation_path": "escalation",
        "recovery": "recovery_steps",
        "recovery_step": "recovery_steps",
        "automation": "automation_candidate",
        "automation_candidates": "automation_candidate",
    }
)
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_NUMBERED = re.compile(r"^ {0,2}(\d{1,9})[.)](?:[ \t]+|$)(.*)$")
_MARGIN = re.compile(r"^ {0,1}\S")
_LINK = re.compile(r"<(https?://[^\s<>]{1,2000})>|(https?://[^\s<>\[\]\"'`]{1,2000})")
_NOT_A_KEY = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a runbook: its heading as written, the key of what it is (`symptoms`), and its Markdown."""

    title: str
    key: str
    body: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `number` counts from 1 through the whole runbook; `text` is Markdown."""

    number: int
    section: str
    text: str


def sections_of(text: str) -> tuple[Section, ...]:
    """Return the parts of a runbook in order; what stands ahead of the first heading has no title.

    Headings of every level part it: a page shows them in one outline. A heading inside a block of code is
    code.
    """
    found: list[tuple[str, list[str]]] = [("", [])]
    for line, is_code in _lines(text):
        heading = None if is_code else _HEADING.match(line)
        if heading is not None:
            found.append((heading[2].strip(), []))
        else:
            found[-1][1].append(line)
    parts = [Section(title, key_of(title), "\n".join(lines).strip("\n")) for title, lines in found]
    return tuple(part for part in parts if part.title or part.body.strip())


def key_of(title: str) -> str:
    """Return the key that a heading stands for: `Immediate Actions` → `immediate_actions`."""
    key = _NOT_A_KEY.sub("_", title.lower()).strip("_")
    return _ALIASES.get(key, key)


def filled_sections(text: str) -> dict[str, str]:
    """Return the text of each section that a standard may ask for; `""` where it is missing or empty."""
    found = dict.fromkeys(SECTIONS, "")
    for section in sections_of(text):
        if section.key in found:
            found[section.key] = (found[section.key] + "\n\n" + section.body).strip()
    return found


def steps_of(text: str) -> tuple[Step, ...]:
    """Return the steps of a runbook: the items of its numbered lists, through all sections.

    Lines that are indented below an item, with their blocks of code, belong to it; a list inside an item
    is part of it. Raises `ValueError` for more than `MAX_STEPS`.
    """
    steps: list[Step] = []
    for section in sections_of(text):
        for item in _items(section.body):
            steps.append(Step(len(steps) + 1, section.title, item))
    if len(steps) > MAX_STEPS:
        raise ValueError(f"At most {MAX_STEPS} steps; this has {len(steps)}.")
    return tuple(steps)


def _items(body: str) -> Iterator[str]:
    item: list[str] | None = None
    for line, is_code in _lines(body):
        numbered = None if is_code else _NUMBERED.match(line)
        if numbered is not None:
            if item is not None:
                yield from _text_of(item)
            item = [numbered[2]]
        elif item is not None:
            if line.strip() and _MARGIN.match(line) and not is_code and not _goes_on(item):
                yield from _text_of(item)
                item = None
            else:
                item.append(line)
    if item is not None:
        yield from _text_of(item)


def _goes_on(item: list[str]) -> bool:
    """Return whether a line at the margin still belongs to the item: no empty line stands between."""
    return bool(item[-1].strip())


def _text_of(item: list[str]) -> Iterator[str]:
    margin = min((len(line) - len(line.lstrip()) for line in item[1:] if line.strip()), default=0)
    text = "\n".join([item[0], *(line[margin:] for line in item[1:])]).strip()
    if text:
        yield text


def links_of(text: str) -> tuple[str, ...]:
    """Return the web addresses that a runbook names, each once, in order; `MAX_LINKS` at most.

    Those in blocks of code are left out: commands call what is only there when they run.
    """
    found: dict[str, None] = {}
    for line, is_code in _lines(text):
        if is_code:
            continue
        for match in _LINK.finditer(re.sub(r"`[^`]*`", " ", line)):
            found.setdefault(match[1] or _without_end(match[2]))
    return tuple(list(found)[:MAX_LINKS])


def _without_end(address: str) -> str:
    """Return an address without the punctuation that follows it in a sentence or a Markdown link."""
    while address and (address[-1] in ".,;:!?*_" or (address[-1] == ")" and not _is_opened(address))):
        address = address[:-1]
    return address


def _is_opened(address: str) -> bool:
    return address.count("(") >= address.count(")")


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each line, and whether it belongs to a fenced block of code."""
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line.lstrip() if not fence else line.strip())
        if fence:
            yield line, True
            if mark and mark[1][0] == fence[0] and len(mark[1]) >= len(fence) and not mark[2].strip():
                fence = ""
        elif mark and not (mark[1][0] == "`" and "`" in mark[2]):
            fence = mark[1]
            yield line, True
        else:
            yield line, False


def end_of_review(reviewed_at: datetime, every_days: int) -> datetime:
    """Return when the next review is due: the end (UTC) of the day so many days after this instant."""
    day: date = reviewed_at.astimezone(UTC).date() + timedelta(days=every_days + 1)
    return datetime.combine(day, time(), UTC)


def fits(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Return whether an alert with `labels` is one that a runbook is attached to.

    Every wanted label must be there with that value; a `*` at the end of it stands for anything. Nothing
    wanted fits nothing.
    """
    return bool(wanted) and all(_alike(value, labels.get(name)) for name, value in wanted.items())


def _alike(wanted: str, value: str | None) -> bool:
    if value is None:
        return False
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def slug_in(address: str) -> str:
    """Return the slug of a runbook of this portal that a `runbook_url` names, `""` for another address.

    Only the path is looked at: the portal answers to more than one name. Whoever uses it looks the slug up.
    """
    match = re.fullmatch(
        r"(?:https?://[^/\s]{1,255})?/runbooks/([a-z0-9_-]{1,60})/?(?:[?#]\S{0,500})?", address
    )
    return match[1] if match else ""


def outline(bodies: Iterable[tuple[str, str]]) -> str:
    """Return Markdown of these (heading, body) pairs."""
    return "\n\n".join(f"## {title}\n\n{body.strip()}" for title, body in bodies) + "\n"
