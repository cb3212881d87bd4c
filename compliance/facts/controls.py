"""Facts and events of controls, evidence and exceptions."""

from __future__ import annotations

from collections.abc import Collection

from compliance.controlling.words import EVIDENCE_KINDS, EXCEPTION_KINDS, FREQUENCIES, RISKS, SHOWS
from opsportal.standards.vocabulary import TEXT, Declaration, Event, Fact, Value, choice, many

DECLARATIONS: tuple[Declaration, ...] = (
    Fact("control.frequency", choice(*(word for word, _ in FREQUENCIES)), "how often the control works"),
    Fact("control.frameworks", many(TEXT), "the frameworks that the control answers"),
    Fact("evidence.kind", choice(*(word for word, _ in EVIDENCE_KINDS)), "the kind of the evidence"),
    Fact("evidence.shows", choice(*(word for word, _ in SHOWS)), "whether the evidence shows it to work"),
    Fact("exception.kind", choice(*(word for word, _ in EXCEPTION_KINDS)), "the kind of the exception"),
    Fact("exception.about", choice("rule", "control"), "what the exception is about"),
    Fact("exception.risk", choice(*(word for word, _ in RISKS)), "the risk of the exception"),
    Event("control.evidenced", "evidence came for a control", ("control", "evidence"), about="control"),
    Event("control.reviewed", "a control was reviewed by its owner", ("control",), about="control"),
    Event("exception.requested", "an exception was asked for", ("exception",), about="exception"),
    Event("exception.approved", "an exception was accepted", ("exception",), about="exception"),
    Event("exception.rejected", "an exception was rejected", ("exception",), about="exception"),
    Event("exception.expired", "an exception ran out", ("exception",), about="exception"),
    Event("exception.revoked", "an exception was revoked", ("exception",), about="exception"),
)


def control_facts(*, frequency: str, frameworks: Collection[str]) -> dict[str, Value]:
    """Return what rules may ask of a control that answers requirements of these frameworks (slugs)."""
    return {"control.frequency": frequency, "control.frameworks": tuple(sorted(set(frameworks)))}


def evidence_facts(*, kind: str, shows: str) -> dict[str, Value]:
    """Return what rules may ask of a piece of evidence."""
    return {"evidence.kind": kind, "evidence.shows": shows}


def exception_facts(*, kind: str, about: str, risk: str) -> dict[str, Value]:
    """Return what rules may ask of an exception."""
    return {"exception.kind": kind, "exception.about": about, "exception.risk": risk}
