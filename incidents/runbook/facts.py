"""What rules may ask of a runbook, and where. Nothing here reads the database."""

from __future__ import annotations

from collections.abc import Collection

from incidents.runbook.templates import KINDS
from incidents.runbook.text import SECTIONS, filled_sections, steps_of
from opsportal.standards.vocabulary import (
    BOOLEAN,
    NUMBER,
    TEXT,
    Declaration,
    Fact,
    Field,
    Point,
    Value,
    choice,
    many,
)

_FACTS = (
    Fact("runbook.kind", choice(*(kind for kind, _ in KINDS)), "the kind of the runbook"),
    *(
        Fact(f"runbook.{name}", TEXT, f"the section “{title}” of the runbook")
        for name, title in SECTIONS.items()
    ),
    Fact("runbook.steps", NUMBER, "how many numbered steps the runbook has"),
    Fact("runbook.attached", BOOLEAN, "whether the runbook is attached to a service or to alerts"),
    Fact("runbook.services", many(TEXT), "the services that the runbook is attached to"),
)

DECLARATIONS: tuple[Declaration, ...] = (
    *_FACTS,
    Point(
        "runbook.publish",
        "when a runbook is published",
        areas=("runbook",),
        demands=frozenset({"require", "field"}),
        fields=tuple(Field(name, title, f"runbook.{name}") for name, title in SECTIONS.items()),
    ),
)


def runbook_facts(*, kind: str, text: str, services: Collection[str], attached: bool) -> dict[str, Value]:
    """Return the facts of a runbook that says `text`, for these services (slugs)."""
    return {
        "runbook.kind": kind,
        **{f"runbook.{name}": body for name, body in filled_sections(text).items()},
        "runbook.steps": len(steps_of(text)),
        "runbook.attached": attached,
        "runbook.services": tuple(sorted(services)),
    }
